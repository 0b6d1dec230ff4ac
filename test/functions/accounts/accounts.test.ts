import { describe, expect, test } from 'vitest'
import { apiKey } from '../../../functions/accounts/api-key.ts'
import { basic } from '../../../functions/accounts/basic.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'

const origin = { dev: 'https://partner.example' } as const

describe('basic', () => {
  const how = basic({ origin })
  const sent = (username: string, password: string) => how.headers(how.read(JSON.stringify({ username, password })))['authorization']
  test('the examples of RFC 7617, sections 2 and 2.1', () => {
    expect(sent('Aladdin', 'open sesame')).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
    expect(sent('test', '123£')).toBe('Basic dGVzdDoxMjPCow==')
  })
  test('a password may hold colons and be empty, a user id may not hold one', () => {
    expect(sent('a', 'b:c')).toBe(`Basic ${Buffer.from('a:b:c').toString('base64')}`)
    expect(sent('a', '')).toBe('Basic YTo=')
    expect(() => sent('a:b', 'c')).toThrow(TypeError)
  })
  test('control characters are refused; two spellings of a letter are one', () => {
    expect(() => sent('a', 'b\r\nc')).toThrow(TypeError)
    expect(sent('a', 'e\u0301')).toBe(sent('a', '\u00e9'))
  })
})

describe('apiKey', () => {
  test('goes into x-api-key, or the header that is named', () => {
    const how = apiKey({ origin })
    expect(how.headers(how.read('{"apiKey":"0123456789"}'))).toStrictEqual({ 'x-api-key': '0123456789' })
    expect(apiKey({ origin, header: 'X-Partner-Key' }).headers({ apiKey: 'k' })).toStrictEqual({ 'x-partner-key': 'k' })
  })
  test.each(['{"apiKey":"short"}', '{"apiKey":"with a space"}', '{"apiKey":"line\\r\\nend-and-more"}', '{}', '[]', 'null'])('the secret %s is refused', (secret) => {
    expect(() => apiKey({ origin }).read(secret)).toThrow(TypeError)
  })
})

test('a secret key is 256 bits in base64url', () => {
  expect(secretKey().read(`{"secretKey":"${Buffer.alloc(32, 1).toString('base64url')}"}`).symmetricKeySize).toBe(32)
  for (const text of ['', 'AAAA', Buffer.alloc(33).toString('base64url'), `${'A'.repeat(42)}=`]) expect(() => secretKey().read(JSON.stringify({ secretKey: text }))).toThrow(TypeError)
})

describe('what every partner account says', () => {
  test.each(['https://partner.example/path', 'https://partner.example/', 'http://partner.example', 'https://user@partner.example', 'partner.example'])('the origin %s is refused', (address) => {
    expect(() => apiKey({ origin: { dev: address as 'https://x' } })).toThrow(TypeError)
  })
  test.each([408, 409, 425, 429, 500, 503, 200])('status %i cannot say that nothing was done', (status) => {
    expect(() => apiKey({ origin, nothingDone: [status] })).toThrow(TypeError)
  })
  test.each([0, -1, 721, Number.NaN])('%d hours are none for which a partner remembers', (hours) => {
    expect(() => apiKey({ origin, idempotency: { hours } })).toThrow('api-key account, idempotency: hours is a number, 720 at most')
    expect(apiKey({ origin, idempotency: { hours: 720 } }).idempotency).toEqual({ hours: 720 })
  })
})
