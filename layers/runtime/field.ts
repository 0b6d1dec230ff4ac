import { Fault } from './fault.ts'

/** What JSON can hold. Only `validate` makes fields of it that can be named. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

declare const digestOf: unique symbol
/** What `hash` leaves: text that is no longer the identifier. A digest is not offered as a path again. */
export type Digest<Name extends string = string> = string & { readonly [digestOf]: Name }

declare const sealedText: unique symbol
/** What `encryptFields` leaves: text that only its cipher opens. */
export type SealedText = string & { readonly [sealedText]: true }

type Closed = string | number | bigint | boolean | symbol | null | undefined | Date | Uint8Array | Digest | ((...args: never) => unknown)
type Keys<T> = keyof T extends infer K ? K extends string ? string extends K ? never : K extends `${string}${'.' | '['}${string}` ? never : K : never : never
/** Ten levels, a name and a `[*]` each counting one; deeper fields are not offered. */
type Deeper = [never, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

type Tails<T, D extends number> = [D] extends [never] ? never
  : T extends Closed ? T extends Digest ? never : T extends string ? '' : never
  : T extends readonly (infer E)[] ? `[*]${Tails<E, Deeper[D]>}`
  : { [K in Keys<T>]: `.${K}${Tails<T[K & keyof T], Deeper[D]>}` }[Keys<T>]

type KeyTails<T, Not, D extends number> = [D] extends [never] ? never
  : [T] extends [Not] ? never
  : [T] extends [string] ? ''
  : [T] extends [Closed | readonly unknown[]] ? never
  : { [K in Keys<T>]: `.${K}${KeyTails<T[K & keyof T], Not, Deeper[D]>}` }[Keys<T>]

declare const why: unique symbol
export interface NoTextFieldHere { readonly [why]: 'validate the payload before naming its fields' }
type Undotted<P> = P extends `.${infer Name}` ? Name : P extends '' ? never : P
type Offer<T, P> = [Json] extends [T] ? NoTextFieldHere : [P] extends [never] ? NoTextFieldHere : Undotted<P>

type Any<T, D extends number> = [D] extends [never] ? never
  : T extends Closed ? ''
  : T extends readonly (infer E)[] ? '' | `[*]${Any<E, Deeper[D]>}`
  : '' | { [K in Keys<T>]: `.${K}${Any<NonNullable<T[K & keyof T]>, Deeper[D]>}` }[Keys<T>]

/** A field somewhere in `T`, whatever it holds: 'card', 'cards[*].address.lines'. */
export type AnyPath<T> = Offer<T, Exclude<Any<T, 10>, ''>>
/** A text field somewhere in `T`, optional or not, in any member of a union: 'applicant.ssn', 'cards[*].pan'. */
export type TextPath<T> = Offer<T, Tails<T, 10>>
/** A text field that every `T` has, and plain: no optional, no list, no field of one member of a union, no digest. */
export type KeyPath<T> = Offer<T, KeyTails<T, Digest, 10>>
/** As KeyPath, or a digest: what may travel as an idempotency key. */
export type OncePath<T> = Offer<T, KeyTails<T, never, 10>>

type Rest<P, K extends string> = P extends `.${K}` ? '' : P extends `.${K}.${infer R}` ? `.${R}` : P extends `.${K}[*]${infer R}` ? `[*]${R}` : never
type Put<T, P, V> = [P] extends [never] ? T
  : T extends Closed ? T extends string ? '' extends P ? V : T : T
  : T extends readonly (infer E)[] ? Put<E, P extends `[*]${infer R}` ? R : never, V>[]
  : { [K in keyof T]: Put<T[K], Rest<P, K & string>, V> }
/** `T` after `hash`: the named fields hold digests. */
export type Hashed<T, Field, Name extends string> = Put<T, Field extends `[*]${string}` ? Field : `.${Field & string}`, Digest<Name>>

type Dotted<Field> = Field extends `[*]${string}` ? Field : `.${Field & string}`
type Turn<T, P, V> = [P] extends [never] ? T
  : '' extends P ? T extends null | undefined ? T : V
  : T extends readonly (infer E)[] ? Turn<E, P extends `[*]${infer R}` ? R : never, V>[]
  : T extends Closed ? T
  : { [K in keyof T]: Turn<T[K], Rest<P, K & string>, V> }
/** `T` after `encryptFields`: the named fields hold sealed text. */
export type Enciphered<T, Field> = Turn<T, Dotted<Field>, SealedText>
/** `T` after `decryptFields`: the named fields hold what was sealed. */
export type Deciphered<T, Field, Plain> = Turn<T, Dotted<Field>, Plain>

const parsed = new Map<string, readonly string[]>()
/** 'cards[*].pan' as ['cards', '*', 'pan']. Paths are constants of definitions, so the map stays small. */
function segments(path: string): readonly string[] {
  let parts = parsed.get(path)
  if (parts === undefined) {
    parts = path.replaceAll('[*]', '.*').split('.').filter((part) => part !== '')
    parsed.set(path, parts)
  }
  return parts
}

/** The text at a path without lists. Throws PAYLOAD_INVALID with the path where there is none. */
export function textAt(payload: unknown, path: string): string {
  let value: unknown = payload
  for (const name of segments(path)) {
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  }
  if (typeof value !== 'string') throw new Fault('PAYLOAD_INVALID', [path])
  return value
}

/** A copy of the payload with every text at the path changed; what is absent or null stays so, the rest is shared. */
export function changeAt(payload: unknown, path: string, change: (text: string) => string): unknown {
  const parts = segments(path)
  const walk = (value: unknown, depth: number): unknown => {
    if (value === undefined || value === null) return value
    if (depth === parts.length) {
      if (typeof value !== 'string') throw new Fault('PAYLOAD_INVALID', [path])
      return change(value)
    }
    const name = parts[depth] as string
    if (name === '*') {
      if (!Array.isArray(value)) throw new Fault('PAYLOAD_INVALID', [path])
      return value.map((item) => walk(item, depth + 1))
    }
    if (typeof value !== 'object' || !Object.hasOwn(value, name)) return value
    return { ...value, [name]: walk((value as Record<string, unknown>)[name], depth + 1) }
  }
  return walk(payload, 0)
}

/** Only what stands at the paths, each in its place: lists keep their length, what is absent stays so. */
export const pickAt = (payload: unknown, paths: readonly string[]): unknown => picked(payload, paths.map(segments))

function picked(value: unknown, wanted: readonly (readonly string[])[]): unknown {
  if (value === null || wanted.some((path) => path.length === 0)) return value
  if (typeof value !== 'object') return undefined
  const within = (name: string): (readonly string[])[] => wanted.filter(([first]) => first === name).map((path) => path.slice(1))
  if (Array.isArray(value)) return value.map((item) => picked(item, within('*')))
  const names = [...new Set(wanted.map(([name = '']) => name))].filter((name) => Object.hasOwn(value, name))
  return Object.fromEntries(names.map((name) => [name, picked((value as Record<string, unknown>)[name], within(name))]))
}

/** Every text at a path, in order; a path without lists has one at most. */
export function textsAt(payload: unknown, path: string): string[] {
  const texts: string[] = []
  changeAt(payload, path, (text) => {
    texts.push(text)
    return text
  })
  return texts
}
