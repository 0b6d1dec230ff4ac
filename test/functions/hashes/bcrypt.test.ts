import { describe, expect, test } from 'vitest'
import { bcrypt } from '../../../functions/hashes/bcrypt.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { changed, inTime as io, json } from './published.ts'

const hasher = bcrypt({ cost: 4 })
const password = Buffer.from('password')

withVectors('bcrypt', 'pyca/bcrypt\'s tests', () => {
  const { tests } = json<{ readonly tests: readonly { readonly kind: string; readonly password_hex: string; readonly salt?: string; readonly hash: string }[] }>('bcrypt/bcrypt-vectors.json')
  test('every one verifies, bytes that are no UTF-8 too', async () => {
    let ran = 0
    for (const { password_hex: hex, hash } of tests) {
      const bytes = Buffer.from(hex, 'hex')
      const cost = Number(hash.slice(4, 6))
      expect(await hasher.verify(bytes, hash, io), hash).toStrictEqual({ matches: true, rehash: cost !== 4 })
      const other = Buffer.from(bytes)
      other[0] = (other[0] as number) ^ 1
      expect(await hasher.verify(other, hash, io), hash).toStrictEqual({ matches: false, rehash: false })
      ran++
    }
    console.log(`bcrypt: ${ran} run, none skipped`)
    expect(ran).toBe(tests.length)
  })
})

test('an empty password, as jBCrypt has it', async () => {
  expect(await hasher.verify(Buffer.alloc(0), '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', io)).toStrictEqual({ matches: true, rehash: true })
})

test('what it makes, it verifies, under each of its three names; no two are alike', async () => {
  for (const version of ['2a', '2b', '2y'] as const) {
    const stored = await bcrypt({ version, cost: 4 }).run(password, io)
    expect(stored.startsWith(`$${version}$04$`)).toBe(true)
    expect(stored).toHaveLength(60)
    expect(await hasher.verify(password, stored, io)).toStrictEqual({ matches: true, rehash: false })
    expect(await hasher.verify(Buffer.from('Password'), stored, io)).toStrictEqual({ matches: false, rehash: false })
    expect(await bcrypt({ version, cost: 4 }).run(password, io)).not.toBe(stored)
  }
})

describe('a password that bcrypt would cut', () => {
  test('72 bytes are taken and every one counts', async () => {
    const long = Buffer.alloc(72, 0x61)
    const stored = await hasher.run(long, io)
    expect(await hasher.verify(long, stored, io)).toStrictEqual({ matches: true, rehash: false })
    expect(await hasher.verify(Buffer.from(`${'a'.repeat(71)}b`), stored, io)).toStrictEqual({ matches: false, rehash: false })
  })
  test.each([['73 bytes', 'a'.repeat(73)], ['more bytes than characters', 'ä'.repeat(37)]])('%s', async (_, text) => {
    const refused = expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['login.password'], message: 'PAYLOAD_INVALID' })
    await expect(hasher.run(Buffer.from(text), io, { field: 'login.password' })).rejects.toStrictEqual(refused)
    await expect(hasher.verify(Buffer.from(text), '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', io, { field: 'login.password' })).rejects.toStrictEqual(refused)
  })
  test.each([['a NUL', 'a\0a'], ['a NUL alone', '\0']])('%s is not hashed: "a" and "a NUL a" would be one; what others made of it verifies', async (_, text) => {
    await expect(hasher.run(Buffer.from(text), io, { field: 'login.password' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['login.password'] })
    const stored = await hasher.run(Buffer.from(text.replace(/\0.*/s, '')), io)
    expect((await hasher.verify(Buffer.from(text), stored, io))?.matches).toBe(true)
  })
})

describe('a stored hash from elsewhere', () => {
  // Of jBCrypt.
  const stored = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
  test('is not computed beyond the ceiling, and refused at once', async () => {
    const begun = cpu()
    for (const cost of ['31', '20', '15', '03', '00', '99', '5', '005']) expect(await bcrypt().verify(password, stored.replace('05', cost), io), cost).toBe(undefined)
    for (const text of ['', '$2b$', 'x'.repeat(100_000), `${stored}\n`, `x${stored}`, stored.replace('2a', '2x'), stored.replace('2a', '2'), stored.replace('E5', 'E=')]) expect(await hasher.verify(password, text, io)).toBe(undefined)
    expect(cpu() - begun).toBeLessThan(200)
  })
  test('is computed at the ceiling: of cost 14, and of what is asked for beyond it', async () => {
    // After the deadline nothing is computed, but it is read.
    const late = fakeIo({ now: () => 1, deadline: 1 })
    for (const [cost, ceiling] of [['14', 4], ['14', 12], ['15', 15], ['20', 20]] as const) await expect(bcrypt({ cost: ceiling }).verify(password, stored.replace('05', cost), late), cost).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
    for (const [cost, ceiling] of [['15', 14], ['16', 15]] as const) expect(await bcrypt({ cost: ceiling }).verify(password, stored.replace('05', cost), late), cost).toBe(undefined)
  })
  test('with any one character changed, it does not verify and nothing fails', async () => {
    const own = '$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy'
    const right = Buffer.from('39496552586d6e47784d596273', 'hex')
    expect(await hasher.verify(right, own, io)).toStrictEqual({ matches: true, rehash: false })
    for (const text of changed(own).filter((text) => text.startsWith('$2b$04$'))) expect((await hasher.verify(right, text, io))?.matches ?? false, text).toBe(false)
    // A cost that reads otherwise, 11 and 14, is one computation each; a version that reads otherwise is none.
    for (const text of changed(own).filter((text) => !text.startsWith('$2b$04$'))) expect((await hasher.verify(right, text, io))?.matches ?? false, text).toBe(false)
  })
})

test('a salt that is fixed shows: no random one, not salted', async () => {
  const fixed = bcrypt({ version: '2y', cost: 6, fixedSalt: 'N9qo8uLOickgx2ZM' })
  expect(fixed.config).toStrictEqual({ hash: 'bcrypt', keyed: false, salted: false, version: '2y', cost: 6 })
  expect(await fixed.run(Buffer.from('xpto'), io)).toBe('$2y$06$RhjvZxfzRC7nW0rlcBHYROhJmATBMG6eXfkYkffexdfdFHzzp27Iu')
  expect(bcrypt().config).toStrictEqual({ hash: 'bcrypt', keyed: false, salted: true, version: '2b', cost: 12 })
})

test.each([
  [{ cost: 3 }, 'bcrypt, cost: write a whole number from 4 to 20'],
  [{ cost: 21 }, 'bcrypt, cost: write a whole number from 4 to 20'],
  [{ version: '2x' as never }, 'bcrypt, version: write 2a, 2b or 2y'],
  [{ fixedSalt: 'short' }, 'bcrypt, fixedSalt: write a text of exactly 16 bytes, or leave it out for a random salt'],
])('%j is a mistake', (options, sentence) => {
  expect(() => bcrypt(options)).toThrow(new TypeError(sentence))
})
