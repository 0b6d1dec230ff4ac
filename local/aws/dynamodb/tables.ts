import { randomUUID } from 'node:crypto'
import { Failure, invalid } from '../failure.ts'
import { choice, list, object, optionalChoice, optionalFlag, optionalList, optionalObject, optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Operation, Operations, World } from '../operation.ts'
import { describeTable } from './describe.ts'
import { namedTable } from './request.ts'
import { findTable, keyInIndex, keyNames, saveTable, tableArn, theTable, type Index, type Keys, type KeyType, type Table } from './table.ts'
import type { Item } from './value.ts'

const named = /^[a-zA-Z0-9_.-]+$/
const nameBounds = { min: 3, max: 255, pattern: named }

type Definitions = ReadonlyMap<string, KeyType>

function definitionsOf(input: Members): Definitions {
  const entries = (optionalList(input, 'AttributeDefinitions') ?? []).map((raw) => object(raw, 'AttributeDefinitions'))
  return new Map(entries.map((one) => [text(one, 'AttributeName', { max: 255 }), choice(one, 'AttributeType', ['S', 'N', 'B'])]))
}

function keysOf(input: Members, definitions: Definitions): Keys {
  const parts = list(input, 'KeySchema', { min: 1, max: 2 }).map((raw) => object(raw, 'KeySchema')).map((one) => {
    const name = text(one, 'AttributeName', { max: 255 })
    const type = definitions.get(name)
    if (!type)
      throw invalid(`One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${name}]`)
    return { name, type, role: choice(one, 'KeyType', ['HASH', 'RANGE']) }
  })
  const [hash, range] = parts
  if (hash?.role !== 'HASH' || (range && range.role !== 'RANGE') || hash.name === range?.name)
    throw invalid('Invalid KeySchema: the first element must be a HASH key, the second another attribute as RANGE key')
  return { hash: { name: hash.name, type: hash.type }, ...(range && { range: { name: range.name, type: range.type } }) }
}

function indexOf(raw: unknown, definitions: Definitions): Index {
  const input = object(raw, 'GlobalSecondaryIndexes')
  const projection = optionalObject(input, 'Projection') ?? {}
  const names = (optionalList(projection, 'NonKeyAttributes', { max: 100 }) ?? []).map((name) => text({ name }, 'name'))
  return {
    name: text(input, 'IndexName', nameBounds),
    keys: keysOf(input, definitions),
    projection: { type: choice(projection, 'ProjectionType', ['ALL', 'KEYS_ONLY', 'INCLUDE']), names },
  }
}

function refuseUnusedDefinitions(definitions: Definitions, keys: readonly Keys[]): void {
  const used = new Set(keys.flatMap(keyNames))
  if ([...definitions.keys()].some((name) => !used.has(name)))
    throw invalid('One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions')
}

function throughputOf(input: Members, billing: Table['billing']): Table['throughput'] {
  const given = optionalObject(input, 'ProvisionedThroughput')
  if (billing === 'PAY_PER_REQUEST') {
    if (given) throw invalid('One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST')
    return { read: 0, write: 0 }
  }
  const read = given && optionalWhole(given, 'ReadCapacityUnits', { min: 1 })
  const write = given && optionalWhole(given, 'WriteCapacityUnits', { min: 1 })
  if (!read || !write) throw invalid('One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED')
  return { read, write }
}

export function tagsOf(input: Members): Readonly<Record<string, string>> {
  const entries = (optionalList(input, 'Tags', { max: 50 }) ?? []).map((raw) => object(raw, 'Tags'))
  return Object.fromEntries(entries.map((tag) => [text(tag, 'Key', { max: 128 }), text(tag, 'Value', { min: 0, max: 256 })]))
}

const notHere = ['LocalSecondaryIndexes', 'StreamSpecification', 'ReplicaUpdates']

function refuseForeign(input: Members): void {
  for (const name of notHere)
    if (input[name] !== undefined && input[name] !== null) throw invalid(`${name} is not implemented by this stand-in`)
}

const createTable: Operation = {
  asks: (input, world) => [
    { action: 'dynamodb:CreateTable', resource: tableArn(namedTable(input), world) },
    ...(optionalList(input, 'Tags')?.length ? [{ action: 'dynamodb:TagResource', resource: tableArn(namedTable(input), world) }] : []),
  ],
  run(input, world) {
    refuseForeign(input)
    const name = text(input, 'TableName', nameBounds)
    const definitions = definitionsOf(input)
    const keys = keysOf(input, definitions)
    const indexes = (optionalList(input, 'GlobalSecondaryIndexes', { max: 20 }) ?? []).map((raw) => indexOf(raw, definitions))
    if (new Set(indexes.map((index) => index.name)).size < indexes.length)
      throw invalid('One or more parameter values were invalid: Duplicate index name')
    refuseUnusedDefinitions(definitions, [keys, ...indexes.map((index) => index.keys)])
    const billing = optionalChoice(input, 'BillingMode', ['PROVISIONED', 'PAY_PER_REQUEST']) ?? 'PROVISIONED'
    const sse = optionalObject(input, 'SSESpecification') ?? {}
    const kmsKey = optionalText(sse, 'KMSMasterKeyId')
    const table: Table = {
      name, keys, indexes, billing,
      id: randomUUID(),
      created: world.now() / 1000,
      throughput: throughputOf(input, billing),
      encrypted: optionalFlag(sse, 'Enabled') ?? false,
      ...(kmsKey && { kmsKey }),
      protected: optionalFlag(input, 'DeletionProtectionEnabled') ?? false,
      tags: tagsOf(input),
      recovery: false,
    }
    return world.store.write(() => {
      if (findTable(name, world)) throw new Failure('ResourceInUseException', `Table already exists: ${name}`)
      saveTable(table, world)
      return { TableDescription: describeTable(table, world) }
    })
  },
}

/** Fills a new index from the items that the table already has. Items with a key of another type are left out, as in AWS. */
function backfill(table: Table, index: Index, { store }: World): void {
  const rows = store.statement('SELECT h, r, item FROM ddb_items WHERE tbl = ?').all(table.name)
  const insert = store.statement('INSERT INTO ddb_index (tbl, idx, ih, ir, h, r) VALUES (?, ?, ?, ?, ?, ?)')
  for (const row of rows) {
    const key = fitting(index, JSON.parse(String(row['item'])) as Item)
    if (key) insert.run(table.name, index.name, key.h, key.r, row['h'] ?? null, row['r'] ?? null)
  }
}

function fitting(index: Index, item: Item): ReturnType<typeof keyInIndex> {
  try {
    return keyInIndex(index, item)
  } catch {
    return undefined
  }
}

function changedIndexes(table: Table, input: Members, world: World): readonly Index[] {
  let indexes = table.indexes
  const definitions = definitionsOf(input)
  for (const raw of optionalList(input, 'GlobalSecondaryIndexUpdates', { max: 1 }) ?? []) {
    const change = object(raw, 'GlobalSecondaryIndexUpdates')
    const [create, remove] = [optionalObject(change, 'Create'), optionalObject(change, 'Delete')]
    if (create) {
      const index = indexOf(create, definitions)
      if (indexes.some((one) => one.name === index.name))
        throw invalid('Attempting to create an index which already exists')
      backfill(table, index, world)
      indexes = [...indexes, index]
    } else if (remove) {
      const name = text(remove, 'IndexName', nameBounds)
      if (!indexes.some((one) => one.name === name)) throw new Failure('ResourceNotFoundException', 'Requested resource not found')
      world.store.statement('DELETE FROM ddb_index WHERE tbl = ? AND idx = ?').run(table.name, name)
      indexes = indexes.filter((one) => one.name !== name)
    } else throw invalid('GlobalSecondaryIndexUpdates: only Create and Delete are implemented by this stand-in')
  }
  return indexes
}

const updateTable: Operation = {
  asks: (input, world) => [{ action: 'dynamodb:UpdateTable', resource: tableArn(namedTable(input), world) }],
  run: (input, world) => world.store.write(() => {
    refuseForeign(input)
    const table = theTable(namedTable(input), world)
    const billing = optionalChoice(input, 'BillingMode', ['PROVISIONED', 'PAY_PER_REQUEST']) ?? table.billing
    const sse = optionalObject(input, 'SSESpecification')
    const kmsKey = sse ? optionalText(sse, 'KMSMasterKeyId') : table.kmsKey
    const changesThroughput = billing !== table.billing || optionalObject(input, 'ProvisionedThroughput') !== undefined
    const next: Table = {
      ...table,
      billing,
      throughput: changesThroughput ? throughputOf(input, billing) : table.throughput,
      protected: optionalFlag(input, 'DeletionProtectionEnabled') ?? table.protected,
      encrypted: sse ? (optionalFlag(sse, 'Enabled') ?? false) : table.encrypted,
      ...(kmsKey && { kmsKey }),
      indexes: changedIndexes(table, input, world),
    }
    saveTable(next, world)
    return { TableDescription: describeTable(next, world) }
  }),
}

const deleteTable: Operation = {
  asks: (input, world) => [{ action: 'dynamodb:DeleteTable', resource: tableArn(namedTable(input), world) }],
  run: (input, world) => world.store.write(() => {
    const table = theTable(namedTable(input), world)
    if (table.protected)
      throw invalid(`Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`)
    for (const place of ['ddb_items', 'ddb_index'])
      world.store.statement(`DELETE FROM ${place} WHERE tbl = ?`).run(table.name)
    world.store.statement('DELETE FROM ddb_tables WHERE name = ?').run(table.name)
    return { TableDescription: { ...describeTable(table, world), TableStatus: 'DELETING' } }
  }),
}

/** The operations that make, change and remove tables. */
export const tableOperations: Operations = { CreateTable: createTable, UpdateTable: updateTable, DeleteTable: deleteTable }
