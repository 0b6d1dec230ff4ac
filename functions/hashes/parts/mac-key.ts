import type { KeyObject } from 'node:crypto'
import { accountNeed, Fault, hashKeyNeeds, type Account, type HashKey, type Io, type Material, type Need } from 'sallyport'

/** A key for hashes: one of ours (custody `wrapped`), or a shared one of ours and a partner's (`imported`). */
export type MacKey = HashKey | Account<Material<'secret-key' | 'short-key', KeyObject>>

export const macKeyNeeds = (key: MacKey): Need[] => key.kind === 'hash-key' ? hashKeyNeeds(key) : [accountNeed(key)]

/** The version of a key of ours that is written now; of an imported one there is none. Throws UNAVAILABLE. */
export const versionOf = (key: MacKey | undefined, scope: string) => key?.kind !== 'hash-key' ? undefined : async (io: Io): Promise<number> => (await io.mac(key, scope))?.version ?? 1

/** Each scope has a key of its own. Throws ACCOUNT_UNAVAILABLE, UNAVAILABLE; PAYLOAD_INVALID for a version that there is not. */
export async function macKey(key: MacKey, io: Io, scope: string, version?: number): Promise<KeyObject> {
  if (key.kind !== 'hash-key') return io.material(key)
  const derived = await io.mac(key, scope, version)
  if (derived === undefined) throw new Fault('PAYLOAD_INVALID')
  return derived.key
}

/** Types say the same; a definition in plain JavaScript could leave the key out, and with it the secret. */
export function refuseNoKey(hash: string, key: MacKey | undefined): void {
  if (key?.kind !== 'account' && key?.kind !== 'hash-key') throw new TypeError(`${hash}, key: write hashKey('name'), or account('name', secretKey())`)
}
