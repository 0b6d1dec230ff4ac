import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { Fault } from './fault.ts'
import type { Identifier } from './identifier.ts'
import { hashKeyNeed, ledgerKey, type HashKey } from './keys.ts'
import { Once } from './once.ts'

/** What a digest is for. Each purpose has a key of its own, so that one's digests say nothing about another's. */
export type Purpose = 'ledger' | 'fingerprint' | 'hash'

/** The version under which new digests are made. Old ones stay readable for the retention of what they key. */
export const digestVersion = 1

const keys = new Once<KeyObject>()

/**
 * The local HMAC-SHA-256 key for a purpose and scope: the MAC that KMS computes over a label, never over what is to be
 * digested. One KMS call an execution environment and label; 256 bits (NIST SP 800-108r1, a PRF over label and context).
 */
function derived(key: HashKey, purpose: Purpose, scope: string, version: number): Promise<KeyObject> {
  const label = JSON.stringify(['sallyport', purpose, scope, version])
  const KeyId = address(hashKeyNeed(key).resource)
  return keys.get(`${KeyId} ${label}`, async () => {
    try {
      const { Mac } = await (await aws.kms()).generateMac({ KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(label) })
      return createSecretKey(Mac as Uint8Array)
    } catch {
      throw new Fault('UNAVAILABLE')
    }
  })
}

/** base64url of the HMAC-SHA-256 of a text: 43 characters. */
export async function keyed(key: HashKey, purpose: Purpose, scope: string, version = digestVersion): Promise<(text: string) => string> {
  const local = await derived(key, purpose, scope, version)
  return (text) => createHmac('sha256', local).update(text).digest('base64url')
}

/** What `hash` leaves of a text: `1.` and the digest of its normalised form; without a key, `0.` and its SHA-256. */
export async function pseudonym({ name, key, normalize }: Identifier): Promise<(text: string) => string> {
  if (key.kind === 'unkeyed') return (text) => `0.${createHash('sha256').update(normalize.run(text)).digest('base64url')}`
  const digest = await keyed(key, 'hash', name)
  return (text) => `${digestVersion}.${digest(normalize.run(text))}`
}

/** The key of an identifier's ledger items: its own, or the realm's. */
export const ledgerKeyOf = (as: Identifier | undefined): HashKey => as?.key.kind === 'hash-key' ? as.key : ledgerKey
