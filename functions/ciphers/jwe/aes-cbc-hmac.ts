import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { bytesOf, failed, type ContentEncryption } from './algorithm.ts'

/** AES-CBC and then HMAC (RFC 7518 section 5.2): the first half of the key authenticates, the second encrypts; the tag is half of the MAC. */
const aesCbcHmac = (enc: string, bytes: number): ContentEncryption => {
  const half = bytes / 2
  const algorithm = `aes-${half * 8}-cbc`
  const tagOf = (cek: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array, aad: string): Buffer => {
    const bits = Buffer.alloc(8)
    bits.writeBigUInt64BE(BigInt(aad.length) * 8n)
    return createHmac(`sha${bytes * 8}`, createSecretKey(cek.subarray(0, half))).update(aad, 'latin1').update(iv).update(ciphertext).update(bits).digest().subarray(0, half)
  }
  return {
    enc,
    bytes,
    encrypt(key, plain, aad) {
      const cek = bytesOf(key)
      const iv = randomBytes(16)
      const cipher = createCipheriv(algorithm, createSecretKey(cek.subarray(half)), iv)
      const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
      return { iv, ciphertext, tag: tagOf(cek, iv, ciphertext, aad) }
    },
    // The MAC first, so that the padding of what nobody authenticated is never looked at.
    decrypt(key, { iv, ciphertext, tag }, aad) {
      const cek = bytesOf(key)
      if (iv.length !== 16 || tag.length !== half || !timingSafeEqual(tag, tagOf(cek, iv, ciphertext, aad))) failed()
      const decipher = createDecipheriv(algorithm, createSecretKey(cek.subarray(half)), iv)
      return Buffer.concat([decipher.update(ciphertext), decipher.final()])
    },
  }
}

/** AES-CBC with 128 bits, authenticated by HMAC-SHA-256; its key has 32 bytes. */
export const a128CbcHs256 = /* @__PURE__ */ aesCbcHmac('A128CBC-HS256', 32)
/** AES-CBC with 192 bits, authenticated by HMAC-SHA-384; its key has 48 bytes. */
export const a192CbcHs384 = /* @__PURE__ */ aesCbcHmac('A192CBC-HS384', 48)
/** AES-CBC with 256 bits, authenticated by HMAC-SHA-512; its key has 64 bytes. */
export const a256CbcHs512 = /* @__PURE__ */ aesCbcHmac('A256CBC-HS512', 64)
