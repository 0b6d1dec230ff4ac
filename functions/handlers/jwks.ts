import { createPublicKey } from 'node:crypto'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { address, asFault, aws, emit, Fault, hsmKid, keysTable, own, problem, signingKid, type HttpReply } from 'sallyport'

own()

/** The pairs of this realm, as infra made them. */
type Pair = { readonly name: string; readonly custody: 'wrapped' }
  | { readonly name: string; readonly custody: 'hsm'; readonly rsa: string; readonly ec: string }
  | { readonly name: string; readonly custody: 'hsm'; readonly algorithm: string; readonly sig: readonly string[] }
const pairs = JSON.parse(process.env['PAIRS'] ?? '[]') as readonly Pair[]

/** Seconds a published set may be used; a rotated key is seen after that. */
const fresh = Number(process.env['KEY_AGE'] ?? 300)
let published: { readonly keys: readonly object[]; readonly at: number } | undefined

/**
 * `GET /.well-known/jwks.json`, a JWK Set (RFC 7517): of each encryption pair and type the newest public key that every
 * environment knows; of each signing key all, since what they signed goes on being verified, and the next one before its first use.
 */
async function jwks(_event: APIGatewayProxyEventV2, _context: Context): Promise<HttpReply> {
  if (published === undefined || Date.now() - published.at > fresh * 1_000) {
    try {
      published = { keys: (await Promise.all(pairs.map((pair) => pair.custody === 'wrapped' ? wrapped(pair.name) : hsm(pair)))).flat(), at: Date.now() }
    } catch (error) {
      if (published === undefined) throw error
      // What was published before still opens and verifies; whoever asks next has it read anew.
      emit({ time: new Date().toISOString(), level: 'error', event: 'jwks', fault: 'UNAVAILABLE', stale: true })
    }
  }
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/jwk-set+json', 'cache-control': `public, max-age=${fresh}` },
    body: JSON.stringify({ keys: published.keys }),
  }
}

async function wrapped(name: string): Promise<object[]> {
  const { Items } = await (await aws.dynamodb()).query({
    TableName: address(keysTable), KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } },
  })
  const newest = new Map<string, { version: number; jwk: object }>()
  for (const item of Items) {
    const version = Number(item['version']?.N)
    const type = item['type']?.S === 'sig' ? `sig ${version}` : item['type']?.S ?? ''
    if (!type.startsWith('sig') && Number(item['from']?.N ?? 0) > Date.now()) continue
    if (version > (newest.get(type)?.version ?? 0)) newest.set(type, { version, jwk: JSON.parse(item['publicKey']?.S ?? '{}') as object })
  }
  return [...newest.values()].map(({ jwk }) => jwk)
}

async function hsm(pair: Pair & { custody: 'hsm' }): Promise<object[]> {
  const one = async (KeyId: string, more: object): Promise<object> => {
    const { PublicKey } = await (await aws.kms()).getPublicKey({ KeyId })
    return { ...createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' }).export({ format: 'jwk' }), ...more }
  }
  if ('sig' in pair) return Promise.all(pair.sig.map((arn) => one(arn, { kid: signingKid(pair.name, arn), use: 'sig', alg: pair.algorithm })))
  return Promise.all([
    one(pair.rsa, { kid: hsmKid(pair.name, 'rsa', pair.rsa), use: 'enc', alg: 'RSA-OAEP-256' }),
    one(pair.ec, { kid: hsmKid(pair.name, 'ec', pair.ec), use: 'enc', alg: 'ECDH-ES+A256KW' }),
  ])
}

export const handler = middy<APIGatewayProxyEventV2, HttpReply>(jwks, { timeoutEarlyInMillis: 0 }).use({
  onError: (request) => {
    const { awsRequestId: id } = request.context
    const fault = asFault(request.error)
    emit({ time: new Date().toISOString(), level: 'error', event: 'jwks', id, fault: 'UNAVAILABLE' })
    request.response = problem(fault.code === 'STEP_FAILED' ? new Fault('UNAVAILABLE') : fault, id)
  },
})
