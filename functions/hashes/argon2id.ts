import { argon2, randomBytes } from 'node:crypto'
import { hardening, within } from './parts/password.ts'
import { decoded, phc, saltBytes, tagBytes } from './parts/phc.ts'
import type { Hasher } from './hasher.ts'

interface Options {
  /** KiB. */
  readonly memory?: number
  readonly passes?: number
  readonly lanes?: number
}

interface Cost { readonly memory: number; readonly passes: number; readonly lanes: number }

/** OWASP Password Storage Cheat Sheet: passes by the memory that they need, KiB. */
const floors: Readonly<Record<number, number>> = { 1: 47_104, 2: 19_456, 3: 12_288, 4: 9_216, 5: 7_168 }
/** 128 MiB fit beside a pipeline in a function of 512 MB. All passes together write 512 MiB, about a second of one processor. */
const most = { memory: 131_072, written: 524_288, lanes: 16 } as const

const affordable = ({ memory, passes, lanes }: Cost): boolean => memory <= most.memory && memory * passes <= most.written && lanes <= most.lanes && memory >= 8 * lanes

/**
 * Argon2id version 1.3 (RFC 9106), the first choice for passwords: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, with a random
 * salt of 16 bytes and a tag of 32. 19 MiB, 2 passes and one lane unless said otherwise, about 75 ms. At most 128 MiB a hash and 10 values a
 * payload. No key: not for what has few values, such as a national identifier.
 */
export function argon2id({ memory = 19_456, passes = 2, lanes = 1 }: Options = {}): Hasher<'argon2id'> {
  within('argon2id, memory (KiB)', memory, 7_168, most.memory)
  within('argon2id, passes', passes, 1, 64)
  within('argon2id, lanes', lanes, 1, most.lanes)
  const floor = floors[Math.min(passes, 5)] as number
  if (memory < floor) throw new TypeError(`argon2id, memory: with passes ${passes} write ${floor} KiB or more`)
  if (!affordable({ memory, passes, lanes })) throw new TypeError(`argon2id, passes: memory times passes is at most ${most.written} KiB`)
  return hardening({
    hash: 'argon2id', config: { memory, passes, lanes },
    async make(bytes) {
      const salt = randomBytes(saltBytes)
      return phc(`argon2id$v=19$m=${memory},t=${passes},p=${lanes}`, salt, await derive(bytes, salt, { memory, passes, lanes }, tagBytes))
    },
    read(text) {
      const [, m, t, p, s = '', h = ''] = form.exec(text) ?? []
      const [salt, tag] = [decoded(s), decoded(h)]
      const cost = { memory: Number(m), passes: Number(t), lanes: Number(p) }
      // RFC 9106 section 3.1: a salt of 8 bytes or more. A tag under 16 bytes would be met by chance.
      if (salt === undefined || tag === undefined || salt.length < 8 || tag.length < 16 || !affordable(cost)) return undefined
      const same = cost.memory === memory && cost.passes === passes && cost.lanes === lanes && salt.length === saltBytes && tag.length === tagBytes
      return { tag, due: !same, derive: (bytes) => derive(bytes, salt, cost, tag.length) }
    },
  })
}

const form = /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d{0,4}),p=([1-9]\d?)\$([A-Za-z0-9+/]{1,86})\$([A-Za-z0-9+/]{1,86})$/

const derive = (message: Uint8Array, nonce: Uint8Array, { memory, passes, lanes }: Cost, tagLength: number): Promise<Buffer> => new Promise((resolve, reject) => {
  argon2('argon2id', { message, nonce, memory, passes, parallelism: lanes, tagLength }, (error, tag) => error === null ? resolve(tag) : reject(error))
})
