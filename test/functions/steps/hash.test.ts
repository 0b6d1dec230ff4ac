import { account, digits, Fault, hashKey, identifier, trim, type Io, type Step } from 'sallyport'
import { assert, asyncProperty, string } from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bcrypt } from '../../../functions/hashes/bcrypt.ts'
import { hmac } from '../../../functions/hashes/hmac.ts'
import { md5, shortKey } from '../../../functions/hashes/legacy.ts'
import { sha2 } from '../../../functions/hashes/sha2.ts'
import { hash } from '../../../functions/steps/index.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

const run = async <I, O>(step: Step<I, O>, payload: I, doors: Partial<Io> = {}): Promise<O> => step.run(payload, fakeIo({ now: () => 0, deadline: 1, ...doors }))
const key = account('old-partner', shortKey())
const doors = secrets({ 'old-partner': '{"secretKey":"001def0209","encoding":"hex"}' })

interface Message { data: { test: string }[]; note?: string | null }
const message = (): Message => ({ data: ['xpto', 'xpto1', 'xpto2', 'xpto3'].map((test) => ({ test })) })

describe('what another platform publishes as its examples', () => {
  test.each([
    ['MD5', md5(), '3851b1ae73ca0ca6e3c24a0256a80ace'],
    ['SHA-256', sha2(), '2e954593b0b51547656f7f06ec3818a2b42fed46307b81bd493133aa1ce45173'],
    ['HMAC-SHA-256', hmac({ key }), '257966929b29a6e0618d47a152e2856a888072400a5cb458fa1d40ff3cedc734'],
    ['HMAC-SHA-512', hmac({ key, algorithm: 'sha-512' }), '517da9449385a43478309459adf9304bd3c8f63cd1d388abd5cbc02b81d8ccb39d303f877019aebfed073166e6c410197e10077f6df3f7a3b3f50adb8cd09580'],
    ['BCrypt', bcrypt({ version: '2y', cost: 6, fixedSalt: 'N9qo8uLOickgx2ZM' }), '$2y$06$RhjvZxfzRC7nW0rlcBHYROhJmATBMG6eXfkYkffexdfdFHzzp27Iu'],
  ])('%s of fields in a list', async (_, by, wanted) => {
    const payload = message()
    const { data } = await run(hash<Message, 'data[*].test', string>({ fields: ['data[*].test'], by }), payload, doors)
    expect(data).toHaveLength(4)
    expect(data[0]).toStrictEqual({ test: wanted })
    expect(new Set(data.map(({ test }) => test)).size).toBe(4)
    expect(payload).toStrictEqual(message())
  })
  test('BCrypt of a whole payload: its JSON without spaces', async () => {
    expect(await run(hash({ by: bcrypt({ version: '2b', cost: 10, fixedSalt: 'N9qo8uLOickgx2ZM' }) }), message().data))
      .toStrictEqual({ hash: '$2b$10$RhjvZxfzRC7nW0rlcBHYROa3UXROXVeKZ3oK4DSc1mV6iJ/pBqBm6' })
  })
})

describe('a whole payload', () => {
  // FIPS 180-4: SHA-256 of abc.
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  test('bytes as they are, a text in UTF-8, JSON with its members in the order they have', async () => {
    expect(await run(hash({ by: sha2() }), Buffer.from('abc'))).toStrictEqual({ hash: abc })
    expect(await run(hash({ by: sha2() }), 'abc')).toStrictEqual({ hash: abc })
    // printf '{"b":1,"a":[true,null]}' | sha256sum
    expect(await run(hash({ by: sha2() }), { b: 1, a: [true, null] })).toStrictEqual({ hash: '37f089b7fdf4e666671765be1ecddc11aec19eab3bd1e2cdbcb704004223f8d8' })
  })
  test('nothing cannot be hashed', async () => {
    await expect(run(hash({ by: sha2() }), undefined)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  })
})

describe('fields', () => {
  test('what is absent or null stays so, and what is no text is refused by its path', async () => {
    const step = hash<Message, 'note' | 'data[*].test', string>({ fields: ['note', 'data[*].test'], by: md5() })
    expect(await run(step, { data: [], note: null })).toStrictEqual({ data: [], note: null })
    expect(await run(step, { data: [] })).toStrictEqual({ data: [] })
    await expect(run(step, { data: [{ test: 7 }] } as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['data[*].test'] })
  })
  test('are brought to one spelling first', async () => {
    const step = hash<Message, 'note', string>({ fields: ['note'], by: sha2(), normalize: trim })
    expect((await run(step, { data: [], note: ' abc\n' })).note).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
  test('of a slow hasher are ten at most, counted before any work', async () => {
    const step = hash<Message, 'data[*].test', string>({ fields: ['data[*].test'], by: bcrypt({ cost: 20 }) })
    const many = { data: Array.from({ length: 11 }, () => ({ test: 'x' })) }
    const begun = cpu()
    await expect(run(step, many)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', paths: ['data[*].test'] })
    expect(cpu() - begun).toBeLessThan(200)
    const ten = await run(hash<Message, 'data[*].test', string>({ fields: ['data[*].test'], by: bcrypt({ cost: 4 }) }), { data: many.data.slice(1) })
    expect(ten.data.map(({ test }) => test.slice(0, 7))).toStrictEqual(Array.from({ length: 10 }, () => '$2b$04$'))
  })
  test('a value that the hasher does not take is named by its path alone', async () => {
    const failing = run(hash<Message, 'note', string>({ fields: ['note'], by: bcrypt({ cost: 4 }) }), { data: [], note: 'secret'.repeat(20) })
    await expect(failing).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['note'], message: 'PAYLOAD_INVALID' })
    await failing.catch((error: Error) => expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain('secretsecret'))
  })
  test('whatever the text is, the plain value is nowhere in what comes out', async () => {
    const step = hash<Message, 'note', string>({ fields: ['note'], by: sha2() })
    await assert(asyncProperty(string({ unit: 'binary', minLength: 1, maxLength: 200 }), async (note) => {
      const hashed = await run(step, { data: [], note })
      expect(hashed.note).toMatch(/^[0-9a-f]{64}$/)
      expect(Object.keys(hashed)).toStrictEqual(['data', 'note'])
    }), { numRuns: 200 })
  })
})

describe('a file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-hash-'))
    await writeFile(join(folder, 'million.txt'), 'a'.repeat(1_000_000))
    await writeFile(join(folder, 'empty'), '')
  })
  afterAll(() => rm(folder, { recursive: true }))
  const within = (now = 0): Partial<Io> => ({ ...doors, folder: () => Promise.resolve(folder), deadline: 1_000, now: () => now })
  test('of a million times a, in pieces: FIPS 180-4 and RFC 1321', async () => {
    const step = hash<Message, 'sha2', 'checksum'>({ file: 'million.txt', by: sha2(), into: 'checksum' })
    expect(await run(step, { data: [] }, within())).toStrictEqual({ data: [], checksum: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0' })
    expect(await run(hash<Message, 'md5', 'checksum'>({ file: 'million.txt', by: md5(), into: 'checksum' }), { data: [] }, within())).toMatchObject({ checksum: '7707d6ae4e027c70eea2a935c2296f21' })
    expect(await run(hash<Message, 'sha2', 'checksum'>({ file: 'empty', by: sha2(), into: 'checksum' }), { data: [] }, within())).toMatchObject({ checksum: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' })
    expect(step.config).toStrictEqual({ file: 'million.txt', by: { hash: 'sha2', keyed: false, algorithm: 'sha-256', output: 'hex' }, into: 'checksum' })
  })
  test('that is not there, and one that takes longer than there is time', async () => {
    const step = (file: string) => hash<Message, 'sha2', 'checksum'>({ file, by: sha2(), into: 'checksum' })
    const failing = run(step('absent'), { data: [] }, within())
    await expect(failing).rejects.toMatchObject({ code: 'STEP_FAILED', paths: [], message: 'STEP_FAILED' })
    await failing.catch((error: Error) => expect(String(error.cause)).toBe('undefined'))
    await expect(run(step('million.txt'), { data: [] }, within(1_000))).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
  })
  test('has no place in a payload without fields', async () => {
    const step = hash<object, 'sha2', 'checksum'>({ file: 'empty', by: sha2(), into: 'checksum' })
    for (const payload of [Buffer.from('x'), [], null, 'x']) await expect(run(step, payload as object, within())).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  })
  test.each(['../x', '/etc/passwd', '.', '..', 'a/b', '', 'a\0b', '.hidden'])('named %j is a mistake', (file) => {
    expect(() => hash({ file, by: sha2(), into: 'checksum' })).toThrow(new TypeError('hash, file: write the name of a file in the working folder, letters, digits, dots and hyphens'))
  })
  test('by a password hash, or into no field, is a mistake', () => {
    expect(() => hash({ file: 'x', by: bcrypt(), into: 'y' })).toThrow(new TypeError('hash of a file by bcrypt: write sha2(), sha3() or hmac({ key })'))
    for (const into of ['__proto__', undefined, 'a b', 'x'.repeat(65)]) expect(() => hash({ file: 'x', by: sha2(), into: into as string })).toThrow(new TypeError('hash, into: write the name of a new field, letters and digits'))
  })
})

test('shows its fields, its hasher and the spelling; needs what the hasher needs', () => {
  const step = hash<Message, 'note', string>({ fields: ['note'], by: hmac({ key }), normalize: digits })
  expect(step.config).toStrictEqual({ fields: ['note'], by: { hash: 'hmac', keyed: true, key, algorithm: 'sha-256', output: 'hex' }, normalize: digits })
  expect(step.needs).toStrictEqual([{ resource: key, actions: ['secretsmanager:GetSecretValue'] }])
})

test('by an identifier as before: the digest of the runtime, nothing else', async () => {
  const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
  const step = hash<Message, 'note', 'ssn'>({ fields: ['note'], as: ssn })
  expect(step.config).toStrictEqual({ fields: ['note'], as: ssn })
  expect(await run(step, { data: [], note: 'x' }, { digest: (as, purpose) => Promise.resolve((text) => `${as.name} ${purpose} ${text}`) })).toStrictEqual({ data: [], note: 'ssn hash x' })
  await expect(run(step, { data: [], note: 'x' }, { digest: () => Promise.reject(new Fault('UNAVAILABLE')) })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
