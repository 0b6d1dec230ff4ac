import { describe, expect, test } from 'vitest'
import { argon2id } from '../../../functions/hashes/argon2id.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { changed, inTime as io, json, unpadded } from './published.ts'

const hasher = argon2id()
const password = Buffer.from('password')

interface Test { readonly kind: 'hash' | 'verify-encoded'; readonly type: string; readonly version: number; readonly memoryKiB: number; readonly encoded: string; readonly password: string; readonly tag_hex: string }

withVectors('argon2', 'the reference implementation\'s tests', () => {
  const { tests, kats } = json<{ readonly tests: Test[]; readonly kats: { readonly secret_hex: string }[] }>('argon2/argon2-reference.json')
  test('argon2id verifies; argon2i and version 1.0 are refused', async () => {
    const counted = { verified: 0, 'argon2i refused': 0, 'not readable, refused': 0 }
    for (const { kind, type, encoded, password, tag_hex: tag } of tests) {
      const verdict = await hasher.verify(Buffer.from(password), encoded, io)
      if (type === 'argon2id') {
        expect(verdict).toStrictEqual({ matches: true, rehash: true })
        expect(encoded.endsWith(`$${unpadded(Buffer.from(tag, 'hex'))}`)).toBe(true)
        counted.verified++
      } else {
        expect(verdict).toBe(undefined)
        counted[kind === 'hash' ? 'argon2i refused' : 'not readable, refused']++
      }
    }
    console.log(`argon2: ${JSON.stringify(counted)}; ${kats.length} known answer skipped: a secret and associated data are not offered`)
    expect(counted).toStrictEqual({ verified: 4, 'argon2i refused': 15, 'not readable, refused': 5 })
  })
})

test('what it makes, it verifies, and no other password; no two are alike', async () => {
  const stored = await hasher.run(password, io)
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await hasher.run(password, io)).not.toBe(stored)
  expect(await hasher.verify(password, stored, io)).toStrictEqual({ matches: true, rehash: false })
  expect(await hasher.verify(Buffer.from('Password'), stored, io)).toStrictEqual({ matches: false, rehash: false })
  expect(await argon2id({ memory: 7_168, passes: 5 }).verify(password, stored, io)).toStrictEqual({ matches: true, rehash: true })
})

// Of the reference implementation: argon2 -id -t 2 -k 64 -p 1.
const small = (cost: string): string => `$argon2id$v=19$${cost}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc`

describe('a stored hash from elsewhere', () => {
  test('is not computed beyond the ceilings, and refused at once', async () => {
    const begun = cpu()
    for (const cost of ['m=4294967295,t=1,p=1', 'm=131073,t=1,p=1', 'm=65536,t=9,p=1', 'm=8,t=65537,p=1', 'm=1024,t=1,p=17', 'm=7,t=1,p=1', 'm=15,t=1,p=2', 'm=65536,t=0,p=1', 'm=065536,t=2,p=1', 'm=65536,t=2,p=1,keyid=x', 'm=6.5e4,t=2,p=1', '']) {
      expect(await hasher.verify(password, small(cost), io), cost).toBe(undefined)
    }
    for (const text of ['', '$', 'x'.repeat(100_000), `${small('m=64,t=2,p=1')}\n`, `x${small('m=64,t=2,p=1')}`, small('m=64,t=2,p=1').replace('bHQ', 'bHR'), small('m=64,t=2,p=1').replace('PPc', 'PPd'), '$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc$kfeuMleC7HBcFVx/5BeN', small('m=64,t=2,p=1').replace('v=19$', ''), small('m=64,t=2,p=1').replace('argon2id', 'argon2d'), '$argon2id$v=19$m=64,t=2,p=1$c2Fs$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc']) expect(await hasher.verify(password, text, io)).toBe(undefined)
    expect(cpu() - begun).toBeLessThan(500)
  })
  test('with any one character changed, it does not verify and nothing fails', async () => {
    for (const text of changed(small('m=65,t=2,p=1'))) expect((await hasher.verify(password, text, io))?.matches ?? false, text).toBe(false)
  })
})

// Made by hash-wasm: password "password", salt "0123456789abcdef" or its beginning.
const salt = 'MDEyMzQ1Njc4OWFiY2RlZg'
test.each([
  ['a salt of 8 bytes and a tag of 16', 'm=64,t=2,p=1$MDEyMzQ1Njc$/IHuRGF9f3nEKkY9ivoiaQ'], ['the least memory, 8 KiB a lane', `m=8,t=1,p=1$${salt}$dxM42BlXPGcRaznheIro4EsOsM+d+7/i5tdGzz5GT8c`],
  ['10 passes', `m=64,t=10,p=1$${salt}$KKOSCOnc8DChNWcYxEB+LCrfOOaCJPWnETmfMNWVMY8`], ['10 lanes', `m=80,t=1,p=10$${salt}$yvxS1KOCULPvjD/9C7vvVy/0voNb6QJpUW1dFqf9k8o`],
])('%s: taken', async (_, stored) => {
  expect(await hasher.verify(password, `$argon2id$v=19$${stored}`, io)).toStrictEqual({ matches: true, rehash: true })
})
test('what differs in one thing from what would be made is due', async () => {
  expect(await hasher.verify(password, `$argon2id$v=19$m=19456,t=2,p=1$${salt}$0qsHs573+LgGInzYb7sRqlOTBmqY4X6srNEm6ybpJ20`, io)).toStrictEqual({ matches: true, rehash: false })
  for (const other of [
    `m=19457,t=2,p=1$${salt}$ZvlCD+VjMRPJOFqwVKy44nsUxboiRh33C2FejBc2VTM`, `m=19456,t=3,p=1$${salt}$TqCXsScmJJc1dgEgtINwYG6xQPRBg9grmbmvCfHrVRI`, `m=19456,t=2,p=2$${salt}$TSUhYyWInOPtreZTlF4v50jLYuZcnLGvakwPEiI07xs`,
    'm=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2Rl$NMIbZu6tOhFp45nPKaoCUwlajr/lbjin5Ylb+cPuBDE', `m=19456,t=2,p=1$${salt}$FFmzyJSzGtFrgNKxKGmQtujGW3l7F7L7zOZSnihFrg`,
  ]) expect(await hasher.verify(password, `$argon2id$v=19$${other}`, io), other).toStrictEqual({ matches: true, rehash: true })
})

test('takes 4,096 bytes and no more, and says where', async () => {
  expect(await hasher.run(Buffer.alloc(4_096), io)).toContain('$argon2id$')
  await expect(hasher.run(Buffer.alloc(4_097), io, { field: 'login.password' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['login.password'] })
  await expect(hasher.run(Buffer.alloc(4_097), io)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['$'] })
})

test('one after the other, the failed ones too, and none that begins after the deadline', async () => {
  let now = 0
  const clock = fakeIo({ deadline: 3, now: () => now++ })
  const all = await Promise.allSettled([1, 2, 3, 4, 5].map(() => hasher.run(password, clock)))
  expect(all.map(({ status }) => status)).toStrictEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  expect(all[3]).toMatchObject({ reason: { code: 'OUT_OF_TIME' } })
  const begun: number[] = []
  const watched = fakeIo({ deadline: Infinity, now: () => begun.push(performance.now()) })
  await Promise.all([1, 2, 3].map(() => hasher.run(password, watched)))
  // Side by side they would begin at once; 19 MiB are not filled twice within five milliseconds.
  expect(begun.slice(1).every((at, i) => at - (begun[i] as number) > 5)).toBe(true)
})

test('shows that it has no key and a salt, and its cost', () => {
  expect(hasher.needs).toStrictEqual([])
  expect(hasher.config).toStrictEqual({ hash: 'argon2id', keyed: false, salted: true, memory: 19_456, passes: 2, lanes: 1 })
})

test.each([
  [{ memory: 19_456, passes: 1 }, 'argon2id, memory: with passes 1 write 47104 KiB or more'],
  [{ memory: 8_192, passes: 4 }, 'argon2id, memory: with passes 4 write 9216 KiB or more'],
  [{ memory: 1_024 }, 'argon2id, memory (KiB): write a whole number from 7168 to 131072'],
  [{ memory: 131_073 }, 'argon2id, memory (KiB): write a whole number from 7168 to 131072'],
  [{ passes: 0 }, 'argon2id, passes: write a whole number from 1 to 64'],
  [{ lanes: 1.5 }, 'argon2id, lanes: write a whole number from 1 to 16'],
  [{ memory: 131_072, passes: 5 }, 'argon2id, passes: memory times passes is at most 524288 KiB'],
])('%j is a mistake', (options, sentence) => {
  expect(() => argon2id(options)).toThrow(new TypeError(sentence))
})
test('every row of OWASP\'s table may be asked for', () => {
  for (const [memory, passes] of [[47_104, 1], [19_456, 2], [12_288, 3], [9_216, 4], [7_168, 5]] as const) expect(argon2id({ memory, passes }).keyed).toBe(false)
})
test('the most of everything may be asked for', () => {
  expect(argon2id({ memory: 131_072, passes: 4, lanes: 16 }).config).toMatchObject({ memory: 131_072, passes: 4, lanes: 16 })
})
