import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { through } from '../parts/through.ts'
import { failed, type KeyManagement } from './algorithm.ts'
import { shared } from './check.ts'

/** RFC 3394 section 2.2.3.1. */
const initial = /* @__PURE__ */ Buffer.alloc(8, 0xa6)

/** AES Key Wrap (RFC 3394) with a key of so many bytes. */
export function keyWrap(bytes: number) {
  const algorithm = `id-aes${bytes * 8}-wrap`
  return {
    wrapped: (kek: KeyObject, cek: Uint8Array): Buffer => through(createCipheriv(algorithm, kek, initial), cek),
    /** Throws whatever node throws where the key is another or a bit is. */
    unwrapped: (kek: KeyObject, wrapped: Uint8Array): Buffer => through(createDecipheriv(algorithm, kek, initial), wrapped),
  }
}

/** RFC 7518 section 4.4. */
function aesKw(alg: string, bytes: number): KeyManagement {
  const { wrapped, unwrapped } = keyWrap(bytes)
  return {
    alg,
    keys: 'secret',
    check: shared(alg, bytes),
    wrap: ({ key }, cek) => ({ wrapped: wrapped(key, cek()) }),
    unwrap: ({ key }, bytes) => unwrapped(key ?? failed(), bytes),
  }
}

/** AES Key Wrap with a shared key of 128 bits. */
export const a128Kw = /* @__PURE__ */ aesKw('A128KW', 16)
/** AES Key Wrap with a shared key of 192 bits. */
export const a192Kw = /* @__PURE__ */ aesKw('A192KW', 24)
/** AES Key Wrap with a shared key of 256 bits. */
export const a256Kw = /* @__PURE__ */ aesKw('A256KW', 32)
