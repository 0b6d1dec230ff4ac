import { describe, expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'

const read = (secret: object, bits: 128 | 192 | 256 | 384 | 512 = 256): string => secretKey({ bits }).read(JSON.stringify(secret)).export().toString('hex')

test('256 bits in base64url unless said otherwise', () => {
  expect(secretKey()).toMatchObject({ signIn: 'secret-key', bits: 256 })
  expect(read({ secretKey: 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA' })).toBe('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20')
})

test.each([
  ['hex', '000102030405060708090A0B0C0D0E0F', '000102030405060708090a0b0c0d0e0f'],
  ['base64', 'AAECAwQFBgcICQoLDA0ODw==', '000102030405060708090a0b0c0d0e0f'],
  ['base64url', 'AAECAwQFBgcICQoLDA0ODw', '000102030405060708090a0b0c0d0e0f'],
  ['utf8', 'k\u00e9y of sixteen', '6bc3a979206f66207369787465656e'],
])('in %s', (encoding, secretKey, hex) => {
  if (encoding === 'utf8') expect(() => read({ secretKey, encoding }, 128)).toThrow(TypeError)
  else expect(read({ secretKey, encoding }, 128)).toBe(hex)
  if (encoding === 'utf8') expect(read({ secretKey: `${secretKey}!`, encoding }, 128)).toBe(`${hex}21`)
})

test.each([128, 192, 256, 384, 512] as const)('exactly %i bits', (bits) => {
  expect(read({ secretKey: 'ab'.repeat(bits / 8), encoding: 'hex' }, bits)).toBe('ab'.repeat(bits / 8))
  for (const bytes of [bits / 8 - 1, bits / 8 + 1, 0]) expect(() => read({ secretKey: 'ab'.repeat(bytes), encoding: 'hex' }, bits)).toThrow(TypeError)
})

describe('what is refused, without a word of the secret', () => {
  test.each([
    [{}], [{ secretKey: 7 }], [{ secretKey: `${'A'.repeat(43)}=` }], [{ secretKey: `${'A'.repeat(42)}+` }], [{ secretKey: 'A'.repeat(45) }],
    [{ secretKey: 'g'.repeat(64), encoding: 'hex' }], [{ secretKey: 'a'.repeat(63), encoding: 'hex' }], [{ secretKey: 'A'.repeat(43), encoding: 'base64' }],
    [{ secretKey: 'A'.repeat(43), encoding: 'latin1' }], [{ secretKey: 'A'.repeat(43), encoding: '__proto__' }], [{ secretKey: 'A'.repeat(43), encoding: null }],
  ])('%j', (secret) => {
    expect(() => read(secret)).toThrow(new TypeError('secret-key account: {"secretKey": 32 bytes in base64url}, or with "encoding": hex, base64, base64url or utf8'))
  })
  test('a size that no algorithm takes', () => {
    expect(() => secretKey({ bits: 64 as never })).toThrow(new TypeError('secret-key account, bits: write 128, 192, 256, 384 or 512'))
  })
})
