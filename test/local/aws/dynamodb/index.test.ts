import {
  BatchWriteItemCommand, CreateTableCommand, DeleteItemCommand, PutItemCommand, QueryCommand, TransactWriteItemsCommand, UpdateItemCommand, DynamoDBClient,
  type AttributeValue, type QueryCommandInput, type TransactWriteItem,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MemoryAws } from '../../../../testing/aws.ts'
import { StillClock } from '../../../../testing/clock.ts'
import { account, admin, allow, refusal, refusalName, region, standIn } from '../harness.ts'

const TableName = 'executions'
const arn = `arn:aws:dynamodb:${region}:${account}:table/${TableName}`
type Item = Record<string, AttributeValue>

const schema = {
  TableName, BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }, { AttributeName: 'status', AttributeType: 'S' as const }, { AttributeName: 'due', AttributeType: 'N' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: (['ALL', 'KEYS_ONLY', 'INCLUDE'] as const).map((ProjectionType) => ({
    IndexName: `by-${ProjectionType}`, KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' as const }, { AttributeName: 'due', KeyType: 'RANGE' as const }],
    Projection: { ProjectionType, ...ProjectionType === 'INCLUDE' && { NonKeyAttributes: ['attempt'] } },
  })),
}
const waiting = (id: string, due: number, extra: Item = {}): Item => ({ id: { S: id }, status: { S: 'waiting' }, due: { N: String(due) }, ...extra })

let aws: Awaited<ReturnType<typeof standIn>>
let db: DynamoDBClient
beforeAll(async () => {
  aws = await standIn([admin, { name: 'indexreader', policies: [allow(['dynamodb:Query'], `${arn}/index/by-ALL`)] }, { name: 'tablereader', policies: [allow(['dynamodb:Query'], arn)] }])
  db = aws.as('admin').dynamodb
  await db.send(new CreateTableCommand(schema))
})
afterAll(() => aws.close())

const queryOf = (IndexName = 'by-ALL', extra: Partial<QueryCommandInput> = {}, status = 'waiting'): QueryCommand => new QueryCommand({
  TableName, IndexName, KeyConditionExpression: '#s = :s', ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': { S: status } }, ...extra,
})
const ids = async (extra: Partial<QueryCommandInput> = {}, status?: string): Promise<(string | undefined)[]> => ((await db.send(queryOf('by-ALL', extra, status))).Items ?? []).map(({ id }) => id?.S)

describe('reading an index', () => {
  beforeAll(async () => {
    // Two of the same time, put in the other order; one without the sort key, one without the partition key.
    for (const item of [waiting('c', 20), waiting('b', 10, { attempt: { N: '1' }, body: { S: 'long' } }), waiting('a', 20)]) await db.send(new PutItemCommand({ TableName, Item: item }))
    await db.send(new PutItemCommand({ TableName, Item: { id: { S: 'undated' }, status: { S: 'waiting' } } }))
    await db.send(new PutItemCommand({ TableName, Item: { id: { S: 'unmarked' }, due: { N: '1' } } }))
  })

  test('has only items with both of its keys, and each once', async () => {
    const found = await ids()
    expect(found).toHaveLength(3)
    expect(found[0]).toBe('b')
    expect(new Set(found)).toEqual(new Set(['a', 'b', 'c']))
    expect(await ids({ ScanIndexForward: false })).toEqual(found.toReversed())
  })

  test('goes on after a page in the middle of equal sort keys, by the keys of index and table', async () => {
    const whole = await ids()
    for (const ScanIndexForward of [true, false]) {
      const wanted = ScanIndexForward ? whole : whole.toReversed()
      const seen: unknown[] = []
      let ExclusiveStartKey: Item | undefined
      do {
        const { Items = [], LastEvaluatedKey } = await db.send(queryOf('by-ALL', { Limit: 1, ScanIndexForward, ...ExclusiveStartKey && { ExclusiveStartKey } }))
        seen.push(...Items.map(({ id }) => id?.S))
        if (LastEvaluatedKey) expect(Object.keys(LastEvaluatedKey).toSorted()).toEqual(['due', 'id', 'status'])
        ExclusiveStartKey = LastEvaluatedKey
      } while (ExclusiveStartKey)
      expect(seen).toEqual(wanted)
    }
    expect(await refusal(db.send(queryOf('by-ALL', { ExclusiveStartKey: { id: { S: 'a' } } })))).toBe('ValidationException: The provided starting key is invalid')
  })

  test.each([
    ['by-ALL', waiting('b', 10, { attempt: { N: '1' }, body: { S: 'long' } })],
    ['by-KEYS_ONLY', waiting('b', 10)],
    ['by-INCLUDE', waiting('b', 10, { attempt: { N: '1' } })],
  ])('%s gives back what it was projected with, and filters see no more', async (name, item) => {
    expect((await db.send(queryOf(name, { Limit: 1 }))).Items).toEqual([item])
    const { Count } = await db.send(queryOf(name, { FilterExpression: 'attribute_exists(body)' }))
    expect(Count).toBe(name === 'by-ALL' ? 1 : 0)
  })

  test('is never consistent', async () => {
    expect(await refusal(db.send(queryOf('by-ALL', { ConsistentRead: true })))).toBe('ValidationException: Consistent reads are not supported on global secondary indexes')
  })

  test('is a resource of its own to IAM', async () => {
    const as = (name: string, command: QueryCommand) => refusalName(aws.as(name).dynamodb.send(command))
    expect([await as('indexreader', queryOf()), await as('indexreader', queryOf('by-KEYS_ONLY')), await as('tablereader', queryOf())]).toEqual(['resolved', 'AccessDeniedException', 'AccessDeniedException'])
  })

  test('follows the item: an entry moves, leaves and comes back', async () => {
    const set = (expression: string, values?: Item) => db.send(new UpdateItemCommand({
      TableName, Key: { id: { S: 'm' } }, UpdateExpression: expression, ...values && { ExpressionAttributeValues: values }, ...expression.includes('#s') && { ExpressionAttributeNames: { '#s': 'status' } },
    }))
    await set('SET #s = :s, due = :d', { ':s': { S: 'moving' }, ':d': { N: '1' } })
    expect(await ids({}, 'moving')).toEqual(['m'])
    await set('SET #s = :s', { ':s': { S: 'moved' } })
    expect([await ids({}, 'moving'), await ids({}, 'moved')]).toEqual([[], ['m']])
    await set('REMOVE due')
    expect(await ids({}, 'moved')).toEqual([])
    await set('SET due = :d', { ':d': { N: '2' } })
    expect(await ids({}, 'moved')).toEqual(['m'])
    await db.send(new DeleteItemCommand({ TableName, Key: { id: { S: 'm' } } }))
    expect(await ids({}, 'moved')).toEqual([])
  })
})

describe('what an index costs', () => {
  // One index, so that the numbers are those of the AWS page: one write for the table and one for each entry written or removed.
  const name = 'costs'
  beforeAll(() => db.send(new CreateTableCommand({ ...schema, TableName: name, GlobalSecondaryIndexes: schema.GlobalSecondaryIndexes.slice(1, 2) })))
  beforeEach(() => db.send(new PutItemCommand({ TableName: name, Item: waiting('x', 1) })))
  const units = (): unknown => aws.calls().at(-1)?.['units']
  const update = async (UpdateExpression: string, values?: Item): Promise<unknown> => {
    await db.send(new UpdateItemCommand({
      TableName: name, Key: { id: { S: 'x' } }, UpdateExpression, ...values && { ExpressionAttributeValues: values }, ...UpdateExpression.includes('#s') && { ExpressionAttributeNames: { '#s': 'status' } },
    }))
    return units()
  }

  test('a put: one for an item that the index holds, none where it does not', async () => {
    await db.send(new PutItemCommand({ TableName: name, Item: waiting('new', 1) }))
    expect(units()).toBe(2)
    await db.send(new PutItemCommand({ TableName: name, Item: { id: { S: 'bare' } } }))
    expect(units()).toBe(1)
  })
  test('an update: none where nothing projected changes, one where an entry leaves, two where it moves', async () => {
    expect(await update('SET body = :b', { ':b': { S: 'not projected' } })).toBe(1)
    expect(await update('SET due = :d', { ':d': { N: '2' } })).toBe(3)
    expect(await update('REMOVE #s')).toBe(2)
    expect(await update('SET #s = :s', { ':s': { S: 'waiting' } })).toBe(2)
  })
  test('a delete: one more', async () => {
    await db.send(new DeleteItemCommand({ TableName: name, Key: { id: { S: 'x' } } }))
    expect(units()).toBe(2)
  })
  test('twice as much in a transaction', async () => {
    await db.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: name, Item: waiting('t', 1) } }] }))
    expect(units()).toBe(4)
  })
})

describe('a transaction over an indexed table', () => {
  test('takes 25 of all kinds, and tells each that failed what stands there', async () => {
    const key = (id: string) => ({ id: { S: id } })
    const kinds: ((id: string) => TransactWriteItem)[] = [
      (id) => ({ Put: { TableName, Item: waiting(id, 7), ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }),
      (id) => ({ Update: { TableName, Key: key(id), UpdateExpression: 'SET attempt = :a', ExpressionAttributeValues: { ':a': { N: '1' } } } }),
      (id) => ({ Delete: { TableName, Key: key(id), ConditionExpression: 'attribute_not_exists(locked)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }),
      (id) => ({ ConditionCheck: { TableName, Key: key(id), ConditionExpression: 'attribute_not_exists(id)' } }),
    ]
    const TransactItems = Array.from({ length: 25 }, (_, i) => kinds[i % 4]?.(`n${i}`) ?? {})
    await db.send(new TransactWriteItemsCommand({ TransactItems }))
    const put = await db.send(queryOf('by-ALL', { KeyConditionExpression: '#s = :s AND due = :d', ExpressionAttributeValues: { ':s': { S: 'waiting' }, ':d': { N: '7' } } }))
    expect(new Set(put.Items?.map(({ id }) => id?.S))).toEqual(new Set(['n0', 'n4', 'n8', 'n12', 'n16', 'n20', 'n24']))
    await db.send(new UpdateItemCommand({ TableName, Key: key('n2'), UpdateExpression: 'SET locked = :l', ExpressionAttributeValues: { ':l': { BOOL: true } } }))
    const refused: unknown = await db.send(new TransactWriteItemsCommand({ TransactItems })).catch((error: unknown) => error)
    const { CancellationReasons = [] } = refused as { CancellationReasons?: { Code: string; Item?: Item }[] }
    expect(CancellationReasons).toHaveLength(25)
    expect(CancellationReasons[0]).toMatchObject({ Code: 'ConditionalCheckFailed', Item: waiting('n0', 7) })
    expect(CancellationReasons[1]).toEqual({ Code: 'None' })
    expect(CancellationReasons[2]).toMatchObject({ Code: 'ConditionalCheckFailed', Item: { id: { S: 'n2' }, locked: { BOOL: true } } })
    expect(CancellationReasons[3]).toEqual({ Code: 'None' })
  })
})

test('BatchWriteItem is not here', async () => {
  expect(await refusalName(db.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: waiting('z', 1) } }] } })))).toBe('UnknownOperationException')
})

test('reads of an index in memory are the same', async () => {
  const memory = new MemoryAws(new StillClock(Date.UTC(2026, 0, 1)))
  const client = new DynamoDBClient(memory.administration())
  await client.send(new CreateTableCommand(schema))
  await client.send(new PutItemCommand({ TableName, Item: waiting('a', 1, { body: { S: 'b' } }) }))
  expect((await client.send(queryOf('by-KEYS_ONLY'))).Items).toEqual([waiting('a', 1)])
})
