import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { envelopeKey } from 'sallyport'
import { openingKey, sealingKey, type Wrapping } from '../../../layers/runtime/data-key.ts'
import { open } from '../../../layers/runtime/envelope.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { envelopeKeyOf } from '../../../layers/runtime/keys.ts'
import { openEnvelope, sealEnvelope } from '../../../layers/runtime/sealing.ts'

/** A KMS that remembers what it wrapped and under which context, and answers when a gate opens, by the error that it opens with; and a clock that the test sets. */
const kms = { asked: [] as object[], wrapped: new Map<string, { readonly plain: string; readonly context: string }>(), error: '', gates: [] as Promise<string>[] }
let now: number
beforeEach(() => {
  Object.assign(kms, { asked: [], error: '', gates: [] })
  now = 1_000_000
})

interface Asked { readonly EncryptionContext: object; readonly CiphertextBlob?: string }
async function answer(headers: Readonly<Record<string, string>>, body: Uint8Array) {
  const operation = headers['x-amz-target']?.split('.')[1] ?? ''
  const { EncryptionContext, CiphertextBlob, ...rest } = JSON.parse(new TextDecoder().decode(body)) as Asked
  kms.asked.push({ operation, ...rest })
  const error = await kms.gates.shift() ?? kms.error
  const context = JSON.stringify(EncryptionContext)
  const said = (statusCode: number, value: object) => ({ response: { statusCode, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify(value)) } })
  if (error !== '') return said(400, { __type: error, message: 'canary' })
  if (operation === 'GenerateDataKey') {
    const [plain, blob] = [randomBytes(32).toString('base64'), randomBytes(184).toString('base64')]
    kms.wrapped.set(blob, { plain, context })
    return said(200, { Plaintext: plain, CiphertextBlob: blob, KeyId: 'arn:of-vault' })
  }
  const held = kms.wrapped.get(CiphertextBlob ?? '')
  return held?.context === context ? said(200, { Plaintext: held.plain, KeyId: 'arn:of-vault' }) : said(400, { __type: 'InvalidCiphertextException' })
}
const environment = () => new Environment({
  variables: { KEY_VAULT: 'arn:of-vault', KEY_OTHER: 'arn:of-other' }, clock: { now: () => now } as never,
  aws: {
    region: 'us-east-1', endpoint: 'http://localhost', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1,
    requestHandler: { handle: ({ headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }) => answer(headers, body), destroy: () => undefined },
  },
})

const vault = envelopeKey('vault')
const text = Buffer.from('078-05-1120')
const sealed = (own: Environment, context = 'applicants', plain: Uint8Array = text) => sealEnvelope(own, vault, context, plain, ['ssn'])
const opened = async (own: Environment, bytes: Uint8Array, context = 'applicants', binding = ['ssn']): Promise<string> => Buffer.from(await openEnvelope(own, vault, context, bytes, binding)).toString()
const refused = (code: string) => ({ code, message: code, paths: [] })
const operations = (): unknown[] => kms.asked.map((each) => (each as { operation: string }).operation)

test('asks KMS for 256 bits under the address of the key, and to unwrap with that key alone', async () => {
  const bytes = await sealed(environment())
  expect(await opened(environment(), bytes)).toBe('078-05-1120')
  expect(kms.asked).toStrictEqual([{ operation: 'GenerateDataKey', KeyId: 'arn:of-vault', KeySpec: 'AES_256' }, { operation: 'Decrypt', KeyId: 'arn:of-vault' }])
  const context = { 'sallyport:key': 'vault', 'sallyport:context': 'applicants' }
  expect([...kms.wrapped.values()].at(-1)?.context).toBe(JSON.stringify(context))
  // What stands before the binding says what kind of record it is: none of a store opens here.
  const key = await openingKey(environment(), { name: 'any', key: envelopeKeyOf(vault), context }, bytes)
  expect(open(key, bytes, ['envelope', 'applicants', 'ssn']).toString()).toBe('078-05-1120')
  expect(() => open(key, bytes, ['applicants', 'ssn'])).toThrow('a sealed record does not open')
})

describe('a key that seals', () => {
  test('is made once for all who ask, and used for five minutes and not a moment longer', async () => {
    const own = environment()
    await Promise.all([1, 2, 3].map(() => sealed(own)))
    now += 299_999
    await sealed(own)
    expect(operations()).toStrictEqual(['GenerateDataKey'])
    now += 1
    await sealed(own)
    expect(operations()).toStrictEqual(['GenerateDataKey', 'GenerateDataKey'])
  })
  test('is another for another context and another key, and a new one where the clock was set back', async () => {
    const own = environment()
    for (const context of ['applicants', 'payments']) await sealed(own, context)
    await sealEnvelope(own, envelopeKey('other'), 'applicants', text, ['ssn'])
    expect(operations()).toHaveLength(3)
    now -= 1
    await sealed(own)
    expect(operations()).toHaveLength(4)
  })
  const wrapping: Wrapping = { name: 'envelope vault counted', key: envelopeKeyOf(vault), context: {} }
  test('seals 65,536 times, or a gibibyte', async () => {
    const own = environment()
    const first = sealingKey(own, wrapping, 1)
    for (let i = 1; i < 65_536; i++) void sealingKey(own, wrapping, 1)
    const second = sealingKey(own, wrapping, 1_073_741_823)
    expect(second).not.toBe(first)
    expect(sealingKey(own, wrapping, 1)).toBe(second)
    const third = sealingKey(own, wrapping, 1)
    expect(third).not.toBe(second)
    await Promise.all([first, second, third])
    expect(operations()).toHaveLength(3)
  })
  test('counts the seal and the bytes that it was made for', async () => {
    const own = environment()
    const first = sealingKey(own, wrapping, 1_073_741_824)
    expect(sealingKey(own, wrapping, 0)).toBe(first)
    const second = sealingKey(own, wrapping, 1)
    expect(second).not.toBe(first)
    const counted = environment()
    const held = Array.from({ length: 65_537 }, () => sealingKey(counted, wrapping, 0))
    expect(new Set(held.slice(0, 65_536)).size).toBe(1)
    expect(held[65_536]).not.toBe(held[0])
    await Promise.all([first, second, ...held])
    expect(operations()).toHaveLength(4)
  })
  test('that KMS does not give is one fault, and is asked for again', async () => {
    const own = environment()
    kms.error = 'DisabledException'
    for (let i = 0; i < 2; i++) await expect(sealed(own)).rejects.toMatchObject(refused('UNAVAILABLE'))
    kms.error = ''
    expect(await opened(own, await sealed(own))).toBe('078-05-1120')
    expect(operations()).toStrictEqual(['GenerateDataKey', 'GenerateDataKey', 'GenerateDataKey', 'Decrypt'])
  })
  test('that comes to nothing late is not the one that stands in its place', async () => {
    const own = environment()
    let fail = (_error: string): void => undefined
    kms.gates = [new Promise((done) => { fail = done })]
    const old = sealed(own)
    now += 300_000
    await sealed(own)
    fail('DisabledException')
    await expect(old).rejects.toMatchObject(refused('UNAVAILABLE'))
    await sealed(own)
    expect(operations()).toStrictEqual(['GenerateDataKey', 'GenerateDataKey'])
  })
  test('is gone from memory once another stands in its place, and not before whoever has it used it', async () => {
    const own = environment()
    const old = await sealingKey(own, wrapping, 1)
    now += 300_000
    await sealingKey(own, wrapping, 1)
    expect(old.encryption.type).toBe('secret')
    await new Promise((done) => setTimeout(done, 5))
    expect(() => old.encryption).toThrow('a sealed record does not open')
  })
})

describe('a key that opens', () => {
  test('is unwrapped once for all who ask, in five minutes', async () => {
    const bytes = await sealed(environment())
    const own = environment()
    for (const each of await Promise.all([1, 2, 3].map(() => opened(own, bytes)))) expect(each).toBe('078-05-1120')
    now += 299_999
    await opened(own, bytes)
    expect(operations()).toStrictEqual(['GenerateDataKey', 'Decrypt'])
    now += 1
    await opened(own, bytes)
    expect(operations()).toStrictEqual(['GenerateDataKey', 'Decrypt', 'Decrypt'])
  })
  test('is held for 256 that sealed, the oldest first forgotten', async () => {
    const all = []
    for (let i = 0; i < 257; i++) all.push(await sealed(environment()))
    const own = environment()
    for (const bytes of all) await opened(own, bytes)
    kms.asked = []
    for (const bytes of all.slice(1)) await opened(own, bytes)
    expect(operations()).toStrictEqual([])
    expect(await opened(own, all[0] as Uint8Array)).toBe('078-05-1120')
    expect(await opened(own, all[1] as Uint8Array)).toBe('078-05-1120')
    expect(await opened(own, all[2] as Uint8Array)).toBe('078-05-1120')
    expect(operations()).toStrictEqual(['Decrypt', 'Decrypt', 'Decrypt'])
  })
  test('unwrapped anew, it is the newest again', async () => {
    const all = []
    for (let i = 0; i < 256; i++) all.push(await sealed(environment()))
    const [first] = all as [Uint8Array]
    const own = environment()
    for (const bytes of all) {
      await opened(own, bytes)
      now += 1
    }
    // The first one is too old, the others are not; with it at the end the second is the oldest.
    now = 1_000_000 + 300_000
    await opened(own, first)
    await opened(own, await sealed(environment()))
    kms.asked = []
    await opened(own, first)
    expect(operations()).toStrictEqual([])
  })
  test('under another context KMS does not unwrap it: the one fault, and no other binding opens', async () => {
    const bytes = await sealed(environment())
    await expect(opened(environment(), bytes, 'payments')).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
    await expect(opened(environment(), bytes, 'applicants', ['name'])).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
    for (const wrong of [Buffer.alloc(0), Buffer.alloc(300), bytes.subarray(0, 100)]) await expect(opened(environment(), wrong)).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
  })
  test.each([['InvalidCiphertextException', 'DECRYPTION_FAILED'], ['IncorrectKeyException', 'DECRYPTION_FAILED'], ['ValidationException', 'DECRYPTION_FAILED'], ['AccessDeniedException', 'UNAVAILABLE'], ['DisabledException', 'UNAVAILABLE']])('%s is %s, and it is asked for again', async (error, code) => {
    const bytes = await sealed(environment())
    const own = environment()
    kms.error = error
    await expect(opened(own, bytes)).rejects.toMatchObject(refused(code))
    kms.error = ''
    expect(await opened(own, bytes)).toBe('078-05-1120')
  })
  test('a data key that is not 32 bytes is no key', async () => {
    const bytes = await sealed(environment())
    for (const [blob, held] of kms.wrapped) kms.wrapped.set(blob, { ...held, plain: Buffer.alloc(16).toString('base64') })
    await expect(opened(environment(), bytes)).rejects.toMatchObject(refused('UNAVAILABLE'))
  })
})
