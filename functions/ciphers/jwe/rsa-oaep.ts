import { constants, publicEncrypt, randomBytes } from 'node:crypto'
import type { KeyManagement } from './algorithm.ts'
import { imported } from './check.ts'

/** RSAES-OAEP (RFC 7518 section 4.3, RFC 8017 section 7.1), one hash for the label and the mask, the label empty. */
const rsaOaepBy = (alg: string, oaepHash: string, check?: KeyManagement['check']): KeyManagement => ({
  alg,
  keys: 'rsa',
  check,
  wrap: ({ key }, cek) => ({ wrapped: publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, cek()) }),
  // A key that does not unwrap is replaced by a random one, so that the failure comes later and looks the same (RFC 7516
  // section 11.5). It is made in any case: making it takes time, too.
  async unwrap(key, wrapped, _header, { bytes }) {
    const substitute = randomBytes(bytes)
    try {
      const cek = await key.unwrap?.(wrapped, oaepHash)
      thrown()
      return cek?.length === bytes ? cek : substitute
    } catch (error) {
      // No error of node's has this code.
      if ((error as { code?: unknown }).code === 'UNAVAILABLE') throw error
      return substitute
    }
  },
})

/** For a wrong padding Node throws an error with these members, which takes as long as two of them here, a fiftieth of what unwrapping takes: a right one takes that, too. */
function thrown(): void {
  for (let times = 0; times < 2; times++) {
    try {
      throw Object.assign(new Error('error:02000079:rsa routines::oaep decoding error'), { library: 'rsa routines', reason: 'oaep decoding error', code: 'ERR_OSSL_RSA_OAEP_DECODING_ERROR' })
    } catch { /* Its time is all that it is for. */ }
  }
}

/** RSA-OAEP with SHA-1: OAEP does not rest on what is broken of SHA-1, but take it only where a partner has no other. Imported keys. */
export const rsaOaep = /* @__PURE__ */ rsaOaepBy('RSA-OAEP', 'sha1', /* @__PURE__ */ imported('RSA-OAEP'))
/** RSA-OAEP with SHA-256. */
export const rsaOaep256 = /* @__PURE__ */ rsaOaepBy('RSA-OAEP-256', 'sha256')
/** RSA-OAEP with SHA-384 (registered by the Web Cryptography API). Imported keys. */
export const rsaOaep384 = /* @__PURE__ */ rsaOaepBy('RSA-OAEP-384', 'sha384', /* @__PURE__ */ imported('RSA-OAEP-384'))
/** RSA-OAEP with SHA-512 (registered by the Web Cryptography API). Imported keys. */
export const rsaOaep512 = /* @__PURE__ */ rsaOaepBy('RSA-OAEP-512', 'sha512', /* @__PURE__ */ imported('RSA-OAEP-512'))
