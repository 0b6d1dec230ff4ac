import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Identifier } from './identifier.ts'
import { hashKeyOf, ledgerKey, type HashKey } from './keys.ts'
import { versionsOf } from './versions.ts'

/** What a digest is for. Each purpose has a key of its own, so that one's digests say nothing about another's. */
export type Purpose = 'ledger' | 'fingerprint' | 'hash' | 'store'

export type Digester = (text: string) => string

/**
 * base64url of the HMAC-SHA-256 of a text, 43 characters, under a key for one purpose and scope. The local key is the MAC
 * that KMS computes over a label, never over what is to be digested: a PRF over label and context, as NIST SP 800-108r1
 * derives keys. One KMS call an execution environment and label.
 */
export const keyed = (environment: Environment, key: HashKey, purpose: Purpose, scope: string, version: number): Promise<Digester> =>
  environment.digesters.get(`${key.name} ${purpose} ${scope} ${version}`, async () => {
    const label = JSON.stringify(['sallyport', purpose, scope, version])
    const local = await mac(environment, address(hashKeyOf(key), environment), label)
    const digest: Digester = (text) => createHmac('sha256', local).update(text).digest('base64url')
    const told = environment.observer?.digested
    return told === undefined ? digest : (text) => {
      const made = digest(text)
      told(purpose, text, made)
      return made
    }
  })

/** The MAC that KMS computes over a label: the local key. Throws UNAVAILABLE. */
export async function mac(environment: Environment, KeyId: string, label: string): Promise<KeyObject> {
  try {
    const { Mac } = await (await aws.kms(environment)).generateMac({ KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(label) })
    return createSecretKey(Mac as Uint8Array)
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** What `hash` leaves of a text: the version, a dot and the digest of its normalised form; without a key, `0.` and its SHA-256. */
export async function pseudonym(environment: Environment, { name, key, normalize }: Identifier): Promise<Digester> {
  if (key.kind === 'unkeyed') return (text) => `0.${createHash('sha256').update(normalize.run(text)).digest('base64url')}`
  const { written } = await versionsOf(environment, key, 0)
  const digest = await keyed(environment, key, 'hash', name, written)
  return (text) => `${written}.${digest(normalize.run(text))}`
}

/** The key of an identifier's ledger items: its own, or the realm's. */
export const ledgerKeyOf = (as: Identifier | undefined): HashKey => as?.key.kind === 'hash-key' ? as.key : ledgerKey
