import { invalid } from '../failure.ts'
import { optionalFlag, optionalText, text, type Members } from '../members.ts'
import type { Operation, Operations, World } from '../operation.ts'
import { pathsOf, readCondition, type Condition } from './condition.ts'
import { keyRange, partitionOf, wholePartition, type Span } from './key-condition.ts'
import { readPage, type Place } from './page.ts'
import { readProjection } from './paths.ts'
import { askFor, capacityKind, capacityOf, conditionOf, expressionsOf, namedTable, refuseLegacy, tableOf, totalUnits, type Expressions } from './request.ts'
import { findTable, keyNames, type Index, type Table } from './table.ts'
import { cursor, type Path } from './tokens.ts'
import type { Item } from './value.ts'

function indexNamed(input: Members, table: Table): Index | undefined {
  const name = optionalText(input, 'IndexName', { max: 255 })
  if (name === undefined) return undefined
  const index = table.indexes.find((one) => one.name === name)
  if (!index) throw invalid(`The table does not have the specified index: ${name}`)
  if (optionalFlag(input, 'ConsistentRead')) throw invalid('Consistent reads are not supported on global secondary indexes')
  return index
}

type Reading = { readonly filter?: Condition; readonly paths?: readonly Path[] }

function readingOf(expressions: Expressions): Reading {
  const filter = conditionOf(expressions, 'FilterExpression')
  const projection = expressions.text('ProjectionExpression')
  return {
    ...(filter && { filter }),
    ...(projection !== undefined && { paths: readProjection(projection, expressions.placeholders) }),
  }
}

function answer(input: Members, place: Place, span: Span | undefined, reading: Reading, world: World, spend: (units: number) => void) {
  const page = readPage(input, place, span, reading, world)
  const capacity = capacityKind(input)
  const spent = place.index ? { table: 0, indexes: { [place.index.name]: page.units } } : { table: page.units, indexes: {} }
  spend(totalUnits(spent))
  return {
    ...(page.items && { Items: page.items }),
    Count: page.count,
    ScannedCount: page.scanned,
    ...(page.last && { LastEvaluatedKey: page.last }),
    ...(capacity && { ConsumedCapacity: capacityOf(place.table.name, spent, capacity) }),
  }
}

/** The partition that a query of the table itself names, for `dynamodb:LeadingKeys`; a request that cannot be read names none. */
function leading(input: Members, world: World): Item | undefined {
  const table = findTable(namedTable(input), world)
  if (!table || input['IndexName'] !== undefined) return undefined
  try {
    const { placeholders } = expressionsOf(input, ['KeyConditionExpression', 'FilterExpression', 'ProjectionExpression'])
    const condition = readCondition(cursor(text(input, 'KeyConditionExpression', { min: 0, max: 1_000_000 }), 'KeyConditionExpression', placeholders))
    const value = partitionOf(condition, table.keys.hash.name)
    return value && { [table.keys.hash.name]: value }
  } catch {
    return undefined
  }
}

const query: Operation = {
  asks: (input, world) => [askFor('Query', { ...input, Leading: leading(input, world) }, world, { key: 'Leading' })],
  run(input, world, caller) {
    refuseLegacy(input)
    const expressions = expressionsOf(input, ['KeyConditionExpression', 'FilterExpression', 'ProjectionExpression'])
    const source = text(input, 'KeyConditionExpression', { min: 0, max: 1_000_000 })
    const condition = readCondition(cursor(source, 'KeyConditionExpression', expressions.placeholders))
    const reading = readingOf(expressions)
    expressions.placeholders.finish()
    const table = tableOf(input, world)
    const index = indexNamed(input, table)
    const keys = index?.keys ?? table.keys
    const inKey = reading.filter && pathsOf(reading.filter).find((path) => keyNames(keys).includes(String(path[0])))
    if (inKey)
      throw invalid(`Filter Expression can only contain non-primary key attributes: Primary key attribute: ${String(inKey[0])}`)
    const place: Place = index ? { table, index } : { table }
    return answer(input, place, keyRange(condition, keys), reading, world, (units) => caller.spend(units))
  },
}

const scan: Operation = {
  asks: (input, world) => [askFor('Scan', input, world)],
  run(input, world, caller) {
    refuseLegacy(input)
    const expressions = expressionsOf(input, ['FilterExpression', 'ProjectionExpression'])
    const reading = readingOf(expressions)
    expressions.placeholders.finish()
    const table = tableOf(input, world)
    const index = indexNamed(input, table)
    return answer(input, index ? { table, index } : { table }, wholePartition, reading, world, (units) => caller.spend(units))
  },
}

/** The operations that read many items. */
export const queryOperations: Operations = { Query: query, Scan: scan }
