import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import { accountNeed, type Account, type Io, type Opener, type Sealer, type Where } from 'sallyport'
import type { Passphrase } from '../accounts/passphrase.ts'
import { bytesIn } from './fields/encoding.ts'
import { opener } from './opener.ts'
import { bound, knownContext } from './parts/context.ts'
import { byPbkdf2, byScrypt, derivationOf, iterationsOf, type Derivation } from './pbe/derivation.ts'
import { keysOf, saltBytes, sealingHead, type Keys } from './pbe/keys.ts'

interface Given {
  readonly passphrase: Account<Passphrase>
  /**
   * What the sealed text is for, where another pipeline opens it: it opens under the same words alone.
   * @default - the name of the pipeline
   */
  readonly context?: string
}

/** scrypt, which takes memory: an attacker's machines have little of it. */
interface Scrypt extends Given {
  readonly kdf?: 'scrypt'
  /**
   * Base-2 logarithm of N, with r = 8: 17 takes 128 MiB, 16 with p = 2 takes 64, 15 with p = 3 takes 32.
   * @default 17
   */
  readonly cost?: 15 | 16 | 17
  readonly iterations?: undefined
}

/** PBKDF2 with HMAC-SHA-256, where a validated algorithm is asked for. */
interface Pbkdf2 extends Given {
  readonly kdf: 'pbkdf2'
  /**
   * 600,000 to 2,500,000.
   * @default 600000
   */
  readonly iterations?: number
  readonly cost?: undefined
}

const version = 3
/** Where parts of a text begin. */
const at = { salt: 5, id: 5 + saltBytes, iv: 37 + saltBytes, ciphertext: 49 + saltBytes } as const

/**
 * AES-256-GCM (NIST SP 800-38D) with a key that is derived from a passphrase by scrypt (RFC 7914), or PBKDF2 with HMAC-SHA-256
 * (RFC 8018, NIST SP 800-132), as base64url of `version (1) ‖ function (1) ‖ cost (3) ‖ salt (16) ‖ key id (32) ‖ IV (12) ‖
 * ciphertext ‖ tag (16)`: 81 bytes more than the plaintext. All of the text before the ciphertext, context and the path of the
 * field are authenticated. The key id commits to the key: no text opens under two passphrases, and none helps to try many.
 *
 * The key is derived once for all texts of one salt, and one salt is used for what an execution environment seals, at most
 * 2^20 times; 16 salts at most are opened in an execution. A derivation takes 100 to 500 ms, and scrypt up to 128 MiB: give the
 * function 512 MB. Any of both functions opens within its limits, whatever seals. A random key is better: take `aesGcm` where
 * the partner can keep one. Fields and payloads.
 *
 * Opening throws DECRYPTION_FAILED, ACCOUNT_UNAVAILABLE, OUT_OF_TIME; sealing the last two. Throws a TypeError for options that
 * do not go together.
 */
export function pbe({ passphrase, context, kdf = 'scrypt', cost, iterations }: Scrypt | Pbkdf2): Opener & Sealer {
  if (passphrase?.kind !== 'account') throw new TypeError("pbe, passphrase: write account('name', passphrase())")
  knownContext('pbe', context)
  const { derivation, shown } = chosen(kdf, cost, iterations)
  const associated = (head: Uint8Array, io: Io, where?: Where): Buffer => Buffer.concat([head, Buffer.from(bound(context, io, where))])
  return {
    mediaType: 'application/octet-stream',
    async seal(plain, io, where?: Where) {
      const secret = await io.material<KeyObject>(passphrase)
      const salted = sealingHead(secret, derivation)
      const { id, encryption }: Keys = await keysOf(io, secret, derivation, salted, 'ours')
      const head = Buffer.concat([Buffer.of(version), salted, id])
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', encryption, iv, { authTagLength: 16 }).setAAD(associated(head, io, where))
      return { sealed: Buffer.concat([head, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url') }
    },
    ...opener({
      cipher: 'pbe',
      config: { passphrase, context, ...shown },
      needs: [accountNeed(passphrase)],
      async open({ sealed }, io, where) {
        const bytes = bytesIn('base64url', sealed)
        if (bytes.length < at.ciphertext + 16 || bytes[0] !== version) throw new Error('not sealed so')
        const stored = derivationOf(bytes.subarray(1, at.salt))
        if (stored === undefined) throw new Error('at no cost that is taken')
        const { id, encryption } = await keysOf(io, await io.material<KeyObject>(passphrase), stored, bytes.subarray(1, at.id), 'foreign')
        if (!timingSafeEqual(bytes.subarray(at.id, at.iv), id)) throw new Error('not sealed with this passphrase')
        const decipher = createDecipheriv('aes-256-gcm', encryption, bytes.subarray(at.iv, at.ciphertext), { authTagLength: 16 })
        decipher.setAAD(associated(bytes.subarray(0, at.iv), io, where)).setAuthTag(bytes.subarray(-16))
        return Buffer.concat([decipher.update(bytes.subarray(at.ciphertext, -16)), decipher.final()])
      },
    }),
  }
}

function chosen(kdf: 'scrypt' | 'pbkdf2', cost: number | undefined, iterations: number | undefined): { readonly derivation: Derivation; readonly shown: object } {
  const { least, most } = iterationsOf
  if (kdf === 'scrypt' && iterations === undefined) {
    if (![undefined, 15, 16, 17].includes(cost)) throw new TypeError('pbe, cost: write 15, 16 or 17')
    return { derivation: byScrypt(cost ?? 17), shown: { kdf, cost: cost ?? 17 } }
  }
  if (kdf !== 'pbkdf2' || cost !== undefined) throw new TypeError("pbe, kdf: write 'scrypt' with cost, or 'pbkdf2' with iterations")
  const count = iterations ?? least
  if (!Number.isInteger(count) || count < least || count > most) throw new TypeError(`pbe, iterations: write a whole number from ${least} to ${most}`)
  return { derivation: byPbkdf2(count), shown: { kdf, iterations: count } }
}
