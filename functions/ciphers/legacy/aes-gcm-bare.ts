import { createCipheriv, createDecipheriv, randomBytes, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { accountNeed, type Opener, type Sealer } from 'sallyport'
import { keysOf } from '../../accounts/secret-key.ts'
import { opener } from '../opener.ts'
import { firstThat } from '../parts/first-that.ts'
import { aesBits, type AesKey } from './aes.ts'
import { written, type Writing } from './beside.ts'
import { sentence } from './why.ts'

interface Options extends Writing {
  readonly key: AesKey
  /** Why the partner has nothing newer: a sentence that stands in the manifest. */
  readonly why: string
  /**
   * Before the ciphertext, or `beside` it: the text is JSON, `{"result": "…", "iv": "…"}`.
   * @default concatenated
   */
  readonly iv?: 'concatenated' | 'beside'
  /**
   * Bytes of the IV. Some platforms have 16 for every mode.
   * @default 12
   */
  readonly ivBytes?: 12 | 16
  /**
   * Of the tag, which stands behind the ciphertext.
   * @default 128
   */
  readonly tagBits?: 128 | 120 | 112 | 104 | 96
  /** Text that is authenticated with it. It stands in the manifest. */
  readonly aad?: string
}

/**
 * AES-GCM (NIST SP 800-38D) as other platforms write it, `IV ‖ ciphertext ‖ tag` in base64 unless said otherwise: authenticated,
 * but bound neither to the field nor to the pipeline, and with no commitment to the key. Random IVs allow 2^32 seals with one
 * key. Take `aesGcm` between pipelines of ours, and `jwe` with a partner that has it.
 * Opening throws DECRYPTION_FAILED, ACCOUNT_UNAVAILABLE; sealing ACCOUNT_UNAVAILABLE. Throws a TypeError for options.
 */
export function aesGcmBare({ key, why, iv = 'concatenated', ivBytes = 12, tagBits = 128, aad, ...writing }: Options): Opener & Sealer {
  const algorithm = `aes-${aesBits('aesGcmBare', key)}-gcm` as CipherGCMTypes
  if (!['concatenated', 'beside'].includes(iv)) throw new TypeError('aesGcmBare, iv: write concatenated or beside')
  if (![12, 16].includes(ivBytes)) throw new TypeError('aesGcmBare, ivBytes: write 12 or 16')
  if (![128, 120, 112, 104, 96].includes(tagBits)) throw new TypeError('aesGcmBare, tagBits: write 128, 120, 112, 104 or 96')
  const authTagLength = tagBits / 8
  const { config, mediaType, join, split } = written('aesGcmBare', iv === 'beside' ? 'iv' : 'concatenated', ivBytes, writing)
  const associated = Buffer.from(aad ?? '')
  return {
    mediaType,
    async seal(plain, io) {
      const first = randomBytes(ivBytes)
      const cipher = createCipheriv(algorithm, await io.material<KeyObject>(key), first, { authTagLength }).setAAD(associated)
      return { sealed: join(first, Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])) }
    },
    ...opener({
      cipher: 'aes-gcm-bare',
      config: { legacy: true, why: sentence('aesGcmBare', why), key, iv, ivBytes, tagBits, aad, ...config },
      needs: [accountNeed(key)],
      async open({ sealed }, io) {
        const { first, ciphertext } = split(sealed)
        if (ciphertext.length < authTagLength) throw new Error('shorter than its tag')
        return firstThat(keysOf(await io.material<KeyObject>(key)), (each) => {
          const decipher = createDecipheriv(algorithm, each, first, { authTagLength })
          decipher.setAAD(associated).setAuthTag(ciphertext.subarray(-authTagLength))
          return Buffer.concat([decipher.update(ciphertext.subarray(0, -authTagLength)), decipher.final()])
        })
      },
    }),
  }
}
