import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { through } from '../parts/through.ts'
import { failed, type ContentEncryption, type ContentKey, type Encrypted } from './algorithm.ts'

/** AES-GCM (NIST SP 800-38D) with a key of so many bytes and a tag of 128 bits. */
export const gcmOf = (bytes: number): CipherGCMTypes => `aes-${bytes * 8 as 256}-gcm`
const tag128 = { authTagLength: 16 }

/** With an IV of 96 random bits. */
export function gcmSealed(algorithm: CipherGCMTypes, key: KeyObject, plain: Uint8Array, aad: string): Encrypted {
  const iv = randomBytes(12)
  const cipher = createCipheriv(algorithm, key, iv, tag128).setAAD(Buffer.from(aad, 'latin1'))
  return { iv, ciphertext: through(cipher, plain), tag: cipher.getAuthTag() }
}

/** Throws where it is not authentic: other sizes of IV and tag are none of RFC 7518 section 5.3. */
export function gcmOpened(algorithm: CipherGCMTypes, key: KeyObject, { iv, ciphertext, tag }: Encrypted, aad: string): Buffer {
  if (iv.length !== 12 || tag.length !== 16) failed()
  return through(createDecipheriv(algorithm, key, iv, tag128).setAAD(Buffer.from(aad, 'latin1')).setAuthTag(tag), ciphertext)
}

/** RFC 7518 section 5.3. */
function aesGcm(enc: string, bytes: number): ContentEncryption {
  const algorithm = gcmOf(bytes)
  return {
    enc,
    bytes,
    encrypt: (cek, plain, aad) => gcmSealed(algorithm, keyOf(cek), plain, aad),
    decrypt: (cek, encrypted, aad) => gcmOpened(algorithm, keyOf(cek), encrypted, aad),
  }
}

const keyOf = (cek: ContentKey): KeyObject => cek instanceof Uint8Array ? createSecretKey(cek) : cek

/** AES-GCM with 128 bits. */
export const a128Gcm = /* @__PURE__ */ aesGcm('A128GCM', 16)
/** AES-GCM with 192 bits. */
export const a192Gcm = /* @__PURE__ */ aesGcm('A192GCM', 24)
/** AES-GCM with 256 bits. */
export const a256Gcm = /* @__PURE__ */ aesGcm('A256GCM', 32)
