import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { Fault } from './fault.ts'
import type { Io } from './io.ts'
import type { Trigger } from './triggers.ts'

/** Bytes of a body. Lambda takes 6 MB of event, and base64 makes four of three. */
export const largestBody = 4 * 1024 * 1024

/** The first payload of a pipeline, from an HTTP API event. Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, PAYLOAD_UNREADABLE. */
export function receive(trigger: Trigger<never>, event: APIGatewayProxyEventV2, io: Io): unknown {
  const [type = '', ...parameters] = (event.headers['content-type'] ?? '').toLowerCase().split(';').map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (type !== trigger.accept || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) || event.headers['content-encoding'] !== undefined) {
    throw new Fault('UNSUPPORTED_MEDIA_TYPE')
  }
  const text = event.body ?? ''
  // Before decoding, by the length of the text: nothing large is copied only to be refused.
  if (text.length > (event.isBase64Encoded ? largestBody / 3 * 4 + 4 : largestBody)) throw new Fault('PAYLOAD_TOO_LARGE')
  const bytes = Buffer.from(text, event.isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > largestBody) throw new Fault('PAYLOAD_TOO_LARGE')
  return trigger.accept === 'application/json' ? io.json(bytes) : { sealed: bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : bytes.toString('base64') }
}
