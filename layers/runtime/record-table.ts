import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Found, Stored } from './records.ts'

type Item = Record<string, AttributeValue>

/** Bytes of an item, names of attributes included (Amazon DynamoDB Developer Guide, "Item sizes"). */
const largest = 400 * 1024

/** Puts a record where there is none, or one that has expired. False: other content stands there. Throws PAYLOAD_TOO_LARGE, UNAVAILABLE. */
export async function putItem(environment: Environment, TableName: string, { id, sealed, fingerprint, expires, revealed = {} }: Stored, now: number): Promise<boolean> {
  const Item: Item = { id: { S: id }, sealed: { B: sealed }, fingerprint: { S: fingerprint }, expires: { N: String(expires) } }
  for (const [path, value] of Object.entries(revealed)) {
    Item[`revealed.${path}`] = typeof value === 'string' ? { S: value } : { L: value.map((S) => ({ S })) }
  }
  if (sizeOf(Item) > largest) throw new Fault('PAYLOAD_TOO_LARGE')
  try {
    await (await aws.dynamodb(environment)).put({
      TableName, Item,
      // Expiry is in the condition, since DynamoDB deletes what has expired within days.
      ConditionExpression: 'attribute_not_exists(id) OR expires <= :now',
      ExpressionAttributeValues: { ':now': { N: String(Math.floor(now / 1_000)) } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    return true
  } catch (error) {
    const { name, Item: before } = error as { name?: string; Item?: Item }
    // The same content: sent again by its sender, or by the SDK after a reply that was lost.
    if (name === 'ConditionalCheckFailedException' && before !== undefined) return before['fingerprint']?.S === fingerprint
    throw new Fault('UNAVAILABLE')
  }
}

/** What tells whether what stands there is the same, without its content. Throws UNAVAILABLE. */
export async function fingerprintOf(environment: Environment, TableName: string, id: string): Promise<Pick<Stored, 'fingerprint' | 'expires'> | undefined> {
  try {
    const { Item } = await (await aws.dynamodb(environment)).get({ TableName, Key: { id: { S: id } }, ConsistentRead: true, ProjectionExpression: 'fingerprint, expires' })
    return Item && { fingerprint: Item['fingerprint']?.S ?? '', expires: Number(Item['expires']?.N) }
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** What stands there, expired or not. A consistent read: what was stored a moment ago is found. Throws UNAVAILABLE. */
export async function getItem(environment: Environment, TableName: string, id: string): Promise<Found | undefined> {
  try {
    const { Item } = await (await aws.dynamodb(environment)).get({ TableName, Key: { id: { S: id } }, ConsistentRead: true })
    return Item && { sealed: Item['sealed']?.B ?? new Uint8Array(), expires: Number(Item['expires']?.N) }
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** Never too small: a number is counted as the largest there is, 21 bytes, and each text of a list with one byte more. */
const sizeOf = (item: Item): number => Object.entries(item).reduce((bytes, [name, { S, B, L }]) =>
  bytes + Buffer.byteLength(name) + (S !== undefined ? Buffer.byteLength(S) : B !== undefined ? B.length : L !== undefined ? L.reduce((sum, { S = '' }) => sum + Buffer.byteLength(S) + 1, 3) : 21), 0)
