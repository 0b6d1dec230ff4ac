import { randomUUID } from 'node:crypto'
import { asFailure } from '../endpoint.ts'
import type { Effect, Faults } from '../faults.ts'
import { authenticate, callerOf, may } from '../gate.ts'
import type { World } from '../operation.ts'
import { roleOf, type Principal } from '../principals.ts'
import { errorOf, failure, notImplemented, refusals } from './failure.ts'
import type { S3Reply } from './operation.ts'
import { operationOf, s3 } from './operations.ts'
import { readPayload } from './payload.ts'
import { readHead, refuseUnknown } from './request.ts'

/** One request. `url`: path and query as they came. `headers`: by lower-case name. `read` and `principals` may throw a Failure. */
export type S3Asking = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly read: () => Promise<Buffer>
  readonly principals: () => ReadonlyMap<string, Principal>
}

/** What became of it. */
export type S3Answered = {
  /** '' where it is none that this stand-in knows. */
  readonly operation: string
  /** Of the caller; '' where nobody was recognised. */
  readonly role: string
  /** The body as it came. */
  readonly body: Buffer
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly content: Buffer
  /** A planned fault by which the caller gets no answer at all. */
  readonly struck: Exclude<Effect, { kind: 'answer' }> | undefined
}

function whoSigned({ method, url, headers, principals }: S3Asking, body: Buffer, { region, now }: World): Principal {
  const [rawPath = '/', rawQuery = ''] = url.split(/\?(.*)/s)
  if (/(?:^|&)X-Amz-Algorithm=/.test(rawQuery)) throw notImplemented('A presigned URL')
  const payload = headers['x-amz-content-sha256'] ?? ''
  if (payload === '' && headers['authorization'] !== undefined) throw failure('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  return authenticate({
    method, rawPath, rawQuery, headers, body, now: new Date(now()), service: 's3', region,
    doubleEncodePath: false, normalizePath: false, payload,
  }, principals(), refusals)
}

/** S3 without a wire: gives what each request is answered, and never rejects. */
export const s3Endpoint = (world: World, faults: Faults) => async (asking: S3Asking): Promise<S3Answered> => {
  const { method, url, headers, read } = asking
  // The journal names an operation that was refused, too.
  const operation = named(asking)
  let [role, body]: [string, Buffer] = ['', Buffer.alloc(0)]
  let effect: Effect | undefined

  async function run(): Promise<S3Reply> {
    const head = readHead(method, url, headers)
    const principal = whoSigned(asking, body, world)
    role = roleOf(principal.arn)
    const wanted = s3[operationOf(head)]
    if (!wanted) throw notImplemented(operation)
    refuseUnknown(head, { queries: wanted.queries ?? [], headers: wanted.headers ?? [] })
    const owner = headers['x-amz-expected-bucket-owner']
    if (owner !== undefined && owner !== world.account) throw failure('AccessDenied', 'Access Denied')
    const input = { ...head, ...readPayload(body, headers) }
    for (const ask of wanted.asks(input, world))
      if (!may(principal, ask, world)) throw failure('AccessDenied', `User: ${principal.arn} is not authorized to perform: ${ask.action} on resource: ${ask.resource}`)
    effect = faults.take({ service: 's3', operation, input: {}, arn: principal.arn })
    if (effect?.at === 'before') {
      if (effect.kind === 'answer') throw effect.failure
      return { status: 200 }
    }
    return wanted.run(input, world, callerOf(principal, world, { spend: () => undefined }))
  }

  let reply: S3Reply
  try {
    body = await read()
    reply = await run()
    await world.store.settled()
  } catch (error) {
    // What a refusal shows must be as durable as what a success shows.
    await world.store.settled().catch(() => undefined)
    const { status, xml } = errorOf(asFailure(error))
    reply = { status, content: xml }
  }
  // HEAD is answered by headers alone, errors too.
  const content = method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(reply.content ?? '')
  return {
    operation, role, body, status: reply.status, content, struck: effect?.kind === 'answer' ? undefined : effect,
    headers: { ...content.length > 0 && { 'content-type': 'application/xml' }, 'content-length': String(content.length), 'x-amz-request-id': randomUUID(), ...reply.headers },
  }
}

/** The operation of a request, or '' where there is none. */
function named({ method, url, headers }: S3Asking): string {
  try {
    return operationOf(readHead(method, url, headers))
  } catch {
    return ''
  }
}
