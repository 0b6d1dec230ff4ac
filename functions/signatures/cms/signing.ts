import { constants, createHash, sign, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from 'sallyport'
import { der, oid } from './asn1.ts'
import type { Certificate } from './certificate.ts'
import { ids } from './signed-data.ts'

/** How each is written: the digest, the kind of key, and the AlgorithmIdentifier of the signature (RFC 5754, RFC 4056, RFC 8419). */
interface Written { readonly hash: 'sha256' | 'sha384' | 'sha512'; readonly type: 'rsa' | 'ec' | 'ed25519'; readonly algorithm: Buffer; readonly salt?: number }

const digestIds = { sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha512: '2.16.840.1.101.3.4.2.3' }
const null_ = Buffer.of(5, 0)
const identifier = (id: string, ...parameters: readonly Buffer[]): Buffer => der(0x30, oid(id), ...parameters)

const pkcs1 = (hash: Written['hash'], id: string): Written => ({ hash, type: 'rsa', algorithm: identifier(id, null_) })
const ecdsa = (hash: Written['hash'], id: string): Written => ({ hash, type: 'ec', algorithm: identifier(id) })
function pss(hash: Written['hash'], salt: number): Written {
  const digest = identifier(digestIds[hash])
  return { hash, type: 'rsa', salt, algorithm: identifier('1.2.840.113549.1.1.10', der(0x30, der(0xa0, digest), der(0xa1, identifier('1.2.840.113549.1.1.8', digest)), der(0xa2, der(2, Buffer.of(salt))))) }
}

const written: { readonly [A in SigningAlgorithm]: () => Written } = {
  RS256: () => pkcs1('sha256', '1.2.840.113549.1.1.11'), RS384: () => pkcs1('sha384', '1.2.840.113549.1.1.12'), RS512: () => pkcs1('sha512', '1.2.840.113549.1.1.13'),
  PS256: () => pss('sha256', 32), PS384: () => pss('sha384', 48), PS512: () => pss('sha512', 64),
  ES256: () => ecdsa('sha256', '1.2.840.10045.4.3.2'), ES384: () => ecdsa('sha384', '1.2.840.10045.4.3.3'), ES512: () => ecdsa('sha512', '1.2.840.10045.4.3.4'),
  EdDSA: () => ({ hash: 'sha512', type: 'ed25519', algorithm: identifier('1.3.101.112') }),
}

/** Whether a key of this kind signs by the algorithm. */
export const fits = (algorithm: SigningAlgorithm, key: KeyObject): boolean => written[algorithm]().type === key.asymmetricKeyType

/** A SignedData in DER (RFC 5652 section 5) of one signer, with its certificates and the time, and with the content unless it is detached. */
export function signedData(plain: Uint8Array, key: KeyObject, certificates: readonly Certificate[], algorithm: SigningAlgorithm, now: number, detached: boolean): Buffer {
  const { hash, type, algorithm: identified, salt } = written[algorithm]()
  const [signer] = certificates as readonly [Certificate, ...Certificate[]]
  const digestAlgorithm = identifier(digestIds[hash])
  const attribute = (id: string, value: Buffer): Buffer => der(0x30, oid(id), der(0x31, value))
  // A set is sorted by its encodings (X.690 section 11.6).
  const attributes = [
    attribute(ids.contentType, oid(ids.plain)),
    attribute(ids.signingTime, timeOf(now)),
    attribute(ids.messageDigest, der(4, createHash(hash).update(plain).digest())),
  ].sort((a, b) => a.compare(b))
  const padding = salt === undefined ? { padding: constants.RSA_PKCS1_PADDING } : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt }
  const signature = sign(type === 'ed25519' ? undefined : hash, der(0x31, ...attributes), type === 'rsa' ? { key, ...padding } : { key, dsaEncoding: 'der' })
  const signerInfo = der(0x30, der(2, Buffer.of(1)), der(0x30, signer.issuer, der(2, signer.serial)), digestAlgorithm, der(0xa0, ...attributes), identified, der(4, signature))
  return der(0x30, oid(ids.signedData), der(0xa0, der(0x30,
    der(2, Buffer.of(1)), der(0x31, digestAlgorithm),
    der(0x30, oid(ids.plain), ...detached ? [] : [der(0xa0, der(4, plain))]),
    der(0xa0, ...certificates.map(({ bytes }) => bytes).sort((a, b) => a.compare(b))),
    der(0x31, signerInfo))))
}

/** RFC 5652 section 11.3: UTCTime until 2049, GeneralizedTime from 2050 on. */
function timeOf(now: number): Buffer {
  const text = new Date(now).toISOString().replace(/[-:T]|\.\d{3}/g, '')
  return Number(text.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}
