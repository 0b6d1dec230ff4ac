import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { account } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../../functions/ciphers/aes-cbc-hmac.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { a256Gcm, a256GcmKw, a256Kw, direct } from '../../../functions/ciphers/jwe-algorithms.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { aesGcmBare, rsaPkcs1v15 } from '../../../functions/ciphers/legacy.ts'
import { rsaOaep } from '../../../functions/ciphers/rsa-oaep.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

/** Keys in custody imported: the account holds the new one, and those before it, which still open. */
const io = (held: object) => fakeIo({ ...secrets({ key: JSON.stringify(held) }), pipeline: 'vault' })
const plain = Buffer.from('078-05-1120')
const opened = async (cipher: { open: (sealed: { sealed: string }, io: never) => Promise<Uint8Array> }, sealed: { sealed: string }, held: object): Promise<string> => Buffer.from(await cipher.open(sealed, io(held) as never)).toString()
const failed = { code: 'DECRYPTION_FAILED' }

const shared = account('key', secretKey())
const why = 'the old platform writes nothing else'
const token = { key: shared, encryptions: [a256Gcm] } as const
describe.each([
  ['aesGcm', aesGcm({ key: shared })], ['aesCbcHmac', aesCbcHmac({ key: shared })], ['aesGcmBare', aesGcmBare({ key: shared, why })],
  ['jwe, dir', jwe({ ...token, algorithms: [direct] })], ['jwe, A256KW, named', jwe({ ...token, algorithms: [a256Kw], kid: 'ours' })], ['jwe, A256GCMKW', jwe({ ...token, algorithms: [a256GcmKw] })],
])('%s', (_, cipher) => {
  const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64url'))
  test('what a former key sealed opens, what is new is sealed with the new one, and what was taken out opens no more', async () => {
    const old = await cipher.seal(plain, io({ secretKey: first }))
    const held = { secretKey: third, previous: [second, first] }
    expect(await opened(cipher, old, held)).toBe('078-05-1120')
    const made = await cipher.seal(plain, io(held))
    expect(await opened(cipher, made, { secretKey: third })).toBe('078-05-1120')
    await expect(opened(cipher, old, { secretKey: third, previous: [second] })).rejects.toMatchObject(failed)
    await expect(opened(cipher, made, { secretKey: first })).rejects.toMatchObject(failed)
  })
  test('in the encoding of the secret, and all of the same size', async () => {
    const hex = (text = ''): string => Buffer.from(text, 'base64url').toString('hex')
    const old = await cipher.seal(plain, io({ secretKey: first }))
    expect(await opened(cipher, old, { secretKey: hex(second), encoding: 'hex', previous: [hex(first)] })).toBe('078-05-1120')
    for (const previous of [['short'], 'text', [7], [null], Array.from({ length: 9 }, () => first)]) expect(() => secretKey().read(JSON.stringify({ secretKey: second, previous }))).toThrow('secret-key account: {"secretKey": 32 bytes')
  })
})

test('jwe: a token opens by the key that it names, the new one or one before it, and not by one that is gone', async () => {
  const pairs = [1, 2, 3].map((n) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return { public: { ...publicKey.export({ format: 'jwk' }), kid: `k-${n}` }, private: { ...privateKey.export({ format: 'jwk' }), kid: `k-${n}` } }
  })
  const inbox = jwe({ key: account('key', privateKey()) })
  const sealedTo = (n: number) => jwe({ to: account('key', publicKey()) }).seal(plain, io({ publicKey: pairs[n]?.public }))
  const held = { privateKeys: [pairs[1]?.private, pairs[0]?.private] }
  for (const n of [0, 1]) expect(await opened(inbox, await sealedTo(n), held)).toBe('078-05-1120')
  await expect(opened(inbox, await sealedTo(2), held)).rejects.toMatchObject(failed)
  await expect(opened(inbox, await sealedTo(0), { privateKeys: [pairs[1]?.private] })).rejects.toMatchObject(failed)
  for (const privateKeys of [[], [pairs[0]?.private, 'broken canary'], Array.from({ length: 9 }, () => pairs[0]?.private), 'text', [null], [pairs[0]?.private, null]]) {
    expect(() => privateKey().read(JSON.stringify({ privateKeys }))).toThrow(/^private-key account: (?!.*canary)/)
  }
})

test('jwe: a token that names no key opens by any of the account that is of its type', async () => {
  const [first, second] = [0, 0].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const unnamed = async (to: KeyObject | undefined, alg: string): Promise<{ sealed: string }> => ({ sealed: await new CompactEncrypt(plain).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(to as KeyObject) })
  const jwkOf = (pair: { privateKey: KeyObject } | undefined): object => ({ ...pair?.privateKey.export({ format: 'jwk' }) })
  const held = { privateKeys: [second, rsa, first].map(jwkOf) }
  const inbox = jwe({ key: account('key', privateKey()) })
  for (const each of [first, second]) expect(await opened(inbox, await unnamed(each?.publicKey, 'ECDH-ES+A256KW'), held)).toBe('078-05-1120')
  expect(await opened(inbox, await unnamed(rsa.publicKey, 'RSA-OAEP-256'), held)).toBe('078-05-1120')
  await expect(opened(inbox, await unnamed(first?.publicKey, 'ECDH-ES+A256KW'), { privateKeys: [second, rsa].map(jwkOf) })).rejects.toMatchObject(failed)
})

describe.each([false, true])('rsaOaep, with the name of the key before the text: %s', (kid) => {
  const pairs = [2_048, 2_048, 3_072].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }))
  const held = (...which: readonly number[]): object => ({ privateKeys: which.map((n) => pairs[n]?.privateKey) })
  const sealedTo = (n: number) => rsaOaep({ to: account('key', publicKey()), kid }).seal(plain, io({ publicKey: pairs[n]?.publicKey }))
  test('what was sealed to a former key opens, of the same size and of another, and not when it was taken out', async () => {
    const inbox = rsaOaep({ key: account('key', privateKey()), kid })
    for (const n of [0, 1, 2]) {
      const old = await sealedTo(n)
      expect(await opened(inbox, old, held(2, 1, 0))).toBe('078-05-1120')
      await expect(opened(inbox, old, held(...[2, 1, 0].filter((other) => other !== n)))).rejects.toMatchObject(failed)
    }
  })
  test('a key of another type may stand among them, and not alone', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const inbox = rsaOaep({ key: account('key', privateKey()), kid })
    expect(await opened(inbox, await sealedTo(0), { privateKeys: [ec, pairs[0]?.privateKey] })).toBe('078-05-1120')
    await expect(opened(inbox, await sealedTo(0), { privateKeys: [ec] })).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
  })
})

test('rsaPkcs1v15 opens by the first key alone: nothing would say that it was another', async () => {
  const [first, second] = [0, 0].map(() => generateKeyPairSync('rsa', { modulusLength: 2_048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }))
  const old = await rsaPkcs1v15({ to: account('key', publicKey()), why }).seal(plain, io({ publicKey: first?.publicKey }))
  const inbox = rsaPkcs1v15({ key: account('key', privateKey()), length: 11, why })
  expect(await opened(inbox, old, { privateKeys: [first?.privateKey, second?.privateKey] })).toBe('078-05-1120')
  expect(await opened(inbox, old, { privateKeys: [second?.privateKey, first?.privateKey] }).catch(() => 'not opened')).not.toBe('078-05-1120')
})
