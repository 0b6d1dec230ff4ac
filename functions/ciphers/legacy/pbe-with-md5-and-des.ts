import { createHash, type KeyObject } from 'node:crypto'
import { accountNeed, Fault, type Account, type Opener } from 'sallyport'
import type { Passphrase } from '../../accounts/passphrase.ts'
import type { ShortKey } from '../../hashes/legacy.ts'
import { opener } from '../opener.ts'
import { written, type Writing } from './beside.ts'
import { openDesCbc } from './des.ts'
import { unpadded } from './padding.ts'
import { sentence } from './why.ts'

interface Options extends Writing {
  /** Partners' passphrases are often short, or bytes: `shortKey()` takes those. */
  readonly passphrase: Account<Passphrase> | Account<ShortKey>
  /** Why it still has to be opened: a sentence that stands in the manifest. */
  readonly why: string
  /**
   * 1 to 100,000.
   * @default 1000
   */
  readonly iterations?: number
  /**
   * The 8 bytes before the ciphertext, or `beside` it: the text is JSON, `{"result": "…", "_salt": "…"}`.
   * @default concatenated
   */
  readonly salt?: 'concatenated' | 'beside'
}

const block = 8

/**
 * PBES1 with MD5 and DES (RFC 8018 section 6.1, Java's `PBEWithMD5AndDES`), to open what was sealed long ago, in base64 unless
 * said otherwise. It seals nothing: **its key has 56 bits, which are tried through in a day, and nothing is authenticated**, so
 * that who can ask often whether a text opens reads it. Verify a MAC first, and seal anew with `pbe`.
 * Throws DECRYPTION_FAILED, ACCOUNT_UNAVAILABLE, OUT_OF_TIME; a TypeError for options.
 */
export function pbeWithMd5AndDes({ passphrase, why, iterations = 1_000, salt = 'concatenated', ...writing }: Options): Opener {
  if (passphrase?.kind !== 'account') throw new TypeError("pbeWithMd5AndDes, passphrase: write account('name', passphrase()), or shortKey()")
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 100_000) throw new TypeError('pbeWithMd5AndDes, iterations: write a whole number from 1 to 100000')
  if (!['concatenated', 'beside'].includes(salt)) throw new TypeError('pbeWithMd5AndDes, salt: write concatenated or beside')
  const { config, split } = written('pbeWithMd5AndDes', salt === 'beside' ? '_salt' : 'concatenated', block, writing)
  return opener({
    cipher: 'pbe-with-md5-and-des',
    config: { legacy: true, why: sentence('pbeWithMd5AndDes', why), passphrase, iterations, salt, ...config },
    needs: [accountNeed(passphrase)],
    async open({ sealed }, io) {
      const { first, ciphertext } = split(sealed)
      const secret = await io.material<KeyObject>(passphrase)
      // 100,000 iterations take a fifth of a second: a payload of many fields ends in time all the same.
      if (io.now() >= io.deadline) throw new Fault('OUT_OF_TIME')
      const derived = pbkdf1(secret.export(), first, iterations)
      return unpadded(openDesCbc(derived.subarray(0, 8), derived.subarray(8), ciphertext), block)
    },
  })
}

/** PBKDF1 with MD5, all 16 bytes of it (RFC 8018 section 5.1). */
function pbkdf1(password: Uint8Array, salt: Uint8Array, iterations: number): Buffer {
  let digest = createHash('md5').update(password).update(salt).digest()
  for (let i = 1; i < iterations; i++) digest = createHash('md5').update(digest).digest()
  return digest
}
