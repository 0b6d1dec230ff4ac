import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'
import type { NamedKey } from './key/described.ts'
import { signatureKey, type SignatureKey } from './key/signature-key.ts'

/** A key by which signatures are verified. */
export interface VerifyingKey extends SignatureKey {
  readonly key: KeyObject
}

/**
 * Somebody's public keys for signatures: RSA of 2,048 to 8,192 bits with an odd exponent from 65,537 up, P-256, P-384, P-521
 * or Ed25519. The secret: `{"publicKey": a JWK, or PEM text (SPKI or PKCS#1)}`, and `"kid"` beside it where its owner has a
 * name for the key; or a JWK Set, `{"keys": [JWK, …]}`, of 16 at most: so a partner's key is rotated. A signature by any of
 * them counts. Of a set, keys that are for something else, weak or unknown are passed over (RFC 7517 section 5).
 */
export type VerificationKey = Material<'verification-key', readonly VerifyingKey[]>

/** Somebody's public key, or several, by which their signatures are verified. */
export const verificationKey = (): VerificationKey => ({ signIn: 'verification-key', read })

/** Keys of a set: what names none of them may be tried with each. */
const most = 16

function read(secret: string): readonly VerifyingKey[] {
  const keys = keysOf(secret)
  const names = keys.flatMap(({ kid }) => kid ?? [])
  if (keys.length > 0 && new Set(names).size === names.length) return keys
  throw new TypeError('verification-key account: {"publicKey": a public JWK, or PEM text}, or a JWK Set of at most 16 public keys and no name twice, for signatures, RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519')
}

/** None, where it cannot be read: whatever the readers said may quote it. */
function keysOf(secret: string): VerifyingKey[] {
  try {
    const { publicKey, kid, keys } = JSON.parse(secret) as { publicKey?: string | NamedKey; kid?: string; keys?: readonly NamedKey[] }
    if (keys === undefined) return publicKey === undefined ? [] : verifying(publicKey, kid)
    return publicKey !== undefined || keys.length > most || keys.some(isSecret) ? [] : keys.flatMap((jwk) => ofSet(jwk))
  } catch {
    return []
  }
}

function ofSet(jwk: NamedKey): VerifyingKey[] {
  try {
    return verifying(jwk)
  } catch {
    return []
  }
}

function verifying(given: string | NamedKey, kid?: string): VerifyingKey[] {
  const jwk = typeof given === 'object' ? given : undefined
  // A certificate would be read for its key, without a look at who issued it and until when.
  if (jwk === undefined ? !/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(given as string) : isSecret(jwk)) return []
  const key = createPublicKey(jwk === undefined ? given as string : { key: jwk, format: 'jwk' })
  const what = signatureKey(key, jwk, 'verify', kid)
  return what === undefined ? [] : [{ ...what, key }]
}

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1. */
const privatePart = /^(d[pq]?|p|qi?|oth|k)$/
const isSecret = (jwk: NamedKey): boolean => Object.keys(jwk).some((name) => privatePart.test(name))
