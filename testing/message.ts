import { randomUUID } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { CompactEncrypt, importJWK } from 'jose'
import { needs, type Key, type KeyPair, type Pipeline, type RoutedTrigger } from 'sallyport'
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
export function eventOf({ method, path, accept }: RoutedTrigger, body: Buffer, headers: Readonly<Record<string, string>>, caller: string, id: string, now: number): APIGatewayProxyEventV2 {
  return requested(`${method} ${path}`, path, body, { 'content-type': accept, ...headers }, caller, id, now)
}

/** The same for whoever asks what became of a message. */
export function askOf({ path }: RoutedTrigger, message: string, caller: string, id: string, now: number): APIGatewayProxyEventV2 {
  return requested(`GET ${path}/{id}`, `${path}/${message}`, Buffer.alloc(0), {}, caller, id, now, { id: message })
}

function requested(route: string, path: string, body: Buffer, headers: Readonly<Record<string, string>>, arn: string, id: string, now: number, parameters?: Readonly<Record<string, string>>): APIGatewayProxyEventV2 {
  const [method = ''] = route.split(' ')
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const request = { method, rawPath: path, path, rawQuery: '', headers: lower, sourceIp: '192.0.2.1', protocol: 'HTTP/1.1', body }
  return httpEvent(request, route, { id: 'in-memory', account: '123456789012', region: 'us-east-1' }, { accessKeyId: 'in-memory', arn, id: 'AROAINMEMORY' }, id, new Date(now), parameters) as APIGatewayProxyEventV2
}

/** The body of a message in the queue of a pipeline: of an event, what EventBridge makes of its detail. */
export function waitingBody({ trigger }: Pipeline, message: Buffer, now: number): string {
  const text = message.toString()
  if (trigger.kind !== 'event') return text
  const { source: [source], 'detail-type': [type] = ['Event'] } = trigger.pattern
  return JSON.stringify({
    version: '0', id: randomUUID(), 'detail-type': type, source, account: '123456789012', time: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'), region: 'us-east-1', resources: [],
    detail: trigger.accept === 'application/json' ? JSON.parse(text) as unknown : { sealed: text },
  })
}
