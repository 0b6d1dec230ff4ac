import { Fault, readJson } from 'sallyport'
import { bytesIn } from '../../ciphers/fields/encoding.ts'

/** A JOSE header (RFC 7515 section 4) as a strict reader reads it. */
export type Header = Readonly<Record<string, unknown>>

/** One signature of a token. */
export interface Signature {
  /** Both parts joined; of what decides how it is verified nothing stands in the unprotected one. */
  readonly header: Header
  /** The protected part as it is written: what is signed begins with it. */
  readonly shielded: string
  readonly bytes: Buffer
}

/** What a text holds. */
export interface Token {
  readonly signatures: readonly Signature[]
  /** As it is written; empty where it is detached. */
  readonly payload: string
}

/** A serialisation of RFC 7515 section 7. */
export interface Form {
  readonly form: string
  readonly mediaType: string
  /** May throw anything. */
  readonly read: (signed: string) => Token
  /** Without a payload: detached (appendix F). */
  readonly write: (shielded: string, payload: string | undefined, signature: string) => string
}

/** What may throw anything throws this: the verifier makes one fault of it. */
export const failed = (): never => { throw new Fault('SIGNATURE_INVALID') }

/** Keys come from us, and never from what is to be verified by them. */
const refused = ['jku', 'jwk', 'x5u', 'x5c']
/** Bytes of a header. */
const longest = 4_096

/** An object. Throws for anything else. */
export const members = (value: unknown): Header => typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Header : failed()

/** Throws where it is no header, over 4,096 bytes, or brings a key of its own. */
export function readHeader(shielded: string): Header {
  const bytes = bytesIn('base64url', shielded)
  return checkHeader(members(bytes.length > longest ? failed() : readJson(bytes)))
}

/** Throws where it brings a key of its own. */
export const checkHeader = (header: Header): Header => refused.some((name) => Object.hasOwn(header, name)) ? failed() : header

/** RFC 7515 section 7.1. */
export const compact: Form = {
  form: 'compact',
  mediaType: 'application/jose',
  read(signed) {
    const parts = signed.split('.', 4)
    const [shielded = '', payload = '', signature] = parts
    return parts.length === 3 ? { payload, signatures: [{ header: readHeader(shielded), shielded, bytes: bytesIn('base64url', signature) }] } : failed()
  },
  write: (shielded, payload = '', signature) => `${shielded}.${payload}.${signature}`,
}
