import { DeleteItemCommand, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawRequest, refusal } from '../harness.ts'
import { ledger, sample, TableName, type Item } from './ledger.ts'

let here: Awaited<ReturnType<typeof ledger>>
beforeAll(async () => {
  here = await ledger()
})
afterAll(() => here.aws.close())

describe('items', () => {
  const raw = async (item: object): Promise<string> => {
    const response = await rawRequest({
      target: 'DynamoDB_20120810.PutItem', body: JSON.stringify({ TableName, Item: item }), service: 'dynamodb', port: here.aws.port,
    })
    const { message, __type } = (await response.json()) as { message?: string; __type?: string }
    return response.status === 200 ? 'stored' : `${__type?.split('#').at(-1)}: ${message}`
  }

  const table: [item: object, answer: string][] = [
    [{ id: { S: 'ok' }, empty: { S: '' }, bin: { B: '' } }, 'stored'],
    [{ n: { N: '1' } }, 'ValidationException: One or more parameter values were invalid: Missing the key id in the item'],
    [{ id: { N: '1' } }, 'ValidationException: One or more parameter values were invalid: Type mismatch for key id expected: S actual: N'],
    [{ id: { S: '' } }, 'ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id'],
    [{ id: { S: 'k'.repeat(2049) } }, 'ValidationException: One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes'],
    [{ id: { S: 'x' }, n: { N: '4111x' } }, 'ValidationException: The parameter cannot be converted to a numeric value'],
    [{ id: { S: 'x' }, n: {} }, 'ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [{ id: { S: 'x' }, n: { S: 'a', N: '1' } }, 'ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes'],
    [{ id: { S: 'x' }, s: { SS: [] } }, 'ValidationException: One or more parameter values were invalid: An string set  may not be empty'],
    [{ id: { S: 'x' }, s: { NS: ['1', '1.0'] } }, 'ValidationException: One or more parameter values were invalid: Input collection contains duplicates.'],
    [{ id: { S: 'x' }, s: { NULL: false } }, 'ValidationException: One or more parameter values were invalid: Null attribute value types must have the value of true'],
    [{ id: { S: 'x' }, s: { B: '*' } }, 'SerializationException: B can not be converted to a Blob'],
    [{ id: { S: 'x' }, big: { S: 'x'.repeat(400 * 1024) } }, 'ValidationException: Item size has exceeded the maximum allowed size'],
    [{ id: { S: 'x' }, big: { S: 'x'.repeat(400 * 1024 - 6) } }, 'stored'],
  ]
  test.each(table.map(([item, answer], i) => [i, answer, item] as const))('%i: %s', async (_, answer, item) => {
    expect(await raw(item)).toBe(answer)
  })

  test('32 levels deep, no more', async () => {
    const nested = (depth: number): object => (depth === 0 ? { S: 'x' } : { L: [nested(depth - 1)] })
    expect(await raw({ id: { S: 'deep' }, a: nested(32) })).toBe('stored')
    expect(await raw({ id: { S: 'deep' }, a: nested(33) })).toBe('ValidationException: Nesting Levels have exceeded supported limits')
  })

  test('what goes in comes out', async () => {
    await here.put(sample)
    expect(await here.get('item')).toEqual(sample)
    expect(await here.get('nothing')).toBeUndefined()
  })

  test('PutItem and DeleteItem return the old item when asked', async () => {
    await here.put({ id: { S: 'r' }, v: { N: '1' } })
    expect((await here.put({ id: { S: 'r' } }, { ReturnValues: 'ALL_OLD' })).Attributes).toEqual({ id: { S: 'r' }, v: { N: '1' } })
    const removed = await here.db.send(new DeleteItemCommand({ TableName, Key: { id: { S: 'r' } }, ReturnValues: 'ALL_OLD' }))
    expect(removed.Attributes).toEqual({ id: { S: 'r' } })
    expect(await here.get('r')).toBeUndefined()
  })

  test('the key of a request must be the whole key and nothing else', async () => {
    for (const Key of [{}, { id: { N: '1' } }, { id: { S: 'a' }, n: { N: '1' } }] as Item[])
      expect(await refusal(here.db.send(new GetItemCommand({ TableName, Key })))).toBe('ValidationException: The provided key element does not match the schema')
  })

  test('projections', async () => {
    await here.put(sample)
    const project = async (ProjectionExpression: string) => (await here.db.send(new GetItemCommand({ TableName, Key: { id: { S: 'item' } }, ProjectionExpression }))).Item
    expect(await project('n, m.branch.deep, items2[1], gone')).toEqual({ n: { N: '5' }, m: { M: { branch: { M: { deep: { S: 'd' } } } } }, items2: { L: [{ N: '2' }] } })
    expect(await refusal(project('m, m.branch'))).toContain('Two document paths overlap')
  })

  test('the parameters from before expressions are refused by name', async () => {
    expect(await refusal(here.put({ id: { S: 'x' } }, { Expected: { id: { Exists: false } } }))).toContain('Expected is not implemented')
  })
})

describe('consumed capacity', () => {
  const units = async (size: number): Promise<number | undefined> =>
    (await here.put({ id: { S: 'c' }, v: { S: 'x'.repeat(size) } }, { ReturnConsumedCapacity: 'TOTAL' })).ConsumedCapacity?.CapacityUnits

  test('a write unit per kilobyte, of the larger of both items', async () => {
    expect(await units(10)).toBe(1)
    // id + c + v are four bytes.
    expect(await units(1020)).toBe(1)
    expect(await units(1021)).toBe(2)
    expect(await units(10)).toBe(2)
  })

  test('a read unit per four kilobytes, half of it when eventually consistent', async () => {
    await units(5000)
    const read = async (ConsistentRead: boolean) => (await here.db.send(new GetItemCommand({ TableName, Key: { id: { S: 'c' } }, ConsistentRead, ReturnConsumedCapacity: 'TOTAL' }))).ConsumedCapacity
    expect(await read(true)).toEqual({ TableName, CapacityUnits: 2 })
    expect(await read(false)).toEqual({ TableName, CapacityUnits: 1 })
  })

  test('a refused write consumes too: the call log shows it', async () => {
    await units(3000)
    await refusal(here.put({ id: { S: 'c' } }, { ConditionExpression: 'attribute_not_exists(id)' }))
    expect(here.aws.calls().at(-1)).toMatchObject({ operation: 'PutItem', status: 400, units: 3 })
  })
})

describe('races', () => {
  test('200 at once, one winner, in every round', async () => {
    for (let round = 0; round < 3; round += 1) {
      const attempts = Array.from({ length: 200 }, (_, i) => rawRequest({
        target: 'DynamoDB_20120810.PutItem', service: 'dynamodb', port: here.aws.port,
        body: JSON.stringify({ TableName, Item: { id: { S: `race-${round}` }, by: { N: String(i) } }, ConditionExpression: 'attribute_not_exists(id)' }),
      }))
      const statuses = (await Promise.all(attempts)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 400)).toHaveLength(199)
    }
  })

  test('200 additions at once are all counted', async () => {
    const one = { TableName, Key: { id: { S: 'counter' } }, UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } }
    await Promise.all(Array.from({ length: 200 }, () => here.db.send(new UpdateItemCommand(one))))
    expect(await here.get('counter')).toEqual({ id: { S: 'counter' }, hits: { N: '200' } })
  })
})
