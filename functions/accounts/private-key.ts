import { constants, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Material, PrivateKey as Half } from 'sallyport'
import { described, type Curve, type Described, type NamedKey } from './key/described.ts'

/** A private key of ours in memory. */
export interface ImportedKey extends Described, Half {
  readonly type: 'rsa' | 'ec'
  readonly key: KeyObject
  /** RSA-OAEP by a hash, SHA-256 unless said otherwise; the mask is made by the same one. */
  readonly unwrap?: (wrapped: Uint8Array, hash?: string) => Uint8Array
  /** ECDH on the curve of the key; X25519 has no y. Throws where the point is not on the curve, or is of small order. */
  readonly agree?: (x: Uint8Array, y: Uint8Array) => Uint8Array
  /** Those that stood before it in the secret's list, by their names. */
  readonly others?: readonly ImportedKey[]
}

/**
 * A private key for encryption that was made elsewhere (custody `imported`): RSA of 2,048 to 8,192 bits, P-256, P-384 or X25519.
 * The secret: `{"privateKey": a JWK, or PEM text (PKCS#8, PKCS#1 or SEC1, not encrypted)}`, and `"kid"` beside it where
 * senders have a name for the key; else it is the JWK's, else the RFC 7638 thumbprint. To change the key, write
 * `{"privateKeys": [the new one, the old one]}`, up to eight: all of them open, by the name that a token gives.
 */
export type PrivateKey = Material<'private-key', ImportedKey>

/** Key material that opens: for `jwe({ key: account('inbox', privateKey()) })`. It is not sent anywhere. */
export const privateKey = (): PrivateKey => ({ signIn: 'private-key', read })

function read(secret: string): ImportedKey {
  try {
    const { privateKey, privateKeys = [privateKey], kid } = JSON.parse(secret) as { privateKey?: string | NamedKey; privateKeys?: readonly (string | NamedKey | null | undefined)[]; kid?: string }
    const [first, ...others] = privateKeys.length <= 8 ? privateKeys.map((each, i) => each && one(each, i === 0 ? kid : undefined)) : []
    if (first && others.every(isRead)) return others.length === 0 ? first : { ...first, others }
  } catch {
    // Whatever the readers said may quote the key.
  }
  throw new TypeError(`private-key account: {"privateKey": a JWK, or PEM text that is not encrypted}, for encryption, RSA of 2048 to 8192 bits, P-256, P-384 or X25519`)
}

const isRead = (key: ImportedKey | '' | null | undefined): key is ImportedKey => Boolean(key)

function one(given: string | NamedKey, kid: string | undefined): ImportedKey | undefined {
  const jwk = typeof given === 'object' ? { key: given, format: 'jwk' as const } : undefined
  const key = createPrivateKey(jwk ?? given as string)
  const publicHalf = createPublicKey(jwk === undefined ? key : { ...jwk, key: publicPart(jwk.key) })
  const what = described(publicHalf, given, kid)
  const imported = what && { ...what, key, ...what.crv === undefined ? unwrapping(key) : agreeing(key, what.crv) }
  return imported !== undefined && isPair(imported, publicHalf) ? imported : undefined
}

/** Of a JWK that holds both halves node makes the public one of the private: what stands there is looked at instead. */
const publicPart = ({ crv, e, kty, n, x, y }: JsonWebKey): JsonWebKey => ({ crv, e, kty, n, x, y })

const oaep = (key: KeyObject, oaepHash: string) => ({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING })

const unwrapping = (key: KeyObject): Pick<Required<ImportedKey>, 'unwrap'> => ({ unwrap: (wrapped, hash = 'sha256') => privateDecrypt(oaep(key, hash), wrapped) })

const agreeing = (privateKey: KeyObject, crv: Curve): Pick<Required<ImportedKey>, 'agree'> => ({
  agree(x, y) {
    const [first, second] = [x, y].map((part) => Buffer.from(part).toString('base64url'))
    const publicKey = createPublicKey({ key: crv === 'X25519' ? { kty: 'OKP', crv, x: first } : { kty: 'EC', crv, x: first, y: second }, format: 'jwk' })
    return diffieHellman({ privateKey, publicKey })
  },
})

/** Whether both halves belong together (SP 800-56A 5.6.2.1.4, SP 800-56B 6.4.1.1): a JWK can hold any two. */
function isPair({ key, crv, unwrap }: ImportedKey, publicHalf: KeyObject): boolean {
  if (crv === undefined) {
    const text = randomBytes(32)
    return unwrap !== undefined && text.equals(unwrap(publicEncrypt(oaep(publicHalf, 'sha256'), text)))
  }
  const other = crv === 'X25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ec', { namedCurve: crv })
  return diffieHellman({ privateKey: key, publicKey: other.publicKey }).equals(diffieHellman({ privateKey: other.privateKey, publicKey: publicHalf }))
}
