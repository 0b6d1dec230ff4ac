import { faults, type Fault } from './fault.ts'
import type { Signed } from './signature.ts'
import type { Sealed } from './triggers.ts'

/** What an HTTP API turns into a response (payload format 2.0). */
export interface HttpReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Types under which no browser runs what a sender wrote. */
const inert = /^(text\/plain|application\/(?!.*xml)[\w.+-]+)$/

/** Text that a cipher or a signature made, and of what type it is; undefined for any other payload, which a sender may have made to look like it. */
export function textOf(payload: unknown): { readonly text: string; readonly type: string } | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const { sealed, signed = sealed, mediaType = sealed === undefined ? undefined : 'application/jose', ...others } = payload as Partial<Sealed & Signed>
  return typeof signed === 'string' && typeof mediaType === 'string' && inert.test(mediaType) && Object.keys(others).length === 0 ? { text: signed, type: mediaType } : undefined
}

/** What every reply says: by the id, `sallyport logs` finds what became of the message. */
const common = (id: string) => ({ 'cache-control': 'no-store', 'x-execution-id': id }) as const

/** The last payload of a pipeline as a reply: JSON, or sealed or signed text as it is. */
export function replyOf(status: number, payload: unknown, id: string): HttpReply {
  const made = textOf(payload)
  return { statusCode: status, headers: { 'content-type': made?.type ?? 'application/json', ...common(id) }, body: made?.text ?? JSON.stringify(payload ?? null) }
}

/** A fault as problem details (RFC 9457): our code, the execution's id, the paths in what the sender sent, and the reason of a rejection. */
export function problem(fault: Fault, id: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  const { status, title } = faults[fault.code]
  const retryAfter = fault.retryAfter ?? (status === 503 ? 5 : undefined)
  return {
    statusCode: status,
    headers: {
      'content-type': 'application/problem+json', ...common(id),
      ...retryAfter !== undefined && { 'retry-after': String(retryAfter) }, ...headers,
    },
    body: JSON.stringify({
      type: `urn:sallyport:problem:${fault.code}`, title, status, code: fault.code, id,
      ...(fault.code === 'PAYLOAD_INVALID' || fault.code === 'REJECTED') && fault.paths.length > 0 && { paths: fault.paths },
      ...fault.reason !== undefined && { reason: fault.reason },
    }),
  }
}
