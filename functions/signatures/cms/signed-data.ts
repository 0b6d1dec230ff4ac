import { createHash, timingSafeEqual } from 'node:crypto'
import { digestOf, holds, signatureOf } from './algorithms.ts'
import { integer, isTagged, objectId, octets, parse, raw, refuse, sequence, set, small, tagged, time, type Node } from './asn1.ts'
import { certificateOf, type Certificate } from './certificate.ts'
import { isTrusted } from './path.ts'

export const ids = {
  plain: '1.2.840.113549.1.7.1', signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4', signingTime: '1.2.840.113549.1.9.5',
} as const

/** Protection of mail, signing of documents (RFC 9336). */
const purposes = ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36']
const mostCertificates = 32
const mostSigners = 4
/** Milliseconds by which the clock of who signed may be ahead of ours. */
const ahead = 60_000

/**
 * What was signed, by a SignedData in BER (RFC 5652 section 5) with or without its content. One signer at least must be trusted
 * now, and hold: over signed attributes, which are required, with a time at which its certificate was valid. Throws for all else.
 */
export function contentOf(bytes: Uint8Array, anchors: readonly Certificate[], now: number, detached?: Uint8Array): Uint8Array {
  const [type, wrapped, ...more] = sequence(parse(bytes))
  if (objectId(type) !== ids.signedData || more.length > 0) refuse()
  const [version, , encapsulated, ...rest] = sequence(tagged(wrapped, 0)[0])
  if (![1, 3].includes(small(version))) refuse()
  const [contentType, content] = sequence(encapsulated)
  if (objectId(contentType) !== ids.plain) refuse()
  const attached = content === undefined ? undefined : octets(tagged(content, 0)[0])
  if ((attached === undefined) === (detached === undefined)) refuse()
  const plain = attached ?? detached ?? refuse()
  const certificates = certificatesOf(rest.find((node) => isTagged(node, 0)))
  const signers = set(rest.at(-1))
  if (signers.length === 0 || signers.length > mostSigners) refuse()
  return signers.some((signer) => signed(signer, plain, certificates, anchors, now)) ? plain : refuse()
}

/** Those that can be read: others may stand beside them, such as those of other algorithms. */
function certificatesOf(node: Node | undefined): readonly Certificate[] {
  if (node === undefined) return []
  const all = tagged(node, 0)
  if (all.length > mostCertificates) refuse()
  return all.flatMap((certificate) => {
    try {
      return [certificateOf(raw(certificate))]
    } catch {
      return []
    }
  })
}

/** Whether one SignerInfo (RFC 5652 section 5.3) is a signature of the content by somebody who is trusted. */
function signed(signer: Node, plain: Uint8Array, certificates: readonly Certificate[], anchors: readonly Certificate[], now: number): boolean {
  try {
    const [version, id, digestAlgorithm, attributes, algorithm, signature] = sequence(signer)
    if (version === undefined || id === undefined || attributes === undefined) return false
    const digest = digestOf(digestAlgorithm)
    const signedBy = signatureOf(algorithm, digest)
    // RFC 8419 section 3: Ed25519 over a digest by SHA-512.
    if ((signedBy.hash ?? 'sha512') !== digest) return false
    const at = signingTime(tagged(attributes, 0), createHash(digest).update(plain).digest())
    const certificate = [...certificates, ...anchors].find(named(small(version), id))
    if (certificate === undefined || at > now + ahead || at < certificate.notBefore || at > certificate.notAfter) return false
    // What is signed is the set in its own encoding, not as it is tagged here (RFC 5652 section 5.4).
    const set = raw(attributes)
    set[0] = 0x31
    return holds(set, octets(signature), signedBy, certificate.key) && isTrusted(certificate, certificates, anchors, { purposes, at: now })
  } catch {
    return false
  }
}

/** RFC 5652 section 5.3: by issuer and serial number in version 1, by key identifier in version 3. */
function named(version: number, id: Node): (certificate: Certificate) => boolean {
  if (version === 3 && isTagged(id, 0)) {
    const keyId = Buffer.from((id as Node & { valueBlock: { valueHexView?: Uint8Array } }).valueBlock.valueHexView ?? refuse())
    return (certificate) => certificate.keyId?.equals(keyId) === true
  }
  const [issuer, serial] = version === 1 ? sequence(id) : refuse()
  const [name, number] = [raw(issuer as Node), integer(serial)]
  return (certificate) => certificate.issuer.equals(name) && certificate.serial.equals(number)
}

/** Of signed attributes (RFC 5652 section 11): each once with one value, the type and the digest those of the content. */
function signingTime(attributes: readonly Node[], digest: Buffer): number {
  const values = new Map<string, Node>()
  for (const attribute of attributes) {
    const [id, all, ...more] = sequence(attribute)
    const [value, ...others] = set(all)
    const name = objectId(id)
    if (value === undefined || more.length > 0 || values.has(name) || (others.length > 0 && name in known)) refuse()
    values.set(name, value as Node)
  }
  const given = octets(values.get(ids.messageDigest))
  if (objectId(values.get(ids.contentType)) !== ids.plain || given.length !== digest.length || !timingSafeEqual(given, digest)) refuse()
  return time(values.get(ids.signingTime))
}

const known: Readonly<Record<string, true>> = { [ids.contentType]: true, [ids.messageDigest]: true, [ids.signingTime]: true }
