import { readJson } from 'sallyport'
import { bytesIn } from '../fields/encoding.ts'
import { failed, type Encrypted, type Header, type Use } from './algorithm.ts'

/** A content key for one reader, and all that the headers say to them. */
export interface Recipient {
  readonly header: Header
  readonly wrapped: Buffer
}

/** What a text holds: the content, the ASCII text authenticated beside it, and one reader or more. */
export interface Token extends Encrypted {
  readonly aad: string
  readonly recipients: readonly Recipient[]
}

/** A serialisation of RFC 7516 section 7. */
export interface Form {
  readonly form: string
  readonly mediaType: string
  /** Throws a TypeError for the options of a cipher that it does not go with. */
  readonly check?: (use: Use) => void
  /** May throw anything. */
  readonly read: (sealed: string) => Token
  readonly write: (recipients: readonly Recipient[], enc: string, encrypt: (aad: string) => Encrypted) => string
}

/** What a header may not hold: compression tells sizes, a critical extension is unknown, and keys come from us. */
const refused = ['zip', 'crit', 'jku', 'jwk', 'x5u', 'x5c', 'p2s', 'p2c']

/** Throws where it holds what is refused. */
export const checkHeader = (header: Header): Header => refused.some((name) => name in header) ? failed() : header

/** A header of at most 4,096 bytes. Throws where it is none, or holds what is refused. */
export const readHeader = (bytes: Uint8Array): Header => checkHeader((bytes.length > 4_096 ? failed() : readJson(bytes)) as Header)

let last: { readonly text: string; readonly header: Header } | undefined
/** Read once: but for keys of its own a sender writes the same one each time. */
function lastHeader(text: string): Header {
  if (last?.text !== text) last = { text, header: readHeader(bytesIn('base64url', text)) }
  return last.header
}

/** RFC 7516 section 7.1. */
export const compact: Form = {
  form: 'compact',
  mediaType: 'application/jose',
  read(sealed) {
    const parts = sealed.split('.', 6)
    if (parts.length !== 5) failed()
    const [aad = '', ...others] = parts
    const [wrapped, iv, ciphertext, tag] = others.map((part) => bytesIn('base64url', part)) as [Buffer, Buffer, Buffer, Buffer]
    return { aad, iv, ciphertext, tag, recipients: [{ header: lastHeader(aad), wrapped }] }
  },
  write(recipients, enc, encrypt) {
    const [{ header, wrapped }] = recipients as readonly [Recipient]
    const aad = Buffer.from(JSON.stringify({ ...header, enc })).toString('base64url')
    const { iv, ciphertext, tag } = encrypt(aad)
    return [aad, ...[wrapped, iv, ciphertext, tag].map((part) => part.toString('base64url'))].join('.')
  },
}
