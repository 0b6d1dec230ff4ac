import { readJson } from 'sallyport'
import { bytesIn } from '../ciphers/fields/encoding.ts'
import { checkHeader, failed, members, readHeader, type Form, type Header, type Signature, type Token } from './parts/form.ts'

/** Signatures of one token. */
const most = 16

/**
 * JWS in flattened JSON serialisation (RFC 7515 section 7.2.2), all of the header protected. General ones (section 7.2.1) of 1
 * to 16 signatures are verified as well: the one by the key that is asked for counts, and nothing is said of the others.
 * The media type is `application/jose+json`.
 */
export const flattenedJson = (): Form => ({
  form: 'flattened JSON',
  mediaType: 'application/jose+json',
  read,
  write: (shielded, payload, signature) => JSON.stringify({ payload, protected: shielded, signature }),
})

/** Members that it does not know are passed over, as section 7.2 wants it. */
function read(signed: string): Token {
  const token = members(readJson(Buffer.from(signed)))
  const { payload = '', signatures } = token
  if (signatures !== undefined && ['protected', 'header', 'signature'].some((name) => Object.hasOwn(token, name))) return failed()
  const each = signatures === undefined ? [token] : Array.isArray(signatures) && signatures.length >= 1 && signatures.length <= most ? signatures.map(members) : failed()
  return { payload: typeof payload === 'string' ? payload : failed(), signatures: each.map(signature) }
}

/** What decides how a signature is verified is protected, or it does not count. */
const deciding = ['alg', 'crit', 'b64', 'typ']

function signature({ protected: given, header: open = {}, signature: text }: Header): Signature {
  const shielded = typeof given === 'string' ? given : failed()
  const [covered, bare] = [readHeader(shielded), checkHeader(members(open))]
  // No name twice (section 4).
  if (Object.keys(bare).some((name) => Object.hasOwn(covered, name) || deciding.includes(name)) || JSON.stringify(bare).length > 4_096) failed()
  return { header: { ...covered, ...bare }, shielded, bytes: bytesIn('base64url', text) }
}
