import type { JsonWebKey, KeyObject } from 'node:crypto'
import { strong, type NamedKey } from './described.ts'

/** What keys for signatures are: RSA, or their curve (RFC 7518 section 6.2.1.1, RFC 8037 section 2). */
export type KeyType = 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519'

/** What a key for signatures is, and what it is for. */
export interface SignatureKey {
  readonly type: KeyType
  /** Absent: what it signed may name any key, or none. */
  readonly kid?: string | undefined
  /** The one algorithm that its JWK names. */
  readonly alg?: string | undefined
}

const curves: readonly unknown[] = ['P-256', 'P-384', 'P-521', 'Ed25519'] satisfies readonly KeyType[]

/**
 * Describes a key by its public half; `given` is the JWK it came as, if it did. Undefined where it is too weak, of another
 * kind, or where its JWK says that it is for something else than the operation (RFC 7517 section 4).
 */
export function signatureKey(key: KeyObject, given: NamedKey | undefined, operation: 'sign' | 'verify', kid = given?.kid): SignatureKey | undefined {
  const { use = 'sig', key_ops: operations = [operation], alg } = given ?? {}
  const named = kid === undefined || typeof kid === 'string' && kid.length > 0 && kid.length <= longestKid
  if (!named || use !== 'sig' || !operations.includes(operation) || typeof (alg ?? '') !== 'string') return undefined
  const jwk = key.export({ format: 'jwk' })
  const type = jwk.kty === 'RSA' ? strong(key, jwk) ? 'RSA' : undefined : curves.includes(jwk.crv) && !isSmall(jwk) ? jwk.crv as KeyType : undefined
  return type && { type, kid, alg }
}

/** Characters of a name. */
const longestKid = 256

/**
 * The y coordinates, little endian, of the points on edwards25519 whose order is 8 or less, in each spelling: under such a
 * key anybody signs (RFC 8032 section 8.4 leaves them to us). The highest bit is the sign of x.
 */
const small = [
  `00${'00'.repeat(31)}`, `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]
function isSmall({ crv, x = '' }: JsonWebKey): boolean {
  const y = Buffer.from(x, 'base64url')
  y[31] = (y[31] ?? 0) & 0x7f
  return crv === 'Ed25519' && small.includes(y.toString('hex'))
}
