import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { account } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { importedSigningKey } from '../../../functions/accounts/imported-signing-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { jws } from '../../../functions/signatures/jws.ts'
import { raw } from '../../../functions/signatures/raw.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { invalid, jwkOf, pairFor } from './keys.ts'

/** Keys in custody imported: the first of the account signs, and what any of them signed holds. */
const io = (held: object) => fakeIo(secrets({ key: JSON.stringify(held) }))
const plain = Buffer.from('{"amount":"12.50"}')
const kidOf = (token: string): unknown => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid?: unknown }).kid

describe.each([true, false])('a private key, with a name: %s', (named) => {
  const jwks = [1, 2, 3].map((n) => jwkOf(pairFor('ES256').privateKey, named ? { kid: `k-${n}` } : {}))
  const [first, second, third] = jwks
  const key = account('key', importedSigningKey())
  test('jws: the new one signs, both verify, before and after; one that was taken out does not', async () => {
    const both = jws({ key, algorithm: 'ES256' })
    const signedBy = async (held: object): Promise<string> => (await both.sign?.(plain, io(held)))?.signed ?? ''
    const old = await signedBy({ privateKey: first })
    // The new one is made known behind the old one, and then put before it.
    const known = { privateKeys: [first, second] }
    const changed = { privateKeys: [second, first] }
    expect([kidOf(await signedBy(known)), kidOf(await signedBy(changed))]).toEqual(named ? ['k-1', 'k-2'] : [undefined, undefined])
    for (const signed of [old, await signedBy(known), await signedBy(changed)]) {
      for (const held of [known, changed]) expect(String(await both.verify?.({ signed }, io(held)))).toBe('{"amount":"12.50"}')
    }
    for (const held of [{ privateKey: second }, { privateKeys: [second, third] }]) await expect(both.verify?.({ signed: old }, io(held))).rejects.toThrow(invalid)
    await expect(both.verify?.({ signed: await signedBy(changed) }, io({ privateKey: first }))).rejects.toThrow(invalid)
  })
  test('raw: what does not say who signed it', async () => {
    const both = raw({ key, algorithm: 'ES256' })
    const old = await both.detach(plain, io({ privateKey: first }))
    await both.attest(plain, old, io({ privateKeys: [second, first] }))
    await expect(both.attest(plain, old, io({ privateKeys: [second, third] }))).rejects.toThrow(invalid)
  })
  test('a former key that is for another algorithm is passed over; of the first it is our trouble', async () => {
    const rsa = jwkOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey)
    const both = jws({ key, algorithm: 'ES256' })
    const { signed = '' } = await both.sign?.(plain, io({ privateKeys: [first, rsa] })) ?? {}
    expect(String(await both.verify?.({ signed }, io({ privateKeys: [second, rsa, first] })))).toBe('{"amount":"12.50"}')
    await expect(both.verify?.({ signed }, io({ privateKeys: [rsa, first] }))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
    // Of the same type, and it says what it is for.
    const [now, once] = [1, 2].map(() => jwkOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey))
    const rs = jws({ key, algorithm: 'RS256' })
    const { signed: before = '' } = await rs.sign?.(plain, io({ privateKey: once })) ?? {}
    expect(String(await rs.verify?.({ signed: before }, io({ privateKeys: [now, { ...once, alg: 'RS256' }] })))).toBe('{"amount":"12.50"}')
    await expect(rs.verify?.({ signed: before }, io({ privateKeys: [now, { ...once, alg: 'PS256' }] }))).rejects.toThrow(invalid)
  })
})

test('what is no list of keys is refused, with nothing of it', () => {
  const jwk = jwkOf(pairFor('ES256').privateKey)
  const read = (privateKeys: unknown) => importedSigningKey().read(JSON.stringify({ privateKeys }))
  expect(read([jwk])).toMatchObject({ type: 'P-256' })
  expect(read(Array.from({ length: 8 }, () => jwk)).others).toHaveLength(7)
  for (const wrong of [[], [jwk, 'broken canary'], [jwk, ''], ['', jwk], [jwk, null], [jwk, jwkOf(generateKeyPairSync('x25519').privateKey)], Array.from({ length: 9 }, () => jwk), 'text', null]) {
    expect(() => read(wrong)).toThrow(/^imported-signing-key account: (?!.*canary)/)
  }
})

test('HS256: a signature by a former shared key holds, and by one that was taken out not', async () => {
  const [first, second] = [1, 2].map(() => randomBytes(32).toString('base64url'))
  const both = jws({ key: account('key', secretKey()), algorithm: 'HS256', kid: 'ours' })
  const signedBy = async (held: object): Promise<string> => (await both.sign?.(plain, io(held)))?.signed ?? ''
  const old = await signedBy({ secretKey: first })
  const changed = { secretKey: second, previous: [first] }
  for (const signed of [old, await signedBy(changed)]) expect(String(await both.verify?.({ signed }, io(changed)))).toBe('{"amount":"12.50"}')
  expect(String(await both.verify?.({ signed: await signedBy(changed) }, io({ secretKey: second })))).toBe('{"amount":"12.50"}')
  await expect(both.verify?.({ signed: old }, io({ secretKey: second }))).rejects.toThrow(invalid)
  const renamed = jws({ key: account('key', secretKey()), algorithm: 'HS256', kid: 'another' })
  await expect(renamed.verify?.({ signed: old }, io(changed))).rejects.toThrow(invalid)
})
