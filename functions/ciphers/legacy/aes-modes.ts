import type { Opener, Sealer } from 'sallyport'
import { aes, type AesOptions, type WithIv, type ZeroIv } from './aes.ts'

/**
 * AES-CBC (NIST SP 800-38A 6.2), nothing authenticated, in base64 unless said otherwise. **Who can change the text changes the
 * plaintext, and who can ask often whether a text opens reads it (a padding oracle).** Verify a MAC or a signature over the
 * sealed text first, and take `aesCbcHmac` or `aesGcm` where you can. Not bound to the field or to anything else.
 * With `iv: 'zero'` it opens alone. Opening throws DECRYPTION_FAILED, ACCOUNT_UNAVAILABLE; sealing ACCOUNT_UNAVAILABLE, and
 * PAYLOAD_INVALID where nothing is padded and the plaintext is not of whole blocks. Throws a TypeError for options.
 */
export function aesCbc(options: WithIv): Opener & Sealer
export function aesCbc(options: ZeroIv): Opener
export function aesCbc(options: WithIv | ZeroIv): Opener | (Opener & Sealer) {
  return aes('aesCbc', 'cbc', options)
}

/**
 * AES-CTR (NIST SP 800-38A 6.5), the IV being the first block of a counter of 128 bits. **Nothing is authenticated: who flips
 * a bit of the text flips that bit of the plaintext, and whatever text opens to something.** The rest as of `aesCbc`.
 */
export function aesCtr(options: WithIv): Opener & Sealer
export function aesCtr(options: ZeroIv): Opener
export function aesCtr(options: WithIv | ZeroIv): Opener | (Opener & Sealer) {
  return aes('aesCtr', 'ctr', options)
}

/** AES-CFB with segments of 128 bits (NIST SP 800-38A 6.3). **Nothing is authenticated**, as with `aesCtr`. */
export function aesCfb(options: WithIv): Opener & Sealer
export function aesCfb(options: ZeroIv): Opener
export function aesCfb(options: WithIv | ZeroIv): Opener | (Opener & Sealer) {
  return aes('aesCfb', 'cfb', options)
}

/** AES-OFB (NIST SP 800-38A 6.4). **Nothing is authenticated**, as with `aesCtr`. */
export function aesOfb(options: WithIv): Opener & Sealer
export function aesOfb(options: ZeroIv): Opener
export function aesOfb(options: WithIv | ZeroIv): Opener | (Opener & Sealer) {
  return aes('aesOfb', 'ofb', options)
}

/**
 * AES-ECB (NIST SP 800-38A 6.1), without an IV. **Equal blocks stay equal, across all texts under one key, and blocks can be
 * moved, repeated and left out.** Only for a partner that has nothing else at all; the rest as of `aesCbc`.
 */
export const aesEcb = (options: AesOptions): Opener & Sealer => aes('aesEcb', 'ecb', { ...options, iv: 'concatenated' }) as Opener & Sealer
