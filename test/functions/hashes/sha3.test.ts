import { expect, test } from 'vitest'
import { sha3 } from '../../../functions/hashes/sha3.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { messages } from './published.ts'

const io = fakeIo()

withVectors('nist-and-rfc-hash', 'NIST CAVP', () => {
  test.each([['sha3-256', 'SHA3_256', 137], ['sha3-384', 'SHA3_384', 105], ['sha3-512', 'SHA3_512', 73]] as const)('%s', async (algorithm, file, count) => {
    const all = messages(`nist-and-rfc-hash/SHA3/${file}ShortMsg.rsp`)
    expect(all).toHaveLength(count)
    for (const { message, digest } of all) expect(await sha3(algorithm).run(message, io)).toBe(digest)
  })
})

test('SHA3-256 unless said otherwise, without a key', async () => {
  expect(sha3().config).toStrictEqual({ hash: 'sha3', keyed: false, algorithm: 'sha3-256', output: 'hex' })
  expect(await sha3().run(Buffer.alloc(0), io)).toBe('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a')
  expect(() => sha3('sha-256' as never)).toThrow(new TypeError('sha3, algorithm: write sha3-256, sha3-384 or sha3-512'))
})
