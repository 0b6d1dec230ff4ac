import { isMembers, type Members } from '../members.ts'
import { invalidValue, missing } from './failures.ts'

/** A text of a request, or undefined; refuses one that is empty or of another type. */
export function optionalText(input: Members, name: string): string | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw invalidValue(name, 'Must be a string that is not empty.')
  return value
}

export function text(input: Members, name: string): string {
  const value = optionalText(input, name)
  if (value === undefined) throw missing(name)
  return value
}

/** A whole number within its bounds, or undefined. */
export function optionalWhole(input: Members, name: string, min: number, max: number): number | undefined {
  const value = input[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalidValue(name, `Must be >= ${min} and <= ${max}, if provided.`)
  return value
}

/** A list of strings; empty where there is none. */
export function texts(input: Members, name: string): readonly string[] {
  const value = input[name] ?? []
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw invalidValue(name, 'Must be a list of strings.')
  return value
}

/** A JSON object of a request; empty where there is none. */
export function members(input: Members, name: string): Members {
  const value = input[name] ?? {}
  if (!isMembers(value)) throw invalidValue(name, 'Must be a map.')
  return value
}
