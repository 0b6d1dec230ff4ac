/** One request to AWS as it left: whatever a payload put into it stands here. */
export interface AwsRequest {
  /** The name it was signed for, as `dynamodb`; unsigned, what its target or host says. */
  readonly service: string
  readonly operation: string
  /** `X-Amz-Target`, or ''. */
  readonly target: string
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What an SDK client gives its request handler, as far as it is read here. */
export interface SdkRequest {
  readonly method: string
  readonly hostname?: string
  readonly path?: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers?: Readonly<Record<string, string>>
  /** Text, bytes, or what yields bytes. */
  readonly body?: unknown
}

const escaped = (text: string): string => encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function queryOf(query: SdkRequest['query'] = {}): string {
  return Object.keys(query).sort().flatMap((name) => {
    const value = query[name]
    return value === null || value === undefined ? [escaped(name)] : [value].flat().map((each) => `${escaped(name)}=${escaped(each)}`)
  }).join('&')
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (typeof body === 'object' && Symbol.asyncIterator in body) {
    const parts: Buffer[] = []
    for await (const part of body as AsyncIterable<Uint8Array | string>) parts.push(Buffer.from(part as Uint8Array))
    return Buffer.concat(parts)
  }
  return Buffer.from(JSON.stringify(body) ?? '')
}

export async function asRequest({ method, hostname = '', path = '/', query, headers: given = {}, body: content }: SdkRequest): Promise<AwsRequest> {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]))
  const body = await bytesOf(content)
  const target = headers['x-amz-target'] ?? ''
  const [, scope] = /Credential=[^/]+\/\d{8}\/[^/]+\/([\w-]+)\/aws4_request/.exec(headers['authorization'] ?? '') ?? []
  const [, action] = /(?:^|&)Action=(\w+)/.exec(headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? body.toString() : '') ?? []
  return {
    service: scope ?? named(target, hostname), operation: target.split('.')[1] ?? action ?? '', target,
    method, path, query: queryOf(query), headers: { host: 'localhost', ...headers }, body,
  }
}

/** By the target's first part, as `AmazonSQS`, or the host's, as in `sqs.us-east-1.amazonaws.com`. */
const named = (target: string, hostname: string): string => {
  const [prefix = ''] = target.split('.')
  if (prefix !== '') return prefix.replace(/_?\d{8}$/, '').replace(/^Amazon/, '').toLowerCase()
  return hostname.endsWith('.amazonaws.com') ? hostname.split('.').at(-4) ?? hostname : hostname
}

/** An answer without content that a client of the request's protocol can read. */
export function emptySuccess({ headers, target, body }: AwsRequest): { readonly headers: Readonly<Record<string, string>>; readonly content: Buffer } {
  const type = headers['content-type'] ?? ''
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return { headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' }, content: Buffer.of(0xa0) }
  if (target !== '' || type.includes('json')) return { headers: { 'content-type': type }, content: Buffer.from('{}') }
  const [, action] = /(?:^|&)Action=(\w+)/.exec(body.toString()) ?? []
  return { headers: { 'content-type': 'text/xml' }, content: Buffer.from(action === undefined ? '' : `<${action}Response><${action}Result/></${action}Response>`) }
}
