import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { account } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../../functions/ciphers/aes-cbc-hmac.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

/** Keys in custody imported: the account holds the new one, and those before it, which still open. */
const io = (held: object) => fakeIo({ ...secrets({ key: JSON.stringify(held) }), pipeline: 'vault' })
const plain = Buffer.from('078-05-1120')
const opened = async (cipher: { open: (sealed: { sealed: string }, io: never) => Promise<Uint8Array> }, sealed: { sealed: string }, held: object): Promise<string> => Buffer.from(await cipher.open(sealed, io(held) as never)).toString()
const failed = { code: 'DECRYPTION_FAILED' }

const shared = account('key', secretKey())
describe.each([['aesGcm', aesGcm({ key: shared })], ['aesCbcHmac', aesCbcHmac({ key: shared })]])('%s', (_, cipher) => {
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
  for (const privateKeys of [[], [pairs[0]?.private, 'broken canary'], Array.from({ length: 9 }, () => pairs[0]?.private), 'text', [null]]) {
    expect(() => privateKey().read(JSON.stringify({ privateKeys }))).toThrow(/^private-key account: (?!.*canary)/)
  }
})
