import { randomBytes, scrypt as compute } from 'node:crypto'
import { hardening, within } from './parts/password.ts'
import { decoded, phc, saltBytes, tagBytes } from './parts/phc.ts'
import type { Hasher } from './hasher.ts'

interface Options {
  /** Base-2 logarithm of N: 15 is 32,768. */
  readonly cost?: number
  /** r of RFC 7914. */
  readonly blockSize?: number
  /** p of RFC 7914. */
  readonly lanes?: number
}

interface Cost { readonly cost: number; readonly blockSize: number; readonly lanes: number }

/** OWASP Password Storage Cheat Sheet, r = 8: lanes by the cost that they need. */
const floors: Readonly<Record<number, number>> = { 13: 10, 14: 5, 15: 3, 16: 2, 17: 1 }
const MiB = 2 ** 20
/** 128 MiB fit beside a pipeline in a function of 512 MB. All lanes together go through 256 MiB, about a second of one processor. */
const most = { memory: 128 * MiB, all: 256 * MiB, lanes: 32 } as const

const memoryOf = ({ cost, blockSize }: Cost): number => 128 * 2 ** cost * blockSize
const affordable = (cost: Cost): boolean => memoryOf(cost) <= most.memory && memoryOf(cost) * cost.lanes <= most.all && cost.lanes <= most.lanes

/**
 * scrypt (RFC 7914) for passwords, where argon2id cannot be had: `$scrypt$ln=…,r=…,p=…$salt$tag`, with a random salt of 16
 * bytes and a tag of 32. N = 2^15, r = 8 and p = 3 unless said otherwise, 32 MiB, about 400 ms. At most 128 MiB a hash and
 * 10 values a payload. No key: not for what has few values, such as a national identifier.
 */
export function scrypt({ cost = 15, blockSize = 8, lanes = 3 }: Options = {}): Hasher<'scrypt'> {
  within('scrypt, cost', cost, 13, 17)
  within('scrypt, blockSize', blockSize, 8, 32)
  within('scrypt, lanes', lanes, 1, most.lanes)
  const floor = floors[cost] as number
  if (lanes < floor) throw new TypeError(`scrypt, lanes: with cost ${cost} write ${floor} or more`)
  if (!affordable({ cost, blockSize, lanes })) throw new TypeError('scrypt, blockSize: 128 × 2^cost × blockSize is at most 128 MiB, and times lanes at most 256 MiB')
  return hardening({
    hash: 'scrypt', config: { cost, blockSize, lanes },
    async make(bytes) {
      const salt = randomBytes(saltBytes)
      return phc(`scrypt$ln=${cost},r=${blockSize},p=${lanes}`, salt, await derive(bytes, salt, { cost, blockSize, lanes }, tagBytes))
    },
    read(text) {
      const [, ln, r, p, s, h] = form.exec(text) ?? []
      if (s === undefined || h === undefined) return undefined
      const [salt, tag] = [decoded(s), decoded(h)]
      const stored = { cost: Number(ln), blockSize: Number(r), lanes: Number(p) }
      // A tag under 16 bytes would be met by chance.
      if (salt === undefined || tag === undefined || tag.length < 16 || !affordable(stored)) return undefined
      const same = stored.cost === cost && stored.blockSize === blockSize && stored.lanes === lanes && salt.length === saltBytes && tag.length === tagBytes
      return { tag, due: !same, derive: (bytes) => derive(bytes, salt, stored, tag.length) }
    },
  })
}

const form = /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{0,86})\$([A-Za-z0-9+/]{1,86})$/

const derive = (password: Uint8Array, salt: Uint8Array, cost: Cost, length: number): Promise<Buffer> => new Promise((resolve, reject) => {
  const { blockSize: r, lanes: p } = cost
  // Beside the large table OpenSSL counts the lanes' blocks and a little more.
  compute(password, salt, length, { N: 2 ** cost.cost, r, p, maxmem: memoryOf(cost) + 128 * r * (p + 2) + MiB }, (error, tag) => error === null ? resolve(tag) : reject(error))
})
