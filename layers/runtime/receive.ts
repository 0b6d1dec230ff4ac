import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { Fault } from './fault.ts'
import type { Io } from './io.ts'
import type { Message } from './message.ts'
import type { Accepted, RoutedTrigger } from './triggers.ts'

/** Bytes of a body. Lambda takes 6 MB of event, and base64 makes four of three. */
export const largestBody = 4 * 1024 * 1024

/** The bytes of an HTTP API event's body. Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE. */
export function bodyOf({ accept }: RoutedTrigger, event: APIGatewayProxyEventV2, largest: number): Buffer {
  const [type = '', ...parameters] = (event.headers['content-type'] ?? '').toLowerCase().split(';').map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (type !== accept || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) || event.headers['content-encoding'] !== undefined) {
    throw new Fault('UNSUPPORTED_MEDIA_TYPE')
  }
  const text = event.body ?? ''
  // Before decoding, by the length of the text: nothing large is copied only to be refused.
  if (text.length > (event.isBase64Encoded ? largest / 3 * 4 + 4 : largest)) throw new Fault('PAYLOAD_TOO_LARGE')
  const bytes = Buffer.from(text, event.isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > largest) throw new Fault('PAYLOAD_TOO_LARGE')
  return bytes
}

/** The first payload of a pipeline, of the bytes of a body. Throws PAYLOAD_UNREADABLE. */
export const payloadOf = (accept: keyof Accepted, bytes: Buffer, io: Io): unknown =>
  accept === 'application/json' ? io.json(bytes) : { sealed: bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : bytes.toString('base64') }

/** The first payload of a pipeline, from an HTTP API event. Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, PAYLOAD_UNREADABLE. */
export const receive = (trigger: RoutedTrigger, event: APIGatewayProxyEventV2, io: Io): unknown => payloadOf(trigger.accept, bodyOf(trigger, event, largestBody), io)

/**
 * What names the message: its consumer, the route and its `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), whatever its
 * sender wrote there: of one that were ignored the sender would believe that it counts. API Gateway takes 10,240 bytes of headers.
 */
export function messageOf({ method, path }: RoutedTrigger, { headers, requestContext }: APIGatewayProxyEventV2): Message {
  const key = headers['idempotency-key']
  return key === undefined || key === '' ? {} : { origin: JSON.stringify([consumerOf(requestContext), `${method} ${path}`, key]) }
}

/** Who sent it: a user or a role; not the session of a role, which is another one each time. */
export function consumerOf(context: APIGatewayProxyEventV2['requestContext']): string {
  const { userArn = '' } = (context as { readonly authorizer?: { readonly iam?: { readonly userArn?: string } } }).authorizer?.iam ?? {}
  return userArn.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, '$1')
}
