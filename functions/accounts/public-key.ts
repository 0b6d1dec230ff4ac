import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'
import { described, type Described, type NamedKey } from './key/described.ts'

/** A key to which we seal. */
export interface ReadersKey extends Described {
  readonly key: KeyObject
}

/**
 * Somebody's public key for encryption: RSA of 2,048 to 8,192 bits with an odd exponent from 65,537 up, P-256, P-384 or X25519.
 * The secret: `{"publicKey": a JWK, or PEM text}`, and `"kid"` beside it where the reader has a name for the key.
 */
export type PublicKey = Material<'public-key', ReadersKey>

export const publicKey = (): PublicKey => ({ signIn: 'public-key', read })

function read(secret: string): ReadersKey {
  const { publicKey: given, kid } = JSON.parse(secret) as { publicKey?: string | NamedKey; kid?: string }
  if (given === undefined || /PRIVATE/.test(given as string) || Object.keys(given).some((name) => privatePart.test(name))) {
    throw new TypeError('public-key account: {"publicKey": a public JWK, or PEM text}')
  }
  const key = createPublicKey(typeof given === 'string' ? given : { key: given, format: 'jwk' })
  const what = described(key, given, kid)
  if (what === undefined) throw new TypeError('public-key account: for encryption, RSA of 2048 to 8192 bits, P-256, P-384 or X25519')
  return { ...what, key }
}

/** Of a JWK (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1); of a text the names are numbers. */
const privatePart = /^(d[pq]?|p|qi?|oth|k)$/
