import { generalDecrypt, GeneralEncrypt, flattenedDecrypt, FlattenedEncrypt, type FlattenedJWE, type GeneralJWE } from 'jose'
import { account, keyPair } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { a128CbcHs256, ecdhEs, ecdhEsA256Kw, rsaOaep256 } from '../../../functions/ciphers/jwe-algorithms.ts'
import { flattenedJson, generalJson } from '../../../functions/ciphers/jwe-json.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { local } from '../../../layers/runtime/private-key.ts'
import { fakeIo, keyRing, secrets } from '../../fake-io.ts'
import { curveKeys, failed, rsaKeys, type Keys } from './jwe-parts.ts'

const plain = Buffer.from('{"pan":"4111111111111111"}')
const names = ['rsa', 'p256', 'p384', 'x25519'] as const
const keys = {} as Record<(typeof names)[number], Keys>
beforeAll(() => Object.assign(keys, { rsa: rsaKeys(), p256: curveKeys('P-256'), p384: curveKeys('P-384'), x25519: curveKeys('X25519') }))

const reader = (name: string) => account(`reader-${name}`, publicKey())
const ours = (name: string) => account(name, privateKey())
const io = () => fakeIo(secrets(Object.fromEntries(names.flatMap((name) => [
  [`reader-${name}`, JSON.stringify({ publicKey: { ...keys[name].publicKey.export({ format: 'jwk' }), kid: name } })],
  [name, JSON.stringify({ privateKey: { ...keys[name].privateKey.export({ format: 'jwk' }), kid: name } })],
]))))
const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>

describe('for one reader', () => {
  test.each([['flattened', flattenedJson()], ['general', generalJson()]] as const)('%s: all of the header is protected, and jose opens it', async (name, form) => {
    for (const algorithms of [[rsaOaep256, ecdhEsA256Kw], [rsaOaep256, ecdhEs]]) for (const to of names) {
      const { sealed } = await jwe({ to: reader(to), form, algorithms }).seal(plain, io())
      const token = parsed(sealed)
      expect(Object.keys(token)).toStrictEqual(name === 'flattened'
        ? ['protected', ...algorithms[1] === ecdhEs && to !== 'rsa' ? [] : ['encrypted_key'], 'iv', 'ciphertext', 'tag']
        : ['protected', 'recipients', 'iv', 'ciphertext', 'tag'])
      const { plaintext } = name === 'flattened' ? await flattenedDecrypt(token as unknown as FlattenedJWE, keys[to].privateKey) : await generalDecrypt(token as unknown as GeneralJWE, keys[to].privateKey)
      expect(Buffer.from(plaintext)).toStrictEqual(plain)
      for (const either of [flattenedJson(), generalJson()]) expect(Buffer.from(await jwe({ key: ours(to), form: either, algorithms }).open({ sealed }, io()))).toStrictEqual(plain)
    }
  })
  test('opens what jose made, with a part of the header unprotected', async () => {
    const token = await new FlattenedEncrypt(plain).setProtectedHeader({ enc: 'A128CBC-HS256' }).setSharedUnprotectedHeader({ alg: 'RSA-OAEP-256' }).setUnprotectedHeader({ kid: 'rsa' }).encrypt(keys.rsa.publicKey)
    const cipher = jwe({ key: ours('rsa'), form: flattenedJson(), encryptions: [a128CbcHs256] })
    expect(Buffer.from(await cipher.open({ sealed: JSON.stringify(token) }, io()))).toStrictEqual(plain)
  })
})

describe('for several', () => {
  const all = () => jwe({ to: names.map(reader), form: generalJson() })
  test('each opens it, here and at jose, and nobody else', async () => {
    const { sealed } = await all().seal(plain, io())
    const token = parsed(sealed)
    expect(JSON.parse(Buffer.from(token['protected'] as string, 'base64url').toString())).toStrictEqual({ enc: 'A256GCM' })
    expect((token['recipients'] as { header: { alg: string; kid: string } }[]).map(({ header: { alg, kid } }) => [alg, kid])).toStrictEqual([
      ['RSA-OAEP-256', 'rsa'], ['ECDH-ES+A256KW', 'p256'], ['ECDH-ES+A256KW', 'p384'], ['ECDH-ES+A256KW', 'x25519'],
    ])
    for (const name of names) {
      expect(Buffer.from(await jwe({ key: ours(name), form: generalJson() }).open({ sealed }, io()))).toStrictEqual(plain)
      expect(Buffer.from((await generalDecrypt(token as unknown as GeneralJWE, keys[name].privateKey)).plaintext)).toStrictEqual(plain)
    }
    const stranger = fakeIo(secrets({ rsa: JSON.stringify({ privateKey: rsaKeys().privateKey.export({ format: 'jwk' }) }) }))
    await expect(jwe({ key: ours('rsa'), form: generalJson() }).open({ sealed }, stranger)).rejects.toThrow(failed)
  })
  test('a pair of ours finds its part among what jose made', async () => {
    const made = new GeneralEncrypt(plain).setProtectedHeader({ enc: 'A256GCM' })
    for (const [name, alg] of [['p384', 'ECDH-ES+A256KW'], ['rsa', 'RSA-OAEP-256'], ['p256', 'ECDH-ES+A256KW']] as const) made.addRecipient(keys[name].publicKey).setUnprotectedHeader({ alg, kid: name })
    const sealed = JSON.stringify(await made.encrypt())
    const cipher = jwe({ key: keyPair('inbox', { custody: 'wrapped' }), form: generalJson() })
    for (const [kid, half] of [['rsa', local('rsa', keys.rsa.privateKey)], ['p256', local('ec', keys.p256.privateKey)]] as const) expect(Buffer.from(await cipher.open({ sealed }, fakeIo(keyRing({ [kid]: half }))))).toStrictEqual(plain)
    await expect(cipher.open({ sealed }, fakeIo(keyRing({})))).rejects.toThrow(failed)
  })
  test('a part that names no key is nobody\'s', async () => {
    const token = parsed((await all().seal(plain, io())).sealed) as unknown as { recipients: { header: { kid?: string } }[] }
    for (const { header } of token.recipients) delete header.kid
    await expect(jwe({ key: ours('rsa'), form: generalJson() }).open({ sealed: JSON.stringify(token) }, io())).rejects.toThrow(failed)
  })
  test('16 at most, by algorithms that wrap a key', async () => {
    const seventeen = Array.from({ length: 17 }, () => reader('p256'))
    expect(() => jwe({ to: seventeen, form: generalJson() })).toThrow(/to: 1 to 16 readers/)
    expect(() => jwe({ to: [], form: generalJson() })).toThrow(TypeError)
    expect(() => jwe({ to: names.map(reader), form: generalJson(), algorithms: [ecdhEs] })).toThrow(/ECDH-ES is for one reader/)
    expect(jwe({ to: [reader('p256')], form: generalJson(), algorithms: [ecdhEs] }).mediaType).toBe('application/jose+json')
    expect(() => jwe({ to: names.map(reader), form: flattenedJson() as never })).toThrow(/one reader, or with form: generalJson\(\)/)
    const token = parsed((await jwe({ to: seventeen.slice(1), form: generalJson() }).seal(plain, io())).sealed) as { recipients: unknown[] }
    expect(token.recipients).toHaveLength(16)
    expect(Buffer.from(await jwe({ key: ours('p256'), form: generalJson() }).open({ sealed: JSON.stringify(token) }, io()))).toStrictEqual(plain)
    token.recipients.push(token.recipients[0])
    await expect(jwe({ key: ours('p256'), form: generalJson() }).open({ sealed: JSON.stringify(token) }, io())).rejects.toThrow(failed)
  })
})

describe('text authenticated beside it', () => {
  test('is what both sides say it is', async () => {
    const sealing = jwe({ to: reader('p256'), form: flattenedJson({ aad: 'order 17' }) })
    const { sealed } = await sealing.seal(plain, io())
    const { additionalAuthenticatedData } = await flattenedDecrypt(parsed(sealed) as unknown as FlattenedJWE, keys.p256.privateKey)
    expect(Buffer.from(additionalAuthenticatedData ?? []).toString()).toBe('order 17')
    const opening = (form: ReturnType<typeof flattenedJson>, text = sealed) => jwe({ key: ours('p256'), form }).open({ sealed: text }, io())
    for (const form of [flattenedJson({ aad: 'order 17' }), flattenedJson(), generalJson({ aad: 'order 17' })]) expect(Buffer.from(await opening(form))).toStrictEqual(plain)
    await expect(opening(flattenedJson({ aad: 'order 18' }))).rejects.toThrow(failed)
    const { aad: _aad, ...without } = parsed(sealed)
    await expect(opening(flattenedJson(), JSON.stringify(without))).rejects.toThrow(failed)
    await expect(opening(flattenedJson({ aad: 'order 17' }), (await jwe({ to: reader('p256'), form: flattenedJson() }).seal(plain, io())).sealed)).rejects.toThrow(failed)
    expect(() => flattenedJson({ aad: '' })).toThrow(TypeError)
  })
})

describe('what is refused', () => {
  type Members = Record<string, unknown>
  const token = async () => parsed((await jwe({ to: reader('rsa'), form: flattenedJson() }).seal(plain, io())).sealed)
  const bare = async (): Promise<Members> => ({ ...await new FlattenedEncrypt(plain).setProtectedHeader({ enc: 'A256GCM' }).setUnprotectedHeader({ alg: 'RSA-OAEP-256', kid: 'rsa' }).encrypt(keys.rsa.publicKey) })
  test.each<[string, () => Promise<unknown>]>([
    ['enc unprotected as well', async () => ({ ...await token(), unprotected: { enc: 'A256GCM' } })],
    ['a name twice, protected and shared', async () => ({ ...await token(), unprotected: { kid: 'rsa' } })],
    ['a name twice, protected and of the reader', async () => ({ ...await token(), header: { alg: 'RSA-OAEP-256' } })],
    ['a name twice, shared and of the reader', async () => ({ ...await bare(), unprotected: { kid: 'rsa' } })],
    ['crit unprotected', async () => ({ ...await token(), header: { crit: ['exp'] } })],
    ['zip unprotected', async () => ({ ...await token(), unprotected: { zip: 'DEF' } })],
    ['a key in the shared header', async () => ({ ...await token(), unprotected: { jwk: {} } })],
    ['PBES2 parameters', async () => ({ ...await token(), header: { p2c: 1 } })],
    ['both syntaxes at once', async () => ({ ...await token(), recipients: [{}] })],
    ['no recipients', async () => ({ ...await token(), encrypted_key: undefined, recipients: [] })],
    ['recipients that are none', async () => ({ ...await token(), encrypted_key: undefined, recipients: [null] })],
    ['no protected header', async () => ({ ...await token(), protected: undefined })],
    ['a protected header of another type', async () => ({ ...await token(), protected: { length: 1_000_000_000 } })],
    ['an IV of another type', async () => ({ ...await token(), iv: { length: 1_000_000_000 } })],
    ['an empty aad', async () => ({ ...await token(), aad: '' })],
    ['an aad that was not there', async () => ({ ...await token(), aad: 'eA' })],
    ['padding', async () => ({ ...await token(), tag: `${String((await token())['tag'])}==` })],
    ['a shared header over 4,096 bytes', async () => ({ ...await token(), unprotected: { note: 'x'.repeat(4_096) } })],
    ['a header that is a list', async () => ({ ...await token(), header: [] })],
    ['a list', () => Promise.resolve([])],
    ['text', () => Promise.resolve('text')],
    ['nothing', () => Promise.resolve(null)],
  ])('%s', async (_, made) => {
    await expect(jwe({ key: ours('rsa'), form: flattenedJson() }).open({ sealed: JSON.stringify(await made()) }, io())).rejects.toThrow(failed)
  })
  test('a name twice in the JSON, a compact token, and nothing at all', async () => {
    const cipher = jwe({ key: ours('rsa'), form: generalJson() })
    const text = JSON.stringify(await token())
    await expect(cipher.open({ sealed: text.replace('{', '{"tag":"AAAA",') }, io())).rejects.toThrow(failed)
    await expect(cipher.open({ sealed: (await jwe({ to: reader('rsa') }).seal(plain, io())).sealed }, io())).rejects.toThrow(failed)
    await expect(cipher.open({ sealed: '' }, io())).rejects.toThrow(failed)
  })
  // jose opens each of these.
  const general = async () => parsed((await jwe({ to: reader('rsa'), form: generalJson() }).seal(plain, io())).sealed)
  test.each<[string, () => Promise<unknown>]>([
    ['enc unprotected alone', async () => new FlattenedEncrypt(plain).setProtectedHeader({ kid: 'rsa' }).setSharedUnprotectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(keys.rsa.publicKey)],
    ['enc of the reader alone', async () => new FlattenedEncrypt(plain).setProtectedHeader({ kid: 'rsa' }).setUnprotectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(keys.rsa.publicKey)],
  ])('authentic, and refused: %s', async (_, made) => {
    const sealed = await made() as FlattenedJWE
    expect(Buffer.from((await flattenedDecrypt(sealed, keys.rsa.privateKey)).plaintext)).toStrictEqual(plain)
    await expect(jwe({ key: ours('rsa'), form: flattenedJson() }).open({ sealed: JSON.stringify(sealed) }, io())).rejects.toThrow(failed)
  })
  test.each<[string, object]>([['header', { header: {} }], ['encrypted key', { encrypted_key: '' }]])('authentic, and refused: recipients, and a %s of one', async (_, more) => {
    const cipher = jwe({ key: ours('rsa'), form: generalJson() })
    const sealed = await general()
    expect(Buffer.from(await cipher.open({ sealed: JSON.stringify(sealed) }, io()))).toStrictEqual(plain)
    await expect(cipher.open({ sealed: JSON.stringify({ ...sealed, ...more }) }, io())).rejects.toThrow(failed)
  })
  test('what stands unprotected has 4,096 characters, and no more', async () => {
    const open = async (length: number) => jwe({ key: ours('rsa'), form: flattenedJson() }).open({ sealed: JSON.stringify({ ...await token(), unprotected: { note: 'x'.repeat(length - '[{"note":""},{}]'.length) } }) }, io())
    expect(Buffer.from(await open(4_096))).toStrictEqual(plain)
    await expect(open(4_097)).rejects.toThrow(failed)
  })
  test('but members that nobody knows are passed over', async () => {
    expect(Buffer.from(await jwe({ key: ours('rsa'), form: flattenedJson() }).open({ sealed: JSON.stringify({ ...await token(), note: 1, header: { note: 2 } }) }, io()))).toStrictEqual(plain)
    expect(Buffer.from(await jwe({ key: ours('rsa'), form: flattenedJson() }).open({ sealed: JSON.stringify(await bare()) }, io()))).toStrictEqual(plain)
  })
})
