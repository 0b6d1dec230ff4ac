import { Agent as HttpAgent, request as http, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent, request as https } from 'node:https'
import { Fault } from './fault.ts'

/** A partner's answer. The body is at most {@link largest} bytes. */
export interface Answer {
  readonly status: number
  readonly body: Uint8Array
  readonly cacheControl?: string | undefined
}

/** Sends one request and gives its answer; `timeout` in milliseconds is for all of it. Throws NoAnswer. */
export type Exchange = (origin: string, path: string, method: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined, timeout: number) => Promise<Answer>

/** Why there is no answer: `nothing-sent` only if not one byte of the request can have left. */
export class NoAnswer extends Error {
  readonly why: 'nothing-sent' | 'silent' | 'too-large'
  constructor(why: NoAnswer['why']) {
    super(why)
    this.why = why
  }
}

const largest = 1024 * 1024
/** Milliseconds a connection may lie idle: under the 5 s after which many servers close theirs. */
const idle = 4_000
const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: 8, timeout: idle }),
  'https:': new HttpsAgent({ keepAlive: true, maxFreeSockets: 8, timeout: idle, minVersion: 'TLSv1.2' }),
}
let used = 0

/**
 * One request, no redirects, never repeated: a connection that breaks behind the request cannot be told from a partner
 * that acted. Written on node:http because what happened to the bytes decides
 * whether a payment may be repeated, and `fetch` does not say.
 */
export async function exchange(origin: string, path: string, method: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined, timeout: number): Promise<Answer> {
  // Lambda freezes us between messages: one turn of the event loop, and connections that were closed meanwhile are gone.
  if (performance.now() - used > idle) await new Promise((resolve) => { setImmediate(resolve) })
  used = performance.now()
  const url = new URL(path, origin)
  // The path comes from `path` and cannot leave the origin; this is the second lock.
  if (url.origin !== origin) throw new TypeError('send: the path leaves the origin of the account')
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    let connected = false
    const request: ClientRequest = (secure ? https : http)({
      host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? undefined : Number(url.port), path: url.pathname + url.search, method,
      headers: { ...headers, ...body && { 'content-length': String(body.length) } },
      agent: agents[url.protocol as keyof typeof agents],
    })
    const timer = setTimeout(() => {
      fail(new NoAnswer(connected ? 'silent' : 'nothing-sent'))
      request.destroy()
    }, Math.max(1, timeout))
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    request.on('socket', (socket) => {
      if (request.reusedSocket) connected = true
      // Over TLS nothing of the request leaves before the partner has shown its certificate.
      else socket.once(secure ? 'secureConnect' : 'connect', () => { connected = true })
    })
    request.on('response', (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > largest) {
          fail(new NoAnswer('too-large'))
          request.destroy()
        } else parts.push(part)
      })
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), cacheControl: response.headers['cache-control'] })
      })
      response.on('error', () => fail(new NoAnswer('silent')))
    })
    request.on('error', () => {
      // Of the error nothing is kept: it may name host and address.
      fail(new NoAnswer(connected ? 'silent' : 'nothing-sent'))
    })
    request.end(body)
  })
}

/** What a status means to the sender, beyond 2xx. */
export function refusedBy(status: number): Fault {
  return new Fault(status >= 500 || status === 408 || status === 425 || status === 429 ? 'PARTNER_FAILED' : 'PARTNER_REFUSED')
}
