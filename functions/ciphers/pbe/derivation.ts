import { pbkdf2, scrypt } from 'node:crypto'

/** How a key of 32 bytes is derived from a passphrase: one function, at one cost. */
export interface Derivation {
  /** `id (1) ‖ cost (3)`, as it stands in a text. */
  readonly head: Buffer
  readonly derive: (passphrase: Uint8Array, salt: Uint8Array) => Promise<Buffer>
}

const keyBytes = 32
const MiB = 2 ** 20

/** OWASP Password Storage Cheat Sheet, r = 8: lanes by the base-2 logarithm of N. Of memory 32, 64 and 128 MiB. */
const lanes: Readonly<Record<number, number>> = { 15: 3, 16: 2, 17: 1 }
/** OWASP Password Storage Cheat Sheet, and about half a second of one processor. */
export const iterationsOf = { least: 600_000, most: 2_500_000 } as const

/** scrypt (RFC 7914): its cost is log2 N, r, p, a byte each. */
export const byScrypt = (cost: number): Derivation => ({
  head: Buffer.of(1, cost, 8, lanes[cost] ?? 1),
  derive: (passphrase, salt) => scryptKey(passphrase, salt, 2 ** cost, 8, lanes[cost] ?? 1),
})

/** PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2): its cost is the number of iterations, big-endian. */
export const byPbkdf2 = (iterations: number): Derivation => ({
  head: Buffer.of(2, iterations >> 16, iterations >> 8 & 0xff, iterations & 0xff),
  derive: (passphrase, salt) => pbkdf2Key(passphrase, salt, iterations),
})

/** How the key of a text was derived; undefined where it is not known, or costs more, or less, than what we make. No work is done. */
export function derivationOf(head: Buffer): Derivation | undefined {
  const cost = head[1] ?? 0
  const iterations = head.readUIntBE(1, 3)
  const known = head[0] === 1 && Object.hasOwn(lanes, cost) ? byScrypt(cost)
    : head[0] === 2 && iterations >= iterationsOf.least && iterations <= iterationsOf.most ? byPbkdf2(iterations) : undefined
  return known?.head.equals(head) === true ? known : undefined
}

export const scryptKey = (passphrase: Uint8Array, salt: Uint8Array, N: number, r: number, p: number): Promise<Buffer> => new Promise((resolve, reject) => {
  // Beside the large table OpenSSL counts the lanes' blocks and a little more.
  scrypt(passphrase, salt, keyBytes, { N, r, p, maxmem: 128 * r * (N + p + 2) + MiB }, (error, key) => error === null ? resolve(key) : reject(error))
})

export const pbkdf2Key = (passphrase: Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> => new Promise((resolve, reject) => {
  pbkdf2(passphrase, salt, iterations, keyBytes, 'sha256', (error, key) => error === null ? resolve(key) : reject(error))
})
