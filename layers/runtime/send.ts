import { Agent as HttpAgent, request as http, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent, request as https } from 'node:https'
import { Fault } from './fault.ts'

/** A partner's answer. The body is at most {@link largest} bytes. */
export interface Answer {
  readonly status: number
  readonly body: Uint8Array
}

/** Why there is no answer: `nothing-sent` only if not one byte of the request can have left. */
export class NoAnswer extends Error {
  readonly why: 'nothing-sent' | 'silent' | 'too-large'
  constructor(why: NoAnswer['why']) {
    super(why)
    this.why = why
  }
}

const largest = 1024 * 1024
const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: 8, timeout: 30_000 }),
  'https:': new HttpsAgent({ keepAlive: true, maxFreeSockets: 8, timeout: 30_000, minVersion: 'TLSv1.2' }),
}

/**
 * One request, no redirects. `timeout` in milliseconds is for all of it. Written on node:http because what happened to
 * the bytes decides whether a payment may be repeated, and `fetch` does not say.
 */
export async function exchange(origin: string, path: string, method: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined, timeout: number, repeatable: boolean): Promise<Answer> {
  const until = performance.now() + timeout
  try {
    return await once(origin, path, method, headers, body, timeout)
  } catch (error) {
    // A kept-alive connection that the partner closed while it was idle: with a key that makes repeating safe, once more on a new one.
    if (error instanceof StaleConnection) {
      if (repeatable) return once(origin, path, method, headers, body, until - performance.now(), true)
      throw new NoAnswer('silent')
    }
    throw error
  }
}

class StaleConnection extends Error {}

function once(origin: string, path: string, method: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined, timeout: number, fresh = false): Promise<Answer> {
  const url = new URL(path, origin)
  // The path comes from `path` and cannot leave the origin; this is the second lock.
  if (url.origin !== origin) throw new TypeError('send: the path leaves the origin of the account')
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    let connected = false
    let answered = false
    const request: ClientRequest = (secure ? https : http)({
      host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? undefined : Number(url.port), path: url.pathname + url.search, method,
      headers: { ...headers, ...body && { 'content-length': String(body.length) } },
      agent: fresh ? false : agents[url.protocol as keyof typeof agents],
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
      answered = true
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
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) })
      })
      response.on('error', () => fail(new NoAnswer('silent')))
    })
    request.on('error', () => {
      // Of the error nothing is kept: it may name host and address.
      if (!connected) fail(new NoAnswer('nothing-sent'))
      else if (request.reusedSocket && !answered && !fresh) fail(new StaleConnection('stale'))
      else fail(new NoAnswer('silent'))
    })
    request.end(body)
  })
}

/** What a status means to the sender, beyond 2xx. */
export function refusedBy(status: number): Fault {
  return new Fault(status >= 500 || status === 408 || status === 425 || status === 429 ? 'PARTNER_FAILED' : 'PARTNER_REFUSED')
}
