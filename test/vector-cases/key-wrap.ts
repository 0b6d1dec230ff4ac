import { createSecretKey } from 'node:crypto'
import { a128Kw, a192Kw, a256Gcm, a256Kw } from '../../functions/ciphers/jwe-algorithms.ts'
import { bytes, notOffered, number, refused, type Case, type Outcome } from './case.ts'

const offered = [a128Kw, a192Kw, a256Kw]

/** AES Key Wrap (RFC 3394) of a content key, as JWE does it: unwrapped, or wrapped where that is what is left out. */
export async function keyWrap({ group, test }: Case): Promise<Outcome> {
  const by = offered.find(({ alg }) => alg === `A${number(group, 'keySize')}KW`)
  if (by === undefined) return notOffered
  const key = { type: 'secret', key: createSecretKey(bytes(test, 'key')) } as const
  // The content encryption says how long a key may be, which is looked at behind the algorithm: any is, but none.
  if (!('ct' in test)) return by.wrap(key, () => bytes(test, 'msg'), a256Gcm).wrapped
  const cek = await by.unwrap(key, bytes(test, 'ct'), {}, a256Gcm) as Uint8Array
  return cek.length > 0 ? cek : refused()
}
