import { createHmac } from 'node:crypto'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { digits, Environment, hashKey, identifier, open, pipeline, post, realm, serve, type Identifier } from 'sallyport'
import { entity } from 'sallyport/steps'
import { describe, expect, test } from 'vitest'

const now = Date.UTC(2026, 10, 22)
const taxId = identifier('tax-id', { key: hashKey('identity'), normalize: digits })

/** A function that keeps records, whose keys table has these versions; KMS answers with the label as the MAC. */
function world(as: Identifier | undefined, versions: readonly (readonly [version: number, from: number])[] = []) {
  const handle = async ({ headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array | string }) => {
    const { Message = '' } = JSON.parse(Buffer.from(body as string).toString()) as { readonly Message?: string }
    const Items = versions.map(([version, from]) => ({ kid: { S: `identity-digest-${version}` }, version: { N: String(version) }, from: { N: String(from) } }))
    const answer = headers['x-amz-target']?.endsWith('.GenerateMac') ? { Mac: Message } : { Items }
    return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify(answer)) } }
  }
  const environment = new Environment({
    variables: { TABLE_KEYS: 'keys', KEY_IDENTITY: 'identity', KEY_LEDGER: 'ledger', TABLE_OUTCOMES: 'outcomes' }, clock: { now: () => now } as never, write: () => undefined,
    aws: { region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, requestHandler: { metadata: { handlerProtocol: 'http/1.1' }, handle, destroy: () => undefined } },
  })
  const orders = pipeline({ name: 'orders', trigger: post('/orders', { auth: open('a test has no senders') }), steps: entity<{ readonly taxId: string }>({ by: 'taxId', ...as && { as } }) as never })
  const handler = serve(orders, realm(), { stage: 'test', origins: {} }, environment)
  return (event: object): Promise<unknown> => handler(event as APIGatewayProxyEventV2, { awsRequestId: 'r', getRemainingTimeInMillis: () => 10_000 } as Context)
}

describe('the keys of an entity', () => {
  /** HMAC-SHA-256 under the label of the version, as the design has it. */
  const digest = (version: number): string => `orders/${version}.${createHmac('sha256', `["sallyport","hash","tax-id",${version}]`).update('078051120').digest('base64url')}`
  const find = { find: { entity: '078-05-1120' } }
  test('one that is not sensitive is as it is written', async () => {
    expect(await world(undefined)(find)).toStrictEqual({ entities: ['orders/078-05-1120'] })
  })
  test('of a key that was never rotated there is one', async () => {
    expect(await world(taxId)(find)).toStrictEqual({ entities: [digest(1)] })
  })
  test('under every version that there is, however old, and the one to come; that which is written first', async () => {
    expect(await world(taxId, [[2, now - 4_000 * 86_400_000], [3, now - 1], [4, now + 1]])(find)).toStrictEqual({ entities: [digest(3), digest(1), digest(2), digest(4)] })
  })
})
