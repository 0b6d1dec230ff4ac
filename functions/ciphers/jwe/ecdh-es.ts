import { createSecretKey, diffieHellman, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { bytesIn } from '../fields/encoding.ts'
import { keyWrap } from './aes-kw.ts'
import { failed, type Header, type KeyManagement, type OpeningKey, type SealingKey } from './algorithm.ts'
import { alone } from './check.ts'

/** A new key on the curve of the reader's, and what both agree on. */
function offered({ key: publicKey, crv = 'P-256' }: SealingKey): { readonly secret: Buffer; readonly header: { readonly epk: object } } {
  const ephemeral = crv === 'X25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ec', { namedCurve: crv })
  return { secret: diffieHellman({ privateKey: ephemeral.privateKey, publicKey }), header: { epk: ephemeral.publicKey.export({ format: 'jwk' }) } }
}

/** The x coordinate of the common point (SP 800-56A 5.7.1.2). Whoever holds the key checks that the sender's point is on its curve. */
function agreed({ agree, crv = 'P-256' }: OpeningKey, { epk }: Header): Uint8Array | Promise<Uint8Array> {
  const point = epk as Header
  const size = crv === 'P-384' ? 48 : 32
  const ySize = crv === 'X25519' ? 0 : size
  const x = bytesIn('base64url', point['x'])
  const y = bytesIn('base64url', point['y'] ?? '')
  return agree === undefined || point['kty'] !== (ySize > 0 ? 'EC' : 'OKP') || point['crv'] !== crv || 'd' in point || x.length !== size || y.length !== ySize ? failed() : agree(x, y)
}

/** The Concat KDF of SP 800-56A 5.8.1 as RFC 7518 section 4.6.2 fills it in. Two rounds give 512 bits, the most that is asked for. */
function concatKdf(secret: Uint8Array, algorithm: string, { apu = '', apv = '' }: Header, bytes: number): Buffer {
  const info = [Buffer.from(algorithm), bytesIn('base64url', apu), bytesIn('base64url', apv)].flatMap((part) => [uint32(part.length), part])
  const round = (number: number): Buffer => hash('sha256', Buffer.concat([uint32(number), secret, ...info, uint32(bytes * 8)]), 'buffer')
  return bytes > 32 ? Buffer.concat([round(1), round(2)], bytes) : round(1).subarray(0, bytes)
}
/** Up to 65,535: no part of a header is longer. */
const uint32 = (value: number): Buffer => Buffer.from([0, 0, value >> 8, value])

/** RFC 7518 section 4.6 (X25519: RFC 8037 section 3.2): the agreed key wraps the content key. */
function ecdhEsWith(alg: string, bytes: number): KeyManagement {
  const { wrapped, unwrapped } = keyWrap(bytes)
  const kek = (secret: Uint8Array, header: Header): KeyObject => createSecretKey(concatKdf(secret, alg, header, bytes))
  return {
    alg,
    keys: 'ec',
    wrap(key, cek) {
      const { secret, header } = offered(key)
      return { header, wrapped: wrapped(kek(secret, {}), cek()) }
    },
    unwrap: async (key, bytes, header) => unwrapped(kek(await agreed(key, header), header), bytes),
  }
}

/** The agreed key is the content key. On P-256; with imported keys on P-384 and X25519 as well. */
export const ecdhEs: KeyManagement = {
  alg: 'ECDH-ES',
  keys: 'ec',
  check: /* @__PURE__ */ alone('ECDH-ES'),
  wrap(key, _cek, { enc, bytes }) {
    const { secret, header } = offered(key)
    return { header, wrapped: Buffer.alloc(0), cek: concatKdf(secret, enc, {}, bytes) }
  },
  unwrap: async (key, { length }, header, { enc, bytes }) => length > 0 ? failed() : concatKdf(await agreed(key, header), enc, header, bytes),
}
/** Key agreement with AES Key Wrap of 128 bits. Curves as `ecdhEs`. */
export const ecdhEsA128Kw = /* @__PURE__ */ ecdhEsWith('ECDH-ES+A128KW', 16)
/** Key agreement with AES Key Wrap of 192 bits. Curves as `ecdhEs`. */
export const ecdhEsA192Kw = /* @__PURE__ */ ecdhEsWith('ECDH-ES+A192KW', 24)
/** Key agreement with AES Key Wrap of 256 bits. Curves as `ecdhEs`. */
export const ecdhEsA256Kw = /* @__PURE__ */ ecdhEsWith('ECDH-ES+A256KW', 32)
