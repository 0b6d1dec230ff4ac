import { CreateTableCommand, DynamoDBClient, PutItemCommand, QueryCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, DecryptCommand, DeriveSharedSecretCommand, EncryptCommand, GenerateDataKeyPairWithoutPlaintextCommand, GenerateMacCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryAws } from '../../testing/aws.ts'
import { StillClock } from '../../testing/clock.ts'
import { standIn } from '../local/aws/harness.ts'

interface Clients { readonly dynamodb: DynamoDBClient; readonly kms: KMSClient; readonly secrets: SecretsManagerClient; close(): Promise<void> }

/** What the runtime relies on, held by the stand-in over HTTP and by the one in memory alike. */
const worlds: Readonly<Record<string, () => Promise<Clients>>> = {
  async 'over HTTP'() {
    const aws = await standIn()
    return { ...aws.as('admin'), close: () => aws.close() }
  },
  async 'in memory'() {
    const settings = new MemoryAws(new StillClock(Date.UTC(2026, 0, 1))).administration()
    return { dynamodb: new DynamoDBClient(settings), kms: new KMSClient(settings), secrets: new SecretsManagerClient(settings), close: () => Promise.resolve() }
  },
}

describe.each(Object.entries(worlds))('AWS %s', (_, start) => {
  let aws: Clients
  beforeAll(async () => {
    aws = await start()
    await aws.dynamodb.send(new CreateTableCommand({ TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] }))
  })
  afterAll(() => aws.close())

  const put = (id: string, attempt: string) => aws.dynamodb.send(new PutItemCommand({
    TableName: 'ledger', Item: { id: { S: id }, attempt: { S: attempt } }, ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }))
  const items = async (id: string) => (await aws.dynamodb.send(new QueryCommand({ TableName: 'ledger', KeyConditionExpression: 'id = :id', ExpressionAttributeValues: { ':id': { S: id } } }))).Items

  test('DynamoDB: a conditional put is granted once, and a refusal returns the item in the way', async () => {
    await put('a', 'first')
    await expect(put('a', 'second')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException', Item: { id: { S: 'a' }, attempt: { S: 'first' } } })
    expect(await items('a')).toStrictEqual([{ id: { S: 'a' }, attempt: { S: 'first' } }])
  })
  test('DynamoDB: of many who put at once, one is granted', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_each, i) => put('b', String(i))))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
  test('DynamoDB: an update on a condition, and a transaction that is all or nothing', async () => {
    await put('c', 'first')
    const update = (attempt: string) => aws.dynamodb.send(new UpdateItemCommand({
      TableName: 'ledger', Key: { id: { S: 'c' } }, UpdateExpression: 'SET #state = :confirmed REMOVE lease', ConditionExpression: 'attempt = :attempt',
      ExpressionAttributeNames: { '#state': 'state' }, ExpressionAttributeValues: { ':attempt': { S: attempt }, ':confirmed': { S: 'confirmed' } },
    }))
    await expect(update('second')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    await update('first')
    const Put = (id: string) => ({ Put: { TableName: 'ledger', Item: { id: { S: id } }, ConditionExpression: 'attribute_not_exists(id)' } })
    await expect(aws.dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [Put('d'), Put('c')] }))).rejects.toMatchObject({
      name: 'TransactionCanceledException', CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    })
    expect(await items('d')).toStrictEqual([])
    expect(await items('c')).toMatchObject([{ state: { S: 'confirmed' } }])
  })

  test('KMS: a MAC is the same for the same label, under one key', async () => {
    const { KeyMetadata } = await aws.kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))
    const mac = async (label: string) => Buffer.from((await aws.kms.send(new GenerateMacCommand({ KeyId: KeyMetadata?.Arn, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(label) }))).Mac ?? []).toString('hex')
    expect(await mac('a')).toBe(await mac('a'))
    expect(await mac('a')).not.toBe(await mac('b'))
  })
  test('KMS: what was sealed opens under its context alone, a wrapped private key too', async () => {
    const KeyId = (await aws.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn
    const EncryptionContext = { pair: 'inbox' }
    const { CiphertextBlob } = await aws.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('plain'), EncryptionContext }))
    const { Plaintext } = await aws.kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext }))
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('plain')
    await expect(aws.kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: { pair: 'other' } }))).rejects.toMatchObject({ name: 'InvalidCiphertextException' })
    const pair = await aws.kms.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext }))
    const opened = await aws.kms.send(new DecryptCommand({ KeyId, CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext }))
    expect(createPrivateKey({ key: Buffer.from(opened.Plaintext ?? []), format: 'der', type: 'pkcs8' }).asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
  })
  test('KMS: both sides agree on one secret', async () => {
    const KeyId = (await aws.kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }))).KeyMetadata?.Arn
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { SharedSecret } = await aws.kms.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: publicKey.export({ format: 'der', type: 'spki' }) }))
    expect(SharedSecret).toHaveLength(32)
    expect((await aws.kms.send(new GetPublicKeyCommand({ KeyId }))).KeyUsage).toBe('KEY_AGREEMENT')
  })

  test('Secrets Manager: the current value, and none by a wrong name', async () => {
    const { ARN } = await aws.secrets.send(new CreateSecretCommand({ Name: 'accounts/acquirer', SecretString: '{"apiKey":"first"}' }))
    await aws.secrets.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"apiKey":"second"}' }))
    expect((await aws.secrets.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString).toBe('{"apiKey":"second"}')
    await expect(aws.secrets.send(new GetSecretValueCommand({ SecretId: 'accounts/nobody' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})
