import { createPublicKey } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { address, asFault, aws, emit, Fault, hsmKid, keysTable, own, problem, signingKid, type HttpReply } from 'sallyport'

own()

/** The pairs of this realm, as infra made them. */
type Pair = { readonly name: string; readonly custody: 'wrapped' }
  | { readonly name: string; readonly custody: 'hsm'; readonly rsa: string; readonly ec: string }
  | { readonly name: string; readonly custody: 'hsm'; readonly algorithm: string; readonly sig: readonly string[] }
const pairs = JSON.parse(process.env['PAIRS'] ?? '[]') as readonly Pair[]

/** Seconds a published set may be used; a rotated key is seen after that. Where AWS fails twice as long: a rotation waits for that (infra/rotation.ts). */
const fresh = Number(process.env['KEY_AGE'] ?? 300)
/** Seconds for which AWS is left alone after it failed, while what was published before may be used. */
const pause = 30
/** Milliseconds for which whoever can be given that waits for what is there now. */
const patience = 2_000

/** `at`: when it was read, in epoch milliseconds. */
interface Published { readonly keys: readonly object[]; readonly at: number }
let published: Published | undefined
let again = 0

/**
 * `GET /.well-known/jwks.json`, a JWK Set (RFC 7517): of each encryption pair and type the newest public key that every
 * environment knows; of each signing key all, since what they signed goes on being verified, and the next one before its first use.
 */
async function jwks(_event: APIGatewayProxyEventV2, _context: Context): Promise<HttpReply> {
  const now = Date.now()
  const left = (seconds: number): number => published === undefined ? 0 : Math.floor((published.at - now) / 1_000) + seconds
  if (left(fresh) <= 0 && (left(2 * fresh) <= 0 || now >= again)) await renew(left(2 * fresh) > 0)
  return {
    statusCode: 200,
    // Nobody uses it for longer than this function would.
    headers: { 'content-type': 'application/jwk-set+json', 'cache-control': `public, max-age=${Math.min(fresh, left(2 * fresh))}` },
    body: JSON.stringify({ keys: published?.keys }),
  }
}

/** Reads the set anew. `usable`: what was read before may be published on where that fails, or takes too long. */
async function renew(usable: boolean): Promise<void> {
  const asking = read()
  const answered = new AbortController()
  try {
    await (usable ? Promise.race([asking, setTimeout(patience, undefined, { signal: answered.signal }).then(() => { throw new Fault('UNAVAILABLE') })]) : asking)
  } catch (error) {
    if (!usable) throw error
    again = Date.now() + pause * 1_000
    emit({ time: new Date().toISOString(), level: 'error', event: 'jwks', fault: 'UNAVAILABLE', stale: true })
  } finally {
    answered.abort()
  }
}

/** One that was given up may come late, behind a newer one. */
async function read(): Promise<void> {
  const at = Date.now()
  const keys = (await Promise.all(pairs.map((pair) => pair.custody === 'wrapped' ? wrapped(pair.name) : hsm(pair)))).flat()
  if (published === undefined || published.at <= at) published = { keys, at }
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
