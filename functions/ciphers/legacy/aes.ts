import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import { accountNeed, Fault, type Account, type Opener, type Sealer } from 'sallyport'
import type { SecretKey } from '../../accounts/secret-key.ts'
import { opener } from '../opener.ts'
import { written, type Writing } from './beside.ts'
import { padded, unpadded } from './padding.ts'
import { sentence } from './why.ts'

/** A key of AES: 128, 192 or 256 bits. */
export type AesKey = Account<SecretKey<128>> | Account<SecretKey<192>> | Account<SecretKey>

/** Of a mode without authentication. */
export interface AesOptions extends Pick<Writing, 'encoding'> {
  readonly key: AesKey
  /** Why the partner has nothing that is authenticated: a sentence that stands in the manifest. */
  readonly why: string
  /**
   * `none`: the plaintext is taken as it is.
   * @default pkcs7 with CBC and ECB, none with the others
   */
  readonly padding?: 'pkcs7' | 'none'
}

/** With a random IV of 16 bytes that is in the text. */
export interface WithIv extends AesOptions, Writing {
  /**
   * Before the ciphertext, or `beside` it: the text is JSON, `{"result": "…", "iv": "…"}`.
   * @default concatenated
   */
  readonly iv?: 'concatenated' | 'beside'
}

/** With an IV of 16 zero bytes: equal plaintexts give equal texts, or worse, so that it opens alone. */
export interface ZeroIv extends AesOptions {
  readonly iv: 'zero'
}

const block = 16

/** The number of bits of a key. Throws a TypeError where it is none of AES. */
export function aesBits(cipher: string, key: AesKey): number {
  const bits = key?.how?.bits
  if (bits !== 128 && bits !== 192 && bits !== 256) throw new TypeError(`${cipher}, key: write account('name', secretKey({ bits: 128 })), 192 or 256`)
  return bits
}

/** AES in a mode of NIST SP 800-38A, under its exported name. Throws a TypeError. */
export function aes(called: string, mode: 'cbc' | 'ctr' | 'cfb' | 'ofb' | 'ecb', options: WithIv | ZeroIv): Opener | (Opener & Sealer) {
  const blocks = mode === 'cbc' || mode === 'ecb'
  const { key, why, padding = blocks ? 'pkcs7' : 'none', iv = 'concatenated' } = options
  const bits = aesBits(called, key)
  if (!['pkcs7', 'none'].includes(padding)) throw new TypeError(`${called}, padding: write pkcs7 or none`)
  if (!['concatenated', 'beside', 'zero'].includes(iv)) throw new TypeError(`${called}, iv: write concatenated, beside or zero`)
  const length = mode === 'ecb' || iv === 'zero' ? 0 : block
  const { config, mediaType, join, split } = written(called, iv === 'beside' ? 'iv' : 'concatenated', length, options)
  const algorithm = `aes-${bits}-${mode}`
  const opening = opener({
    cipher: `aes-${mode}`,
    config: { legacy: true, why: sentence(called, why), key, ...mode !== 'ecb' && { iv }, padding, ...config },
    needs: [accountNeed(key)],
    async open({ sealed }, io) {
      const { first, ciphertext } = split(sealed)
      const decipher = createDecipheriv(algorithm, await io.material<KeyObject>(key), initial(first)).setAutoPadding(false)
      const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()])
      return padding === 'none' ? plain : unpadded(plain, block)
    },
  })
  return iv === 'zero' ? opening : {
    ...opening,
    mediaType,
    async seal(plain, io, where) {
      if (blocks && padding === 'none' && plain.length % block !== 0) throw new Fault('PAYLOAD_INVALID', [where?.field ?? '$'])
      const first = randomBytes(length)
      const cipher = createCipheriv(algorithm, await io.material<KeyObject>(key), initial(first)).setAutoPadding(false)
      return { sealed: join(first, Buffer.concat([cipher.update(padding === 'none' ? plain : padded(plain, block)), cipher.final()])) }
    },
  }

  /** Of ECB an IV of no bytes. */
  function initial(first: Buffer): Buffer {
    return iv === 'zero' ? Buffer.alloc(block) : first
  }
}
