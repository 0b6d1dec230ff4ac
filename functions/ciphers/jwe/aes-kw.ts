import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { failed, through, type KeyManagement } from './algorithm.ts'
import { shared } from './check.ts'

/** RFC 3394 section 2.2.3.1. */
const initial = /* @__PURE__ */ Buffer.alloc(8, 0xa6)

/** AES Key Wrap (RFC 3394); the size of the key says which. */
const how = (kek: KeyObject): [algorithm: string, key: KeyObject, initial: Buffer] => [`id-aes${kek.symmetricKeySize as number * 8}-wrap`, kek, initial]

export const wrapped = (kek: KeyObject, cek: Uint8Array): Buffer => through(createCipheriv(...how(kek)), cek)

/** Throws whatever node throws where the key is another or a bit is. */
export const unwrapped = (kek: KeyObject, wrapped: Uint8Array): Buffer => through(createDecipheriv(...how(kek)), wrapped)

/** RFC 7518 section 4.4. */
const aesKw = (alg: string, bytes: number): KeyManagement => ({
  alg,
  keys: 'secret',
  check: shared(alg, bytes),
  wrap: ({ key }, cek) => ({ wrapped: wrapped(key, cek) }),
  unwrap: ({ key }, bytes) => unwrapped(key ?? failed(), bytes),
})

/** AES Key Wrap with a shared key of 128 bits. */
export const a128Kw = /* @__PURE__ */ aesKw('A128KW', 16)
/** AES Key Wrap with a shared key of 192 bits. */
export const a192Kw = /* @__PURE__ */ aesKw('A192KW', 24)
/** AES Key Wrap with a shared key of 256 bits. */
export const a256Kw = /* @__PURE__ */ aesKw('A256KW', 32)
