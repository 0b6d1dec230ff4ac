import { DescribeTableCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provisionTables } from '../../local/provision-tables.ts'
import type { RawResource } from '../../local/template/assembly.ts'
import { template } from '../../local/template/template.ts'
import { account, admin, region, standIn } from './aws/harness.ts'

const due = { IndexName: 'due', KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' }, { AttributeName: 'due', KeyType: 'RANGE' }], Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['attempt'] } }
const attribute = (AttributeName: string, AttributeType: string) => ({ AttributeName, AttributeType })
const read = (properties: object) => template({
  folder: '/out', stacks: { state: { Resources: { executions: {
    Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'executions', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], ...properties },
  } satisfies RawResource } } },
}, { region, account })
const plain = { AttributeDefinitions: [attribute('id', 'S')] }
const indexed = { AttributeDefinitions: [attribute('id', 'S'), attribute('status', 'S'), attribute('due', 'N')], GlobalSecondaryIndexes: [due] }

let aws: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => { aws = await standIn([admin]) })
afterAll(() => aws.close())

describe('a table of the template', () => {
  test('gets an index that came later, with what the table already held, and is left alone from then on', async () => {
    const { dynamodb } = aws.as('admin')
    await provisionTables(read(plain), dynamodb)
    expect((await dynamodb.send(new DescribeTableCommand({ TableName: 'executions' }))).Table?.GlobalSecondaryIndexes).toBeUndefined()
    await dynamodb.send(new PutItemCommand({ TableName: 'executions', Item: { id: { S: 'a' }, status: { S: 'waiting' }, due: { N: '5' }, attempt: { N: '1' }, body: { S: 'long' } } }))
    await provisionTables(read(indexed), dynamodb)
    await provisionTables(read(indexed), dynamodb)
    const { Items } = await dynamodb.send(new QueryCommand({ TableName: 'executions', IndexName: 'due', KeyConditionExpression: '#s = :s', ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': { S: 'waiting' } } }))
    expect(Items).toEqual([{ id: { S: 'a' }, status: { S: 'waiting' }, due: { N: '5' }, attempt: { N: '1' } }])
    expect(aws.calls().filter(({ operation }) => operation === 'UpdateTable')).toHaveLength(1)
  })

  test('is not silently kept with an index of another shape', async () => {
    const other = { ...indexed, GlobalSecondaryIndexes: [{ ...due, Projection: { ProjectionType: 'KEYS_ONLY' } }] }
    await expect(provisionTables(read(other), aws.as('admin').dynamodb)).rejects.toThrow('index due of table executions has other keys or attributes at the endpoint; npm run reset starts anew')
  })

  test('is created with its indexes at once', async () => {
    const { dynamodb } = aws.as('admin')
    await provisionTables(read({ ...indexed, TableName: 'fresh' }), dynamodb)
    expect((await dynamodb.send(new DescribeTableCommand({ TableName: 'fresh' }))).Table).toMatchObject({ GlobalSecondaryIndexes: [{ ...due, IndexStatus: 'ACTIVE' }] })
  })
})
