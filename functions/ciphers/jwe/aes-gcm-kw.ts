import { bytesIn } from '../fields/encoding.ts'
import { failed, type KeyManagement } from './algorithm.ts'
import { gcmOf, gcmOpened, gcmSealed } from './aes-gcm.ts'
import { shared } from './check.ts'

/** Key encryption with AES-GCM (RFC 7518 section 4.7): IV and tag are members of the header, nothing else is authenticated. */
function aesGcmKw(alg: string, bytes: number): KeyManagement {
  const algorithm = gcmOf(bytes)
  return {
    alg,
    keys: 'secret',
    check: shared(alg, bytes),
    wrap({ key }, cek) {
      const { iv, ciphertext, tag } = gcmSealed(algorithm, key, cek(), '')
      return { header: { iv: iv.toString('base64url'), tag: tag.toString('base64url') }, wrapped: ciphertext }
    },
    unwrap: ({ key }, ciphertext, { iv, tag }) => gcmOpened(algorithm, key ?? failed(), { iv: bytesIn('base64url', iv), ciphertext, tag: bytesIn('base64url', tag) }, ''),
  }
}

/** AES-GCM key wrapping with a shared key of 128 bits. Random IVs allow 2^32 seals with one key. */
export const a128GcmKw = /* @__PURE__ */ aesGcmKw('A128GCMKW', 16)
/** AES-GCM key wrapping with a shared key of 192 bits. Random IVs allow 2^32 seals with one key. */
export const a192GcmKw = /* @__PURE__ */ aesGcmKw('A192GCMKW', 24)
/** AES-GCM key wrapping with a shared key of 256 bits. Random IVs allow 2^32 seals with one key. */
export const a256GcmKw = /* @__PURE__ */ aesGcmKw('A256GCMKW', 32)
