import { createSecretKey } from 'node:crypto'
import { account, hashKey } from 'sallyport'
import { expect, test } from 'vitest'
import { hmac } from '../../../functions/hashes/hmac.ts'
import { hmacSha1, md5, sha1, shortKey } from '../../../functions/hashes/legacy.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { keyed, messages, sharedKey } from './published.ts'

const io = fakeIo()
const abc = Buffer.from('abc')

test('MD5 and SHA-1 of RFC 1321 A.5 and FIPS 180-4', async () => {
  expect(await md5().run(abc, io)).toBe('900150983cd24fb0d6963f7d28e17f72')
  expect(await md5().run(Buffer.alloc(0), io)).toBe('d41d8cd98f00b204e9800998ecf8427e')
  expect(await sha1().run(abc, io)).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
  expect(await sha1({ output: 'base64' }).run(abc, io)).toBe('qZk+NkcGgWq6PiVxeFDCbJzQ2J0=')
  for (const hasher of [md5(), sha1()]) expect(hasher).toMatchObject({ keyed: false, needs: [] })
})

withVectors('nist-and-rfc-hash', 'RFC 2202', () => {
  test('HMAC with SHA-1', async () => {
    const all = messages('nist-and-rfc-hash/HMAC/rfc-2202-sha1.txt')
    expect(all.length).toBeGreaterThan(4)
    for (const { key, message, digest } of all) expect(await hmacSha1({ key: sharedKey }).run(message, keyed(key))).toBe(digest)
    console.log(`RFC 2202: ${all.length} run, none skipped`)
  })
})

test('HMAC with SHA-1 under a shared key: what its former keys made verifies, and a rehash is due', async () => {
  const io = fakeIo(secrets({ [sharedKey.name]: JSON.stringify({ secretKey: '0c'.repeat(32), encoding: 'hex', previous: ['0b'.repeat(32)] }) }))
  // As Python's hmac has it, under 32 times 0b.
  expect(await hmacSha1({ key: sharedKey }).verify(Buffer.from('Hi There'), '68f9d1c65ae2dde43a134515c83813a96985cbe3', io)).toStrictEqual({ matches: true, rehash: true })
})

test('a short key, as a partner has it', async () => {
  const key = account('old-partner', shortKey())
  const io = fakeIo(secrets({ 'old-partner': '{"secretKey":"001def0209","encoding":"hex"}' }))
  expect(await hmac({ key }).run(Buffer.from('xpto'), io)).toBe('257966929b29a6e0618d47a152e2856a888072400a5cb458fa1d40ff3cedc734')
  expect(await hmac({ key, algorithm: 'sha-512' }).run(Buffer.from('xpto'), io)).toBe('517da9449385a43478309459adf9304bd3c8f63cd1d388abd5cbc02b81d8ccb39d303f877019aebfed073166e6c410197e10077f6df3f7a3b3f50adb8cd09580')
})
test.each(['{"secretKey":""}', '{}', '{"secretKey":"001","encoding":"hex"}', '{"secretKey":"ab","encoding":"latin1"}', '{"secretKey":"ab","encoding":"constructor"}', `{"secretKey":"${'a'.repeat(129)}","encoding":"utf8"}`])('the secret %s is no short key', (secret) => {
  expect(() => shortKey().read(secret)).toThrow(new TypeError('short-key account: {"secretKey": 1 to 128 bytes in base64url}, or with "encoding": hex, base64, base64url or utf8'))
})
test('a short key has 1 to 128 bytes, and says what it is', () => {
  for (const length of [1, 128]) expect(shortKey().read(JSON.stringify({ secretKey: 'a'.repeat(length), encoding: 'utf8' })).symmetricKeySize).toBe(length)
  expect(shortKey().signIn).toBe('short-key')
})
test('what is shown of them, under which scope a key of ours is derived, and what HMAC with SHA-1 refuses', async () => {
  expect([md5(), sha1(), hmacSha1({ key: sharedKey })].map(({ hash, keyed, config }) => ({ hash, keyed, config }))).toStrictEqual([
    { hash: 'md5', keyed: false, config: { hash: 'md5', keyed: false, output: 'hex' } },
    { hash: 'sha1', keyed: false, config: { hash: 'sha1', keyed: false, output: 'hex' } },
    { hash: 'hmac-sha-1', keyed: true, config: { hash: 'hmac-sha-1', keyed: true, key: sharedKey, output: 'hex' } },
  ])
  const ours = fakeIo({ mac: (_key, scope, version = 1) => {
    expect(scope).toBe('hmac sha-1')
    return Promise.resolve({ version, key: createSecretKey(Buffer.alloc(32, 0x0b)) })
  } })
  // As Python's hmac has it, under 32 times 0b.
  expect(await hmacSha1({ key: hashKey('identity') }).run(Buffer.from('Hi There'), ours)).toBe('1.68f9d1c65ae2dde43a134515c83813a96985cbe3')
  expect(() => hmacSha1({} as never)).toThrow(new TypeError("hmacSha1, key: write hashKey('name'), or account('name', secretKey())"))
})
