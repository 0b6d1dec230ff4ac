import { CreateTableCommand, GetItemCommand, PutItemCommand, type AttributeValue, type PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { standIn } from '../harness.ts'

export type Item = Record<string, AttributeValue>

export const TableName = 'ledger'

/** A stand-in with one table whose key is `id`. */
export async function ledger() {
  const aws = await standIn()
  const db = aws.as('admin').dynamodb
  await db.send(new CreateTableCommand({
    TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  }))
  return {
    aws, db,
    put: (Item: Item, extra: Partial<PutItemCommandInput> = {}) => db.send(new PutItemCommand({ TableName, Item, ...extra })),
    get: async (id: string): Promise<Item | undefined> => (await db.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))).Item,
  }
}

/** One item that shows every type. */
export const sample: Item = {
  id: { S: 'item' }, n: { N: '5' }, word: { S: 'sallyport' }, bin: { B: new Uint8Array([1, 2, 3]) }, yes: { BOOL: true }, nil: { NULL: true },
  tags: { SS: ['a', 'b'] }, nums: { NS: ['1', '2'] }, items2: { L: [{ S: 'x' }, { N: '2' }] }, m: { M: { branch: { M: { deep: { S: 'd' } } } } },
}
