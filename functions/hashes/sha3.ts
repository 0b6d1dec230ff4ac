import { createHash } from 'node:crypto'
import { digesting, known, type Output } from './parts/digest.ts'
import type { Hasher } from './hasher.ts'

const names = { 'sha3-256': 'sha3-256', 'sha3-384': 'sha3-384', 'sha3-512': 'sha3-512' } as const

/** SHA-3 (FIPS 202): 32, 48 or 64 bytes. No key: for what has too many values to try, such as a document. */
export function sha3(algorithm: keyof typeof names = 'sha3-256', { output }: { readonly output?: Output } = {}): Hasher<'sha3'> {
  const name = known('sha3', names, algorithm)
  return digesting({ hash: 'sha3', keyed: false, config: { algorithm }, output, digest: { start: () => createHash(name) } })
}
