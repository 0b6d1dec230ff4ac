import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'

/** A key to which we seal. */
export interface ReadersKey {
  readonly kid: string
  readonly type: 'rsa' | 'ec'
  readonly key: KeyObject
}

/** Somebody's public key: RSA of 2048 bits or more, or P-256. The secret: `{"publicKey": a JWK, or PEM text}`. */
export type PublicKey = Material<'public-key', ReadersKey>

export const publicKey = (): PublicKey => ({ signIn: 'public-key', read })

function read(secret: string): ReadersKey {
  const { publicKey: given } = JSON.parse(secret) as { publicKey?: string | (JsonWebKey & { kid?: string }) }
  if (given === undefined || (typeof given === 'string' ? given.includes('PRIVATE') : 'd' in given || 'k' in given)) {
    throw new TypeError('public-key account: {"publicKey": a public JWK, or PEM text}')
  }
  const key = createPublicKey(typeof given === 'string' ? given : { key: given, format: 'jwk' })
  const jwk = key.export({ format: 'jwk' })
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  const rsa = key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && publicExponent >= 65_537n && publicExponent % 2n === 1n
  if (!rsa && jwk.crv !== 'P-256') throw new TypeError('public-key account: RSA of 2048 bits or more with exponent 65537 or more, or P-256')
  return { kid: (typeof given === 'object' ? given.kid : undefined) ?? thumbprint(jwk), type: rsa ? 'rsa' : 'ec', key }
}

/** RFC 7638: SHA-256 over the required members in alphabetical order. */
const thumbprint = ({ crv, e, kty, n, x, y }: JsonWebKey): string =>
  createHash('sha256').update(JSON.stringify(kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y })).digest('base64url')
