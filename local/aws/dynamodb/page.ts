import { createHash } from 'node:crypto'
import { invalid } from '../failure.ts'
import { optionalChoice, optionalFlag, optionalObject, optionalWhole, type Members } from '../members.ts'
import type { World } from '../operation.ts'
import type { Condition } from './condition.ts'
import { holds } from './holds.ts'
import type { Span } from './key-condition.ts'
import { project } from './paths.ts'
import { inIndex, keyInIndex, keyNames, keyOfKey, type Index, type Table } from './table.ts'
import type { Path } from './tokens.ts'
import { attribute, itemSize, readItem, type Item } from './value.ts'

/** A table, or one of its indexes. */
export type Place = { readonly table: Table; readonly index?: Index }

export type Page = {
  readonly items: readonly Item[] | undefined
  readonly count: number
  readonly scanned: number
  readonly units: number
  readonly last: Item | undefined
}

const pageBytes = 1024 * 1024
const selects = ['ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES', 'SPECIFIC_ATTRIBUTES', 'COUNT'] as const

/** The attributes that say where an item stands: what LastEvaluatedKey and ExclusiveStartKey hold. */
const cursorNames = ({ table, index }: Place): readonly string[] =>
  [...new Set([...keyNames(table.keys), ...(index ? keyNames(index.keys) : [])])]

const pick = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(names.flatMap((name) => {
    const value = attribute(item, name)
    return value ? [[name, value]] : []
  }))

type Order = { readonly columns: readonly string[]; readonly values: readonly Buffer[] }

function startOf(input: Members, place: Place): Order | undefined {
  const raw = optionalObject(input, 'ExclusiveStartKey')
  if (!raw) return undefined
  const given = readItem(raw)
  const wanted = cursorNames(place)
  if (Object.keys(given).length !== wanted.length || wanted.some((name) => !attribute(given, name)))
    throw invalid('The provided starting key is invalid')
  const { h, r } = keyOfKey(place.table.keys, pick(given, keyNames(place.table.keys)))
  if (!place.index) return { columns: ['i.h', 'i.r'], values: [h, r] }
  const inside = keyInIndex(place.index, given)
  if (!inside) throw invalid('The provided starting key is invalid')
  return { columns: ['x.ih', 'x.ir', 'x.h', 'x.r'], values: [inside.h, inside.r, h, r] }
}

function rowsOf(input: Members, { table, index }: Place, span: Span, start: Order | undefined, { store }: World) {
  const [hash, range] = index ? ['x.ih', 'x.ir'] : ['i.h', 'i.r']
  const forward = optionalFlag(input, 'ScanIndexForward') ?? true
  const order = (index ? ['x.ih', 'x.ir', 'x.h', 'x.r'] : ['i.h', 'i.r']).map((column) => `${column} ${forward ? 'ASC' : 'DESC'}`)
  const conditions: [string, Buffer | string][] = index ? [['x.tbl = ?', table.name], ['x.idx = ?', index.name]] : [['i.tbl = ?', table.name]]
  if (span.hash) conditions.push([`${hash} = ?`, span.hash])
  if (span.low) conditions.push([`${range} >${span.low.included ? '=' : ''} ?`, span.low.bytes])
  if (span.high) conditions.push([`${range} <${span.high.included ? '=' : ''} ?`, span.high.bytes])
  const where = conditions.map(([sql]) => sql)
  if (start) where.push(`(${start.columns.join(', ')}) ${forward ? '>' : '<'} (${start.columns.map(() => '?').join(', ')})`)
  const from = index ? 'ddb_index x JOIN ddb_items i ON i.tbl = x.tbl AND i.h = x.h AND i.r = x.r' : 'ddb_items i'
  const sql = `SELECT i.h AS h, i.item AS item FROM ${from} WHERE ${where.join(' AND ')} ORDER BY ${order.join(', ')}`
  return store.statement(sql).iterate(...conditions.map(([, value]) => value), ...(start?.values ?? []))
}

type Segment = (hash: unknown) => boolean

function segmentOf(input: Members): Segment {
  const total = optionalWhole(input, 'TotalSegments', { min: 1, max: 1_000_000 })
  const segment = optionalWhole(input, 'Segment', { max: 999_999 })
  if ((total === undefined) !== (segment === undefined)) throw invalid('Segment and TotalSegments must be given together')
  if (total === undefined || segment === undefined) return () => true
  if (segment >= total) throw invalid('The Segment parameter is zero-based and must be less than parameter TotalSegments')
  return (hash) => hash instanceof Uint8Array && createHash('sha256').update(hash).digest().readUInt32BE() % total === segment
}

/** Reads up to `Limit` items or one megabyte, in the order of the sort key. */
export function readPage(input: Members, place: Place, span: Span = {}, { filter, paths }: { filter?: Condition; paths?: readonly Path[] }, world: World): Page {
  const select = optionalChoice(input, 'Select', selects)
  if (paths && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES')
    throw invalid(`Cannot specify the ProjectionExpression when choosing to get ${select === 'COUNT' ? 'only the Count' : select}`)
  if (select === 'ALL_ATTRIBUTES' && place.index && place.index.projection.type !== 'ALL')
    throw invalid(`One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${place.index.name} because its projection type is not ALL`)
  const limit = optionalWhole(input, 'Limit', { min: 1 }) ?? Infinity
  const inSegment = segmentOf(input)
  const items: Item[] = []
  let [count, scanned, size] = [0, 0, 0]
  let last: Item | undefined
  for (const row of rowsOf(input, place, span, startOf(input, place), world)) {
    if (!inSegment(row['h'])) continue
    const whole = JSON.parse(String(row['item'])) as Item
    const item = place.index ? inIndex(place.index, place.table, whole) : whole
    scanned += 1
    size += itemSize(item)
    if (!filter || holds(filter, item)) {
      count += 1
      if (select !== 'COUNT') items.push(paths ? project(item, paths) : item)
    }
    // AWS gives a key here even when nothing follows.
    if (scanned >= limit || size >= pageBytes) {
      last = pick(whole, cursorNames(place))
      break
    }
  }
  const consistent = optionalFlag(input, 'ConsistentRead') ?? false
  const units = Math.max(1, Math.ceil(size / 4096)) * (consistent ? 1 : 0.5)
  return { items: select === 'COUNT' ? undefined : items, count, scanned, units, last }
}
