import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { failure, notImplemented } from './failure.ts'

type Headers = Readonly<Record<string, string>>

/** A body without its framing, and the headers that came behind it. */
type Unframed = { readonly content: Buffer; readonly trailers: Headers }

const malformed = () => failure('MalformedTrailerError', 'The request contained trailing data that was not well-formed or did not conform to our published schema.')
const incomplete = () => failure('IncompleteBody', 'You did not provide the number of bytes specified by the x-amz-decoded-content-length header.')

function trailersOf(text: string, declared: string): Headers {
  const pairs = text.split('\r\n').filter(Boolean).map((line): [string, string] => {
    const at = line.indexOf(':')
    return [line.slice(0, Math.max(at, 0)).trim().toLowerCase(), line.slice(at + 1).trim()]
  })
  const wanted = declared.split(',').map((name) => name.trim().toLowerCase()).filter(Boolean)
  if (pairs.length !== wanted.length || !wanted.every((name) => pairs.some(([given]) => given === name))) throw malformed()
  return Object.fromEntries(pairs)
}

/** `aws-chunked` without signatures: size in hex, data, ..., a chunk of no size, then the trailers that the header declares. */
function unframed(body: Buffer, headers: Headers): Unframed {
  const length = headers['x-amz-decoded-content-length']
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw failure('MissingContentLength', 'You must provide the x-amz-decoded-content-length HTTP header.')
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at)
    const size = end < 0 ? '' : body.toString('latin1', at, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) throw incomplete()
    const [start, next] = [end + 2, end + 2 + Number.parseInt(size, 16)]
    if (next === start) {
      const content = Buffer.concat(parts)
      if (content.length !== Number(length)) throw incomplete()
      return { content, trailers: trailersOf(body.toString('latin1', start), headers['x-amz-trailer'] ?? '') }
    }
    if (body.toString('latin1', next, next + 2) !== '\r\n') throw incomplete()
    parts.push(body.subarray(start, next))
    at = next + 2
  }
}

/** What `x-amz-content-sha256` promises of the body, kept or not. */
function kept(body: Buffer, headers: Headers): Unframed {
  const said = headers['x-amz-content-sha256'] ?? ''
  // The loopback listener stands for TLS, where S3 takes a body that is not signed.
  if (said === 'UNSIGNED-PAYLOAD') return { content: body, trailers: {} }
  if (said === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return unframed(body, headers)
  if (/^STREAMING-[A-Z0-9-]{1,60}$/.test(said)) throw notImplemented(`The payload ${said}`)
  if (!/^[0-9a-f]{64}$/.test(said)) throw failure('InvalidArgument', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.')
  if (createHash('sha256').update(body).digest('hex') !== said)
    throw failure('XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.")
  return { content: body, trailers: {} }
}

const checksums: Readonly<Record<string, { readonly name: string; readonly size: number; readonly of: (content: Buffer) => string }>> = {
  'x-amz-checksum-crc32': {
    name: 'CRC32',
    size: 4,
    of(content) {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(crc32(content))
      return bytes.toString('base64')
    },
  },
  'x-amz-checksum-sha256': { name: 'SHA256', size: 32, of: (content) => createHash('sha256').update(content).digest('base64') },
}

/** A checksum as it is kept with an object: the header and its base64. */
export type Checksum = { readonly header: string; readonly value: string }

export type Payload = { readonly content: Buffer; readonly checksum?: Checksum }

function checkMd5(content: Buffer, given: string): void {
  if (Buffer.from(given, 'base64').toString('base64') !== given || Buffer.from(given, 'base64').length !== 16)
    throw failure('InvalidDigest', 'The Content-MD5 you specified is not valid.')
  if (createHash('md5').update(content).digest('base64') !== given)
    throw failure('BadDigest', 'The Content-MD5 you specified did not match what we received.')
}

/** What a body carries, after every checksum that came with it was compared. Throws as S3 does. */
export function readPayload(body: Buffer, headers: Headers): Payload {
  const { content, trailers } = kept(body, headers)
  if (headers['content-md5'] !== undefined) checkMd5(content, headers['content-md5'])
  const given = Object.entries({ ...headers, ...trailers }).filter(([name]) => name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-mode')
  for (const [header, value] of given) {
    const checksum = Object.hasOwn(checksums, header) ? checksums[header] : undefined
    if (!checksum) throw notImplemented(`The checksum ${header.slice('x-amz-checksum-'.length, 90).replace(/[^a-z0-9]/g, '')}`)
    const raw = Buffer.from(value, 'base64')
    if (raw.length !== checksum.size || raw.toString('base64') !== value) throw failure('InvalidRequest', `Value for ${header} header is invalid.`)
    if (checksum.of(content) !== value) throw failure('BadDigest', `The ${checksum.name} you specified did not match the calculated checksum.`)
  }
  const [first, ...others] = given
  if (others.length > 0) throw failure('InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  if (!first && headers['x-amz-sdk-checksum-algorithm'] !== undefined)
    throw failure('InvalidRequest', 'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.')
  return { content, ...first && { checksum: { header: first[0], value: first[1] } } }
}
