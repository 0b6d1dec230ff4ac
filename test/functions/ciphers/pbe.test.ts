import { createCipheriv, hkdfSync, pbkdf2Sync } from 'node:crypto'
import { account, Fault, type Io } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { passphrase } from '../../../functions/accounts/passphrase.ts'
import { byPbkdf2, derivationOf, pbkdf2Key, scryptKey } from '../../../functions/ciphers/pbe/derivation.ts'
import { keysOf, sealingHead } from '../../../functions/ciphers/pbe/keys.ts'
import { pbe } from '../../../functions/ciphers/pbe.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { blocks, json, type Wycheproof } from '../hashes/published.ts'

const words = account('words', passphrase())
const read = (text: unknown) => passphrase().read(JSON.stringify({ passphrase: text }))
/** An `io` of one execution, and the account's content as it stays in memory. */
const ioOf = (text = 'correct horse b\u00e4ttery staple', more: Partial<Io> = {}): Io => {
  const content = read(text)
  return fakeIo({ id: 'execution', pipeline: 'payments', now: () => 0, deadline: 1, material: () => Promise.resolve(content as never), ...more })
}
const io = ioOf()
const field = { field: 'applicant.ssn' }
const small = pbe({ passphrase: words, context: 'loan archive', cost: 15 })
const quick = pbe({ passphrase: words, context: 'loan archive', kdf: 'pbkdf2' })
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
const text = Buffer.from('078-05-1120')

// Made by hashlib of Python and python-cryptography 48, by the definition in the docstring, with the salt 00 01 … 0f.
const known = [
  ['scrypt, cost 15', 'AwEPCAMAAQIDBAUGBwgJCgsMDQ4Pt72RP4EzECOlRLqkVmSaHVnWXTQUUha2YyF-ZTqbL6ZkZWZnaGlqa2xtbm-eH4aR6hQOAA9knI8w8SLJ3Z3wC6sNg2iqAuM'],
  ['scrypt, cost 16', 'AwEQCAIAAQIDBAUGBwgJCgsMDQ4PWE6Fh2CTFopHzbBHx2uJvuvYrfefowwiMRAk9KVnsUVkZWZnaGlqa2xtbm9kHB8Nmh4a7_bx7nhE0H211F0vWor21G0KRJQ'],
  ['scrypt, cost 17', 'AwERCAEAAQIDBAUGBwgJCgsMDQ4PMMk8SDVKYXiyr5BdYCxLwRqFFW0YhCoTydzVj9wi4lFkZWZnaGlqa2xtbm-Kr6VqK00KJZWfNrVRW7COABir1NIRH-ulIio'],
  ['PBKDF2, 600,000', 'AwIJJ8AAAQIDBAUGBwgJCgsMDQ4PUj-1aybQInQNvT8qgqVpvOuoq86skC5Dw1T3VjJUhmpkZWZnaGlqa2xtbm8eMh5J54nNpRZxFC2kcmtm7it6XhoJSVnvPz8'],
] as const
test.each(known)('%s: opens what another implementation sealed, whatever it seals by itself', async (_name, sealed) => {
  expect(Buffer.from(await small.open({ sealed }, io, field)).toString()).toBe('078-05-1120')
  await expect(small.open({ sealed }, io, { field: 'applicant.name' })).rejects.toThrow(failed)
  await expect(small.open({ sealed }, io)).rejects.toThrow(failed)
  await expect(pbe({ passphrase: words }).open({ sealed }, io, field)).rejects.toThrow(failed)
})

test.each([['scrypt', '03011108 01', { passphrase: words }], ['PBKDF2', '0302092 7c1', { passphrase: words, kdf: 'pbkdf2', iterations: 600_001 }]] as const)('%s: 81 bytes more, and it opens', async (_name, head, options) => {
  const cipher = pbe(options)
  for (const plain of [Buffer.alloc(0), text, Buffer.alloc(100_000, 7)]) {
    const { sealed } = await cipher.seal(plain, io, field)
    const bytes = Buffer.from(sealed, 'base64url')
    expect(bytes).toHaveLength(plain.length + 81)
    expect(bytes.subarray(0, 5).toString('hex')).toBe(head.replaceAll(' ', ''))
    expect(plain.equals(await cipher.open({ sealed }, io, field))).toBe(true)
  }
})

test('no two seals are alike, and all of one passphrase have one salt and one derivation', async () => {
  const begun = cpu()
  const io = ioOf('another one of many words')
  const seals = await Promise.all(Array.from({ length: 1_000 }, () => small.seal(text, io)))
  const took = cpu() - begun
  expect(new Set(seals.map(({ sealed }) => sealed)).size).toBe(1_000)
  expect(new Set(seals.map(({ sealed }) => Buffer.from(sealed, 'base64url').subarray(0, 53).toString('hex'))).size).toBe(1)
  await Promise.all(seals.map((sealed) => small.open(sealed, io)))
  expect(took).toBeLessThan(5_000)
  const other = await small.seal(text, ioOf('another one of many words'))
  expect(other.sealed.slice(7, 28)).not.toBe(seals[0]?.sealed.slice(7, 28))
})

test('any flipped bit, any truncation, another spelling and another passphrase are refused alike', async () => {
  const io = ioOf()
  const { sealed } = await quick.seal(text, io, field)
  const bytes = Buffer.from(sealed, 'base64url')
  // Another cost or salt is another key: of an execution of its own, which derives sixteen, looking at the clock, and then no more.
  let derived = 0
  const flips = fakeIo({ ...parts(io), id: 'flips', now: () => derived++ && 0 })
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    await expect(quick.open({ sealed: flipped.toString('base64url') }, bit >= 8 && bit < 168 ? flips : io, field)).rejects.toThrow(failed)
  }
  for (let length = 0; length < bytes.length; length++) await expect(quick.open({ sealed: bytes.subarray(0, length).toString('base64url') }, io, field)).rejects.toThrow(failed)
  for (const wrong of [`${sealed}=`, `${sealed}\n`, '', 'A'.repeat(7_000_000), 7]) await expect(quick.open({ sealed: wrong as string }, io, field)).rejects.toThrow(failed)
  await expect(quick.open({ sealed }, ioOf('another one of many words'), field)).rejects.toThrow(failed)
  expect(derived).toBe(16)
  expect(text.equals(await quick.open({ sealed }, io, field))).toBe(true)
  // What is ours is sealed all the same, and opens.
  expect(text.equals(await small.open(await small.seal(text, flips), flips))).toBe(true)
})

test('the key id commits: under another one a text does not open, all else being right', async () => {
  // By the definition in the docstring: the key as it is derived, and a head that says what it is told to.
  const [, sealed] = known[3]
  const head = Buffer.from(sealed, 'base64url').subarray(0, 53)
  const key = Buffer.from(hkdfSync('sha256', pbkdf2Sync('correct horse b\u00e4ttery staple', head.subarray(5, 21), 600_000, 32, 'sha256'), '', 'sallyport pbe 3 encryption', 32))
  const made = (first: Buffer): string => {
    const iv = Buffer.alloc(12, 1)
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(Buffer.concat([first, Buffer.from('["sallyport","loan archive",null,null]')]))
    return Buffer.concat([first, iv, cipher.update('078-05-1120'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }
  expect(Buffer.from(await quick.open({ sealed: made(head) }, io)).toString()).toBe('078-05-1120')
  const other = Buffer.from(head)
  other[52] = (other[52] as number) ^ 1
  await expect(quick.open({ sealed: made(other) }, io)).rejects.toThrow(failed)
})

const parts = ({ id, pipeline, now, deadline, material }: Io) => ({ id, pipeline, now, deadline, material })

test('costs that nobody here makes, another version and what is too short are refused at once, before any work', async () => {
  for (const head of ['01120801', '01110802', '01110901', '010f0803', '010e0805', '01010801', '01ff0801', '01110800', '0101ff01', '020927bf', '020001f4', '020f4240', '022625a0', '022625a1', '02ffffff', '02000000', '00000000', '03110801', 'ff110801']) {
    const expected = ['010f0803', '020f4240', '022625a0'].includes(head) ? head : undefined
    expect(derivationOf(Buffer.from(head, 'hex'))?.head.toString('hex'), head).toBe(expected)
  }
  const begun = cpu()
  const never = ioOf('another one of many words', { material: () => Promise.reject(new Fault('ACCOUNT_UNAVAILABLE')) })
  const [, sealed] = known[0]
  const bytes = Buffer.from(sealed, 'base64url')
  await expect(small.open({ sealed }, never, field)).rejects.toThrow(expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' }))
  for (const [at, head] of [[1, '01120801'], [1, '01ff0801'], [1, '02ffffff'], [1, '020001f4'], [0, '02'], [0, '04']] as const) {
    const changed = Buffer.from(bytes)
    changed.set(Buffer.from(head, 'hex'), at)
    await expect(small.open({ sealed: changed.toString('base64url') }, never, field)).rejects.toThrow(failed)
  }
  for (const length of [0, 21, 53, 65, 80]) await expect(small.open({ sealed: bytes.subarray(0, length).toString('base64url') }, never, field)).rejects.toThrow(failed)
  expect(cpu() - begun).toBeLessThan(200)
})

test('no key is derived after the deadline', async () => {
  const late = ioOf('another one of many words', { id: 'late', now: () => 1 })
  await expect(quick.open({ sealed: known[3][1] }, late, field)).rejects.toThrow(expect.objectContaining({ code: 'OUT_OF_TIME' }))
  await expect(quick.seal(text, late)).rejects.toThrow(expect.objectContaining({ code: 'OUT_OF_TIME' }))
})
test('what failed is not kept: in time the same text opens', async () => {
  const late = ioOf(undefined, { id: 'late', now: () => 1 })
  await expect(quick.open({ sealed: known[3][1] }, late, field)).rejects.toThrow(expect.objectContaining({ code: 'OUT_OF_TIME' }))
  expect(text.equals(await quick.open({ sealed: known[3][1] }, fakeIo({ ...parts(late), now: () => 0 }), field))).toBe(true)
})

/** The PBKDF2 text from above under the salt of this number: it is derived, and does not open. */
const salted = (number: number): string => {
  const bytes = Buffer.from(known[3][1], 'base64url')
  bytes.writeUInt32BE(number, 5)
  return bytes.toString('base64url')
}
test('an execution derives keys for 16 salts of others, and the last 64 executions are known', async () => {
  // After the deadline nothing is derived, but it counts.
  const execution = (id: string) => ioOf('another one of many words', { id, now: () => 1 })
  const ends = async (id: string, number: number, code: string) => { await expect(quick.open({ sealed: salted(number) }, execution(id), field), `${id} ${number}`).rejects.toThrow(expect.objectContaining({ code })) }
  const others = async (from: number, to: number) => { for (let i = from; i <= to; i++) await ends(`other ${i}`, 0, 'OUT_OF_TIME') }
  for (let i = 1; i <= 15; i++) await ends('first', i, 'OUT_OF_TIME')
  await others(1, 63)
  await ends('first', 16, 'OUT_OF_TIME')
  await others(64, 64)
  await ends('first', 17, 'DECRYPTION_FAILED')
  await expect(quick.seal(text, execution('first'))).rejects.toThrow(expect.objectContaining({ code: 'OUT_OF_TIME' }))
  // 63 after it are 64 with it.
  await others(65, 126)
  await ends('first', 17, 'DECRYPTION_FAILED')
  await others(127, 127)
  await ends('first', 17, 'OUT_OF_TIME')
})

test('of one passphrase the 16 keys that were used last are in memory', async () => {
  const secret = read('correct horse battery staple')
  const derived: (number | undefined)[] = []
  const derivation = { head: Buffer.of(1, 15, 8, 3), derive: (_secret: Uint8Array, salt: Uint8Array) => { derived.push(salt[0]); return Promise.resolve(Buffer.alloc(32, 1)) } }
  const ask = (salt: number) => keysOf(io, secret, derivation, Buffer.concat([derivation.head, Buffer.alloc(16, salt)]), 'ours')
  for (const salt of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 17, 1, 3, 2]) await ask(salt)
  expect(derived).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 2])
})

test('one salt is used for 2^20 seals, and no more', () => {
  const secret = read('correct horse battery staple')
  const derivation = byPbkdf2(600_000)
  const first = sealingHead(secret, derivation)
  let same = 1
  while (sealingHead(secret, derivation).equals(first)) same++
  expect(same).toBe(1_048_576)
})

test('what is shown of it, and what it refuses', () => {
  expect(small.mediaType).toBe('application/octet-stream')
  expect(small).toMatchObject({ cipher: 'pbe', config: { passphrase: words, context: 'loan archive', kdf: 'scrypt', cost: 15 }, needs: [{ resource: words, actions: ['secretsmanager:GetSecretValue'] }] })
  expect(pbe({ passphrase: words, kdf: 'pbkdf2' }).config).toMatchObject({ kdf: 'pbkdf2', iterations: 600_000 })
  expect(pbe({ passphrase: words, kdf: 'pbkdf2', iterations: 2_500_000 }).config).toMatchObject({ kdf: 'pbkdf2', iterations: 2_500_000 })
  for (const [options, message] of [
    [{}, "pbe, passphrase: write account('name', passphrase())"], [{ passphrase: 'secret words here' }, "pbe, passphrase: write account('name', passphrase())"],
    [{ passphrase: words, context: '' }, 'pbe: say in `context` what the sealed text is for, or leave it out'],
    [{ passphrase: words, cost: 18 }, 'pbe, cost: write 15, 16 or 17'], [{ passphrase: words, kdf: 'argon2' }, "pbe, kdf: write 'scrypt' with cost, or 'pbkdf2' with iterations"],
    [{ passphrase: words, iterations: 600_000 }, "pbe, kdf: write 'scrypt' with cost, or 'pbkdf2' with iterations"], [{ passphrase: words, kdf: 'pbkdf2', cost: 17 }, "pbe, kdf: write 'scrypt' with cost, or 'pbkdf2' with iterations"],
    ...[599_999, 2_500_001, 600_000.5, Number.NaN].map((iterations) => [{ passphrase: words, kdf: 'pbkdf2', iterations }, 'pbe, iterations: write a whole number from 600000 to 2500000'] as const),
  ] as const) expect(() => pbe(options as never)).toThrow(new TypeError(message))
})

describe('the account', () => {
  test('UTF-8 in NFC', () => {
    expect(passphrase().signIn).toBe('passphrase')
    expect(read('b\u00e4ttery stapl').export().toString('hex')).toBe('62c3a4747465727920737461706c')
    expect(read('ba\u0308ttery stapl').export().toString('hex')).toBe('62c3a4747465727920737461706c')
  })
  test.each([[undefined], [7], [''], ['eleven char'], ['\u{1f600}'.repeat(11)], ['a'.repeat(1_025)], ['twelve chars\n'], ['twelve chars\u0000'], ['twelve chars\ud800']])('%j is none', (text) => {
    expect(() => read(text)).toThrow(new TypeError('passphrase account: {"passphrase": 12 to 1024 characters, no control characters}'))
  })
  test.each(['twelve chars', '\u{1f600}'.repeat(12), 'a'.repeat(1_024)])('%j is one', (text) => {
    expect(read(text).type).toBe('secret')
  })
})

withVectors('wycheproof', 'Wycheproof', () => {
  test('PBKDF2 with HMAC-SHA-256, the first 32 bytes', async () => {
    const { testGroups, numberOfTests } = json<Wycheproof<{ readonly password: string; readonly salt: string; readonly iterationCount: number; readonly dk: string }>>('wycheproof/pbkdf2_hmacsha256_test.json')
    let ran = 0
    for (const { tcId, password, salt, iterationCount, dk, result } of testGroups.flatMap(({ tests }) => tests)) {
      const key = (await pbkdf2Key(Buffer.from(password, 'hex'), Buffer.from(salt, 'hex'), iterationCount)).toString('hex')
      expect(result, `${tcId}`).toBe('valid')
      expect(key.slice(0, dk.length), `${tcId}`).toBe(dk.slice(0, 64))
      ran++
    }
    console.log(`Wycheproof pbkdf2_hmacsha256: ${ran} run, none skipped`)
    expect(ran).toBe(numberOfTests)
  })
})

withVectors('nist-and-rfc-hash', 'RFC 7914 section 12', () => {
  test('scrypt, the first 32 bytes', async () => {
    const all = blocks('nist-and-rfc-hash/KDF/scrypt.txt').filter(({ DERIVED_KEY }) => DERIVED_KEY !== undefined)
    const affordable = all.filter(({ N }) => Number(N) <= 2 ** 17)
    for (const { PASSWORD = '', SALT = '', N, r, p, DERIVED_KEY = '' } of affordable) {
      expect((await scryptKey(Buffer.from(PASSWORD), Buffer.from(SALT), Number(N), Number(r), Number(p))).toString('hex')).toBe(DERIVED_KEY.slice(0, 64))
    }
    console.log(`RFC 7914: ${affordable.length} run, ${all.length - affordable.length} skipped: a gigabyte of memory`)
    expect(affordable).toHaveLength(3)
  })
})
