import { expect, test } from 'vitest'
import { pbkdf2 } from '../../../functions/hashes/pbkdf2.ts'
import { cpu } from '../../cpu.ts'
import { vector, withVectors } from '../../vectors.ts'
import { changed, inTime as io, json, unpadded, type Wycheproof } from './published.ts'

const hasher = pbkdf2()
const password = Buffer.from('password')

withVectors('wycheproof', 'Wycheproof', () => {
  test.each(['sha256', 'sha512'] as const)('PBKDF2 with HMAC and %s', async (digest) => {
    const { testGroups, numberOfTests } = json<Wycheproof<{ readonly password: string; readonly salt: string; readonly iterationCount: number; readonly dk: string }>>(`wycheproof/pbkdf2_hmac${digest}_test.json`)
    let ran = 0
    for (const { tcId, password, salt, iterationCount, dk, result } of testGroups.flatMap(({ tests }) => tests)) {
      const stored = `$pbkdf2-${digest}$i=${iterationCount}$${unpadded(Buffer.from(salt, 'hex'))}$${unpadded(Buffer.from(dk, 'hex'))}`
      expect(await hasher.verify(Buffer.from(password, 'hex'), stored, io), `${tcId}`).toStrictEqual({ matches: result === 'valid', rehash: result === 'valid' })
      ran++
    }
    console.log(`Wycheproof pbkdf2_hmac${digest}: ${ran} run, none skipped`)
    expect(ran).toBe(numberOfTests)
  })
})

withVectors('nist-and-rfc-hash', 'RFC 6070', () => {
  test('PBKDF2 with SHA-1 is not offered', async () => {
    const all = [...vector('nist-and-rfc-hash/KDF/rfc-6070-PBKDF2-SHA1.txt').toString().matchAll(/^DERIVED_KEY = (\w+)/gm)].map(([, tag]) => tag as string)
    for (const tag of all) expect(await hasher.verify(password, `$pbkdf2-sha1$i=4096$c2FsdA$${unpadded(Buffer.from(tag, 'hex'))}`, io)).toBe(undefined)
    console.log(`RFC 6070: ${all.length} skipped and refused: SHA-1 is not offered for passwords`)
    expect(all).toHaveLength(6)
  })
})

test('what it makes, it verifies, and no other password; another algorithm or count is due', async () => {
  const stored = await hasher.run(password, io)
  expect(stored).toMatch(/^\$pbkdf2-sha256\$i=600000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await hasher.verify(password, stored, io)).toStrictEqual({ matches: true, rehash: false })
  expect(await hasher.verify(Buffer.from('Password'), stored, io)).toStrictEqual({ matches: false, rehash: false })
  expect(await pbkdf2({ algorithm: 'sha-512' }).verify(password, stored, io)).toStrictEqual({ matches: true, rehash: true })
  expect(await pbkdf2({ iterations: 600_001 }).verify(password, stored, io)).toStrictEqual({ matches: true, rehash: true })
})

// RFC 7914 section 11: P="passwd", S="salt", c=1, the first 32 bytes of 64.
const small = (cost: string): string => `$pbkdf2-sha256$${cost}$c2FsdA$VawEbjP9iTyeAEdUU1F6uA/SnwLu8tkSU6EBrU3+4qQ`

test('a stored hash beyond the ceilings, or of another shape, is refused at once', async () => {
  const begun = cpu()
  for (const cost of ['i=9999999', 'i=2500001', 'i=0', 'i=01', 'i=1e5', 'i=99999999999', '1', '']) expect(await hasher.verify(password, small(cost), io), cost).toBe(undefined)
  // Four blocks of SHA-256 cost four times as much.
  expect(await hasher.verify(password, `$pbkdf2-sha256$i=700000$c2FsdA$${'A'.repeat(171)}`, io)).toBe(undefined)
  for (const text of ['', '$pbkdf2', 'x'.repeat(100_000), `${small('i=1')}\n`, `x${small('i=1')}`, small('i=1').replace('sha256', 'md5'), small('i=1').replace('4qQ', '4qR'), '$pbkdf2-sha256$i=1$MDEyMzQ1Njc4OWFiY2RlZg$751fat1KXRn0p/yStI8j']) expect(await hasher.verify(password, text, io)).toBe(undefined)
  expect(cpu() - begun).toBeLessThan(200)
})
test('with any one character changed, a stored hash does not verify and nothing fails', async () => {
  for (const text of changed(small('i=3'))) expect((await hasher.verify(Buffer.from('passwd'), text, io))?.matches ?? false, text).toBe(false)
})

// Made by hashlib of Python: password "password", salt "0123456789abcdef".
const salt = 'MDEyMzQ1Njc4OWFiY2RlZg'
test('a tag of 16 bytes is one, and the most iterations are computed', async () => {
  for (const stored of [`$pbkdf2-sha256$i=1$${salt}$751fat1KXRn0p/yStI8jUQ`, `$pbkdf2-sha256$i=2500000$${salt}$21q/b+WosoxY4xZW8uL6xiXhlxj21i2YEdVdL5OEInU`]) expect(await hasher.verify(password, stored, io)).toStrictEqual({ matches: true, rehash: true })
})
test('what differs in one thing from what would be made is due', async () => {
  expect(await hasher.verify(password, `$pbkdf2-sha256$i=600000$${salt}$mW18kPdKShac963vQrBoSPfRusPlaNHMlNT3m+HuAmM`, io)).toStrictEqual({ matches: true, rehash: false })
  for (const other of [
    `sha512$i=600000$${salt}$iWb/AOTQaNI3zGc5FnEEuEo9boC6P68EtqAch3CR434`, `sha256$i=600001$${salt}$NpBV/doHsHcgyBjpyN/iMTuLBjlcAuHEPJvz1kFEFnA`,
    'sha256$i=600000$MDEyMzQ1Njc4OWFiY2Rl$GEAMxHF6m29/m+rFDeqFXhum+HHIBOC39+ZjQXK2Iqc', `sha256$i=600000$${salt}$mW18kPdKShac963vQrBoSPfRusPlaNHMlNT3m+HuAg`,
  ]) expect(await hasher.verify(password, `$pbkdf2-${other}`, io), other).toStrictEqual({ matches: true, rehash: true })
})

test('floors by algorithm; mistakes are one sentence', () => {
  expect(pbkdf2({ algorithm: 'sha-512' }).config).toStrictEqual({ hash: 'pbkdf2', keyed: false, salted: true, algorithm: 'sha-512', iterations: 220_000 })
  expect(() => pbkdf2({ iterations: 599_999 })).toThrow(new TypeError('pbkdf2, iterations of sha-256: write a whole number from 600000 to 2500000'))
  expect(() => pbkdf2({ algorithm: 'sha-384', iterations: 1 })).toThrow(new TypeError('pbkdf2, iterations of sha-384: write a whole number from 220000 to 2500000'))
  expect(() => pbkdf2({ algorithm: 'sha-1' as never })).toThrow(new TypeError('pbkdf2, algorithm: write sha-256, sha-384 or sha-512'))
})
