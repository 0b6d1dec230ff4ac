import { constants, createPublicKey, diffieHellman, generateKeyPairSync, publicEncrypt, type JsonWebKey, type KeyObject } from 'node:crypto'
import { CreateTableCommand, PutItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, GetPublicKeyCommand, type CreateKeyCommandInput } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensure, rotate } from '../../../functions/handlers/make-key.ts'
import { findPrivateKey } from '../../../layers/runtime/custody.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { keyPair } from '../../../layers/runtime/keys.ts'
import type { PrivateKey } from '../../../layers/runtime/io.ts'
import { allow, admin, credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** Private halves of pairs of ours, in both custodies, with the stand-ins for the keys table and KMS. */
let aws: Awaited<ReturnType<typeof standIn>>
const variables: Record<string, string> = { TABLE_KEYS: 'keys' }
const environment = (name = 'admin') => new Environment({ variables, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf(name), maxAttempts: 1 } })
const wrapped = keyPair('inbox', { custody: 'wrapped' })
const hsm = keyPair('vault', { custody: 'hsm', generation: 2 })

const key = async (input: CreateKeyCommandInput = {}): Promise<string> => (await aws.as('admin').kms.send(new CreateKeyCommand(input))).KeyMetadata?.Arn ?? ''
const rows = async (): Promise<Record<string, AttributeValue>[]> => (await aws.as('admin').dynamodb.send(new QueryCommand({ TableName: 'keys', KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: 'inbox' } } }))).Items ?? []
const publicHalf = async (kid: string): Promise<KeyObject> => createPublicKey({ key: JSON.parse((await rows()).find((row) => row['kid']?.S === kid)?.['publicKey']?.S ?? '{}') as JsonWebKey, format: 'jwk' })
const inKms = async (KeyId: string): Promise<KeyObject> => createPublicKey({ key: Buffer.from((await aws.as('admin').kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey ?? []), format: 'der', type: 'spki' })
const short = (arn: string): string => arn.split('/')[1]?.slice(0, 8) ?? ''
const refused = (code: string) => ({ code, message: code, paths: [] })

beforeAll(async () => {
  aws = await standIn([admin, { name: 'reader', policies: [allow(['dynamodb:Query'])] }])
  await aws.as('admin').dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  variables['KEY_INBOX'] = await key()
  for (const each of ['', '_2']) {
    variables[`KEY_VAULT_RSA${each}`] = await key({ KeySpec: 'RSA_3072', KeyUsage: 'ENCRYPT_DECRYPT' })
    variables[`KEY_VAULT_EC${each}`] = await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
  }
  const made = { name: 'inbox', key: variables['KEY_INBOX'] ?? '', settle: 0 }
  for (const type of ['rsa', 'ec'] as const) {
    await ensure(made, type, environment())
    await rotate(made, type, environment())
  }
})
afterAll(() => aws.close())

const text = Buffer.from('a content key of thirty-two bytes')
const sealed = (publicKey: KeyObject): Buffer => publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, text)
const unwraps = async (half: PrivateKey | undefined, publicKey: KeyObject): Promise<string> => half?.type === 'rsa' ? Buffer.from(await half.unwrap?.(sealed(publicKey)) ?? []).toString() : 'no RSA half'
/** Whether both sides agree on one secret, which is not empty. */
async function agrees(half: PrivateKey | undefined, publicKey: KeyObject): Promise<boolean> {
  const sender = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = sender.publicKey.export({ format: 'jwk' })
  const agreed = half?.type === 'ec' ? await half.agree?.(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')) : undefined
  return agreed?.length === 32 && diffieHellman({ privateKey: sender.privateKey, publicKey }).equals(agreed)
}

test('wrapped: each version of each half, unwrapped once', async () => {
  const own = environment()
  const found = async (kid: string): Promise<PrivateKey | undefined> => findPrivateKey(own, wrapped, kid)
  for (const kid of ['inbox-rsa-1', 'inbox-rsa-2']) expect(await unwraps(await found(kid), await publicHalf(kid))).toBe('a content key of thirty-two bytes')
  for (const kid of ['inbox-ec-1', 'inbox-ec-2']) expect(await agrees(await found(kid), await publicHalf(kid))).toBe(true)
  await expect((async () => unwraps(await found('inbox-rsa-1'), await publicHalf('inbox-rsa-2')))()).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_OSSL/) as unknown })
  expect(await agrees(await found('inbox-ec-1'), await publicHalf('inbox-ec-2'))).toBe(false)
  await Promise.all([1, 2, 3].map(() => found('inbox-rsa-1')))
  expect(own.calls).toStrictEqual({ 'dynamodb:Query': 1, 'kms:Decrypt': 4 })
  expect(await found('inbox-rsa-3')).toBeUndefined()
  expect(await found('vault-rsa-1')).toBeUndefined()
})

test('wrapped: a half under another name, or that KMS does not give, is no half', async () => {
  const row = (await rows()).find(({ kid }) => kid?.S === 'inbox-ec-1') ?? {}
  await aws.as('admin').dynamodb.send(new PutItemCommand({ TableName: 'keys', Item: { ...row, kid: { S: 'inbox-ec-9' } } }))
  await expect(findPrivateKey(environment(), wrapped, 'inbox-ec-9')).rejects.toMatchObject(refused('UNAVAILABLE'))
  await expect(findPrivateKey(environment('reader'), wrapped, 'inbox-ec-1')).rejects.toMatchObject(refused('UNAVAILABLE'))
})

test('hsm: KMS opens by each generation, which the first part of its key\'s id names', async () => {
  const own = environment()
  for (const each of ['', '_2']) {
    const [rsa, ec] = [variables[`KEY_VAULT_RSA${each}`] ?? '', variables[`KEY_VAULT_EC${each}`] ?? '']
    expect(await unwraps(await findPrivateKey(own, hsm, `vault-rsa-${short(rsa)}`), await inKms(rsa))).toBe('a content key of thirty-two bytes')
    expect(await agrees(await findPrivateKey(own, hsm, `vault-ec-${short(ec)}`), await inKms(ec))).toBe(true)
    expect(await findPrivateKey(own, hsm, `vault-ec-${short(rsa)}`)).toBeUndefined()
    expect(await findPrivateKey(own, hsm, `inbox-rsa-${short(rsa)}`)).toBeUndefined()
  }
  expect(own.calls).toStrictEqual({ 'kms:Decrypt': 2, 'kms:DeriveSharedSecret': 2 })
  const [second] = [variables['KEY_VAULT_RSA_2'] ?? '']
  expect(await findPrivateKey(own, keyPair('vault', { custody: 'hsm' }), `vault-rsa-${short(second)}`)).toBeUndefined()
})

test('hsm: what a sender made wrong is told from what is ours', async () => {
  const [rsa, ec] = [`vault-rsa-${short(variables['KEY_VAULT_RSA'] ?? '')}`, `vault-ec-${short(variables['KEY_VAULT_EC'] ?? '')}`]
  const half = async (name: string, kid: string) => await findPrivateKey(environment(name), hsm, kid)
  const [decrypts, agrees] = [await half('admin', rsa), await half('admin', ec)]
  await expect((async () => decrypts?.unwrap?.(Buffer.alloc(384, 1)))()).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
  await expect((async () => decrypts?.unwrap?.(Buffer.alloc(7_000)))()).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
  // Not on the curve: node says so before KMS is asked, and the cipher makes the one fault of it.
  await expect((async () => agrees?.agree?.(Buffer.alloc(32, 1), Buffer.alloc(32, 1)))()).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) as unknown })
  const [denied, deniedToo] = [await half('reader', rsa), await half('reader', ec)]
  await expect((async () => denied?.unwrap?.(sealed(await inKms(variables['KEY_VAULT_RSA'] ?? ''))))()).rejects.toMatchObject(refused('UNAVAILABLE'))
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  await expect((async () => deniedToo?.agree?.(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')))()).rejects.toMatchObject(refused('UNAVAILABLE'))
})

test('hsm: under another address than a key\'s the name says no id; a key for another use opens nothing', async () => {
  variables['KEY_ODD_RSA'] = await key()
  variables['KEY_ODD_EC'] = 'alias/odd'
  const odd = keyPair('odd', { custody: 'hsm' })
  expect((await findPrivateKey(environment(), odd, 'odd-ec-key'))?.type).toBe('ec')
  const half = await findPrivateKey(environment(), odd, `odd-rsa-${short(variables['KEY_ODD_RSA'])}`)
  // KMS: InvalidKeyUsageException, for a symmetric key that shall open by RSA.
  await expect((async () => half?.unwrap?.(Buffer.alloc(384, 1)))()).rejects.toMatchObject(refused('DECRYPTION_FAILED'))
})
