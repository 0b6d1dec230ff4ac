import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto'

/** A request as it came over the wire. `headers`: lower-case names; values of a repeated header joined with a comma. */
export type SignedRequest = {
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly now: Date
  readonly service: string
  readonly region: string
  /** Every service but S3 encodes the path once more for the signature. Default true. */
  readonly doubleEncodePath?: boolean
  /** Whether `.` , `..` and empty segments are resolved before signing (every service but S3). Default true. */
  readonly normalizePath?: boolean
  /** What is signed for the body. S3 takes what `x-amz-content-sha256` says, and compares the body itself. Default: the SHA-256 (hex) of the body. */
  readonly payload?: string
}

export type Credentials = { readonly secretAccessKey: string; readonly sessionToken?: string }

export type Refusal =
  | 'MissingAuthenticationToken'
  | 'UnrecognizedClient'
  | 'IncompleteSignature'
  | 'InvalidSignature'
  | 'RequestExpired'

export type Verdict =
  | { readonly ok: true; readonly accessKeyId: string; readonly signedAt: Date }
  | { readonly ok: false; readonly code: Refusal }

const skewMs = 5 * 60_000
const prefix = 'AWS4-HMAC-SHA256'

const sha256 = (content: Buffer | string): string => hash('sha256', content)
const hmac = (key: KeyObject, content: string): Buffer => createHmac('sha256', key).update(content).digest()

/** RFC 3986: everything but the unreserved characters, as UTF-8, in upper-case hex. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function canonicalPath(raw: string, doubled: boolean, normalized: boolean): string {
  let path = raw === '' ? '/' : raw
  if (normalized) {
    const kept: string[] = []
    for (const segment of path.split('/')) {
      if (segment === '..') kept.pop()
      else if (segment !== '' && segment !== '.') kept.push(segment)
    }
    path = `/${kept.join('/')}${kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : ''}`
  }
  return path
    .split('/')
    .map((segment) => encode(doubled ? segment : (decode(segment) ?? segment)))
    .join('/')
}

// Sorted by the encoded name, then the encoded value, in code units: `&` and `=` inside a value stay encoded.
function canonicalQuery(raw: string): string | undefined {
  const pairs: (readonly [string, string])[] = []
  for (const part of raw === '' ? [] : raw.split('&')) {
    const at = part.indexOf('=')
    const name = decode(at < 0 ? part : part.slice(0, at))
    const value = decode(at < 0 ? '' : part.slice(at + 1))
    if (name === undefined || value === undefined) return undefined
    pairs.push([encode(name), encode(value)])
  }
  const order = (a: string, b: string) => (a < b ? -1 : Number(a > b))
  return pairs
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

const folded = (value: string): string => value.trim().replace(/\s+/g, ' ')

/** The canonical request whose SHA-256 is signed, or undefined when the query is not URL encoded. */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string | undefined {
  const { method, rawPath, rawQuery, headers, body, doubleEncodePath = true, normalizePath = true, payload = sha256(body) } = request
  const query = canonicalQuery(rawQuery)
  if (query === undefined) return undefined
  return [
    method,
    canonicalPath(rawPath, doubleEncodePath, normalizePath),
    query,
    ...signedHeaders.map((name) => `${name}:${folded(headers[name] ?? '')}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n')
}

/** The text that is signed with the derived key. `stamp`: `20150830T123600Z`; `scope`: `20150830/region/service/aws4_request`. */
export const stringToSign = (canonical: string, stamp: string, scope: string): string =>
  [prefix, stamp, scope, sha256(canonical)].join('\n')

// Whoever signs does so many times a day under one scope, and a key is four digests away from it.
const derived = new Map<string, KeyObject>()
const mostDerived = 1_000

function signingKey(secretAccessKey: string, scope: string): KeyObject {
  const name = `${scope} ${secretAccessKey}`
  let key = derived.get(name)
  if (key === undefined) {
    key = createSecretKey(Buffer.from(`AWS4${secretAccessKey}`))
    for (const part of scope.split('/')) key = createSecretKey(hmac(key, part))
    if (derived.size >= mostDerived) derived.clear()
    derived.set(name, key)
  }
  return key
}

/** The signature (hex) over a string to sign. */
export const signature = (text: string, secretAccessKey: string, scope: string): string => hmac(signingKey(secretAccessKey, scope), text).toString('hex')

type Authorization = { accessKeyId: string; scope: string; signedHeaders: string[]; signature: string }

function authorization(header: string): Authorization | undefined {
  const found = /^AWS4-HMAC-SHA256\s+(.*)$/s.exec(header.trim())
  const parts = new Map<string, string>()
  for (const part of found?.[1]?.split(',') ?? []) {
    const at = part.indexOf('=')
    if (at < 0 || parts.has(part.slice(0, at).trim())) return undefined
    parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim())
  }
  const [accessKeyId, ...scope] = parts.get('Credential')?.split('/') ?? []
  const signedHeaders = parts.get('SignedHeaders')?.split(';')
  const signature = parts.get('Signature')
  if (!accessKeyId || scope.length !== 4 || !signedHeaders || !signature || parts.size !== 3) return undefined
  return { accessKeyId, scope: scope.join('/'), signedHeaders, signature }
}

function instant(stamp: string | undefined): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp ?? '')
  if (!parts) return undefined
  const [, y, mo, d, h, mi, s] = parts
  const at = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  return Number.isNaN(at.getTime()) ? undefined : at
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

// AWS itself accepts a session token that was added after signing (vector post-sts-header-after); it is compared with the
// credentials' own token instead.
const mayStayUnsigned = new Set(['x-amz-security-token'])

const refused = (code: Refusal): Verdict => ({ ok: false, code })

/** Checks the `Authorization` header of a request (SigV4, header form). Requests signed in their query are refused. */
export function verify(request: SignedRequest, lookup: (accessKeyId: string) => Credentials | undefined): Verdict {
  const { headers, now, service, region, body } = request
  if (!headers['authorization']) return refused('MissingAuthenticationToken')
  const parts = authorization(headers['authorization'])
  const stamp = headers['x-amz-date']
  const signedAt = instant(stamp)
  if (!parts || !stamp || !signedAt) return refused('IncompleteSignature')

  const { signedHeaders, scope } = parts
  const signed = new Set(signedHeaders)
  const inOrder = signedHeaders.every((name, i) => name === name.toLowerCase() && (i === 0 || (signedHeaders[i - 1] ?? '') < name))
  const covered = Object.keys(headers).every((name) => !name.startsWith('x-amz-') || signed.has(name) || mayStayUnsigned.has(name))
  const present = signedHeaders.every((name) => headers[name] !== undefined)
  if (!signed.has('host') || !signed.has('x-amz-date') || !inOrder || !covered || !present) return refused('IncompleteSignature')

  const credentials = lookup(parts.accessKeyId)
  const token = headers['x-amz-security-token']
  if (!credentials || !same(token ?? '', credentials.sessionToken ?? '')) return refused('UnrecognizedClient')
  if (scope !== `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`) return refused('InvalidSignature')

  // An unsigned or streamed payload is an S3 matter: elsewhere the header, where sent, must be the body's own digest.
  const said = headers['x-amz-content-sha256']
  const payload = request.payload ?? sha256(body)
  if (request.payload === undefined && said !== undefined && !same(said, payload)) return refused('InvalidSignature')
  const canonical = canonicalRequest({ ...request, payload }, signedHeaders)
  if (canonical === undefined) return refused('InvalidSignature')
  const expected = signature(stringToSign(canonical, stamp, scope), credentials.secretAccessKey, scope)
  if (!same(parts.signature, expected)) return refused('InvalidSignature')
  if (Math.abs(now.getTime() - signedAt.getTime()) > skewMs) return refused('RequestExpired')
  return { ok: true, accessKeyId: parts.accessKeyId, signedAt }
}
