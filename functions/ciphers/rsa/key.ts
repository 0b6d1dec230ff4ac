import type { KeyObject } from 'node:crypto'
import { Fault, type Account, type Io, type Material } from 'sallyport'
import type { Described } from '../../accounts/key/described.ts'
import type { ImportedKey } from '../../accounts/private-key.ts'

/** An RSA key of an account, with its name and the bytes of its modulus. */
export interface RsaKey { readonly key: KeyObject; readonly kid: string; readonly bytes: number }

interface Given extends Described { readonly key: KeyObject }

/** Throws ACCOUNT_UNAVAILABLE, also where it holds a key of another type, or one whose JWK is for another algorithm. */
export const rsaKey = async (io: Io, account: Account<Material<string, Given>>, algorithm: string): Promise<RsaKey> => fitting([await io.material(account)], algorithm)[0]

/** The private key of an account and those that it had before, as far as they fit. Throws as `rsaKey`, where none does. */
export async function rsaKeys(io: Io, account: Account<Material<string, ImportedKey>>, algorithm: string): Promise<readonly RsaKey[]> {
  const newest = await io.material(account)
  return fitting([newest, ...newest.others ?? []], algorithm)
}

function fitting(given: readonly Given[], algorithm: string): readonly [RsaKey, ...RsaKey[]] {
  const [first, ...others] = given.filter(({ type, alg = algorithm }) => type === 'rsa' && alg === algorithm)
    .map(({ key, kid }) => ({ key, kid, bytes: Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) }))
  if (first === undefined) throw new Fault('ACCOUNT_UNAVAILABLE')
  return [first, ...others]
}
