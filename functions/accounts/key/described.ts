import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto'

/** Curves on which keys are agreed: RFC 7518 section 6.2.1.1 and RFC 8037 section 2. */
export type Curve = 'P-256' | 'P-384' | 'X25519'

/** What a JWK says of itself beside the key (RFC 7517 section 4). */
export type NamedKey = JsonWebKey & { readonly kid?: string; readonly use?: string; readonly key_ops?: readonly string[]; readonly alg?: string }

/** What a key for encryption is, and what it is for. */
export interface Described {
  readonly kid: string
  /** `ec` for X25519 as well: what keys are agreed with. */
  readonly type: 'rsa' | 'ec'
  readonly crv?: Curve | undefined
  /** The one algorithm that its JWK names. */
  readonly alg?: string | undefined
}

/**
 * Describes a key by its public half; `given` is the JWK or the PEM text that it came as. Undefined where it is too weak, of
 * another kind, or where its JWK says that it is for something else than encryption.
 */
export function described(key: KeyObject, given: NamedKey | string, kid?: string): Described | undefined {
  const jwk = key.export({ format: 'jwk' })
  const rsa = jwk.kty === 'RSA'
  const prefix = rsa ? 'RSA-O' : 'ECDH-ES'
  // A text has none of these.
  const { use = 'enc', key_ops: operations = ['wrapKey'], alg, kid: name = thumbprint(jwk) } = given as NamedKey
  const called = kid ?? name
  // Only the private half agrees: of a public one Web Cryptography says that it is for no operation.
  return use === 'enc' && (alg ?? prefix).startsWith(prefix) && (operations.length === 0 ? !rsa : operations.some((operation) => /crypt|wrap|derive/.test(operation)))
    && typeof called === 'string' && (rsa ? strong(key, jwk) : curves.includes(jwk.crv as Curve))
    ? { kid: called, type: rsa ? 'rsa' : 'ec', crv: jwk.crv as Curve, alg }
    : undefined
}

const curves: readonly Curve[] = ['P-256', 'P-384', 'X25519']

/** Sizes that are safe and affordable; the exponent as SP 800-56B 6.2 bounds it. */
export function strong({ asymmetricKeyDetails }: KeyObject, { n = '' }: JsonWebKey): boolean {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {}
  return modulusLength >= 2_048 && modulusLength <= 8_192 && publicExponent % 2n === 1n && publicExponent >= 65_537n && publicExponent < 2n ** 256n && !roca(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))
}

/**
 * The primes up to 167 modulo which 65,537 does not generate everything. Those of the Infineon library are its powers modulo
 * all of them (CVE-2017-15361), and so are their products; of other moduli one in 2^27 is.
 */
const telling = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
const roca = (modulus: bigint): boolean => telling.every((prime) => {
  const rest = Number(modulus % BigInt(prime))
  let power = 1
  for (let i = 1; i < prime; i++) {
    if (power === rest) return true
    power = power * 65_537 % prime
  }
  return false
})

/** RFC 7638: SHA-256 over the required members in alphabetical order; without y for RFC 8037. */
const thumbprint = ({ crv, e, kty, n, x, y }: JsonWebKey): string =>
  createHash('sha256').update(JSON.stringify(kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y })).digest('base64url')
