import { invalid } from '../failure.ts'
import { bytes, isMembers, object } from '../members.ts'
import { canonicalNumber, compareNumbers, numberSize } from './number.ts'

/** An attribute value as it stands on the wire; numbers in their canonical spelling, binaries in base64. */
export type Value =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly Value[] }
  | { readonly M: Item }

export type Item = { readonly [name: string]: Value }
export type ValueType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'SS' | 'NS' | 'BS' | 'L' | 'M'

const maxDepth = 32

export const typeOf = (value: Value): ValueType => Object.keys(value)[0] as ValueType

const text = (raw: unknown, type: string): string => {
  if (typeof raw !== 'string') throw invalid(`One or more parameter values were invalid: the ${type} must be a string`)
  return raw
}

function set(raw: unknown, kind: string, one: (entry: unknown) => string): readonly string[] {
  if (!Array.isArray(raw) || raw.length === 0)
    throw invalid(`One or more parameter values were invalid: An ${kind} set  may not be empty`)
  const all = raw.map(one)
  if (new Set(all).size < all.length)
    throw invalid('One or more parameter values were invalid: Input collection contains duplicates.')
  return all
}

const binary = (raw: unknown): string => bytes(raw, 'B').toString('base64')
const number = (raw: unknown): string => canonicalNumber(text(raw, 'N'))

const readers: Readonly<Record<ValueType, (raw: unknown, depth: number) => Value>> = {
  S: (raw) => ({ S: text(raw, 'S') }),
  N: (raw) => ({ N: number(raw) }),
  B: (raw) => ({ B: binary(raw) }),
  BOOL: (raw) => {
    if (typeof raw !== 'boolean') throw invalid('One or more parameter values were invalid: the BOOL must be a boolean')
    return { BOOL: raw }
  },
  NULL: (raw) => {
    if (raw !== true)
      throw invalid('One or more parameter values were invalid: Null attribute value types must have the value of true')
    return { NULL: true }
  },
  SS: (raw) => ({ SS: set(raw, 'string', (entry) => text(entry, 'SS')) }),
  NS: (raw) => ({ NS: set(raw, 'number', number) }),
  BS: (raw) => ({ BS: set(raw, 'binary', binary) }),
  L: (raw, depth) => {
    if (!Array.isArray(raw)) throw invalid('One or more parameter values were invalid: the L must be a list')
    return { L: raw.map((entry) => readValue(entry, depth + 1)) }
  },
  M: (raw, depth) => ({ M: readItem(raw, depth + 1) }),
}

/** Checks one attribute value and spells it canonically. Throws `ValidationException`. */
export function readValue(raw: unknown, depth = 0): Value {
  if (depth > maxDepth) throw invalid('Nesting Levels have exceeded supported limits')
  const tags = isMembers(raw) ? Object.keys(raw) : []
  const [tag = ''] = tags
  if (!isMembers(raw) || !Object.hasOwn(readers, tag))
    throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes')
  if (tags.length > 1)
    throw invalid('Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes')
  return readers[tag as ValueType](raw[tag], depth)
}

/** Checks a map of attribute values. */
export function readItem(raw: unknown, depth = 0): Item {
  // Object.fromEntries defines; an attribute called __proto__ stays an attribute.
  return Object.fromEntries(Object.entries(object(raw, 'Item')).map(([name, value]) => [name, readValue(value, depth)]))
}

/** An attribute of an item; never something inherited from Object. */
export const attribute = (item: Item, name: string): Value | undefined => (Object.hasOwn(item, name) ? item[name] : undefined)

const utf8 = (text: string): number => Buffer.byteLength(text)
const total = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0)
const binarySize = (text: string): number => Buffer.byteLength(text, 'base64')

/** Bytes that a value counts for in the 400 KB limit and in capacity. */
export function valueSize(value: Value): number {
  if ('S' in value) return utf8(value.S)
  if ('N' in value) return numberSize(value.N)
  if ('B' in value) return binarySize(value.B)
  if ('SS' in value) return total(value.SS.map(utf8))
  if ('NS' in value) return total(value.NS.map(numberSize))
  if ('BS' in value) return total(value.BS.map(binarySize))
  if ('L' in value) return 3 + total(value.L.map((entry) => 1 + valueSize(entry)))
  if ('M' in value) return 3 + Object.keys(value.M).length + itemSize(value.M)
  return 1
}

/** Bytes of all names and values of an item. */
export const itemSize = (item: Item): number =>
  total(Object.entries(item).map(([name, value]) => utf8(name) + valueSize(value)))

const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x) => b.includes(x))

/** Whether two values are the same; sets without regard to order. */
export function equalValues(a: Value, b: Value): boolean {
  if ('S' in a) return 'S' in b && a.S === b.S
  if ('N' in a) return 'N' in b && a.N === b.N
  if ('B' in a) return 'B' in b && a.B === b.B
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL
  if ('NULL' in a) return 'NULL' in b
  if ('SS' in a) return 'SS' in b && sameSet(a.SS, b.SS)
  if ('NS' in a) return 'NS' in b && sameSet(a.NS, b.NS)
  if ('BS' in a) return 'BS' in b && sameSet(a.BS, b.BS)
  if ('L' in a) return 'L' in b && a.L.length === b.L.length && a.L.every((x, i) => equalValues(x, b.L[i] ?? { NULL: true }))
  if (!('M' in b) || Object.keys(a.M).length !== Object.keys(b.M).length) return false
  return Object.entries(a.M).every(([name, x]) => {
    const y = attribute(b.M, name)
    return y !== undefined && equalValues(x, y)
  })
}

/** -1, 0, 1 for two strings, numbers or binaries; undefined for anything else. */
export function compareValues(a: Value, b: Value): number | undefined {
  if ('N' in a && 'N' in b) return compareNumbers(a.N, b.N)
  if ('S' in a && 'S' in b) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S))
  if ('B' in a && 'B' in b) return Buffer.compare(Buffer.from(a.B, 'base64'), Buffer.from(b.B, 'base64'))
  return undefined
}
