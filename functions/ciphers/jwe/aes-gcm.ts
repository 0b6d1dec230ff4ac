import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { failed, through, type ContentEncryption, type Encrypted } from './algorithm.ts'

/** AES-GCM (NIST SP 800-38D) with a tag of 128 bits; the size of the key says which. */
const how = (key: KeyObject, iv: Uint8Array): [algorithm: CipherGCMTypes, key: KeyObject, iv: Uint8Array, options: { authTagLength: number }] => [`aes-${key.symmetricKeySize as number * 8 as 256}-gcm`, key, iv, { authTagLength: 16 }]

/** With an IV of 96 random bits. */
export function gcmSealed(key: KeyObject, plain: Uint8Array, aad: string): Encrypted {
  const iv = randomBytes(12)
  const cipher = createCipheriv(...how(key, iv)).setAAD(Buffer.from(aad, 'latin1'))
  return { iv, ciphertext: through(cipher, plain), tag: cipher.getAuthTag() }
}

/** Throws where it is not authentic: other sizes of IV and tag are none of RFC 7518 section 5.3. */
export function gcmOpened(key: KeyObject, { iv, ciphertext, tag }: Encrypted, aad: string): Buffer {
  if (iv.length !== 12 || tag.length !== 16) failed()
  return through(createDecipheriv(...how(key, iv)).setAAD(Buffer.from(aad, 'latin1')).setAuthTag(tag), ciphertext)
}

/** RFC 7518 section 5.3. */
const aesGcm = (enc: string, bytes: number): ContentEncryption => ({
  enc,
  bytes,
  encrypt: (cek, plain, aad) => gcmSealed(createSecretKey(cek), plain, aad),
  decrypt: (cek, encrypted, aad) => gcmOpened(createSecretKey(cek), encrypted, aad),
})

/** AES-GCM with 128 bits. */
export const a128Gcm = /* @__PURE__ */ aesGcm('A128GCM', 16)
/** AES-GCM with 192 bits. */
export const a192Gcm = /* @__PURE__ */ aesGcm('A192GCM', 24)
/** AES-GCM with 256 bits. */
export const a256Gcm = /* @__PURE__ */ aesGcm('A256GCM', 32)
