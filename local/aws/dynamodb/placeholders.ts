import { invalid } from '../failure.ts'
import { optionalObject, optionalTextMap, type Members } from '../members.ts'
import { readValue, type Value } from './value.ts'

/** The `#name` and `:value` entries of one request, shared by all its expressions. */
export type Placeholders = {
  name(token: string, expression: string): string
  value(token: string, expression: string): Value
  /** Throws when an entry was given and never used: AWS refuses that too. */
  finish(): void
}

function checkKeys(keys: readonly string[], member: string, pattern: RegExp): void {
  if (keys.length === 0) throw invalid(`${member} must not be empty`)
  for (const key of keys)
    if (!pattern.test(key)) throw invalid(`${member} contains invalid key: Syntax error; key: "${key}"`)
}

function unused(member: string, keys: Iterable<string>, used: ReadonlySet<string>): void {
  const left = [...keys].filter((key) => !used.has(key))
  if (left.length > 0) throw invalid(`Value provided in ${member} unused in expressions: keys: {${left.join(', ')}}`)
}

/** Reads `ExpressionAttributeNames` and `ExpressionAttributeValues`. `expressions`: the names of those the request has. */
export function readPlaceholders(input: Members, expressions: readonly string[], accepted: readonly string[]): Placeholders {
  const names = optionalTextMap(input, 'ExpressionAttributeNames')
  const raw = optionalObject(input, 'ExpressionAttributeValues')
  for (const [member, map] of [['ExpressionAttributeNames', names], ['ExpressionAttributeValues', raw]] as const)
    if (map && expressions.length === 0)
      throw invalid(`${member} can only be specified when using expressions: ${accepted.join(' and ')} is null`)
  if (names) checkKeys(Object.keys(names), 'ExpressionAttributeNames', /^#[A-Za-z0-9_]+$/)
  if (raw) checkKeys(Object.keys(raw), 'ExpressionAttributeValues', /^:[A-Za-z0-9_]+$/)
  const values = new Map(Object.entries(raw ?? {}).map(([key, value]) => [key, readValue(value)]))
  const used = new Set<string>()

  return {
    name(token, expression) {
      const name = names?.[token]
      if (name === undefined)
        throw invalid(`Invalid ${expression}: An expression attribute name used in the document path is not defined; attribute name: ${token}`)
      used.add(token)
      return name
    },
    value(token, expression) {
      const value = values.get(token)
      if (value === undefined)
        throw invalid(`Invalid ${expression}: An expression attribute value used in expression is not defined; attribute value: ${token}`)
      used.add(token)
      return value
    },
    finish() {
      unused('ExpressionAttributeNames', Object.keys(names ?? {}), used)
      unused('ExpressionAttributeValues', values.keys(), used)
    },
  }
}
