import { expect, test } from 'vitest'
import { sha2 } from '../../../functions/hashes/sha2.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { messages } from './published.ts'

const io = fakeIo()

withVectors('nist-and-rfc-hash', 'NIST CAVP', () => {
  test.each([['sha-256', 'SHA256', 65], ['sha-384', 'SHA384', 129], ['sha-512', 'SHA512', 129], ['sha-512-256', 'SHA512_256', 129]] as const)('%s', async (algorithm, file, count) => {
    const all = messages(`nist-and-rfc-hash/SHA2/${file}ShortMsg.rsp`)
    expect(all).toHaveLength(count)
    for (const { message, digest } of all) {
      expect(await sha2(algorithm).run(message, io)).toBe(digest)
      expect(await sha2(algorithm).verify(message, digest, io)).toStrictEqual({ matches: true, rehash: false })
    }
  })
})

test('SHA-256 unless said otherwise, without a key, and as FIPS 180-4 has it', async () => {
  expect(sha2().config).toStrictEqual({ hash: 'sha2', keyed: false, algorithm: 'sha-256', output: 'hex' })
  expect(sha2().needs).toStrictEqual([])
  expect(await sha2('sha-256', { output: 'base64' }).run(Buffer.from('abc'), io)).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=')
  expect(() => sha2('sha-1' as never)).toThrow(new TypeError('sha2, algorithm: write sha-256, sha-384, sha-512 or sha-512-256'))
})
