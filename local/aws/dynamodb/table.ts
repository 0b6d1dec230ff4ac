import { Failure, invalid } from '../failure.ts'
import type { World } from '../operation.ts'
import { sortableNumber } from './number.ts'
import { attribute, typeOf, type Item, type Value } from './value.ts'

export type KeyType = 'S' | 'N' | 'B'
export type KeyPart = { readonly name: string; readonly type: KeyType }

/** A partition key and, for most tables, a sort key. */
export type Keys = { readonly hash: KeyPart; readonly range?: KeyPart }

export type Projection = { readonly type: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; readonly names: readonly string[] }
export type Index = { readonly name: string; readonly keys: Keys; readonly projection: Projection }

export type Table = {
  readonly name: string
  readonly id: string
  /** Epoch seconds. */
  readonly created: number
  readonly keys: Keys
  readonly indexes: readonly Index[]
  readonly billing: 'PAY_PER_REQUEST' | 'PROVISIONED'
  readonly throughput: { readonly read: number; readonly write: number }
  readonly kmsKey?: string
  readonly encrypted: boolean
  readonly protected: boolean
  readonly tags: Readonly<Record<string, string>>
  /** The attribute that holds the expiry in epoch seconds. */
  readonly ttl?: string
  readonly recovery: boolean
}

export const tableArn = (name: string, { region, account }: World): string => `arn:aws:dynamodb:${region}:${account}:table/${name}`

/** The name out of `TableName`, which may be an ARN too. */
export const tableName = (given: string): string => /^arn:aws:dynamodb:[^:]*:[^:]*:table\/([^/]+)$/.exec(given)?.[1] ?? given

// Every request asks for its table twice, and few of them ever change: the same text reads as the same table.
const known = new Map<string, Table>()
const mostKnown = 1_000

function readTable(doc: string): Table {
  let table = known.get(doc)
  if (table === undefined) {
    table = JSON.parse(doc) as Table
    if (known.size >= mostKnown) known.clear()
    known.set(doc, table)
  }
  return table
}

export function findTable(name: string, { store }: World): Table | undefined {
  const row = store.statement('SELECT doc FROM ddb_tables WHERE name = ?').get(name)
  return row && readTable(String(row['doc']))
}

/** `inItems`: item operations word the refusal differently from table operations. */
export function theTable(name: string, world: World, inItems = false): Table {
  const table = findTable(name, world)
  if (!table)
    throw new Failure('ResourceNotFoundException', inItems ? 'Requested resource not found' : `Requested resource not found: Table: ${name} not found`)
  return table
}

export function saveTable(table: Table, { store }: World): void {
  store.statement('INSERT INTO ddb_tables (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc')
    .run(table.name, JSON.stringify(table))
}

export const keyParts = ({ hash, range }: Keys): readonly KeyPart[] => (range ? [hash, range] : [hash])
export const keyNames = (keys: Keys): readonly string[] => keyParts(keys).map((part) => part.name)

const maxKeyBytes = { hash: 2048, range: 1024 }

function sortable(value: Value): Buffer {
  if ('S' in value) return Buffer.from(value.S)
  if ('B' in value) return Buffer.from(value.B, 'base64')
  if ('N' in value) return sortableNumber(value.N)
  throw invalid('One or more parameter values were invalid: a key must be a string, a number or a binary')
}

/** The bytes under which a key value is stored; checks that it is not empty and not too long. */
export function keyBytes(value: Value, name: string, role: 'hash' | 'range'): Buffer {
  const stored = sortable(value)
  if (stored.length === 0) {
    const kind = 'S' in value ? 'string' : 'binary'
    throw invalid(`One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`)
  }
  if (stored.length > maxKeyBytes[role])
    throw invalid(`One or more parameter values were invalid: Size of ${role}key has exceeded the maximum size limit of${maxKeyBytes[role]} bytes`)
  return stored
}

export type StoredKey = { readonly h: Buffer; readonly r: Buffer }

const none = Buffer.alloc(0)

function partBytes(part: KeyPart, item: Item, role: 'hash' | 'range'): Buffer {
  const value = attribute(item, part.name)
  if (!value) throw invalid(`One or more parameter values were invalid: Missing the key ${part.name} in the item`)
  if (typeOf(value) !== part.type)
    throw invalid(`One or more parameter values were invalid: Type mismatch for key ${part.name} expected: ${part.type} actual: ${typeOf(value)}`)
  return keyBytes(value, part.name, role)
}

/** The stored key of a whole item. */
export const keyOfItem = ({ hash, range }: Keys, item: Item): StoredKey =>
  ({ h: partBytes(hash, item, 'hash'), r: range ? partBytes(range, item, 'range') : none })

/** The stored key of a `Key` member, which must hold the key attributes and nothing else. */
export function keyOfKey(keys: Keys, key: Item): StoredKey {
  const parts = keyParts(keys)
  const fits = parts.every(({ name, type }) => {
    const value = attribute(key, name)
    return value !== undefined && typeOf(value) === type
  })
  if (!fits || Object.keys(key).length !== parts.length) throw invalid('The provided key element does not match the schema')
  return keyOfItem(keys, key)
}

/** Where an item stands in an index, or undefined when it lacks a key attribute of it. */
export function keyInIndex(index: Index, item: Item): StoredKey | undefined {
  const parts = keyParts(index.keys)
  for (const { name, type } of parts) {
    const value = attribute(item, name)
    if (value === undefined) return undefined
    if (typeOf(value) !== type)
      throw invalid(`One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${index.name}`)
  }
  return keyOfItem(index.keys, item)
}

/** The attributes that an index holds of an item. */
export function inIndex(index: Index, table: Table, item: Item): Item {
  if (index.projection.type === 'ALL') return item
  const kept = new Set([...keyNames(table.keys), ...keyNames(index.keys), ...index.projection.names])
  return Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)))
}
