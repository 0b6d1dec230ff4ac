import { createHmac } from 'node:crypto'
import { digesting, known, type Output } from './parts/digest.ts'
import { formerOf, macKey, macKeyNeeds, refuseNoKey, versionOf, type MacKey } from './parts/mac-key.ts'
import type { Hasher } from './hasher.ts'

const names = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const

interface Options {
  readonly key: MacKey
  readonly algorithm?: keyof typeof names
  readonly output?: Output
}

/**
 * HMAC (RFC 2104, FIPS 198-1) with SHA-256, SHA-384 or SHA-512: 32, 48 or 64 bytes. What a card number or a national
 * identifier is hashed with: nobody without the key can try all values. A shared key as it is, so that a partner computes the
 * same; under a hash key of ours what is written begins with the version of the key and a dot, so that a rotation can be told.
 * What a shared key made before it was changed is verified with those that its account holds as `previous`.
 */
export function hmac({ key, algorithm = 'sha-256', output }: Options): Hasher<'hmac'> {
  refuseNoKey('hmac', key)
  const name = known('hmac', names, algorithm)
  return digesting({
    hash: 'hmac', keyed: true, config: { key, algorithm }, needs: macKeyNeeds(key), output, version: versionOf(key, `hmac ${algorithm}`), former: formerOf(key),
    digest: { start: async (io, under) => createHmac(name, await macKey(key, io, `hmac ${algorithm}`, under)) },
  })
}
