import { Failure, invalid } from '../failure.ts'
import { list, object, optionalFlag, optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { namedTable } from './request.ts'
import { findTable, keyParts, saveTable, tableArn, theTable, type Keys, type Table } from './table.ts'

const keySchema = ({ hash, range }: Keys) => [
  { AttributeName: hash.name, KeyType: 'HASH' },
  ...(range ? [{ AttributeName: range.name, KeyType: 'RANGE' }] : []),
]

/** `TableDescription` as the API gives it. A table is ACTIVE at once. */
export function describeTable(table: Table, world: World): Record<string, unknown> {
  const arn = tableArn(table.name, world)
  const parts = [table.keys, ...table.indexes.map((index) => index.keys)].flatMap(keyParts)
  const definitions = new Map(parts.map(({ name, type }) => [name, type]))
  const throughput = { NumberOfDecreasesToday: 0, ReadCapacityUnits: table.throughput.read, WriteCapacityUnits: table.throughput.write }
  const count = (sql: string, ...values: string[]): number => Number(world.store.statement(sql).get(...values)?.['n'] ?? 0)
  return {
    TableName: table.name,
    TableArn: arn,
    TableId: table.id,
    TableStatus: 'ACTIVE',
    CreationDateTime: table.created,
    AttributeDefinitions: [...definitions].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
    KeySchema: keySchema(table.keys),
    ProvisionedThroughput: throughput,
    ...(table.billing === 'PAY_PER_REQUEST' && { BillingModeSummary: { BillingMode: table.billing } }),
    ItemCount: count('SELECT count(*) AS n FROM ddb_items WHERE tbl = ?', table.name),
    TableSizeBytes: count('SELECT coalesce(sum(length(item)), 0) AS n FROM ddb_items WHERE tbl = ?', table.name),
    DeletionProtectionEnabled: table.protected,
    ...(table.encrypted && { SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: table.kmsKey } }),
    ...(table.indexes.length > 0 && {
      GlobalSecondaryIndexes: table.indexes.map(({ name, keys, projection }) => ({
        IndexName: name,
        IndexArn: `${arn}/index/${name}`,
        IndexStatus: 'ACTIVE',
        KeySchema: keySchema(keys),
        Projection: { ProjectionType: projection.type, ...(projection.names.length > 0 && { NonKeyAttributes: projection.names }) },
        ProvisionedThroughput: throughput,
        ItemCount: count('SELECT count(*) AS n FROM ddb_index WHERE tbl = ? AND idx = ?', table.name, name),
      })),
    }),
  }
}

const asks = (action: string) => (input: Members, world: World): readonly Ask[] =>
  [{ action: `dynamodb:${action}`, resource: tableArn(namedTable(input), world) }]

/** An operation that reads one table's description. */
const reading = (action: string, shown: (table: Table, world: World) => Record<string, unknown>): Operation => ({
  asks: asks(action),
  run: (input, world) => shown(theTable(namedTable(input), world), world),
})

const timeToLive = ({ ttl }: Table) => ({
  TimeToLiveDescription: ttl ? { TimeToLiveStatus: 'ENABLED', AttributeName: ttl } : { TimeToLiveStatus: 'DISABLED' },
})

const continuousBackups = ({ recovery }: Table) => ({
  ContinuousBackupsDescription: {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: recovery ? 'ENABLED' : 'DISABLED' },
  },
})

const listTables: Operation = {
  asks: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
  run(input, { store }) {
    const limit = optionalWhole(input, 'Limit', { min: 1, max: 100 }) ?? 100
    const after = optionalText(input, 'ExclusiveStartTableName') ?? ''
    const rows = store.statement('SELECT name FROM ddb_tables WHERE name > ? ORDER BY name LIMIT ?').all(after, limit + 1)
    const names = rows.map((row) => String(row['name']))
    return {
      TableNames: names.slice(0, limit),
      ...(names.length > limit && { LastEvaluatedTableName: names[limit - 1] }),
    }
  },
}

const updateTimeToLive: Operation = {
  asks: asks('UpdateTimeToLive'),
  run: (input, world) => world.store.write(() => {
    const table = theTable(namedTable(input), world)
    const given = object(input['TimeToLiveSpecification'], 'TimeToLiveSpecification')
    const name = text(given, 'AttributeName', { max: 255 })
    const enabled = optionalFlag(given, 'Enabled') ?? false
    if (enabled === (table.ttl !== undefined)) throw invalid(`TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`)
    if (!enabled && table.ttl !== name) throw invalid('TimeToLive is active on a different AttributeName')
    const { ttl: _, ...rest } = table
    saveTable(enabled ? { ...rest, ttl: name } : rest, world)
    return { TimeToLiveSpecification: { AttributeName: name, Enabled: enabled } }
  }),
}

const updateContinuousBackups: Operation = {
  asks: asks('UpdateContinuousBackups'),
  run: (input, world) => world.store.write(() => {
    const table = theTable(namedTable(input), world)
    const given = object(input['PointInTimeRecoverySpecification'], 'PointInTimeRecoverySpecification')
    const next = { ...table, recovery: optionalFlag(given, 'PointInTimeRecoveryEnabled') ?? false }
    saveTable(next, world)
    return continuousBackups(next)
  }),
}

const arnBounds = { max: 1284 }

function tableOfArn(input: Members, world: World): Table {
  const name = /:table\/([^/]+)$/.exec(text(input, 'ResourceArn', arnBounds))?.[1]
  const table = name === undefined ? undefined : findTable(name, world)
  if (!table) throw new Failure('ResourceNotFoundException', 'Requested resource not found')
  return table
}

const ofArn = (action: string, change: (table: Table, input: Members) => Table | undefined, shows: (table: Table) => Record<string, unknown> | undefined): Operation => ({
  asks: (input) => [{ action: `dynamodb:${action}`, resource: text(input, 'ResourceArn', arnBounds) }],
  run: (input, world) => world.store.write(() => {
    const table = tableOfArn(input, world)
    const next = change(table, input)
    if (next) saveTable(next, world)
    return shows(table)
  }),
})

const given = (input: Members) => Object.fromEntries(list(input, 'Tags', { max: 50 }).map((raw) => object(raw, 'Tags'))
  .map((tag) => [text(tag, 'Key', { max: 128 }), text(tag, 'Value', { min: 0, max: 256 })]))

/** The operations that describe tables and set what surrounds them. */
export const describeOperations: Operations = {
  DescribeTable: reading('DescribeTable', (table, world) => ({ Table: describeTable(table, world) })),
  DescribeTimeToLive: reading('DescribeTimeToLive', timeToLive),
  DescribeContinuousBackups: reading('DescribeContinuousBackups', continuousBackups),
  ListTables: listTables,
  UpdateTimeToLive: updateTimeToLive,
  UpdateContinuousBackups: updateContinuousBackups,
  TagResource: ofArn('TagResource', (table, input) => ({ ...table, tags: { ...table.tags, ...given(input) } }), () => undefined),
  ListTagsOfResource: ofArn('ListTagsOfResource', () => undefined,
    ({ tags }) => ({ Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) })),
}
