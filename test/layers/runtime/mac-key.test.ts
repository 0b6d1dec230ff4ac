import { createHmac, type KeyObject } from 'node:crypto'
import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, GenerateMacCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deriveMacKey } from '../../../layers/runtime/custody.ts'
import { keyed, ledgerKeyOf, pseudonym } from '../../../layers/runtime/digest.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { hashKey } from '../../../layers/runtime/keys.ts'
import { digits, identifier, unkeyed } from '../../../layers/runtime/identifier.ts'
import { admin, allow, credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** Keys for digests, which are MACs that KMS computes over labels, with the stand-ins for KMS and the keys table. */
let aws: Awaited<ReturnType<typeof standIn>>
const variables: Record<string, string> = { TABLE_KEYS: 'keys' }
const key = hashKey('identity')
const environment = (name = 'admin') => new Environment({ variables, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf(name), maxAttempts: 1 } })
/** What KMS computes over a label, asked for without us. */
const macOf = async (label: string): Promise<Buffer> => Buffer.from((await aws.as('admin').kms.send(new GenerateMacCommand({ KeyId: variables['KEY_IDENTITY'] ?? '', MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(label) }))).Mac ?? [])
const version = (number: number, from: number) => aws.as('admin').dynamodb.send(new PutItemCommand({ TableName: 'keys', Item: { pair: { S: 'identity' }, kid: { S: `identity-digest-${number}` }, type: { S: 'digest' }, version: { N: String(number) }, from: { N: String(from) } } }))
const refused = { code: 'UNAVAILABLE', message: 'UNAVAILABLE', paths: [] }

beforeAll(async () => {
  aws = await standIn([admin, { name: 'reader', policies: [allow(['dynamodb:Query'])] }])
  await aws.as('admin').dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  variables['KEY_IDENTITY'] = (await aws.as('admin').kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))).KeyMetadata?.Arn ?? ''
})
afterAll(() => aws.close())

const bytesOf = (derived: { readonly version: number; readonly key: KeyObject } | undefined) => derived && { version: derived.version, key: derived.key.export().toString('hex') }

test('a key is the MAC of its label: scope and version, asked for once', async () => {
  const own = environment()
  const all = await Promise.all([1, 2, 3].map(() => deriveMacKey(own, key, 'hmac sha-256')))
  for (const each of all) expect(bytesOf(each)).toStrictEqual({ version: 1, key: (await macOf('["sallyport","mac","hmac sha-256",1]')).toString('hex') })
  expect(bytesOf(await deriveMacKey(own, key, 'blake2b 512', 1))).toStrictEqual({ version: 1, key: (await macOf('["sallyport","mac","blake2b 512",1]')).toString('hex') })
  expect(await deriveMacKey(own, key, 'hmac sha-256', 2)).toBeUndefined()
  expect(own.calls).toStrictEqual({ 'dynamodb:Query': 1, 'kms:GenerateMac': 2 })
})

test('a digest: HMAC-SHA-256 in base64url under the MAC of purpose, scope and version; other labels give other digests', async () => {
  const own = environment()
  const digest = await keyed(own, key, 'store', 'ssn', 1)
  expect(digest('078051120')).toBe(createHmac('sha256', await macOf('["sallyport","store","ssn",1]')).update('078051120').digest('base64url'))
  expect((await keyed(own, key, 'store', 'ssn', 1))('078051120')).toBe(digest('078051120'))
  const others = await Promise.all([keyed(own, key, 'hash', 'ssn', 1), keyed(own, key, 'store', 'tax-id', 1), keyed(own, key, 'store', 'ssn', 2)])
  expect(new Set([digest, ...others].map((each) => each('078051120'))).size).toBe(4)
  expect(own.calls).toStrictEqual({ 'kms:GenerateMac': 4 })
})

test('what watches a run is told of each digest', async () => {
  const told: unknown[] = []
  const own = new Environment({ variables, observer: { digested: (...what) => { told.push(what) } }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') } })
  const digest = (await keyed(own, key, 'fingerprint', 'claim', 1))('a text')
  expect(told).toStrictEqual([['fingerprint', 'a text', digest]])
})

test('what `hash` leaves: the written version, a dot and the digest of the normalised form', async () => {
  const ssn = identifier('ssn', { key, normalize: digits })
  const expected = async (number: number): Promise<string> => `${number}.${createHmac('sha256', await macOf(`["sallyport","hash","ssn",${number}]`)).update('078051120').digest('base64url')}`
  expect((await pseudonym(environment(), ssn))('078-05-1120')).toBe(await expected(1))
  await version(2, Date.now() - 1)
  await version(3, Date.now() + 3_600_000)
  const own = environment()
  expect((await pseudonym(own, ssn))('078-05-1120')).toBe(await expected(2))
  for (const [asked, written] of [[undefined, 2], [1, 1], [2, 2], [3, 3]] as const) expect((await deriveMacKey(own, key, 'hmac sha-256', asked))?.version).toBe(written)
  for (const asked of [0, 4, Number.NaN]) expect(await deriveMacKey(own, key, 'hmac sha-256', asked)).toBeUndefined()
})

test('without a key: 0, a dot and SHA-256 of the normalised form', async () => {
  // `printf 078051120 | openssl dgst -sha256 -binary | base64`, in base64url.
  expect((await pseudonym(environment(), identifier('order', { key: unkeyed('an order number has nothing to protect'), normalize: digits })))('078-05-1120')).toBe('0.gRXEiqnpN68tgcN1DbqcgYnsW_6Nw-TQ30Rkqj54o2Y')
})

test('the ledger is keyed by the identifier, or else by the realm', () => {
  const order = identifier('order', { key: unkeyed('an order number has nothing to protect'), normalize: digits })
  expect([identifier('ssn', { key, normalize: digits }), order, undefined].map((as) => ledgerKeyOf(as).name)).toStrictEqual(['identity', 'ledger', 'ledger'])
})

test('KMS says no: one fault, and it is asked again', async () => {
  const own = environment('reader')
  for (let i = 0; i < 2; i++) {
    await expect(deriveMacKey(own, key, 'hmac sha-256')).rejects.toMatchObject(refused)
    await expect(keyed(own, key, 'hash', 'ssn', 1)).rejects.toMatchObject(refused)
  }
  expect(own.calls).toStrictEqual({ 'dynamodb:Query': 1, 'kms:GenerateMac': 4 })
})
