import {
  CreateTableCommand, DeleteTableCommand, DescribeContinuousBackupsCommand, DescribeTableCommand, DescribeTimeToLiveCommand, ListTablesCommand,
  ListTagsOfResourceCommand, PutItemCommand, QueryCommand, ScanCommand, UpdateContinuousBackupsCommand, UpdateTableCommand, UpdateTimeToLiveCommand,
  paginateQuery, type AttributeValue, type CreateTableCommandInput, type DynamoDBClient, type QueryCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, refusal, region, standIn } from '../harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let db: DynamoDBClient
const TableName = 'events'

const schema: CreateTableCommandInput = {
  TableName, BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'who', AttributeType: 'S' }, { AttributeName: 'at', AttributeType: 'N' }, { AttributeName: 'kind', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'who', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }],
  GlobalSecondaryIndexes: [
    { IndexName: 'by-kind', KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }], Projection: { ProjectionType: 'KEYS_ONLY' } },
  ],
}

type Item = Record<string, AttributeValue>
const event = (who: string, at: number, extra: Item = {}): Item => ({ who: { S: who }, at: { N: String(at) }, ...extra })
const times = [-10, -2, 0, 1.5, 2, 10, 100]

beforeAll(async () => {
  aws = await standIn()
  db = aws.as('admin').dynamodb
  await db.send(new CreateTableCommand(schema))
  for (const at of times) await db.send(new PutItemCommand({ TableName, Item: event('a', at, { kind: { S: at < 1 ? 'low' : 'high' }, big: { BOOL: at > 5 } }) }))
  await db.send(new PutItemCommand({ TableName, Item: event('b', 1) }))
})
afterAll(() => aws.close())

const query = async (extra: Partial<QueryCommandInput>): Promise<number[]> => {
  const { Items = [] } = await db.send(new QueryCommand({ TableName, ...extra }))
  return Items.map(({ at }) => Number(at?.N))
}
const where = (KeyConditionExpression: string, values: Item = {}): Partial<QueryCommandInput> =>
  ({ KeyConditionExpression, ExpressionAttributeNames: KeyConditionExpression.includes('#at') ? { '#at': 'at' } : undefined, ExpressionAttributeValues: { ':w': { S: 'a' }, ...values } })

describe('Query', () => {
  const table: [condition: string, values: Item, found: number[]][] = [
    ['who = :w', {}, times],
    ['who = :w AND #at = :x', { ':x': { N: '2.0' } }, [2]],
    ['who = :w AND #at < :x', { ':x': { N: '0' } }, [-10, -2]],
    ['who = :w AND #at <= :x', { ':x': { N: '0' } }, [-10, -2, 0]],
    ['who = :w AND #at > :x', { ':x': { N: '2' } }, [10, 100]],
    ['#at >= :x AND who = :w', { ':x': { N: '2' } }, [2, 10, 100]],
    ['who = :w AND #at BETWEEN :x AND :y', { ':x': { N: '-2' }, ':y': { N: '2' } }, [-2, 0, 1.5, 2]],
    ['(who = :w) AND (#at > :x)', { ':x': { N: '10' } }, [100]],
  ]
  test.each(table)('%s', async (condition, values, found) => {
    expect(await query(where(condition, values))).toEqual(found)
  })

  test('backwards, limited, and on from there', async () => {
    expect(await query({ ...where('who = :w'), ScanIndexForward: false })).toEqual([...times].reverse())
    const first = await db.send(new QueryCommand({ TableName, ...where('who = :w'), Limit: 3, ScanIndexForward: false }))
    expect(first).toMatchObject({ Count: 3, ScannedCount: 3, LastEvaluatedKey: event('a', 2) })
    const pages: number[] = []
    for await (const page of paginateQuery({ client: db, pageSize: 2 }, { TableName, ...where('who = :w') })) pages.push(page.Count ?? 0)
    expect(pages).toEqual([2, 2, 2, 1])
    // AWS gives a key when the limit is met, though nothing follows.
    expect((await db.send(new QueryCommand({ TableName, ...where('who = :w'), Limit: 7 }))).LastEvaluatedKey).toEqual(event('a', 100))
  })

  test('filters count after the limit, projections project', async () => {
    const input = { TableName, ...where('who = :w', { ':t': { BOOL: true } }), FilterExpression: 'big = :t', ProjectionExpression: 'kind' }
    expect(await db.send(new QueryCommand(input))).toMatchObject({ Count: 2, ScannedCount: 7, Items: [{ kind: { S: 'high' } }, { kind: { S: 'high' } }] })
    expect(await db.send(new QueryCommand({ ...input, Limit: 6 }))).toMatchObject({ Count: 1, ScannedCount: 6 })
    const counted = await db.send(new QueryCommand({ TableName, ...where('who = :w'), Select: 'COUNT' }))
    expect([counted.Count, counted.Items]).toEqual([7, undefined])
  })

  test('an index: its own order, its own attributes', async () => {
    const input = { TableName, IndexName: 'by-kind', KeyConditionExpression: 'kind = :k', ExpressionAttributeValues: { ':k': { S: 'low' } } }
    const { Items, LastEvaluatedKey } = await db.send(new QueryCommand({ ...input, Limit: 2 }))
    expect(Items).toEqual([event('a', -10, { kind: { S: 'low' } }), event('a', -2, { kind: { S: 'low' } })])
    expect(LastEvaluatedKey).toEqual(event('a', -2, { kind: { S: 'low' } }))
    const rest = await db.send(new QueryCommand({ ...input, ...(LastEvaluatedKey && { ExclusiveStartKey: LastEvaluatedKey }) }))
    expect(rest.Items).toEqual([event('a', 0, { kind: { S: 'low' } })])
    expect(await refusal(db.send(new QueryCommand({ ...input, ConsistentRead: true })))).toContain('Consistent reads are not supported on global secondary indexes')
    expect(await refusal(db.send(new QueryCommand({ ...input, IndexName: 'none' })))).toContain('The table does not have the specified index: none')
    expect(await refusal(db.send(new PutItemCommand({ TableName, Item: event('c', 1, { kind: { N: '1' } }) })))).toContain('Type mismatch for Index Key kind Expected: S Actual: N')
  })

  test('begins_with on a string sort key, up to the last code unit', async () => {
    await db.send(new CreateTableCommand({
      TableName: 'names', BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'p', AttributeType: 'S' }, { AttributeName: 's', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'p', KeyType: 'HASH' }, { AttributeName: 's', KeyType: 'RANGE' }],
    }))
    for (const s of ['a', 'ab', 'abc', 'ab\u{10FFFF}', 'b', 'ac']) await db.send(new PutItemCommand({ TableName: 'names', Item: { p: { S: 'x' }, s: { S: s } } }))
    const { Items = [] } = await db.send(new QueryCommand({ TableName: 'names', KeyConditionExpression: 'p = :p AND begins_with(s, :s)', ExpressionAttributeValues: { ':p': { S: 'x' }, ':s': { S: 'ab' } } }))
    expect(Items.map(({ s }) => s?.S)).toEqual(['ab', 'abc', 'ab\u{10FFFF}'])
  })

  const wrong: [condition: string, values: Item, message: string][] = [
    ['#at = :x', { ':x': { N: '1' } }, 'Query condition missed key schema element: who'],
    ['who > :w', {}, 'Query key condition not supported'],
    ['who = :w OR #at = :x', { ':x': { N: '1' } }, 'Query key condition not supported'],
    ['who = :w AND NOT #at = :x', { ':x': { N: '1' } }, 'Query key condition not supported'],
    ['who = :w AND #at <> :x', { ':x': { N: '1' } }, 'Query key condition not supported'],
    ['who = :w AND big = :x', { ':x': { BOOL: true } }, 'Query condition missed key schema element: at'],
    ['who = :w AND #at = :x', { ':x': { S: '1' } }, 'Condition parameter type does not match schema type'],
  ]
  test.each(wrong)('%s is refused', async (condition, values, message) => {
    const outcome = await refusal(query({ ...where(condition, values) }))
    // :w is not always used; the refusal may be about that.
    expect(outcome).toMatch(condition.includes(':w') ? message : /unused|missed key/)
  })

  test('a filter on the key is refused', async () => {
    expect(await refusal(query({ ...where('who = :w', { ':x': { N: '1' } }), FilterExpression: '#at = :x', ExpressionAttributeNames: { '#at': 'at' } })))
      .toContain('Filter Expression can only contain non-primary key attributes: Primary key attribute: at')
  })

  test('a page ends at one megabyte', async () => {
    for (const at of [1, 2, 3, 4]) await db.send(new PutItemCommand({ TableName, Item: event('large', at, { v: { S: 'x'.repeat(380_000) } }) }))
    const first = await db.send(new QueryCommand({ TableName, KeyConditionExpression: 'who = :w', ExpressionAttributeValues: { ':w': { S: 'large' } } }))
    expect([first.Count, first.LastEvaluatedKey]).toEqual([3, event('large', 3)])
  })
})

describe('Scan', () => {
  test('everything, filtered, and in segments that do not overlap', async () => {
    const all = await db.send(new ScanCommand({ TableName, FilterExpression: 'attribute_exists(kind)' }))
    expect(all.Count).toBe(7)
    const segments = await Promise.all([0, 1, 2].map((Segment) => db.send(new ScanCommand({ TableName: 'names', Segment, TotalSegments: 3 }))))
    expect(segments.reduce((sum, { Count = 0 }) => sum + Count, 0)).toBe(6)
    const index = await db.send(new ScanCommand({ TableName, IndexName: 'by-kind' }))
    expect(index.Count).toBe(7)
  })
})

describe('tables', () => {
  test('DescribeTable tells what CreateTable was given', async () => {
    const { Table } = await db.send(new DescribeTableCommand({ TableName }))
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE', TableArn: `arn:aws:dynamodb:${region}:${account}:table/events`, KeySchema: schema.KeySchema,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' }, DeletionProtectionEnabled: false,
      GlobalSecondaryIndexes: [{ IndexName: 'by-kind', IndexStatus: 'ACTIVE', Projection: { ProjectionType: 'KEYS_ONLY' } }],
    })
    expect(await refusal(db.send(new CreateTableCommand(schema)))).toBe('ResourceInUseException: Table already exists: events')
    expect(await refusal(db.send(new DescribeTableCommand({ TableName: 'none' })))).toBe('ResourceNotFoundException: Requested resource not found: Table: none not found')
  })

  const wrong: [change: Partial<CreateTableCommandInput>, message: string][] = [
    [{ TableName: 'ab' }, 'Member must have length greater than or equal to 3'],
    [{ TableName: 'a b c' }, 'Member must satisfy regular expression pattern'],
    [{ AttributeDefinitions: [] }, 'Some index key attributes are not defined in AttributeDefinitions'],
    [{ GlobalSecondaryIndexes: undefined }, 'Number of attributes in KeySchema does not exactly match'],
    [{ ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }, 'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified'],
    [{ StreamSpecification: { StreamEnabled: true } }, 'StreamSpecification is not implemented by this stand-in'],
  ]
  test.each(wrong)('CreateTable %j', async (change, message) => {
    expect(await refusal(db.send(new CreateTableCommand({ ...schema, TableName: 'other', ...change })))).toContain(message)
  })

  test('deletion protection', async () => {
    const input: CreateTableCommandInput = {
      TableName: 'guarded', BillingMode: 'PAY_PER_REQUEST', DeletionProtectionEnabled: true, Tags: [{ Key: 'team', Value: 'x' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      SSESpecification: { Enabled: true, KMSMasterKeyId: 'alias/tables' },
    }
    const { TableDescription } = await db.send(new CreateTableCommand(input))
    expect(TableDescription?.SSEDescription).toEqual({ Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: 'alias/tables' })
    expect((await db.send(new ListTagsOfResourceCommand({ ResourceArn: TableDescription?.TableArn }))).Tags).toEqual([{ Key: 'team', Value: 'x' }])
    expect(await refusal(db.send(new DeleteTableCommand({ TableName: 'guarded' })))).toContain('ValidationException: Resource cannot be deleted as it is currently protected against deletion')
    await db.send(new UpdateTableCommand({ TableName: 'guarded', DeletionProtectionEnabled: false }))
    await db.send(new DeleteTableCommand({ TableName: 'guarded' }))
    expect((await db.send(new ListTablesCommand({}))).TableNames).toEqual(['events', 'names'])
  })

  test('time to live is stored, and nothing is swept', async () => {
    expect((await db.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
    await db.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true } }))
    expect((await db.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' })
    await db.send(new PutItemCommand({ TableName, Item: event('ttl', 1, { expires: { N: '1' } }) }))
    expect(await query({ KeyConditionExpression: 'who = :w', ExpressionAttributeValues: { ':w': { S: 'ttl' } } })).toEqual([1])
  })

  test('continuous backups', async () => {
    await db.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }))
    const { ContinuousBackupsDescription } = await db.send(new DescribeContinuousBackupsCommand({ TableName }))
    expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe('ENABLED')
  })

  test('an index that comes later holds what was there before', async () => {
    await db.send(new UpdateTableCommand({
      TableName, AttributeDefinitions: [{ AttributeName: 'kind', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName: 'late', KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } } }],
    }))
    const { Count } = await db.send(new QueryCommand({ TableName, IndexName: 'late', KeyConditionExpression: 'kind = :k', ExpressionAttributeValues: { ':k': { S: 'low' } } }))
    expect(Count).toBe(3)
  })
})
