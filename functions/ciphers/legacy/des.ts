import { createDecipheriv } from 'node:crypto'

/**
 * DES in CBC (FIPS 46-3, FIPS 81), to open alone: a key of 8 bytes, 56 of its bits used, which can be tried through.
 * Node has no DES any more, but it has its threefold form, which with the same key thrice is DES itself (FIPS 46-3 section 3).
 * Nothing is unpadded. Throws an Error for what is not of whole blocks.
 */
export function openDesCbc(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  const decipher = createDecipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), iv).setAutoPadding(false)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}
