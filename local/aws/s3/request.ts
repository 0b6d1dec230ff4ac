import { failure, notImplemented } from './failure.ts'

/** A request in path style, understood; its signature is another matter. */
export type S3Request = {
  readonly method: string
  readonly bucket: string
  /** '' for the bucket itself. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** What the body carries, without chunk framing. */
  readonly content: Buffer
}

type Head = Omit<S3Request, 'content'>

/** Whether a request is for S3: its signature says so, or it names no operation of the JSON services. */
export const isForS3 = ({ method, headers }: { readonly method?: string | undefined; readonly headers: Readonly<Record<string, unknown>> }): boolean =>
  /Credential=[^,]*\/s3\/aws4_request/.test(String(headers['authorization'])) || (headers['x-amz-target'] === undefined && method !== 'POST')

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw failure('InvalidURI', "Couldn't parse the specified URI.")
  }
}

const maxKeyBytes = 1024

/** Reads bucket, key and query. `url`: path and query as they came. Throws what S3 says to a URI that it cannot take. */
export function readHead(method: string, url: string, headers: Readonly<Record<string, string>>): Head {
  const [path = '/', search = ''] = url.split(/\?(.*)/s)
  const host = (headers['host'] ?? '').replace(/:\d+$/, '')
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) throw notImplemented('A bucket in the host name (the virtual-hosted style)')
  const [, bucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  const query = new Map(search.split('&').filter(Boolean).map((pair): [string, string] => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    return [decoded(name), decoded(value)]
  }))
  const key = decoded(rawKey)
  if (Buffer.byteLength(key) > maxKeyBytes) throw failure('KeyTooLongError', 'Your key is too long')
  return { method, bucket: decoded(bucket), key, query, headers }
}

// What any request may carry.
const everywhere = new Set(['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'x-amz-user-agent', 'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-crc32', 'x-amz-checksum-sha256', 'x-amz-decoded-content-length', 'x-amz-trailer', 'x-amz-expected-bucket-owner'])

/** A name out of a request as a message may show it. */
export const shown = (name: string): string => /^[a-zA-Z0-9-]{1,64}$/.test(name) ? name : 'an unusual name'

/** Refuses, by name, every parameter and header that would change what S3 does and is not known to the operation. */
export function refuseUnknown({ query, headers }: Head, known: { readonly queries: readonly string[]; readonly headers: readonly string[] }): void {
  for (const name of query.keys())
    if (name !== 'x-id' && !known.queries.includes(name)) throw notImplemented(`The query parameter ${shown(name)} of this operation`)
  for (const name of Object.keys(headers)) {
    const matters = name.startsWith('x-amz-') || name.startsWith('if-') || name === 'range'
    const meta = name.startsWith('x-amz-meta-') && known.headers.includes('x-amz-meta-')
    if (matters && !everywhere.has(name) && !meta && !known.headers.includes(name)) throw notImplemented(`The header ${shown(name)} of this operation`)
  }
}
