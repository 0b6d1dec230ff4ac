import { invalid } from '../failure.ts'
import { optionalChoice, optionalText, text, type Members } from '../members.ts'
import type { Ask, World } from '../operation.ts'
import { readCondition, type Condition } from './condition.ts'
import { readPlaceholders, type Placeholders } from './placeholders.ts'
import type { Spent } from './rows.ts'
import { findTable, tableArn, tableName, theTable, type Table } from './table.ts'
import { cursor } from './tokens.ts'
import { attribute, readItem, type Item } from './value.ts'

// The parameters from before expressions: refused by name, since ignoring a condition would be a silent yes.
const legacy = ['Expected', 'AttributeUpdates', 'ConditionalOperator', 'KeyConditions', 'QueryFilter', 'ScanFilter', 'AttributesToGet']

export const maxItem = 400 * 1024

export function refuseLegacy(input: Members): void {
  for (const name of legacy)
    if (input[name] !== undefined && input[name] !== null) throw invalid(`${name} is not implemented by this stand-in: use an expression`)
}

export const namedTable = (input: Members): string => tableName(text(input, 'TableName', { max: 1024 }))

export const tableOf = (input: Members, world: World): Table => theTable(namedTable(input), world, true)

/** One item operation on a table (or on one of its indexes), with the partition key it names, for `dynamodb:LeadingKeys`. */
export function askFor(action: string, input: Members, world: World, { key, enclosing }: { key?: string; enclosing?: string } = {}): Ask {
  const name = namedTable(input)
  const index = optionalText(input, 'IndexName', { max: 255 })
  const hash = findTable(name, world)?.keys.hash.name
  const given = key ? input[key] : undefined
  const leading = hash && typeof given === 'object' && given !== null ? attribute(given as Item, hash) : undefined
  const returns = optionalText(input, 'ReturnValues')
  return {
    action: `dynamodb:${action}`,
    resource: tableArn(name, world) + (index ? `/index/${index}` : ''),
    context: {
      ...(leading && { 'dynamodb:LeadingKeys': [String(Object.values(leading)[0])] }),
      ...(returns && { 'dynamodb:ReturnValues': returns }),
      ...(enclosing && { 'dynamodb:EnclosingOperation': enclosing }),
    },
  }
}

/** Reads `Item` or `Key` of a request. */
export function readMember(input: Members, name: string): Item {
  if (input[name] === undefined || input[name] === null)
    throw invalid(`1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`)
  return readItem(input[name])
}

export type Expressions = { readonly placeholders: Placeholders; readonly text: (name: string) => string | undefined }

/** The expressions of a request; `accepted` are the names that its operation knows. */
export function expressionsOf(input: Members, accepted: readonly string[]): Expressions {
  const given = accepted.filter((name) => input[name] !== undefined && input[name] !== null)
  const placeholders = readPlaceholders(input, given, accepted)
  return { placeholders, text: (name) => optionalText(input, name, { min: 0, max: 1_000_000 }) }
}

export function conditionOf({ placeholders, text }: Expressions, name: string): Condition | undefined {
  const source = text(name)
  return source === undefined ? undefined : readCondition(cursor(source, name, placeholders))
}

const capacityKinds = ['NONE', 'TOTAL', 'INDEXES'] as const

/** One table's part of `ConsumedCapacity`. */
export function capacityOf(name: string, { table, indexes }: Spent, kind: 'TOTAL' | 'INDEXES'): Record<string, unknown> {
  const total = Object.values(indexes).reduce((all, units) => all + units, table)
  if (kind === 'TOTAL') return { TableName: name, CapacityUnits: total }
  const perIndex = Object.fromEntries(Object.entries(indexes).map(([index, units]) => [index, { CapacityUnits: units }]))
  return {
    TableName: name,
    CapacityUnits: total,
    Table: { CapacityUnits: table },
    ...(Object.keys(perIndex).length > 0 && { GlobalSecondaryIndexes: perIndex }),
  }
}

export function capacityKind(input: Members): 'TOTAL' | 'INDEXES' | undefined {
  const kind = optionalChoice(input, 'ReturnConsumedCapacity', capacityKinds)
  return kind === 'NONE' ? undefined : kind
}

export const totalUnits = ({ table, indexes }: Spent): number =>
  Object.values(indexes).reduce((all, units) => all + units, table)

/** Adds what two places consumed. */
export function addSpent(a: Spent, b: Spent): Spent {
  const indexes = { ...a.indexes }
  for (const [name, units] of Object.entries(b.indexes)) indexes[name] = (indexes[name] ?? 0) + units
  return { table: a.table + b.table, indexes }
}
