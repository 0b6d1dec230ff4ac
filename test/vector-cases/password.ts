import { derive } from '../../functions/hashes/parts/derive.ts'
import { pbkdf2 } from '../../functions/hashes/pbkdf2.ts'
import { fakeIo } from '../fake-io.ts'
import { bytes, number, refused, skipped, type Case, type Fields, type Outcome, type Run } from './case.ts'

export const pbkdf2Sha256: Run = (given) => hashed('sha256', given)
export const pbkdf2Sha384: Run = (given) => hashed('sha384', given)
export const pbkdf2Sha512: Run = (given) => hashed('sha512', given)

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** With time left, and nothing else. */
const io = fakeIo({ now: () => 0, deadline: 1 })

/** A key that is given is verified as the hash of a password is; one that is left out is derived as `pbe` derives its own. */
async function hashed(digest: string, { test }: Case): Promise<Outcome> {
  if (!('dk' in test)) return derived(digest, test)
  const tag = bytes(test, 'dk')
  const stored = `$pbkdf2-${digest}$i=${number(test, 'iterationCount')}$${unpadded(bytes(test, 'salt'))}$${unpadded(tag)}`
  const verdict = await pbkdf2().verify(bytes(test, 'password'), stored, io)
  if (verdict === undefined) return skipped('beyond the limits of pbkdf2: sizes of salt and tag, iterations')
  return verdict.matches ? tag : refused()
}

/** What `pbkdf2` and `pbe` derive by, within the most that is done here. */
async function derived(digest: string, test: Fields): Promise<Outcome> {
  const [iterations, length] = [number(test, 'iterationCount'), number(test, 'dkLen')]
  if (length < 1 || length > 1_024 || iterations < 1 || iterations > 2_500_000) return skipped('beyond the limits of pbkdf2: iterations, length')
  return derive(bytes(test, 'password'), bytes(test, 'salt'), digest, iterations, length)
}
