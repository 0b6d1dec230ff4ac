import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { CompactEncrypt, importJWK } from 'jose'
import { needs, type Key, type KeyPair, type Pipeline } from 'sallyport'
import { httpEvent } from '../local/gateway/event.ts'
import type { PublicJwk } from './resources.ts'

/** How a pair's public half is asked for. */
type PublicKeyOf = (pair: KeyPair) => Promise<PublicJwk>

/** The bytes of a message: text and bytes as they are, anything else as JSON, sealed where the pipeline takes sealed text. */
export async function content(pipeline: Pipeline, message: unknown, publicKey: PublicKeyOf): Promise<Buffer> {
  if (typeof message === 'string' || message instanceof Uint8Array) return Buffer.from(message)
  const json = Buffer.from(JSON.stringify(message))
  return pipeline.trigger.accept === 'application/jose' ? seal(pipeline, json, publicKey) : json
}

/** A body sealed to the pair by which a pipeline opens. Throws a TypeError where there is none. */
export async function seal(pipeline: Pipeline, plain: Uint8Array, publicKey: PublicKeyOf): Promise<Buffer> {
  const { kid, alg, ...jwk } = await publicKey(pairOf(pipeline))
  return Buffer.from(await new CompactEncrypt(plain).setProtectedHeader({ alg, enc: 'A256GCM', kid }).encrypt(await importJWK(jwk, alg)))
}

/** The pair by which a pipeline opens. Throws a TypeError where there is none. */
function pairOf(pipeline: Pipeline): KeyPair {
  for (const { resource } of needs(pipeline)) {
    const { pair } = resource as Partial<Key>
    if (pair !== undefined && pair.algorithm === undefined) return { kind: 'key-pair', name: pair.name, custody: pair.custody, generation: pair.generation ?? 1, rotateDays: undefined }
  }
  throw new TypeError(`pipeline ${pipeline.name} opens with no key pair: seal the message yourself and give it as text`)
}

/** What API Gateway would hand to the function. */
export function eventOf({ trigger: { method, path, accept } }: Pipeline, body: Buffer, headers: Readonly<Record<string, string>>, id: string, now: number): APIGatewayProxyEventV2 {
  const lower = Object.fromEntries(Object.entries({ 'content-type': accept, ...headers }).map(([name, value]) => [name.toLowerCase(), value]))
  const request = { method, rawPath: path, path, rawQuery: '', headers: lower, sourceIp: '192.0.2.1', protocol: 'HTTP/1.1', body }
  const caller = { accessKeyId: 'in-memory', arn: 'arn:aws:iam::123456789012:role/sender', id: 'AROAINMEMORY' }
  return httpEvent(request, `${method} ${path}`, { id: 'in-memory', account: '123456789012', region: 'us-east-1' }, caller, id, new Date(now)) as APIGatewayProxyEventV2
}
