import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { account, type Io } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { keySet } from '../../../functions/accounts/key-set.ts'
import { readKeySet } from '../../../functions/accounts/key/set.ts'
import { ecdhEsA256Kw, rsaOaep256 } from '../../../functions/ciphers/jwe-algorithms.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { fakeIo } from '../../fake-io.ts'

const origin = { dev: 'https://bank.example' } as const
const keys: Readonly<Record<string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>> = {
  'ec-1': generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ec-2': generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'rsa-1': generateKeyPairSync('rsa', { modulusLength: 2_048 }),
}
const set = (...names: readonly string[]) => readKeySet(Buffer.from(JSON.stringify({ keys: names.map((kid) => ({ ...keys[kid]?.publicKey.export({ format: 'jwk' }), kid, use: 'enc' })) })))
/** An `io` that gives this set. */
const publishing = (...names: readonly string[]): Io => fakeIo({ keySet: () => Promise.resolve(set(...names) as never) })
const sealedTo = async (cipher: ReturnType<typeof jwe>, io: Io): Promise<string> => {
  const { sealed } = await cipher.seal(Buffer.from('to the bank'), io)
  const { alg, kid = '' } = decodeProtectedHeader(sealed)
  expect(Buffer.from((await compactDecrypt(sealed, keys[kid]?.privateKey as KeyObject)).plaintext).toString()).toBe('to the bank')
  return `${alg} ${kid}`
}

describe('sealing to a published key', () => {
  const cipher = jwe({ to: account('bank-keys', keySet({ origin })) })
  test('takes the first that fits the algorithm liked best', async () => {
    expect(await sealedTo(cipher, publishing('ec-1', 'ec-2'))).toBe('ECDH-ES+A256KW ec-1')
    expect(await sealedTo(cipher, publishing('ec-2', 'ec-1', 'rsa-1'))).toBe('RSA-OAEP-256 rsa-1')
    expect(await sealedTo(jwe({ to: account('bank-keys', keySet({ origin })), algorithms: [ecdhEsA256Kw, rsaOaep256] }), publishing('rsa-1', 'ec-1'))).toBe('ECDH-ES+A256KW ec-1')
  })
  test('by its name no other is taken', async () => {
    const named = jwe({ to: account('bank-keys', keySet({ origin, kid: 'ec-2' })) })
    expect(await sealedTo(named, publishing('rsa-1', 'ec-1', 'ec-2'))).toBe('ECDH-ES+A256KW ec-2')
    await expect(named.seal(Buffer.of(1), publishing('rsa-1', 'ec-1'))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE', paths: [] })
  })
  test('without one that fits nothing is sealed', async () => {
    await expect(cipher.seal(Buffer.of(1), publishing())).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
    await expect(jwe({ to: account('bank-keys', keySet({ origin })), algorithms: [rsaOaep256] }).seal(Buffer.of(1), publishing('ec-1'))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
  })
  test('needs nothing of AWS, and shows where the keys are', () => {
    expect(cipher.needs).toStrictEqual([])
    expect(JSON.parse(JSON.stringify(cipher.config))).toStrictEqual({ to: { kind: 'account', name: 'bank-keys', how: { signIn: 'key-set', origin, path: '/.well-known/jwks.json' } } })
  })
})

test('how long a set may be used while its address fails: a day, unless it forbids that', () => {
  const stale = (header: string) => readKeySet(Buffer.from('{"keys":[]}'), header).stale
  expect(['', 'max-age=60', 'max-age=0', 'no-store', 'no-cache', 'max-age=60, must-revalidate'].map(stale)).toStrictEqual([86_400, 86_400, 86_400, 0, 0, 0])
})

test('mistakes in a definition are one sentence', () => {
  expect(() => keySet({ origin: { dev: 'https://bank.example/keys' } })).toThrow(new TypeError('key-set account, origin of stage dev: write https:// and a host, nothing behind it'))
  expect(() => keySet({ origin: { dev: 'http://bank.example' as 'https://x' } })).toThrow(TypeError)
  for (const path of ['/', '/a/../b', '/a?b=c', '/a#b', '//evil.example/keys', '/a b', '/.', `/${'a'.repeat(256)}`] as const) expect(() => keySet({ origin, path }), path).toThrow(new TypeError('key-set account, path: write a path of plain segments, as /.well-known/jwks.json'))
  expect(() => keySet({ origin, path: 'keys' as '/keys' })).toThrow(TypeError)
  expect(keySet({ origin, path: '/v1/my_keys.json' }).path).toBe('/v1/my_keys.json')
  for (const kid of ['', 'k'.repeat(129)]) expect(() => keySet({ origin, kid })).toThrow(new TypeError('key-set account, kid: 1 to 128 characters'))
})
