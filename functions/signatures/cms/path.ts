import { strong } from './algorithms.ts'
import { isNameless, isSelfIssued, isSignedBy, usages, type Certificate } from './certificate.ts'

/** Certificates between a signer and what is trusted, at most. */
const deepest = 8
/** Signatures that are verified for one path, at most: certificates of senders can name each other in circles. */
const mostChecks = 64

/** What a signer must be allowed to do: one of the purposes (RFC 5280 section 4.2.1.12), where its certificate lists any. */
export interface Wanted {
  readonly purposes: readonly string[]
  /** Epoch milliseconds. */
  readonly at: number
}

const anyPurpose = '2.5.29.37.0'

/**
 * Whether a path leads from the signer's certificate to one that is trusted (RFC 5280 section 6.1): names chained byte for byte,
 * signatures, validity, basic constraints, path lengths, key usage, of the trusted one too, and purposes of the others. Not read: name and policy
 * constraints (who has them is refused) and revocation (nothing is fetched; trust is taken back by the account).
 */
export function isTrusted(signer: Certificate, others: readonly Certificate[], anchors: readonly Certificate[], wanted: Wanted): boolean {
  if (!isValid(signer, wanted) || !maySign(signer)) return false
  // Trusted by itself, one by one: then nobody else has to vouch for it, and it for nobody.
  if (anchors.some(({ bytes }) => bytes.equals(signer.bytes))) return true
  if (signer.authority !== undefined || has(signer, usages.keyCertSign)) return false
  let checks = 0
  const leads = (certificate: Certificate, path: readonly Certificate[]): boolean => {
    if (path.length > deepest) return false
    const below = path.filter((other) => other !== signer && !isSelfIssued(other)).length
    const issues = (issuer: Certificate): boolean => issuer.subject.equals(certificate.issuer) && mayIssue(issuer, below, wanted)
      && ++checks <= mostChecks && isSignedBy(certificate, issuer)
    if (anchors.some(issues)) return true
    return others.some((issuer) => !path.includes(issuer) && issues(issuer) && serves(issuer, wanted) && leads(issuer, [...path, issuer]))
  }
  return leads(signer, [signer])
}

const has = ({ usage }: Certificate, bit: number): boolean => usage !== undefined && (usage & bit) !== 0

/** RFC 8550 section 4.4.2: either says that its key signs messages. Who says nothing is not taken. */
const maySign = (certificate: Certificate): boolean => has(certificate, usages.digitalSignature) || has(certificate, usages.contentCommitment)

const isValid = (certificate: Certificate, wanted: Wanted): boolean =>
  certificate.notBefore <= wanted.at && wanted.at <= certificate.notAfter && strong(certificate.key) && serves(certificate, wanted)

const serves = ({ purposes }: Certificate, wanted: Wanted): boolean =>
  purposes === undefined || purposes.some((purpose) => purpose === anyPurpose || wanted.purposes.includes(purpose))

/** `below`: authorities between it and the signer, self-issued ones not counted (RFC 5280 section 4.2.1.9). */
const mayIssue = (issuer: Certificate, below: number, { at }: Wanted): boolean =>
  issuer.notBefore <= at && at <= issuer.notAfter && strong(issuer.key) && !isNameless(issuer)
  && issuer.authority !== undefined && (issuer.authority.pathLength === undefined || issuer.authority.pathLength >= below)
  && (issuer.usage === undefined || has(issuer, usages.keyCertSign))
