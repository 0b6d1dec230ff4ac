import type { Opener, Sealer } from 'sallyport'
import { oaep, type OaepOpening, type OaepSealing } from '../rsa/oaep.ts'
import { sentence } from './why.ts'

interface Why {
  /** Why the partner has nothing newer: a sentence that stands in the manifest. */
  readonly why: string
}

/**
 * RSAES-OAEP (RFC 8017 section 7.1) by SHA-1 for label and mask, in base64 unless said otherwise: Java's
 * `OAEPWithSHA1AndMGF1Padding`. What is broken of SHA-1 does not reach OAEP, but a partner that has `rsaOaep` shall have that.
 * Options, limits and faults are those of `rsaOaep`: with a modulus of 2,048 bits 214 bytes, with 3,072 bits 342.
 */
export function rsaOaepSha1(options: OaepSealing & Why): Sealer
export function rsaOaepSha1(options: OaepOpening & Why): Opener
export function rsaOaepSha1({ why, ...options }: (OaepSealing | OaepOpening) & Why): Opener | Sealer {
  return oaep({ encoding: 'base64', ...options }, {
    cipher: 'rsa-oaep-sha1', called: 'rsaOaepSha1', config: { legacy: true, why: sentence('rsaOaepSha1', why) }, hash: { name: 'sha1', bytes: 20, alg: 'RSA-OAEP' },
  })
}
