import { CreateTableCommand, GetItemCommand, ListTablesCommand, PutItemCommand, TransactWriteItemsCommand, TransactionCanceledException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ListKeysCommand } from '@aws-sdk/client-kms'
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, refusal, refusalName, roleArn, standIn, type Entry } from './harness.ts'

const bare: Entry = { name: 'bare', policies: [] }
const TableName = 'ledger'

let aws: Awaited<ReturnType<typeof standIn>>
let db: DynamoDBClient
beforeAll(async () => {
  aws = await standIn([admin, bare])
  db = aws.as('admin').dynamodb
  await db.send(new CreateTableCommand({
    TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  }))
})
afterAll(() => aws.close())

const claim = (id: string, client = db) =>
  client.send(new PutItemCommand({ TableName, Item: { id: { S: id } }, ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }))
const stored = async (id: string): Promise<boolean> => (await db.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))).Item !== undefined
const plan = (error: string, extra: object = {}) => aws.faults([{ service: 'dynamodb', operation: 'PutItem', error, ...extra }])

describe('faults', () => {
  test.each([
    ['throttle', 'ProvisionedThroughputExceededException'],
    ['conflict', 'TransactionConflictException'],
    ['unavailable', 'InternalServerError'],
    ['denied', 'AccessDeniedException'],
    ['ItemCollectionSizeLimitExceededException', 'ItemCollectionSizeLimitExceededException'],
  ])('%s: %s, once, and nothing was done', async (error, name) => {
    await plan(error)
    expect(await refusalName(claim(error))).toBe(name)
    expect(await stored(error)).toBe(false)
    expect(await refusalName(claim(error))).toBe('resolved')
  })

  test('reset: the socket breaks, and nothing was done', async () => {
    await plan('reset')
    expect(await refusalName(claim('reset'))).not.toBe('resolved')
    expect(aws.calls().at(-1)).toMatchObject({ operation: 'PutItem', status: 0 })
    expect(await stored('reset')).toBe(false)
  })

  test('lostReply: the socket breaks after the work; a retry meets its own item', async () => {
    await plan('lostReply')
    expect(await refusalName(claim('lost'))).not.toBe('resolved')
    expect(await stored('lost')).toBe(true)
    await plan('lostReply')
    const retried = claim('lost-2', aws.as('admin', 3).dynamodb)
    await expect(retried).rejects.toMatchObject({ name: 'ConditionalCheckFailedException', Item: { id: { S: 'lost-2' } } })
  })

  test('timeout: no answer at all', async () => {
    await plan('timeout')
    const outcome = db.send(new PutItemCommand({ TableName, Item: { id: { S: 'slow' } } }), { abortSignal: AbortSignal.timeout(300) })
    expect(await refusalName(outcome)).toBe('AbortError')
    expect(await stored('slow')).toBe(false)
  })

  test('a transaction conflict has a reason for each item', async () => {
    await aws.faults([{ service: 'dynamodb', operation: 'TransactWriteItems', error: 'conflict' }])
    const items = ['t1', 't2'].map((id) => ({ Put: { TableName, Item: { id: { S: id } } } }))
    const outcome: unknown = await db.send(new TransactWriteItemsCommand({ TransactItems: items })).catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(TransactionCanceledException)
    expect(outcome).toMatchObject({ CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'TransactionConflict' }] })
  })

  test('times, the star, and the replacement of a plan', async () => {
    await aws.faults([{ service: 'kms', operation: '*', error: 'throttle', times: 2 }])
    const list = () => refusalName(aws.as('admin').kms.send(new ListKeysCommand({})))
    expect([await list(), await refusalName(db.send(new ListTablesCommand({}))), await list(), await list()])
      .toEqual(['ThrottlingException', 'resolved', 'ThrottlingException', 'resolved'])
    await aws.faults([{ service: 'kms', operation: 'ListKeys', error: 'throttle', times: 9 }])
    await aws.faults([])
    expect(await list()).toBe('resolved')
  })

  test('the SDK retries what AWS would have it retry', async () => {
    await plan('throttle', { times: 2 })
    expect(await refusalName(claim('retried', aws.as('admin', 3).dynamodb))).toBe('resolved')
  })

  test('who is not allowed uses no fault up', async () => {
    await aws.faults([{ service: 'secretsmanager', operation: 'GetSecretValue', error: 'throttle' }])
    const read = (name: string) => refusal(aws.as(name).secrets.send(new GetSecretValueCommand({ SecretId: 'x' })))
    expect(await read('bare')).toContain(`User: ${roleArn('bare')} is not authorized`)
    expect(await read('admin')).toContain('ThrottlingException')
  })
})
