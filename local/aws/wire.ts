import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'
import { Failure } from './failure.ts'
import type { Service } from './services.ts'

const maxBody = 16 * 1024 * 1024

const tooLarge = (): Failure => new Failure('RequestEntityTooLargeException', 'The request is larger than 16 MB.', {}, 413)

/** The body of a request; throws when it is larger than 16 MB. */
export const readBody = (request: IncomingMessage): Promise<Buffer> => new Promise((resolve, reject) => {
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (part: Buffer) => {
    size += part.length
    if (size <= maxBody) return chunks.push(part)
    // What still comes is let pass, and the connection is closed with the answer.
    chunks.length = 0
    return reject(tooLarge())
  })
  request.on('end', () => resolve(Buffer.concat(chunks)))
  request.on('error', reject)
})

/** Headers by lower-case name; the values of a repeated header joined with a comma, as SigV4 wants them. */
export function headersOf({ rawHeaders }: IncomingMessage): Readonly<Record<string, string>> {
  const joined = new Map<string, string>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const before = joined.get(name)
    const value = (rawHeaders[i + 1] ?? '').trim()
    joined.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(joined)
}

/** Writes a JSON answer; undefined is an empty body. */
export function reply(response: ServerResponse, status: number, value: unknown, contentType = 'application/json'): void {
  const body = value === undefined ? '' : JSON.stringify(value)
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
    'x-amz-crc32': String(crc32(body)),
  })
  response.end(body)
}

// Exceptions of DynamoDB and SQS and those of the framework below it carry different namespaces.
const framework = new Set(['ValidationException', 'SerializationException', 'AccessDeniedException', 'UnknownOperationException',
  'MissingAuthenticationTokenException', 'UnrecognizedClientException', 'InvalidSignatureException', 'IncompleteSignatureException',
  'InvalidParameterValueException', 'MissingRequiredParameterException'])

/** The JSON of an exception, spelled as this service spells it. */
export function failureBody({ code, message, members }: Failure, service: Service | undefined): Record<string, unknown> {
  const namespace = service?.namespace ? (framework.has(code) ? 'com.amazon.coral.service#' : service.namespace) : ''
  // A cancelled transaction is the one that DynamoDB spells with a capital.
  const member = code === 'TransactionCanceledException' ? 'Message' : (service?.messageMember ?? 'message')
  return { __type: namespace + code, ...(message !== '' && { [member]: message }), ...members }
}
