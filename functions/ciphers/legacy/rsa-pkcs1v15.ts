import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { accountNeed, Fault, type Account, type Opener, type Sealer } from 'sallyport'
import type { PrivateKey } from '../../accounts/private-key.ts'
import type { PublicKey } from '../../accounts/public-key.ts'
import { bytesIn, knownEncoding, type Encoding } from '../fields/encoding.ts'
import { opener } from '../opener.ts'
import { rsaKey } from '../rsa/key.ts'
import { sentence } from './why.ts'

interface Options {
  /**
   * How the ciphertext is written.
   * @default base64
   */
  readonly encoding?: Encoding
  /** Why the partner has no OAEP: a sentence that stands in the manifest. */
  readonly why: string
}

interface Sealing extends Options {
  readonly to: Account<PublicKey>
}

interface Opening extends Options {
  readonly key: Account<PrivateKey>
  /** Bytes of every plaintext: of an AES key 16, 24 or 32. */
  readonly length: number
}

const padding = constants.RSA_PKCS1_PADDING
/** Characters of what 8,192 bits are in hex. */
const longest = 2_048

/**
 * RSAES-PKCS1-v1_5 (RFC 8017 section 7.2), to unwrap keys of a known length that then open an authenticated text. **Whether
 * the padding was right must never show (Bleichenbacher 1998).** OpenSSL 3.2 and later, which Node 24 has, gives bytes of its
 * own for a text that is not padded rightly, the same each time and of any length (implicit rejection,
 * draft-irtf-cfrg-rsa-guidance): those that have not the length end in the one fault, and the others, one in about 250, look
 * like a key that opens nothing. What came out is authentic only by what it opens. Node without implicit rejection opens nothing.
 * For the same reason the first key of the account alone opens: nothing would say that it was another.
 * Sealing throws PAYLOAD_TOO_LARGE with the path (the modulus less 11 bytes), ACCOUNT_UNAVAILABLE; opening DECRYPTION_FAILED,
 * ACCOUNT_UNAVAILABLE. Throws a TypeError for options.
 */
export function rsaPkcs1v15(options: Sealing): Sealer
export function rsaPkcs1v15(options: Opening): Opener
export function rsaPkcs1v15({ encoding = 'base64', why, ...options }: Sealing | Opening): Opener | Sealer {
  knownEncoding('rsaPkcs1v15, encoding', encoding)
  const { to, key, length } = options as Partial<Sealing & Opening>
  const what = { cipher: 'rsa-pkcs1v15', config: { legacy: true, why: sentence('rsaPkcs1v15', why), to, key, length, encoding } }
  if (to !== undefined) return {
    ...what,
    mediaType: 'application/octet-stream',
    needs: [accountNeed(to)],
    async seal(plain, io, where) {
      const reader = await rsaKey(io, to, 'RSA1_5')
      if (plain.length > reader.bytes - 11) throw new Fault('PAYLOAD_TOO_LARGE', [where?.field ?? '$'])
      return { sealed: publicEncrypt({ key: reader.key, padding }, plain).toString(encoding) }
    },
  }
  if (key?.kind !== 'account') throw new TypeError("rsaPkcs1v15: write to: account('name', publicKey()) to seal, or key: to open")
  if (!Number.isInteger(length) || (length as number) < 1 || (length as number) > 1_013) throw new TypeError('rsaPkcs1v15, length: write how many bytes every plaintext has, 1 to 1013')
  return opener({
    ...what,
    needs: [accountNeed(key)],
    async open({ sealed }, io) {
      if (sealed.length > longest) throw new Error('longer than any key makes it')
      const bytes = bytesIn(encoding, sealed)
      const mine = await rsaKey(io, key, 'RSA1_5')
      const plain = bytes.length === mine.bytes ? privateDecrypt({ key: mine.key, padding }, bytes) : undefined
      if (plain === undefined || plain.length !== length) throw new Error('not a key of this length')
      return plain
    },
  })
}
