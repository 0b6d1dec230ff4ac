import { randomBytes } from 'node:crypto'
import { known } from './parts/digest.ts'
import { derive } from './parts/derive.ts'
import { hardening, within } from './parts/password.ts'
import { decoded, phc, saltBytes, tagBytes } from './parts/phc.ts'
import type { Hasher } from './hasher.ts'

const names = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const
type Algorithm = keyof typeof names

/** Bytes of each digest: a longer tag costs all iterations once more. */
const lengths: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 }
/** OWASP Password Storage Cheat Sheet; SHA-384 costs what SHA-512 costs. */
const floors: Readonly<Record<Algorithm, number>> = { 'sha-256': 600_000, 'sha-384': 220_000, 'sha-512': 220_000 }
/** Of HMAC, for one hash: about a second of one processor. */
const most = 2_500_000

interface Options {
  readonly algorithm?: Algorithm
  readonly iterations?: number
}

/**
 * PBKDF2 (RFC 8018, NIST SP 800-132) with HMAC, where a validated algorithm is asked for: `$pbkdf2-sha256$i=…$salt$tag`, with
 * a random salt of 16 bytes and a tag of 32. 600,000 iterations of SHA-256 unless said otherwise, 220,000 of SHA-384 and
 * SHA-512, 100 to 200 ms. At most 2,500,000 and 10 values a payload. No key: not for what has few values, such as a national identifier.
 */
export function pbkdf2({ algorithm = 'sha-256', iterations }: Options = {}): Hasher<'pbkdf2'> {
  const name = known('pbkdf2', names, algorithm)
  const count = iterations ?? floors[algorithm]
  within(`pbkdf2, iterations of ${algorithm}`, count, floors[algorithm], most)
  return hardening({
    hash: 'pbkdf2', config: { algorithm, iterations: count },
    async make(bytes) {
      const salt = randomBytes(saltBytes)
      return phc(`pbkdf2-${name}$i=${count}`, salt, await derive(bytes, salt, name, count, tagBytes))
    },
    read(text) {
      const [, digest = '', i, s, h] = form.exec(text) ?? []
      if (s === undefined || h === undefined) return undefined
      const [salt, tag] = [decoded(s), decoded(h)]
      const stored = Number(i)
      // A tag under 16 bytes would be met by chance.
      if (salt === undefined || tag === undefined || tag.length < 16 || stored * Math.ceil(tag.length / (lengths[digest] as number)) > most) return undefined
      const same = digest === name && stored === count && salt.length === saltBytes && tag.length === tagBytes
      return { tag, due: !same, derive: (bytes) => derive(bytes, salt, digest, stored, tag.length) }
    },
  })
}

const form = /^\$pbkdf2-(sha256|sha384|sha512)\$i=([1-9]\d{0,6})\$([A-Za-z0-9+/]{0,86})\$([A-Za-z0-9+/]{1,172})$/
