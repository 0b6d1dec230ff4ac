import { constants, createHmac, sign, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from 'sallyport'
import type { KeyType } from '../../accounts/key/signature-key.ts'

/** With a key pair (RFC 7518 section 3.1, RFC 8037 section 3.1); `Ed25519` is what RFC 9864 calls EdDSA with that curve. */
export type PairAlgorithm = SigningAlgorithm | 'Ed25519'
/** With a shared key (RFC 7518 section 3.2). */
export type SharedAlgorithm = 'HS256' | 'HS384' | 'HS512'
export type Algorithm = PairAlgorithm | SharedAlgorithm

interface How {
  readonly keys: KeyType | 'secret'
  readonly digest?: 'sha256' | 'sha384' | 'sha512'
  readonly pss?: true
  /** Bytes of a signature; absent: those of the modulus, which OpenSSL demands. */
  readonly bytes?: number
}

/** How node:crypto does what JWA names, and with which keys. */
export const algorithms: Readonly<Record<Algorithm, How>> = {
  RS256: { keys: 'RSA', digest: 'sha256' }, RS384: { keys: 'RSA', digest: 'sha384' }, RS512: { keys: 'RSA', digest: 'sha512' },
  PS256: { keys: 'RSA', digest: 'sha256', pss: true }, PS384: { keys: 'RSA', digest: 'sha384', pss: true }, PS512: { keys: 'RSA', digest: 'sha512', pss: true },
  ES256: { keys: 'P-256', digest: 'sha256', bytes: 64 }, ES384: { keys: 'P-384', digest: 'sha384', bytes: 96 }, ES512: { keys: 'P-521', digest: 'sha512', bytes: 132 },
  EdDSA: { keys: 'Ed25519', bytes: 64 }, Ed25519: { keys: 'Ed25519', bytes: 64 },
  HS256: { keys: 'secret', digest: 'sha256', bytes: 32 }, HS384: { keys: 'secret', digest: 'sha384', bytes: 48 }, HS512: { keys: 'secret', digest: 'sha512', bytes: 64 },
}

/** How an ECDSA signature is spelled: R and S side by side, or as ASN.1 (RFC 3279 section 2.2.3). */
export type Format = 'der' | 'ieee-p1363'

/** The salt of PSS is as long as the digest, and its mask made by the same one (RFC 7518 section 3.5). */
const keyed = (key: KeyObject, pss: true | undefined, dsaEncoding: Format) => ({
  key, dsaEncoding, ...pss && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
})

/** Of ECDSA: R and S side by side. */
export function signed(algorithm: Algorithm, key: KeyObject, plain: Uint8Array): Buffer {
  const { keys, digest, pss } = algorithms[algorithm]
  return keys === 'secret' ? createHmac(digest as string, key).update(plain).digest() : sign(digest, plain, keyed(key, pss, 'ieee-p1363'))
}

/** Whether it is a signature of these bytes. OpenSSL takes DER in its one spelling alone; it may throw. */
export function holds(algorithm: Algorithm, key: KeyObject, plain: Uint8Array, signature: Uint8Array, format: Format = 'ieee-p1363'): boolean {
  const { keys, digest, pss, bytes = signature.length } = algorithms[algorithm]
  if (format === 'ieee-p1363' && signature.length !== bytes) return false
  return keys === 'secret' ? timingSafeEqual(signed(algorithm, key, plain), signature) : verify(digest, plain, keyed(key, pss, format), signature)
}
