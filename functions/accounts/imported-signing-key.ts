import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'
import type { NamedKey } from './key/described.ts'
import { signatureKey, type SignatureKey } from './key/signature-key.ts'

/** Both halves of a key of ours in memory. */
export interface SigningPair extends SignatureKey {
  readonly key: KeyObject
  readonly publicKey: KeyObject
  /** Those that stood behind it in the secret's list: they sign no more, and what they signed still holds. */
  readonly others?: readonly SigningPair[]
}

/**
 * A private key for signatures that was made elsewhere (custody `imported`): RSA of 2,048 to 8,192 bits, P-256, P-384, P-521 or
 * Ed25519. The secret: `{"privateKey": a JWK, or PEM text (PKCS#8, PKCS#1 or SEC1, not encrypted)}`, and `"kid"` beside it
 * by which verifiers know the key; else it is the JWK's, if it has one. To change the key, write
 * `{"privateKeys": [the old one, the new one]}`, and five minutes later, when every environment knows it, the new one first. Up to
 * eight: the first signs, and what any of them signed is verified.
 */
export type ImportedSigningKey = Material<'imported-signing-key', SigningPair>

/** A private key of ours, imported, that signs. */
export const importedSigningKey = (): ImportedSigningKey => ({ signIn: 'imported-signing-key', read })

function read(secret: string): SigningPair {
  try {
    const { privateKey, privateKeys = [privateKey], kid } = JSON.parse(secret) as { privateKey?: string | NamedKey; privateKeys?: readonly (string | NamedKey | null | undefined)[]; kid?: string }
    const [first, ...others] = privateKeys.length <= most ? privateKeys.map((each, i) => each && one(each, i === 0 ? kid : undefined)) : []
    if (first && others.every(isRead)) return others.length === 0 ? first : { ...first, others }
  } catch {
    // Whatever the readers said may quote the key.
  }
  throw new TypeError('imported-signing-key account: {"privateKey": a JWK, or PEM text that is not encrypted}, for signatures, RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519')
}

/** Keys of a secret. */
const most = 8

const isRead = (pair: SigningPair | '' | null | undefined): pair is SigningPair => Boolean(pair)

function one(given: string | NamedKey, kid: string | undefined): SigningPair | undefined {
  const jwk = typeof given === 'object' ? given : undefined
  const key = createPrivateKey(jwk === undefined ? given as string : { key: jwk, format: 'jwk' })
  const publicKey = createPublicKey(jwk === undefined ? key : { key: publicHalf(jwk), format: 'jwk' })
  const what = signatureKey(publicKey, jwk, 'sign', kid)
  return what !== undefined && isPair(key, publicKey, what.type === 'Ed25519' ? undefined : 'sha256') ? { ...what, key, publicKey } : undefined
}

/** With the private number in it, node makes the public half from that, whatever stands beside it. */
const publicHalf = ({ d: _private, ...rest }: NamedKey): NamedKey => rest

/** Whether both halves belong together (FIPS 186-5 appendix A): a JWK can hold any two. */
function isPair(key: KeyObject, publicKey: KeyObject, digest: string | undefined): boolean {
  const text = randomBytes(32)
  return verify(digest, text, publicKey, sign(digest, text, key))
}
