import type { KeyObject } from 'node:crypto'
import { Fault, type Account, type Io, type Material } from 'sallyport'
import type { Described } from '../../accounts/key/described.ts'

/** An RSA key of an account, with its name and the bytes of its modulus. */
export interface RsaKey { readonly key: KeyObject; readonly kid: string; readonly bytes: number }

/** Throws ACCOUNT_UNAVAILABLE, also where it holds a key of another type, or one whose JWK is for another algorithm. */
export async function rsaKey(io: Io, account: Account<Material<string, Described & { readonly key: KeyObject }>>, algorithm: string): Promise<RsaKey> {
  const { key, kid, type, alg = algorithm } = await io.material(account)
  if (type !== 'rsa' || alg !== algorithm) throw new Fault('ACCOUNT_UNAVAILABLE')
  return { key, kid, bytes: Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) }
}
