import { createSecretKey } from 'node:crypto'
import { hashKey } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { blake2b, blake2s } from '../../../functions/hashes/blake2.ts'
import { fakeIo } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { json, keyed, sharedKey } from './published.ts'

withVectors('blake2', 'the designers\' known answers', () => {
  const all = json<{ readonly hash: string; readonly in: string; readonly key: string; readonly out: string }[]>('blake2/blake2-kat.json')
  test.each([['blake2b', blake2b, 190, 182], ['blake2s', blake2s, 180, 193]] as const)('%s, without a key and with one', async (name, make, bare, withKey) => {
    const counted = { bare: 0, withKey: 0 }
    for (const { in: message, key, out } of all.filter(({ hash }) => hash === name)) {
      const made = key === '' ? make().run(Buffer.from(message, 'hex'), fakeIo()) : make({ key: sharedKey }).run(Buffer.from(message, 'hex'), keyed(key))
      expect(await made).toBe(out)
      counted[key === '' ? 'bare' : 'withKey']++
    }
    expect(counted).toStrictEqual({ bare, withKey })
  })
})

describe('keys and digests of other lengths, as another implementation has them', () => {
  const io = keyed(Buffer.from('k'.repeat(16)).toString('hex'))
  const abc = Buffer.from('abc')
  test('one after the other and all at once', async () => {
    const wanted = [
      '7e96fe677eae480b195b97f4290f4a457398a134a4b17411129318045bd50d59d40673a0a5ff29f1621af7d67f126d6db1ee50ca3b154d6a56db542f97429172',
      '71e070c3cfad95880653b4bcb41a0130b74482daa9696bbc81749e314c9a1a64',
      'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
      'c147470a6a51f99ac086eab2ffe4852e',
    ]
    const make = () => [blake2b({ key: sharedKey }).run(abc, io), blake2b({ key: sharedKey, bits: 256 }).run(abc, io), blake2b({ bits: 256 }).run(abc, io), blake2s({ key: sharedKey, bits: 128 }).run(abc, io)]
    expect(await Promise.all(make())).toStrictEqual(wanted)
    expect(await Promise.all([...make(), ...make(), ...make()])).toStrictEqual([...wanted, ...wanted, ...wanted])
  })
})

test('a key longer than it takes is the account\'s fault, and its needs and name say what it is', async () => {
  await expect(blake2s({ key: sharedKey }).run(Buffer.from('x'), keyed('00'.repeat(33)))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
  expect(blake2s({ key: sharedKey })).toMatchObject({ keyed: true, needs: [{ resource: { name: 'shared' } }] })
  expect(blake2b()).toMatchObject({ keyed: false, needs: [] })
})

test.each([0, 120, 129, 520, Number.NaN, 256.5])('%d bits are a mistake', (bits) => {
  expect(() => blake2b({ bits })).toThrow(new TypeError('blake2b, bits: write a multiple of 8 from 128 to 512'))
})

test('under a shared key: what its former keys made verifies, and a rehash is due', async () => {
  const io = fakeIo({ material: (account) => Promise.resolve(account.how.read(JSON.stringify({ secretKey: '0c'.repeat(32), encoding: 'hex', previous: ['0b'.repeat(32)] }))) })
  // As Python's hashlib has it, under 32 times 0b.
  const old = '8fd7818cf0505ff30a47475b652e1c13dd171f4c7bb7798fcf558c46df518754'
  expect(await blake2s({ key: sharedKey }).verify(Buffer.from('abc'), old, io)).toStrictEqual({ matches: true, rehash: true })
  expect(await blake2s({ key: sharedKey }).verify(Buffer.from('abd'), old, io)).toStrictEqual({ matches: false, rehash: false })
})

test('what is shown of it, under which scope a key of ours is derived, and what it refuses', async () => {
  expect(blake2s({ key: sharedKey, bits: 128 }).config).toStrictEqual({ hash: 'blake2s', keyed: true, key: sharedKey, bits: 128, output: 'hex' })
  expect(blake2b({ output: 'base64' }).config).toStrictEqual({ hash: 'blake2b', keyed: false, key: undefined, bits: 512, output: 'base64' })
  const scopes = new Set<string>()
  const ours = fakeIo({ mac: (_key, scope) => { scopes.add(scope); return Promise.resolve({ version: 1, key: createSecretKey(Buffer.alloc(32, 0x0b)) }) } })
  // As Python's hashlib has it, under 32 times 0b.
  expect(await blake2s({ key: hashKey('identity') }).run(Buffer.from('abc'), ours)).toBe('1.8fd7818cf0505ff30a47475b652e1c13dd171f4c7bb7798fcf558c46df518754')
  await blake2b({ key: hashKey('identity'), bits: 256 }).run(Buffer.from('abc'), ours)
  expect([...scopes]).toStrictEqual(['blake2s 256', 'blake2b 256'])
  expect(() => blake2b().replace({ file: 'x', into: 'y' })).toThrow(new TypeError('hash of a file by blake2b: write sha2(), sha3() or hmac({ key })'))
  for (const make of [blake2b, blake2s]) expect(() => make({ key: {} as never })).toThrow(new TypeError(`${make.name}, key: write hashKey('name'), or account('name', secretKey())`))
})
