import { Failure, invalid } from './failure.ts'

/** A JSON object of a request, before anything is known about its members. */
export type Members = Readonly<Record<string, unknown>>

type Bounds = { readonly min?: number; readonly max?: number; readonly pattern?: RegExp }

const unserialisable = (name: string, shape: string): Failure =>
  new Failure('SerializationException', `${name} can not be converted to ${shape}`)

// The real services add the value that they refuse; it is left out here on purpose.
const constraint = (name: string, rule: string): Failure =>
  invalid(`1 validation error detected: Value at '${name}' failed to satisfy constraint: ${rule}`)

const missing = (name: string): Failure => constraint(name, 'Member must not be null')

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A JSON object; throws `SerializationException`. */
export function object(value: unknown, name: string): Members {
  if (!isMembers(value)) throw unserialisable(name, 'a structure')
  return value
}

export function optionalObject(input: Members, name: string): Members | undefined {
  const value = input[name] ?? undefined
  return value === undefined ? undefined : object(value, name)
}

/** A string within its bounds (characters), or undefined; throws `SerializationException` or `ValidationException`. */
export function optionalText(input: Members, name: string, { min = 1, max = 2048, pattern }: Bounds = {}): string | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw unserialisable(name, 'a String')
  if (value.length < min) throw constraint(name, `Member must have length greater than or equal to ${min}`)
  if (value.length > max) throw constraint(name, `Member must have length less than or equal to ${max}`)
  if (pattern && !pattern.test(value)) throw constraint(name, `Member must satisfy regular expression pattern: ${pattern.source}`)
  return value
}

export function text(input: Members, name: string, bounds?: Bounds): string {
  const value = optionalText(input, name, bounds)
  if (value === undefined) throw missing(name)
  return value
}

export function optionalFlag(input: Members, name: string): boolean | undefined {
  const value = input[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw unserialisable(name, 'a Boolean')
  return value
}

/** A whole number within its bounds, or undefined. */
export function optionalWhole(input: Members, name: string, { min = 0, max = 2 ** 31 - 1 }: Bounds = {}): number | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw unserialisable(name, 'an Integer')
  if (value < min) throw constraint(name, `Member must have value greater than or equal to ${min}`)
  if (value > max) throw constraint(name, `Member must have value less than or equal to ${max}`)
  return value
}

/** One of the names, or undefined. */
export function optionalChoice<const T extends string>(input: Members, name: string, choices: readonly T[]): T | undefined {
  const value = optionalText(input, name)
  const found = choices.find((choice) => choice === value)
  if (value !== undefined && found === undefined)
    throw constraint(name, `Member must satisfy enum value set: [${choices.join(', ')}]`)
  return found
}

export function choice<const T extends string>(input: Members, name: string, choices: readonly T[]): T {
  const value = optionalChoice(input, name, choices)
  if (value === undefined) throw missing(name)
  return value
}

// Buffer.from(…, 'base64') drops what it does not know; a stand-in that accepts more than AWS hides mistakes.
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The bytes behind a base64 string; throws `SerializationException`. */
export function bytes(value: unknown, name: string): Buffer {
  if (typeof value !== 'string' || !base64.test(value)) throw unserialisable(name, 'a Blob')
  return Buffer.from(value, 'base64')
}

/** A blob within its bounds (bytes), or undefined. */
export function optionalBlob(input: Members, name: string, { min = 1, max = 6144 }: Bounds = {}): Buffer | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  const blob = bytes(value, name)
  if (blob.length < min) throw constraint(name, `Member must have length greater than or equal to ${min}`)
  if (blob.length > max) throw constraint(name, `Member must have length less than or equal to ${max}`)
  return blob
}

export function blob(input: Members, name: string, bounds?: Bounds): Buffer {
  const value = optionalBlob(input, name, bounds)
  if (value === undefined) throw missing(name)
  return value
}

/** A list, or undefined; `max` bounds its length. */
export function optionalList(input: Members, name: string, { min = 0, max = 1000 }: Bounds = {}): readonly unknown[] | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw unserialisable(name, 'a List')
  if (value.length < min) throw constraint(name, `Member must have length greater than or equal to ${min}`)
  if (value.length > max) throw constraint(name, `Member must have length less than or equal to ${max}`)
  return value
}

export const list = (input: Members, name: string, bounds?: Bounds): readonly unknown[] => {
  const value = optionalList(input, name, bounds)
  if (value === undefined) throw missing(name)
  return value
}

/** A map from strings to strings, or undefined. */
export function optionalTextMap(input: Members, name: string): Readonly<Record<string, string>> | undefined {
  const value = optionalObject(input, name)
  if (value === undefined) return undefined
  const pairs: [string, string][] = []
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string') throw unserialisable(name, 'a map of Strings')
    pairs.push([key, entry])
  }
  return Object.fromEntries(pairs)
}
