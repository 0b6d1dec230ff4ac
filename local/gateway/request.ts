import type { IncomingMessage } from 'node:http'

/** A request as the gateway works with it. */
export interface Received {
  readonly method: string
  readonly rawPath: string
  /** Without percent encoding: routes match it, and events carry it. */
  readonly path: string
  readonly rawQuery: string
  /** Lower-case names; values of a repeated header joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly sourceIp: string
  readonly protocol: string
  readonly body: Buffer
}

/** Headers joined as API Gateway joins them. Node itself would keep only the first of some, and join cookies by `;`. */
export function joinedHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const joined: Record<string, string> = Object.create(null) as Record<string, string>
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    joined[name] = name in joined ? `${joined[name]},${value}` : value
  }
  return joined
}

/** The parts of a request target; undefined when its percent encoding is broken. */
export function target(url: string): { rawPath: string; path: string; rawQuery: string } | undefined {
  // A proxy's absolute form names the host twice.
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '')
  const at = relative.indexOf('?')
  const rawPath = (at < 0 ? relative : relative.slice(0, at)) || '/'
  try {
    return { rawPath, path: decodeURIComponent(rawPath), rawQuery: at < 0 ? '' : relative.slice(at + 1) }
  } catch {
    return undefined
  }
}

/** What API Gateway allows for the request line and all header values together. */
export const headerLimit = 10_240
/** And for a body. */
export const bodyLimit = 10 * 1024 * 1024

/** Bytes of the request line and the header values. */
export function headerSize(request: IncomingMessage): number {
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`
  return request.rawHeaders.reduce((sum, text, i) => (i % 2 === 1 ? sum + Buffer.byteLength(text, 'latin1') : sum), Buffer.byteLength(line, 'latin1'))
}

/** The whole body, or undefined when it is larger than allowed; then the rest is left unread. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) {
        request.off('data', take)
        resolve(undefined)
      } else chunks.push(chunk)
    }
    request.on('data', take).on('error', reject)
      .on('close', () => reject(new Error('the client went away')))
      .on('end', () => resolve(Buffer.concat(chunks, size)))
  })
}
