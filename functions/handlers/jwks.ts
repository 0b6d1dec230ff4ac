import { createPublicKey } from 'node:crypto'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { address, asFault, aws, emit, Fault, hsmKid, keysTable, own, problem, type HttpReply } from 'sallyport'

own()

/** The pairs of this realm, as infra made them. */
type Pair = { readonly name: string; readonly custody: 'wrapped' } | { readonly name: string; readonly custody: 'hsm'; readonly rsa: string; readonly ec: string }
const pairs = JSON.parse(process.env['PAIRS'] ?? '[]') as readonly Pair[]

/** Seconds a published set may be used; a rotated key is seen after that. */
const fresh = 300
let published: { readonly keys: readonly object[]; readonly at: number } | undefined

/** `GET /.well-known/jwks.json`: the newest public key of each type and pair, as a JWK Set (RFC 7517). */
async function jwks(_event: APIGatewayProxyEventV2, _context: Context): Promise<HttpReply> {
  if (published === undefined || Date.now() - published.at > fresh * 1_000) {
    published = { keys: (await Promise.all(pairs.map((pair) => pair.custody === 'wrapped' ? wrapped(pair.name) : hsm(pair)))).flat(), at: Date.now() }
  }
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/jwk-set+json', 'cache-control': `public, max-age=${fresh}` },
    body: JSON.stringify({ keys: published.keys }),
  }
}

async function wrapped(name: string): Promise<object[]> {
  const { Items = [] } = await (await aws.dynamodb()).query({
    TableName: address(keysTable), KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } },
  })
  const newest = new Map<string, { version: number; jwk: object }>()
  for (const item of Items) {
    const type = item['type']?.S ?? ''
    const version = Number(item['version']?.N)
    if (version > (newest.get(type)?.version ?? 0)) newest.set(type, { version, jwk: JSON.parse(item['publicKey']?.S ?? '{}') as object })
  }
  return [...newest.values()].map(({ jwk }) => jwk)
}

async function hsm({ name, rsa, ec }: Pair & { custody: 'hsm' }): Promise<object[]> {
  const one = async (type: 'rsa' | 'ec', KeyId: string): Promise<object> => {
    const { PublicKey } = await (await aws.kms()).getPublicKey({ KeyId })
    const jwk = createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' }).export({ format: 'jwk' })
    return { ...jwk, kid: hsmKid(name, type, KeyId), use: 'enc', alg: type === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW' }
  }
  return Promise.all([one('rsa', rsa), one('ec', ec)])
}

export const handler = middy<APIGatewayProxyEventV2, HttpReply>(jwks, { timeoutEarlyInMillis: 0 }).use({
  onError: (request) => {
    const { awsRequestId: id } = request.context
    const fault = asFault(request.error)
    emit({ time: new Date().toISOString(), level: 'error', event: 'jwks', id, fault: 'UNAVAILABLE' })
    request.response = problem(fault.code === 'STEP_FAILED' ? new Fault('UNAVAILABLE') : fault, id)
  },
})
