import {
  CreateTableCommand, GetItemCommand, PutItemCommand, TransactGetItemsCommand, TransactWriteItemsCommand, TransactionCanceledException,
  type AttributeValue, type DynamoDBClient, type TransactWriteItem, type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal, standIn } from '../harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let db: DynamoDBClient
const TableName = 'ledger'

beforeAll(async () => {
  aws = await standIn()
  db = aws.as('admin').dynamodb
  await db.send(new CreateTableCommand({
    TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  }))
})
afterAll(() => aws.close())

type Item = Record<string, AttributeValue>
const get = async (id: string): Promise<Item | undefined> => (await db.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))).Item
const keyOf = (id: string): Item => ({ id: { S: id } })
const claim = (id: string, extra: Item = {}): TransactWriteItem => ({
  Put: { TableName, Item: { ...keyOf(id), ...extra }, ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
})
const check = (id: string): TransactWriteItem => ({ ConditionCheck: { TableName, Key: keyOf(id), ConditionExpression: 'attribute_not_exists(id)' } })
const bump = (id: string): TransactWriteItem => ({
  Update: { TableName, Key: keyOf(id), UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } },
})
const write = (TransactItems: TransactWriteItem[], extra: Partial<TransactWriteItemsCommandInput> = {}) =>
  db.send(new TransactWriteItemsCommand({ TransactItems, ...extra }))
const cancelled = (promise: Promise<unknown>): Promise<TransactionCanceledException> => promise.then(
  () => Promise.reject(new Error('resolved')),
  (error: unknown) => (error instanceof TransactionCanceledException ? error : Promise.reject(error instanceof Error ? error : new Error('?'))))

describe('TransactWriteItems', () => {
  test('all four kinds at once', async () => {
    await db.send(new PutItemCommand({ TableName, Item: keyOf('gone') }))
    await write([claim('a'), bump('b'), { Delete: { TableName, Key: keyOf('gone') } }, check('absent')])
    expect([await get('a'), await get('b'), await get('gone')]).toEqual([keyOf('a'), { ...keyOf('b'), hits: { N: '1' } }, undefined])
  })

  test('one refusal and nothing happens; reasons in order, with the old item where it was asked for', async () => {
    await db.send(new PutItemCommand({ TableName, Item: { ...keyOf('taken'), attempt: { S: 'x' } } }))
    const error = await cancelled(write([claim('free'), claim('taken'), check('taken2'), bump('counter')]))
    expect(error.message).toBe('Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None, None]')
    expect(error.CancellationReasons).toEqual([
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: { ...keyOf('taken'), attempt: { S: 'x' } } },
      { Code: 'None' },
      { Code: 'None' },
    ])
    expect([await get('free'), await get('counter')]).toEqual([undefined, undefined])
    const plain = await cancelled(write([check('taken')]))
    expect(plain.CancellationReasons).toEqual([{ Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' }])
  })

  test('an update that cannot be applied cancels too', async () => {
    await db.send(new PutItemCommand({ TableName, Item: { ...keyOf('text'), hits: { S: 'x' } } }))
    const error = await cancelled(write([claim('other'), bump('text')]))
    expect(error.CancellationReasons?.map(({ Code }) => Code)).toEqual(['None', 'ValidationError'])
    expect(await get('other')).toBeUndefined()
  })

  test('the same token does the work once, even after a failure in between, and other work with it is refused', async () => {
    const ClientRequestToken = 'token-1'
    await write([bump('once')], { ClientRequestToken })
    await write([bump('once')], { ClientRequestToken })
    expect(await get('once')).toEqual({ ...keyOf('once'), hits: { N: '1' } })
    expect(await refusal(write([bump('twice')], { ClientRequestToken }))).toContain('IdempotentParameterMismatchException')
    // A cancelled transaction leaves its token free.
    await cancelled(write([claim('once')], { ClientRequestToken: 'token-2' }))
    await write([claim('fresh')], { ClientRequestToken: 'token-2' })
    expect(await get('fresh')).toEqual(keyOf('fresh'))
  })

  test('consumes twice the units', async () => {
    const { ConsumedCapacity } = await write([claim('u1'), claim('u2')], { ReturnConsumedCapacity: 'TOTAL' })
    expect(ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 4 }])
  })

  test.each([
    ['one item twice', [claim('x'), bump('x')], 'Transaction request cannot include multiple operations on one item'],
    ['nothing', [], 'Member must have length greater than or equal to 1'],
    ['more than a hundred', Array.from({ length: 101 }, (_, i) => claim(`n${i}`)), 'Member must have length less than or equal to 100'],
    ['two kinds in one entry', [{ ...claim('x'), ...check('y') }], 'TransactItems can only contain one of'],
  ])('refuses %s', async (_, items, message) => {
    expect(await refusal(write(items))).toContain(message)
  })

  test('many at once: one winner, and no half of a transaction', async () => {
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => refusal(write([claim(`both-${round}`), bump(`sum-${round}`)]))))
      expect(outcomes.filter((outcome) => outcome === 'resolved')).toHaveLength(1)
      expect(await get(`sum-${round}`)).toEqual({ ...keyOf(`sum-${round}`), hits: { N: '1' } })
    }
  })
})

test('TransactGetItems', async () => {
  await db.send(new PutItemCommand({ TableName, Item: { ...keyOf('read'), v: { N: '1' } } }))
  const one = (id: string) => ({ Get: { TableName, Key: keyOf(id), ProjectionExpression: 'v' } })
  const { Responses } = await db.send(new TransactGetItemsCommand({ TransactItems: [one('read'), one('none')] }))
  expect(Responses).toEqual([{ Item: { v: { N: '1' } } }, {}])
})
