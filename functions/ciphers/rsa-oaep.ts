import type { Opener, Sealer } from 'sallyport'
import { oaep, type OaepOpening, type OaepOpeningByPair, type OaepSealing } from './rsa/oaep.ts'

export type { OaepOpening, OaepOpeningByPair, OaepSealing } from './rsa/oaep.ts'

const hashes = {
  'sha-256': { name: 'sha256', bytes: 32, alg: 'RSA-OAEP-256' },
  'sha-384': { name: 'sha384', bytes: 48, alg: 'RSA-OAEP-384' },
  'sha-512': { name: 'sha512', bytes: 64, alg: 'RSA-OAEP-512' },
} as const

interface Hashing {
  /**
   * Of the label and of the mask alike.
   * @default sha-256
   */
  readonly hash?: keyof typeof hashes
}

/**
 * RSAES-OAEP (RFC 8017 section 7.1) for short fields, and for keys: with a modulus of 2,048 bits 190 bytes at most, 126 with
 * SHA-512, 382 and 318 with 3,072 bits; longer ones are for `jwe`. `to` seals, `key` opens; base64url unless said otherwise.
 * A ciphertext whose mask is by another hash is refused: Java's `OAEPWithSHA-256AndMGF1Padding` takes SHA-1 there, unless it
 * is told by an `OAEPParameterSpec`. The text is bound to nothing but the key unless `bind` says so.
 *
 * A key is wrapped where it stands, and unwrapped by the reader, with the encoding that it has in the payload:
 * `encryptFields(rsaOaep({ to: bank, wraps: 'base64', encoding: 'base64' }), { fields: ['sessionKey'] })`, and
 * `decryptFields(rsaOaep({ key: inbox, wraps: 'base64', encoding: 'base64' }), …)`.
 *
 * Throws a TypeError for options that do not go together. Sealing throws PAYLOAD_TOO_LARGE and PAYLOAD_INVALID with the path,
 * and ACCOUNT_UNAVAILABLE; opening throws DECRYPTION_FAILED, UNAVAILABLE, ACCOUNT_UNAVAILABLE.
 */
export function rsaOaep(options: OaepSealing & Hashing): Sealer
export function rsaOaep(options: OaepOpening & Hashing): Opener
export function rsaOaep(options: OaepOpeningByPair): Opener
export function rsaOaep({ hash = 'sha-256', ...options }: (OaepSealing | OaepOpening | OaepOpeningByPair) & Hashing): Opener | Sealer {
  if (!Object.hasOwn(hashes, hash)) throw new TypeError('rsaOaep, hash: write sha-256, sha-384 or sha-512')
  return oaep(options, { cipher: 'rsa-oaep', called: 'rsaOaep', config: { hash }, hash: hashes[hash] })
}
