import {
  constants, createHash, createPublicKey, createPrivateKey, createVerify, diffieHellman, generateKeyPairSync, privateDecrypt,
  publicEncrypt, type KeyObject,
} from 'node:crypto'
import {
  CreateKeyCommand, DecryptCommand, DeriveSharedSecretCommand, GenerateDataKeyPairCommand, GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateMacCommand, GetPublicKeyCommand, SignCommand, VerifyCommand, VerifyMacCommand, type CreateKeyCommandInput, type KMSClient,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusalName, standIn } from '../harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let kms: KMSClient
beforeAll(async () => {
  aws = await standIn()
  kms = aws.as('admin').kms
})
afterAll(() => aws.close())

const make = async (input: CreateKeyCommandInput = {}): Promise<string> => (await kms.send(new CreateKeyCommand(input))).KeyMetadata?.Arn ?? ''
const bytes = (text: string): Uint8Array => Buffer.from(text)
const publicKeyOf = async (KeyId: string): Promise<KeyObject> =>
  createPublicKey({ key: Buffer.from((await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey ?? []), format: 'der', type: 'spki' })
const flipped = (blob: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(blob)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe('signatures', () => {
  const kinds = [
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 'sha256', {}],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 'sha512', {}],
    ['RSA_2048', 'RSASSA_PSS_SHA_256', 'sha256', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
    ['RSA_3072', 'RSASSA_PSS_SHA_384', 'sha384', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256', {}],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384', {}],
  ] as const
  test.each(kinds)('%s %s is what node:crypto verifies', async (KeySpec, SigningAlgorithm, hash, options) => {
    const KeyId = await make({ KeySpec, KeyUsage: 'SIGN_VERIFY' })
    const Message = bytes('message')
    const { Signature = new Uint8Array() } = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm, MessageType: 'RAW' }))
    expect(createVerify(hash).update('message').verify({ key: await publicKeyOf(KeyId), ...options }, Signature)).toBe(true)
    expect((await kms.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm }))).SignatureValid).toBe(true)
    // Never `false`: an exception.
    expect(await refusalName(kms.send(new VerifyCommand({ KeyId, Message: bytes('other'), Signature, SigningAlgorithm })))).toBe('KMSInvalidSignatureException')
  })

  test('the wrong algorithm, the wrong use, a digest', async () => {
    const KeyId = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const sign = (extra: object) => refusalName(kms.send(new SignCommand({ KeyId, Message: bytes('m'), SigningAlgorithm: 'ECDSA_SHA_256', ...extra })))
    expect(await sign({ SigningAlgorithm: 'ECDSA_SHA_384' })).toBe('InvalidKeyUsageException')
    expect(await sign({ KeyId: await make() })).toBe('InvalidKeyUsageException')
    expect(await sign({ MessageType: 'DIGEST', Message: createHash('sha384').digest() })).toBe('ValidationException')
    expect(await sign({ MessageType: 'EXTERNAL_MU' })).toBe('UnsupportedOperationException')
  })
  test('of a digest, as of its message', async () => {
    const KeyId = await make({ KeySpec: 'ECC_NIST_P384', KeyUsage: 'SIGN_VERIFY' })
    const Message = bytes('a message that is digested outside')
    const { Signature } = await kms.send(new SignCommand({ KeyId, Message: createHash('sha384').update(Message).digest(), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_384' }))
    expect((await kms.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm: 'ECDSA_SHA_384' }))).SignatureValid).toBe(true)
  })
})

describe('MACs', () => {
  test('the same message gives the same MAC, another message or key another one', async () => {
    const [one, two] = [await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }), await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })]
    const mac = async (KeyId: string, message: string): Promise<string> =>
      Buffer.from((await kms.send(new GenerateMacCommand({ KeyId, Message: bytes(message), MacAlgorithm: 'HMAC_SHA_256' }))).Mac ?? []).toString('hex')
    const first = await mac(one, 'label')
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(await mac(one, 'label')).toBe(first)
    expect(await mac(one, 'labem')).not.toBe(first)
    expect(await mac(two, 'label')).not.toBe(first)
  })

  test.each([['HMAC_256', 'HMAC_SHA_256', 32], ['HMAC_384', 'HMAC_SHA_384', 48], ['HMAC_512', 'HMAC_SHA_512', 64]] as const)('%s', async (KeySpec, MacAlgorithm, size) => {
    const KeyId = await make({ KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })
    const { Mac = new Uint8Array() } = await kms.send(new GenerateMacCommand({ KeyId, Message: bytes('m'), MacAlgorithm }))
    expect(Mac).toHaveLength(size)
    const verify = (given: Uint8Array) => kms.send(new VerifyMacCommand({ KeyId, Message: bytes('m'), Mac: given, MacAlgorithm }))
    expect((await verify(Mac)).MacValid).toBe(true)
    expect(await refusalName(verify(flipped(Mac, 0)))).toBe('KMSInvalidMacException')
    expect(await refusalName(verify(Mac.subarray(1)))).toBe('KMSInvalidMacException')
    const wrong = MacAlgorithm === 'HMAC_SHA_256' ? 'HMAC_SHA_512' : 'HMAC_SHA_256'
    expect(await refusalName(kms.send(new GenerateMacCommand({ KeyId, Message: bytes('m'), MacAlgorithm: wrong })))).toBe('InvalidKeyUsageException')
  })
})

describe('key agreement', () => {
  test.each([['ECC_NIST_P256', 'P-256', 32], ['ECC_NIST_P384', 'P-384', 48]] as const)('%s: the secret is the one that node:crypto derives', async (KeySpec, namedCurve, size) => {
    const KeyId = await make({ KeySpec, KeyUsage: 'KEY_AGREEMENT' })
    const mine = generateKeyPairSync('ec', { namedCurve })
    const PublicKey = mine.publicKey.export({ type: 'spki', format: 'der' })
    const { SharedSecret, KeyOrigin } = await kms.send(new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }))
    expect(SharedSecret).toHaveLength(size)
    expect(Buffer.from(SharedSecret ?? [])).toEqual(diffieHellman({ privateKey: mine.privateKey, publicKey: await publicKeyOf(KeyId) }))
    expect(KeyOrigin).toBe('AWS_KMS')
  })

  test('a key of another curve, of another kind, and rubbish', async () => {
    const KeyId = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const derive = (PublicKey: Uint8Array, key = KeyId) => refusalName(kms.send(new DeriveSharedSecretCommand({ KeyId: key, PublicKey, KeyAgreementAlgorithm: 'ECDH' })))
    const spki = (pair: { publicKey: KeyObject }): Buffer => pair.publicKey.export({ type: 'spki', format: 'der' })
    expect(await derive(spki(generateKeyPairSync('ec', { namedCurve: 'P-384' })))).toBe('ValidationException')
    expect(await derive(spki(generateKeyPairSync('x25519')))).toBe('ValidationException')
    expect(await derive(bytes('rubbish'))).toBe('ValidationException')
    const signing = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await derive(spki(generateKeyPairSync('ec', { namedCurve: 'P-256' })), signing)).toBe('InvalidKeyUsageException')
  })
})

describe('data key pairs', () => {
  test.each(['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P384'] as const)('%s: the wrapped private key belongs to the public one', async (KeyPairSpec) => {
    const KeyId = await make()
    const EncryptionContext = { purpose: 'inbox' }
    const made = await kms.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec, EncryptionContext }))
    expect(made).not.toHaveProperty('PrivateKeyPlaintext')
    expect(await refusalName(kms.send(new DecryptCommand({ CiphertextBlob: made.PrivateKeyCiphertextBlob })))).toBe('InvalidCiphertextException')
    const { Plaintext = new Uint8Array() } = await kms.send(new DecryptCommand({ CiphertextBlob: made.PrivateKeyCiphertextBlob, EncryptionContext }))
    const secret = createPrivateKey({ key: Buffer.from(Plaintext), format: 'der', type: 'pkcs8' })
    expect(createPublicKey(secret).export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(made.PublicKey ?? []))
  })

  test('with the plaintext', async () => {
    const made = await kms.send(new GenerateDataKeyPairCommand({ KeyId: await make(), KeyPairSpec: 'RSA_2048' }))
    const key = createPublicKey({ key: Buffer.from(made.PublicKey ?? []), format: 'der', type: 'spki' })
    const secret = createPrivateKey({ key: Buffer.from(made.PrivateKeyPlaintext ?? []), format: 'der', type: 'pkcs8' })
    expect(privateDecrypt(secret, publicEncrypt(key, Buffer.from('x'))).toString()).toBe('x')
  })

  test('only under a symmetric key', async () => {
    const KeyId = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    expect(await refusalName(kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })))).toBe('InvalidKeyUsageException')
  })
})
