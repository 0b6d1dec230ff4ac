import { createPublicKey, type KeyObject } from 'node:crypto'
import { holds, signatureOf, type SignedBy } from './algorithms.ts'
import { bits, boolean, integer, isTagged, objectId, octets, parse, raw, refuse, sequence, small, tagged, time, type Node } from './asn1.ts'

/** What of a certificate (RFC 5280 section 4.1) decides whether it may be relied on. */
export interface Certificate {
  readonly bytes: Buffer
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly serial: Buffer
  readonly notBefore: number
  readonly notAfter: number
  readonly key: KeyObject
  readonly signed: Buffer
  readonly signature: Buffer
  /** Absent: by an algorithm that we do not take, such as over SHA-1. Of what is trusted by itself nobody asks. */
  readonly signedBy: SignedBy | undefined
  /** Basic constraints; absent: no authority. */
  readonly authority: { readonly pathLength: number | undefined } | undefined
  /** Bits of the key usage, the first one lowest; absent: nothing is said. */
  readonly usage: number | undefined
  readonly purposes: readonly string[] | undefined
  readonly keyId: Buffer | undefined
}

/** RFC 5280 section 4.2.1.3. */
export const usages = { digitalSignature: 1 << 0, contentCommitment: 1 << 1, keyCertSign: 1 << 5 } as const

/**
 * Extensions that change nothing here where no policy is asked for: names, key identifiers, policies, and where more is to be
 * found. Every other critical one is refused, and name constraints, policy constraints and the like in any case: they would
 * narrow what an authority may do, and are not read.
 */
const harmless = new Set(['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.18', '2.5.29.19', '2.5.29.32', '2.5.29.35', '2.5.29.37'])
const narrowing = new Set(['2.5.29.30', '2.5.29.33', '2.5.29.36', '2.5.29.54'])

/** Reads a certificate of version 3. Throws for whatever it would have to pass over. */
export function certificateOf(bytes: Uint8Array): Certificate {
  const [toBeSigned, algorithm, signature, ...more] = sequence(parse(bytes))
  if (toBeSigned === undefined || algorithm === undefined || more.length > 0) refuse()
  const [version, serial, inner, issuer, validity, subject, keyInfo, ...optional] = sequence(toBeSigned)
  if (small(tagged(version, 0)[0]) !== 2 || !raw(inner as Node).equals(raw(algorithm as Node))) refuse()
  const [notBefore, notAfter] = sequence(validity)
  const key = createPublicKey({ key: raw(keyInfo as Node), format: 'der', type: 'spki' })
  const extensions = extensionsOf(optional.find((node) => isTagged(node, 3)))
  if (sequence(issuer).length === 0) refuse()
  return {
    bytes: Buffer.from(bytes), issuer: raw(issuer as Node), subject: raw(subject as Node), serial: integer(serial),
    notBefore: time(notBefore), notAfter: time(notAfter), key,
    signed: raw(toBeSigned as Node), signature: bits(signature), signedBy: taken(algorithm),
    authority: authorityOf(extensions.get('2.5.29.19')), usage: usageOf(extensions.get('2.5.29.15')),
    purposes: extensions.has('2.5.29.37') ? sequence(extensions.get('2.5.29.37')).map(objectId) : undefined,
    keyId: extensions.has('2.5.29.14') ? octets(extensions.get('2.5.29.14')) : undefined,
  }
}

function taken(algorithm: Node | undefined): SignedBy | undefined {
  try {
    return signatureOf(algorithm)
  } catch {
    return undefined
  }
}

/** By object identifier, each once (RFC 5280 section 4.2). */
function extensionsOf(node: Node | undefined): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  if (node === undefined) return found
  for (const extension of sequence(tagged(node, 3)[0])) {
    const [id, ...rest] = sequence(extension)
    const name = objectId(id)
    const critical = rest.length > 1 && boolean(rest[0])
    if (rest.length > 2 || found.has(name) || narrowing.has(name) || (critical && !harmless.has(name))) refuse()
    found.set(name, parse(octets(rest.at(-1))))
  }
  return found
}

function authorityOf(node: Node | undefined): Certificate['authority'] {
  if (node === undefined) return undefined
  const [authority, pathLength] = sequence(node)
  if (authority === undefined || !boolean(authority)) return undefined
  const length = pathLength === undefined ? undefined : small(pathLength)
  return { pathLength: length !== undefined && length < 0 ? refuse() : length }
}

function usageOf(node: Node | undefined): number | undefined {
  if (node === undefined) return undefined
  const [first = 0, second = 0] = bits(node)
  let usage = 0
  for (let bit = 0; bit < 8; bit++) usage |= (first >> 7 - bit & 1) << bit | (second >> 7 - bit & 1) << bit + 8
  return usage
}

/** Whether this certificate was signed by the key of the other. */
export const isSignedBy = ({ signed, signature, signedBy }: Certificate, { key }: Certificate): boolean => signedBy !== undefined && holds(signed, signature, signedBy, key)
/** Whether a certificate names itself as its issuer (RFC 5280 section 3.2): such ones do not lengthen a path. */
export const isSelfIssued = ({ issuer, subject }: Certificate): boolean => issuer.equals(subject)
export const isNameless = ({ subject }: Certificate): boolean => sequence(parse(subject)).length === 0
