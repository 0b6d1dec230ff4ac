import type { Hasher } from '../../functions/hashes/hasher.ts'
import { hmac } from '../../functions/hashes/hmac.ts'
import { hmacSha1 } from '../../functions/hashes/legacy.ts'
import { bytes, number, refused, skipped, type Case, type Outcome, type Run } from './case.ts'
import { sharedKey, sharing } from './keys.ts'

export const hmacSha1Cases: Run = (given) => authenticated(hmacSha1({ key: sharedKey }), 160, given)
export const hmacSha256Cases: Run = (given) => authenticated(hmac({ key: sharedKey }), 256, given)
export const hmacSha384Cases: Run = (given) => authenticated(hmac({ key: sharedKey, algorithm: 'sha-384' }), 384, given)
export const hmacSha512Cases: Run = (given) => authenticated(hmac({ key: sharedKey, algorithm: 'sha-512' }), 512, given)

/** A tag that is given is verified; where it is left out, it is computed, as short as the group says. */
async function authenticated(hasher: Hasher, bits: number, { group, test }: Case): Promise<Outcome> {
  const io = sharing(bytes(test, 'key'))
  const message = bytes(test, 'msg')
  const tagSize = number(group, 'tagSize')
  if (!('tag' in test)) return Buffer.from(await hasher.run(message, io), 'hex').subarray(0, tagSize / 8)
  if (tagSize !== bits) return skipped('a MAC that is cut short is not taken')
  const tag = bytes(test, 'tag')
  return (await hasher.verify(message, tag.toString('hex'), io))?.matches === true ? tag : refused()
}
