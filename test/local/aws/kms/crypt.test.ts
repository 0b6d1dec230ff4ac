import { constants, createPublicKey, publicEncrypt, type KeyObject } from 'node:crypto'
import {
  CreateKeyCommand, DecryptCommand, DisableKeyCommand, EncryptCommand, GenerateDataKeyCommand, GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand, GetPublicKeyCommand, ReEncryptCommand, RotateKeyOnDemandCommand, type CreateKeyCommandInput, type KMSClient,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal, refusalName, standIn } from '../harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let kms: KMSClient
beforeAll(async () => {
  aws = await standIn()
  kms = aws.as('admin').kms
})
afterAll(() => aws.close())

const make = async (input: CreateKeyCommandInput = {}): Promise<string> => (await kms.send(new CreateKeyCommand(input))).KeyMetadata?.Arn ?? ''
const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString()
const publicKeyOf = async (KeyId: string): Promise<KeyObject> =>
  createPublicKey({ key: Buffer.from((await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey ?? []), format: 'der', type: 'spki' })
const flipped = (blob: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(blob)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe('symmetric encryption', () => {
  let KeyId: string
  beforeAll(async () => {
    KeyId = await make()
  })
  const encrypt = async (EncryptionContext?: Record<string, string>, key = KeyId): Promise<Uint8Array> =>
    (await kms.send(new EncryptCommand({ KeyId: key, Plaintext: bytes('hello'), ...(EncryptionContext && { EncryptionContext }) }))).CiphertextBlob ?? new Uint8Array()
  const decrypt = (CiphertextBlob: Uint8Array, extra: object = {}) => kms.send(new DecryptCommand({ CiphertextBlob, ...extra }))

  test('there and back, with no key named', async () => {
    const opened = await decrypt(await encrypt())
    expect([text(opened.Plaintext), opened.KeyId, opened.EncryptionAlgorithm]).toEqual(['hello', KeyId, 'SYMMETRIC_DEFAULT'])
    expect(Buffer.from(await encrypt()).equals(Buffer.from(await encrypt()))).toBe(false)
  })

  test('the context must be the same, in any order', async () => {
    const blob = await encrypt({ a: '1', b: '2' })
    expect(text((await decrypt(blob, { EncryptionContext: { b: '2', a: '1' } })).Plaintext)).toBe('hello')
    for (const EncryptionContext of [undefined, {}, { a: '1' }, { a: '2', b: '1' }, { a: '1', b: '2', c: '3' }, { A: '1', b: '2' }, { a1: '', b: '2' }])
      expect(await refusal(decrypt(blob, { EncryptionContext }))).toBe('InvalidCiphertextException: UnknownError')
  })

  test('every bit of a blob counts, and no refusal says which', async () => {
    const blob = await encrypt()
    for (const at of [0, 1, 18, 21, 22, 33, 34, blob.length - 17, blob.length - 1])
      expect(await refusal(decrypt(flipped(blob, at)))).toBe('InvalidCiphertextException: UnknownError')
    for (const cut of [1, 22, 49, blob.length - 1]) expect(await refusalName(decrypt(blob.subarray(0, cut)))).toBe('InvalidCiphertextException')
    // The key's UUID: another key, which is not there.
    expect(await refusalName(decrypt(flipped(blob, 5)))).toBe('AccessDeniedException')
  })

  test('another key is an IncorrectKeyException, a key pair is the wrong use', async () => {
    const other = await make()
    expect(await refusalName(decrypt(await encrypt(), { KeyId: other }))).toBe('IncorrectKeyException')
    expect(await refusalName(encrypt(undefined, await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })))).toBe('InvalidKeyUsageException')
  })

  test('4096 bytes, no more', async () => {
    const size = (length: number) => kms.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(length) }))
    expect(await refusalName(size(4096))).toBe('resolved')
    expect(await refusalName(size(4097))).toBe('ValidationException')
    expect(await refusalName(size(0))).toBe('ValidationException')
  })

  test('a rotation keeps what was encrypted before', async () => {
    const key = await make()
    const before = await encrypt(undefined, key)
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: key }))
    const after = await encrypt(undefined, key)
    expect([text((await decrypt(before)).Plaintext), text((await decrypt(after)).Plaintext)]).toEqual(['hello', 'hello'])
    // The backing key's number stands in the header: a blob cannot be moved to another one.
    const moved = Uint8Array.from(before)
    moved[21] = 2
    expect(await refusalName(decrypt(moved))).toBe('InvalidCiphertextException')
  })

  test('ReEncrypt moves a blob to another key and context', async () => {
    const to = await make()
    const { CiphertextBlob = new Uint8Array() } = await kms.send(new ReEncryptCommand({
      CiphertextBlob: await encrypt({ a: '1' }), SourceEncryptionContext: { a: '1' }, DestinationKeyId: to, DestinationEncryptionContext: { b: '2' },
    }))
    expect((await decrypt(CiphertextBlob, { EncryptionContext: { b: '2' } })).KeyId).toBe(to)
  })

  test('data keys', async () => {
    const { Plaintext, CiphertextBlob = new Uint8Array() } = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(Plaintext).toHaveLength(32)
    expect((await decrypt(CiphertextBlob)).Plaintext).toEqual(Plaintext)
    const hidden = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }))
    expect(hidden).not.toHaveProperty('Plaintext')
    expect((await decrypt(hidden.CiphertextBlob ?? new Uint8Array())).Plaintext).toHaveLength(64)
    expect(await refusalName(kms.send(new GenerateDataKeyCommand({ KeyId })))).toBe('ValidationException')
    expect((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 7 }))).Plaintext).toHaveLength(7)
  })

  // Expectations: AWS KMS API Reference, GenerateDataKey and Decrypt.
  describe('a data key in a context', () => {
    const EncryptionContext = { pipeline: 'loan', field: '/card/number' }
    const generate = async (input: object = {}) => {
      const { Plaintext, CiphertextBlob = new Uint8Array(), KeyId: made } = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext, ...input }))
      return { Plaintext, CiphertextBlob, made }
    }

    test('opens in that context alone, in any order, with the key named or not', async () => {
      const { Plaintext, CiphertextBlob, made } = await generate()
      expect([Plaintext?.length, made]).toEqual([32, KeyId])
      for (const extra of [{}, { KeyId }, { KeyId: KeyId.split('/')[1] }])
        expect((await decrypt(CiphertextBlob, { EncryptionContext: { field: '/card/number', pipeline: 'loan' }, ...extra })).Plaintext).toEqual(Plaintext)
      for (const other of [undefined, {}, { pipeline: 'loan' }, { ...EncryptionContext, more: '' }, { pipeline: 'Loan', field: '/card/number' }, { Pipeline: 'loan', field: '/card/number' }])
        expect(await refusal(decrypt(CiphertextBlob, { EncryptionContext: other, KeyId }))).toBe('InvalidCiphertextException: UnknownError')
    })

    test('another key than the one that wrapped it is an IncorrectKeyException, whatever the context', async () => {
      const { CiphertextBlob } = await generate()
      const other = await make()
      expect(await refusalName(decrypt(CiphertextBlob, { EncryptionContext, KeyId: other }))).toBe('IncorrectKeyException')
      expect(await refusalName(decrypt(CiphertextBlob, { KeyId: other }))).toBe('IncorrectKeyException')
    })

    test('without plaintext it is the same blob to open', async () => {
      const hidden = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_128', EncryptionContext }))
      expect(hidden).not.toHaveProperty('Plaintext')
      expect((await decrypt(hidden.CiphertextBlob ?? new Uint8Array(), { EncryptionContext })).Plaintext).toHaveLength(16)
      expect(await refusalName(decrypt(hidden.CiphertextBlob ?? new Uint8Array()))).toBe('InvalidCiphertextException')
    })

    test('opens after a rotation', async () => {
      const key = await make()
      const { Plaintext, CiphertextBlob } = await generate({ KeyId: key })
      await kms.send(new RotateKeyOnDemandCommand({ KeyId: key }))
      expect((await decrypt(CiphertextBlob, { EncryptionContext, KeyId: key })).Plaintext).toEqual(Plaintext)
    })

    test.each([
      [{ KeySpec: undefined, NumberOfBytes: 1 }, 'resolved'],
      [{ KeySpec: undefined, NumberOfBytes: 1024 }, 'resolved'],
      [{ KeySpec: undefined, NumberOfBytes: 1025 }, 'ValidationException'],
      [{ KeySpec: undefined, NumberOfBytes: 0 }, 'ValidationException'],
      [{ NumberOfBytes: 32 }, 'ValidationException'],
      [{ KeySpec: undefined }, 'ValidationException'],
      [{ KeySpec: 'AES_192' }, 'ValidationException'],
      [{ EncryptionContext: { a: 1 } }, 'SerializationException'],
      [{ KeyId: 'alias/none' }, 'NotFoundException'],
      [{ DryRun: true }, 'DryRunOperationException'],
    ])('%j: %s', async (input, name) => {
      expect(await refusalName(generate(input))).toBe(name)
    })

    test('comes from a symmetric key that is for encryption, and enabled', async () => {
      expect(await refusalName(generate({ KeyId: await make({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }) }))).toBe('InvalidKeyUsageException')
      expect(await refusalName(generate({ KeyId: await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }) }))).toBe('InvalidKeyUsageException')
      const disabled = await make()
      await kms.send(new DisableKeyCommand({ KeyId: disabled }))
      expect(await refusalName(generate({ KeyId: disabled }))).toBe('DisabledException')
    })
  })

  test('a disabled key does nothing', async () => {
    const key = await make()
    const blob = await encrypt(undefined, key)
    await kms.send(new DisableKeyCommand({ KeyId: key }))
    expect(await refusalName(decrypt(blob))).toBe('DisabledException')
    expect(await refusalName(encrypt(undefined, key))).toBe('DisabledException')
  })

  test('a dry run does nothing', async () => {
    expect(await refusalName(decrypt(await encrypt(), { DryRun: true }))).toBe('DryRunOperationException')
  })
})

describe('RSA', () => {
  let KeyId: string
  beforeAll(async () => {
    KeyId = await make({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  })

  test.each([['RSAES_OAEP_SHA_256', 'sha256', 190], ['RSAES_OAEP_SHA_1', 'sha1', 214]] as const)('%s: encrypted by node:crypto, opened by KMS', async (algorithm, oaepHash, room) => {
    const key = await publicKeyOf(KeyId)
    const sealed = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Buffer.from('outside'))
    const opened = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: sealed, EncryptionAlgorithm: algorithm }))
    expect(text(opened.Plaintext)).toBe('outside')

    const within = (size: number) => kms.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(size), EncryptionAlgorithm: algorithm }))
    const { CiphertextBlob } = await within(room)
    expect((await kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: algorithm }))).Plaintext).toHaveLength(room)
    expect(await refusalName(within(room + 1))).toBe('ValidationException')
  })

  test('one refusal for every broken ciphertext', async () => {
    const { CiphertextBlob = new Uint8Array() } = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes('x'), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))
    const open = (blob: Uint8Array, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' | 'RSAES_OAEP_SHA_1' = 'RSAES_OAEP_SHA_256') => refusal(kms.send(new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionAlgorithm })))
    expect(await open(CiphertextBlob)).toBe('resolved')
    const broken = [await open(flipped(CiphertextBlob, 10)), await open(CiphertextBlob, 'RSAES_OAEP_SHA_1'), await open(CiphertextBlob.subarray(1)), await open(new Uint8Array(256).fill(255))]
    expect(broken).toEqual(Array(4).fill('InvalidCiphertextException: UnknownError'))
  })

  test('the key and the algorithm must be named', async () => {
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes('x'), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))
    expect(await refusalName(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })))).toBe('ValidationException')
    expect(await refusalName(kms.send(new DecryptCommand({ KeyId, CiphertextBlob })))).toBe('InvalidKeyUsageException')
    expect(await refusalName(kms.send(new DecryptCommand({ CiphertextBlob })))).toBe('InvalidCiphertextException')
  })

  test('the event loop goes on while RSA-4096 works', async () => {
    const key = await make({ KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT' })
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: key, Plaintext: new Uint8Array(446), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))
    const opened = await Promise.all(Array.from({ length: 20 }, () => kms.send(new DecryptCommand({ KeyId: key, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))))
    expect(opened.every(({ Plaintext }) => Plaintext?.length === 446)).toBe(true)
  })
})
