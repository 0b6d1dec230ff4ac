import { constants, verify, type KeyObject } from 'node:crypto'
import { isTagged, objectId, raw, refuse, sequence, small, tagged, type Node } from './asn1.ts'

/** NIST, by object identifier. Neither MD5 nor SHA-1. */
const digests: Readonly<Record<string, string>> = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' }
/** RFC 8017 appendix C, RFC 5758 section 3.2: with the hash in the identifier. */
const signatures: Readonly<Record<string, { readonly type: 'rsa' | 'ec'; readonly hash: string }>> = {
  '1.2.840.113549.1.1.11': { type: 'rsa', hash: 'sha256' }, '1.2.840.113549.1.1.12': { type: 'rsa', hash: 'sha384' }, '1.2.840.113549.1.1.13': { type: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { type: 'ec', hash: 'sha256' }, '1.2.840.10045.4.3.3': { type: 'ec', hash: 'sha384' }, '1.2.840.10045.4.3.4': { type: 'ec', hash: 'sha512' },
}
const rsaEncryption = '1.2.840.113549.1.1.1'
const rsaPss = '1.2.840.113549.1.1.10'
const maskGeneration = '1.2.840.113549.1.1.8'
const ed25519 = '1.3.101.112'
const null_ = Buffer.of(5, 0)

/** The name of a SHA-2 of an AlgorithmIdentifier, whose parameters are NULL or none (RFC 5754 section 2). */
export function digestOf(node: Node | undefined): string {
  const [id, parameters, ...more] = sequence(node)
  if (more.length > 0 || (parameters !== undefined && !raw(parameters).equals(null_))) refuse()
  return digests[objectId(id)] ?? refuse()
}

/** How a signature was made: of which hash, by which kind of key. */
export interface SignedBy {
  readonly type: 'rsa' | 'ec' | 'ed25519'
  readonly hash: string | undefined
  /** Bytes of salt, of RSASSA-PSS. */
  readonly salt?: number | undefined
}

/** An AlgorithmIdentifier of a signature; `digest` where a mere `rsaEncryption` says no hash (RFC 5652 section 5.3, RFC 3370 section 3.2). */
export function signatureOf(node: Node | undefined, digest?: string): SignedBy {
  const [id, parameters, ...more] = sequence(node)
  const name = objectId(id)
  if (more.length > 0) refuse()
  if (name === rsaPss) return pss(parameters)
  const plain = parameters === undefined || raw(parameters).equals(null_)
  if (name === ed25519 && parameters === undefined) return { type: 'ed25519', hash: undefined }
  if (name === rsaEncryption && plain && digest !== undefined) return { type: 'rsa', hash: digest }
  return plain ? signatures[name] ?? refuse() : refuse()
}

/** RFC 4055 section 3.1: one SHA-2 for the hash and the mask, 20 bytes of salt or more, as OpenSSL fills the key with it; the usual trailer. */
function pss(parameters: Node | undefined): SignedBy {
  let hash: string | undefined
  let mask: string | undefined
  let salt = 20
  for (const field of sequence(parameters)) {
    if (isTagged(field, 0)) hash = digestOf(tagged(field, 0)[0])
    else if (isTagged(field, 1)) {
      const [id, of] = sequence(tagged(field, 1)[0])
      mask = objectId(id) === maskGeneration ? digestOf(of) : refuse()
    } else if (isTagged(field, 2)) salt = small(tagged(field, 2)[0])
    else if (!isTagged(field, 3) || small(tagged(field, 3)[0]) !== 1) refuse()
  }
  if (hash === undefined || hash !== mask || salt < 20 || salt > 1_024) refuse()
  return { type: 'rsa', hash, salt }
}

/** RSA of 2048 to 8192 bits, NIST curves and Ed25519: above, one signature would cost what thousands do. */
export function strong(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192 && publicExponent >= 65_537n && publicExponent <= 0xffff_ffffn && publicExponent % 2n === 1n
  return key.asymmetricKeyType === 'ec' ? ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve) : key.asymmetricKeyType === 'ed25519'
}

/** Whether a signature is one of these bytes by this key. A key of one kind makes no signatures of another. */
export function holds(signed: Uint8Array, signature: Uint8Array, { type, hash, salt }: SignedBy, key: KeyObject): boolean {
  if (key.asymmetricKeyType !== type || !strong(key)) return false
  const padding = salt === undefined ? { padding: constants.RSA_PKCS1_PADDING } : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt }
  return verify(hash, signed, type === 'rsa' ? { key, ...padding } : { key, dsaEncoding: 'der' }, signature)
}
