import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'

/** A private key of ours, and what says whose it is. */
export interface CertifiedKey {
  readonly privateKey: KeyObject
  /** In PEM: of the key first, then of each issuer, up to what is trusted by itself. */
  readonly certificates: readonly string[]
}

/** RSA of 2048 bits or more, ECDSA on a NIST curve, or Ed25519, with its certificates. */
export type CertificateChain = Material<'certificate-chain', CertifiedKey>

/** The secret: `{"privateKey": PEM text, "passphrase": if it is locked, "certificateChain": PEM text, that of the key first}`. */
export const certificateChain = (): CertificateChain => ({ signIn: 'certificate-chain', read })

const most = 8

function read(secret: string): CertifiedKey {
  const { privateKey: pem, passphrase, certificateChain: chain } = JSON.parse(secret) as { privateKey?: unknown; passphrase?: unknown; certificateChain?: unknown }
  if (typeof pem !== 'string' || typeof chain !== 'string' || (passphrase !== undefined && typeof passphrase !== 'string')) {
    throw new TypeError('certificate-chain account: {"privateKey": PEM text, "passphrase": text, if it is locked, "certificateChain": PEM text}')
  }
  const privateKey = createPrivateKey({ key: pem, passphrase })
  const certificates = certificatesOf(chain)
  const { modulusLength = 0, namedCurve = '' } = privateKey.asymmetricKeyDetails ?? {}
  const fit = privateKey.asymmetricKeyType === 'rsa' ? modulusLength >= 2048
    : privateKey.asymmetricKeyType === 'ec' ? ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve) : privateKey.asymmetricKeyType === 'ed25519'
  const [first] = certificates
  if (!fit) throw new TypeError('certificate-chain account: a key of RSA with 2048 bits or more, P-256, P-384, P-521 or Ed25519')
  if (first === undefined || certificates.length > most || !new X509Certificate(first).checkPrivateKey(privateKey)) {
    throw new TypeError('certificate-chain account: one to eight certificates, the first of them of the key')
  }
  return { privateKey, certificates }
}

/** Each certificate of a PEM text (RFC 7468 section 5). */
export const certificatesOf = (pem: string): readonly string[] => pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? []
