import { X509Certificate } from 'node:crypto'
import type { Material } from 'sallyport'
import { certificatesOf } from './certificate-chain.ts'

/** Certificates that are trusted by themselves, in PEM: of authorities, or of signers one by one. */
export type TrustAnchors = Material<'trust-anchors', readonly string[]>

/** The secret: `{"trustAnchors": PEM text}`, of 32 certificates at most. What they may sign, and until when, is in them. */
export const trustAnchors = (): TrustAnchors => ({ signIn: 'trust-anchors', read })

const most = 32

function read(secret: string): readonly string[] {
  const { trustAnchors: pem } = JSON.parse(secret) as { trustAnchors?: unknown }
  const certificates = typeof pem === 'string' ? certificatesOf(pem) : []
  if (certificates.length === 0 || certificates.length > most) throw new TypeError('trust-anchors account: {"trustAnchors": 1 to 32 certificates as PEM text}')
  for (const certificate of certificates) void new X509Certificate(certificate)
  return certificates
}
