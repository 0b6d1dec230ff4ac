import type { KeyObject } from 'node:crypto'
import { accountNeed, Fault, hashKeyNeeds, type Account, type HashKey, type Io, type Material, type Need } from 'sallyport'
import { keysOf } from '../../accounts/secret-key.ts'

/** A key for hashes: one of ours (custody `wrapped`), or a shared one of ours and a partner's (`imported`). */
export type MacKey = HashKey | Account<Material<'secret-key' | 'short-key', KeyObject>>

export const macKeyNeeds = (key: MacKey): Need[] => key.kind === 'hash-key' ? hashKeyNeeds(key) : [accountNeed(key)]

/** The version of a key of ours that is written now; of an imported one there is none. Throws UNAVAILABLE. */
export const versionOf = (key: MacKey | undefined, scope: string) => key?.kind !== 'hash-key' ? undefined : async (io: Io): Promise<number> => (await io.mac(key, scope))?.version ?? 1

/** How many keys a shared one had before: what they made still matches. Of a key of ours the versions say it. Throws ACCOUNT_UNAVAILABLE. */
export const formerOf = (key: MacKey | undefined) => key?.kind !== 'account' ? undefined : async (io: Io): Promise<number> => keysOf(await io.material(key)).length - 1

/**
 * A key of ours under a version, the written one unless it is given: each scope has a key of its own. A shared key is the newest one,
 * or one as many changes back. Throws ACCOUNT_UNAVAILABLE, UNAVAILABLE; PAYLOAD_INVALID for a version that there is not.
 */
export async function macKey(key: MacKey, io: Io, scope: string, under?: number): Promise<KeyObject> {
  if (key.kind !== 'hash-key') {
    const newest = await io.material(key)
    // Its secret may have been read anew since the former ones were counted.
    return keysOf(newest)[under ?? 0] ?? newest
  }
  const derived = await io.mac(key, scope, under)
  if (derived === undefined) throw new Fault('PAYLOAD_INVALID')
  return derived.key
}

/** Types say the same; a definition in plain JavaScript could leave the key out, and with it the secret. */
export function refuseNoKey(hash: string, key: MacKey | undefined): void {
  if (key?.kind !== 'account' && key?.kind !== 'hash-key') throw new TypeError(`${hash}, key: write hashKey('name'), or account('name', secretKey())`)
}
