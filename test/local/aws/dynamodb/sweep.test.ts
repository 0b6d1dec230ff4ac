import { CreateTableCommand, GetItemCommand, PutItemCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { standIn } from '../harness.ts'

test('with sweepTtl, expired items go and others stay', async () => {
  const aws = await standIn(undefined, { sweepTtl: true })
  const db = aws.as('admin').dynamodb
  const TableName = 'swept'
  await db.send(new CreateTableCommand({
    TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  }))
  await db.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true } }))
  await db.send(new PutItemCommand({ TableName, Item: { id: { S: 'past' }, expires: { N: '1' } } }))
  await db.send(new PutItemCommand({ TableName, Item: { id: { S: 'future' }, expires: { N: '99999999999' } } }))
  const has = async (id: string): Promise<boolean> => (await db.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))).Item !== undefined
  await expect.poll(() => has('past'), { timeout: 5000 }).toBe(false)
  expect(await has('future')).toBe(true)
  await aws.close()
})
