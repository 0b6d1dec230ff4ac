import { bcrypt as compute } from 'hash-wasm'
import { randomBytes } from 'node:crypto'
import { hardening, within } from './parts/password.ts'
import type { Hasher } from './hasher.ts'

/** Three names of one computation, as far as passwords of 72 bytes and no NUL go: each fixed a fault of its own library. */
type Version = '2a' | '2b' | '2y'

interface Options {
  readonly version?: Version
  /** Base-2 logarithm of the rounds, 4 to 20; OWASP asks for 10 or more. One more doubles the time. */
  readonly cost?: number
  /**
   * A salt of 16 bytes as text, the same for every value: equal passwords then show, and one table opens them all. Only for
   * hashes that another system makes so and compares as text.
   */
  readonly fixedSalt?: string
}

/** A stored hash may cost this much even where less is asked for: a second or two of one processor. */
const affordable = 14

/**
 * bcrypt of bytes, for stores that have it already; new ones take `argon2id`. `$2b$12$` and 53 characters: a random salt of
 * 16 bytes and a tag of 23. A password over 72 bytes throws PAYLOAD_INVALID, since bcrypt passes over what follows; so does one
 * with a NUL byte, which can have the hash of another, where a hash is made. Cost 12, the default, takes 0.2 to 0.5 s, cost 16 sixteen times that, cost 20 one to two minutes, in which the
 * function does nothing else: keep it under the pipeline's timeout. A stored hash beyond cost 14 and beyond the cost given
 * here is not computed. 10 values a payload at most.
 */
export function bcrypt({ version = '2b', cost = 12, fixedSalt }: Options = {}): Hasher<'bcrypt'> {
  if (!['2a', '2b', '2y'].includes(version)) throw new TypeError('bcrypt, version: write 2a, 2b or 2y')
  within('bcrypt, cost', cost, 4, 20)
  const fixed = fixedSalt === undefined ? undefined : Buffer.from(fixedSalt)
  if (fixed !== undefined && fixed.length !== 16) throw new TypeError('bcrypt, fixedSalt: write a text of exactly 16 bytes, or leave it out for a random salt')
  return hardening({
    hash: 'bcrypt', config: { version, cost }, salted: fixed === undefined,
    longest: 72, takes: (bytes) => !bytes.includes(0),
    make: async (bytes) => `$${version}$${(await encoded(bytes, fixed ?? randomBytes(16), cost)).slice(4)}`,
    read(text) {
      const [, c, s = '', tag = ''] = form.exec(text) ?? []
      const salt = saltOf(s)
      const stored = Number(c)
      if (salt === undefined || stored < 4 || stored > Math.max(cost, affordable)) return undefined
      return { tag: Buffer.from(tag), due: stored !== cost, derive: async (bytes) => Buffer.from((await encoded(bytes, salt, stored)).slice(29)) }
    },
  })
}

const form = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/

/** `$2a$`, the cost, 22 characters of salt and 31 of tag. bcrypt's key ends in a NUL, which is all that an empty password has. */
const encoded = (password: Uint8Array, salt: Uint8Array, costFactor: number): Promise<string> =>
  compute({ password: password.length === 0 ? Uint8Array.of(0) : password, salt, costFactor, outputType: 'encoded' })

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** bcrypt has a base64 of its own: the same bits, another order of the characters. The last one holds two bits of the salt. */
const saltOf = (text: string): Buffer | undefined => text === '' ? undefined : Buffer.from(text.replace(/./g, (character) => base64[alphabet.indexOf(character)] as string), 'base64')
