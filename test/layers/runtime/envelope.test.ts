import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { DataKey, decipher, open, seal, wrappedIn, type Binding } from '../../../layers/runtime/envelope.ts'
import { vector, withVectors } from '../../vectors.ts'

const plain = Buffer.from('{"applicant":{"ssn":"078-05-1120"}}')
const wrapped = Buffer.from('the wrapped form')
const key = new DataKey(Buffer.alloc(32, 7), wrapped)
const binding: Binding = ['store', 'archive', '1.abc', 1_800_000_000]
const refusal = new Error('a sealed record does not open')

test('version, wrapped key, key id, IV, ciphertext and tag, in this order', () => {
  const sealed = seal(key, plain, binding)
  expect(sealed.length).toBe(1 + 2 + 16 + 32 + 12 + 35 + 16)
  expect(sealed.subarray(0, 3)).toStrictEqual(Buffer.of(1, 0, 16))
  expect(sealed.subarray(3, 19).toString()).toBe('the wrapped form')
  expect(wrappedIn(sealed).toString()).toBe('the wrapped form')
  expect(open(key, sealed, binding)).toStrictEqual(plain)
  expect(sealed.includes('1120')).toBe(false)
})

test('the key id is HKDF-SHA-256 of the data key (RFC 5869), and says nothing of the key that encrypts', () => {
  const id = hkdfSync('sha256', Buffer.alloc(32, 7), '', 'sallyport store 1 key id', 32)
  expect(key.head.subarray(19)).toStrictEqual(Buffer.from(id))
  // RFC 5869, written out: extract with a salt of zeros, expand by one block.
  const pseudorandom = createHmac('sha256', Buffer.alloc(32)).update(Buffer.alloc(32, 7)).digest()
  expect(key.head.subarray(19)).toStrictEqual(createHmac('sha256', pseudorandom).update('sallyport store 1 key id').update(Buffer.of(1)).digest())
  expect(key.encryption.export()).not.toStrictEqual(key.head.subarray(19))
})

test('two seals of the same are not the same', () => {
  expect(seal(key, plain, binding).equals(seal(key, plain, binding))).toBe(false)
})

test('an empty record', () => {
  expect(open(key, seal(key, Buffer.alloc(0), binding), binding).length).toBe(0)
})

describe('what does not open', () => {
  const sealed = seal(key, plain, binding)
  test('any byte changed', () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => open(key, changed, binding), `byte ${at}`).toThrow(refusal)
    }
  })
  test('any part of it', () => {
    for (let length = 0; length < sealed.length; length++) expect(() => open(key, sealed.subarray(0, length), binding), `${length} bytes`).toThrow(refusal)
    expect(() => open(key, Buffer.concat([sealed, Buffer.of(0)]), binding)).toThrow(refusal)
  })
  test.each<[string, Binding]>([
    ['another purpose', ['envelope', 'archive', '1.abc', 1_800_000_000]], ['another store', ['store', 'other', '1.abc', 1_800_000_000]], ['another record', ['store', 'archive', '1.abd', 1_800_000_000]], ['another lifetime', ['store', 'archive', '1.abc', 1_900_000_000]],
    ['names that run together', ['store', 'archive","1', 'abc', 1_800_000_000]], ['no lifetime', ['store', 'archive', '1.abc', Number.NaN]],
  ])('bound to %s', (_, other) => { expect(() => open(key, sealed, other)).toThrow(refusal) })
  test('another data key, which the key id shows before a byte is deciphered', () => {
    expect(() => open(new DataKey(Buffer.alloc(32, 8), wrapped), sealed, binding)).toThrow(refusal)
  })
  test('the right key id with another key: the id is bound, too', () => {
    expect(() => open(Object.assign(new DataKey(Buffer.alloc(32, 8), wrapped), { head: key.head }), sealed, binding)).toThrow(refusal)
  })
})

test('the bytes that KMS gave are overwritten, and a key that was forgotten seals and opens nothing', () => {
  const bytes = Buffer.alloc(32, 9)
  const short = new DataKey(bytes, wrapped)
  expect(bytes.equals(Buffer.alloc(32))).toBe(true)
  const sealed = seal(short, plain, binding)
  expect(open(short, sealed, binding)).toStrictEqual(plain)
  short.forget()
  expect(() => seal(short, plain, binding)).toThrow(refusal)
  expect(() => open(short, sealed, binding)).toThrow(refusal)
})

test('a data key that is none', () => {
  for (const length of [0, 16, 31, 33]) expect(() => new DataKey(Buffer.alloc(length), wrapped)).toThrow('a data key has 32 bytes')
})

interface Case { readonly tcId: number; readonly key: string; readonly iv: string; readonly aad: string; readonly msg: string; readonly ct: string; readonly tag: string; readonly result: 'valid' | 'invalid' }

withVectors('wycheproof/aes_gcm_test.json', 'Wycheproof AES-256-GCM, 96-bit IV', () => {
  const { testGroups } = JSON.parse(vector('wycheproof/aes_gcm_test.json').toString()) as { testGroups: { ivSize: number; keySize: number; tagSize: number; tests: Case[] }[] }
  const cases = testGroups.filter(({ ivSize, keySize, tagSize }) => ivSize === 96 && keySize === 256 && tagSize === 128).flatMap(({ tests }) => tests)
  const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
  const run = ({ key, iv, ct, tag, aad }: Case): string => {
    try {
      return decipher(createSecretKey(bytes(key)), { iv: bytes(iv), ciphertext: bytes(ct), tag: bytes(tag) }, bytes(aad)).toString('hex')
    } catch (error) {
      return (error as Error).message
    }
  }
  test(`${cases.length} of them`, () => {
    expect(cases.length).toBe(48)
    for (const each of cases) expect(run(each), `tcId ${each.tcId}`).toBe(each.result === 'valid' ? each.msg : refusal.message)
  })
})

// Made by python-cryptography 48 and hmac of Python, by the definition in the docstring, with the IV 00 01 … 0b.
test('opens what another implementation sealed', () => {
  const sealed = Buffer.from('AQAQdGhlIHdyYXBwZWQgZm9ybUG3WoZDle8sUZaxdyThC5X3Dhkb5xZqhpP5Q3CKD4EEAAECAwQFBgcICQoL2oQBkqqy7gbpIXfJmjpxtxYAB0k1z8nUCpf1j8dh_11t8dj8BVuFV9YmzwlSsyXx8YnU', 'base64url')
  expect(open(key, sealed, binding)).toStrictEqual(plain)
})

// By the same program, with the right key and a tag that is right for what stands before it.
test.each([
  ['another version', 'AgAQdGhlIHdyYXBwZWQgZm9ybUG3WoZDle8sUZaxdyThC5X3Dhkb5xZqhpP5Q3CKD4EEAAECAwQFBgcICQoL2oQBkqqy7gbpIXfJmjpxtxYAB0k1z8nUCpf1j8dh_11t8dhzgMM4qVa8aqq4JDpp9Mtx'],
  ['62 bytes, in which the tag begins within the IV', 'AQAAQbdahkOV7yxRlrF3JOELlfcOGRvnFmqGk_lDcIoPgQQAAAAAAAAAAAAAAEFHTNZ4yR50BlISnUPdkg0'],
  ['the same behind a wrapped key', 'AQAQdGhlIHdyYXBwZWQgZm9ybUG3WoZDle8sUZaxdyThC5X3Dhkb5xZqhpP5Q3CKD4EEAAAAAAAAAAAAAADC9DpSqlLH3hfnJBklFzdp'],
])('authentic, and refused: %s', (_, sealed) => {
  expect(() => open(key, Buffer.from(sealed, 'base64url'), binding)).toThrow(refusal)
})

test('authentic, under the id of another key: refused, since a second key could open it', () => {
  const sealed = seal(Object.assign(new DataKey(Buffer.alloc(32, 7), wrapped), { head: Buffer.concat([key.head.subarray(0, 19), Buffer.alloc(32, 1)]) }), plain, binding)
  expect(() => open(key, sealed, binding)).toThrow(refusal)
})

test('nothing at all under a key with no wrapped form: 63 bytes, and no fewer', () => {
  const bare = new DataKey(Buffer.alloc(32, 7), Buffer.alloc(0))
  const sealed = seal(bare, Buffer.alloc(0), binding)
  expect(sealed.length).toBe(63)
  expect(open(bare, sealed, binding).length).toBe(0)
})
