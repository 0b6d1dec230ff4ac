import type { KeyObject } from 'node:crypto'
import { accountNeed, type Account, type Io, type Material, type Need } from 'sallyport'

/** A key for hashes: a shared one of ours and a partner's. */
export type MacKey = Account<Material<'secret-key' | 'short-key', KeyObject>>

export const macKeyNeeds = (key: MacKey): Need[] => [accountNeed(key)]
/** Throws ACCOUNT_UNAVAILABLE. */
export const macKey = (key: MacKey, io: Io): Promise<KeyObject> => io.material(key)

/** Types say the same; a definition in plain JavaScript could leave the key out, and with it the secret. */
export function refuseNoKey(hash: string, key: MacKey | undefined): void {
  if (key?.kind !== 'account') throw new TypeError(`${hash}, key: write account('name', secretKey())`)
}
