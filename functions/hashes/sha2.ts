import { createHash } from 'node:crypto'
import { digesting, known, type Output } from './parts/digest.ts'
import type { Hasher } from './hasher.ts'

const names = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512', 'sha-512-256': 'sha512-256' } as const

/**
 * SHA-2 (FIPS 180-4): 32, 48, 64 or 32 bytes. No key: anybody can try values, so it is for what has too many to try, such
 * as a document or a random token. For a person's data take `hmac`.
 */
export function sha2(algorithm: keyof typeof names = 'sha-256', { output }: { readonly output?: Output } = {}): Hasher<'sha2'> {
  const name = known('sha2', names, algorithm)
  return digesting({ hash: 'sha2', keyed: false, config: { algorithm }, output, digest: { start: () => createHash(name) } })
}
