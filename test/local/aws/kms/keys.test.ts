import {
  CancelKeyDeletionCommand, CreateAliasCommand, CreateKeyCommand, DecryptCommand, DeleteAliasCommand, DescribeKeyCommand, DisableKeyRotationCommand,
  EnableKeyCommand, EnableKeyRotationCommand, EncryptCommand, GenerateDataKeyCommand, GenerateDataKeyWithoutPlaintextCommand, GenerateMacCommand, GetKeyPolicyCommand, GetKeyRotationStatusCommand, GetPublicKeyCommand,
  ListAliasesCommand, ListKeyRotationsCommand, ListKeysCommand, ListResourceTagsCommand, PutKeyPolicyCommand, RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand, TagResourceCommand, UpdateAliasCommand, type CreateKeyCommandInput, type KMSClient,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, admin, allow, refusal, refusalName, region, roleArn, standIn, writePrincipals, type Entry } from '../harness.ts'

const pipeline: Entry = { name: 'pipeline', policies: [allow(['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateMac'])] }
const bare: Entry = { name: 'bare', policies: [] }

let aws: Awaited<ReturnType<typeof standIn>>
let kms: KMSClient
beforeAll(async () => {
  aws = await standIn([admin, pipeline, bare])
  kms = aws.as('admin').kms
})
afterAll(() => aws.close())

const make = async (input: CreateKeyCommandInput = {}): Promise<string> => (await kms.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId ?? ''
const arnOf = (id: string): string => `arn:aws:kms:${region}:${account}:key/${id}`
const Plaintext = Buffer.from('x')

describe('keys', () => {
  test('CreateKey and DescribeKey', async () => {
    const KeyId = await make({ Description: 'cards', KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT', Tags: [{ TagKey: 'team', TagValue: 'a' }] })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      KeyId, Arn: arnOf(KeyId), AWSAccountId: account, Enabled: true, Description: 'cards', KeyState: 'Enabled', KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'KEY_AGREEMENT', KeyAgreementAlgorithms: ['ECDH'], Origin: 'AWS_KMS', KeyManager: 'CUSTOMER', MultiRegion: false,
    })
    expect(KeyMetadata?.CreationDate).toBeInstanceOf(Date)
    await kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'more', TagValue: 'b' }] }))
    expect((await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual([{ TagKey: 'team', TagValue: 'a' }, { TagKey: 'more', TagValue: 'b' }])
  })

  test.each([
    [{ KeySpec: 'RSA_2048' }, 'You must specify a KeyUsage value'],
    [{ KeySpec: 'HMAC_256', KeyUsage: 'ENCRYPT_DECRYPT' }, 'KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256'],
    [{ KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' }, 'Member must satisfy enum value set'],
    [{ MultiRegion: true }, 'MultiRegion is not implemented by this stand-in'],
    [{ Policy: '{' }, 'MalformedPolicyDocumentException: The policy is not JSON.'],
  ] as [CreateKeyCommandInput, string][])('CreateKey %j is refused', async (input, message) => {
    expect(await refusal(kms.send(new CreateKeyCommand(input)))).toContain(message)
  })

  test('a key is found by id, ARN, alias and alias ARN, and by nothing else', async () => {
    const KeyId = await make()
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/found', TargetKeyId: KeyId }))
    for (const name of [KeyId, arnOf(KeyId), 'alias/found', `arn:aws:kms:${region}:${account}:alias/found`])
      expect((await kms.send(new DescribeKeyCommand({ KeyId: name }))).KeyMetadata?.KeyId).toBe(KeyId)
    const missing = '00000000-0000-4000-8000-000000000000'
    expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: missing })))).toBe(`NotFoundException: Key '${arnOf(missing)}' does not exist`)
    expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: 'alias/none' })))).toBe(`NotFoundException: Alias arn:aws:kms:${region}:${account}:alias/none is not found.`)
    expect(await refusalName(kms.send(new DescribeKeyCommand({ KeyId: arnOf(KeyId).replace(region, 'us-east-1') })))).toBe('NotFoundException')
    expect(await refusalName(kms.send(new ScheduleKeyDeletionCommand({ KeyId: 'alias/found' })))).toBe('NotFoundException')
    expect((await kms.send(new ListKeysCommand({}))).Keys).toContainEqual({ KeyId, KeyArn: arnOf(KeyId) })
  })

  test('deletion is scheduled, can be cancelled, and stops the key meanwhile', async () => {
    const KeyId = await make()
    const { KeyState, DeletionDate } = await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(KeyState).toBe('PendingDeletion')
    expect(Math.round(((DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000)).toBe(7)
    expect(await refusalName(kms.send(new EncryptCommand({ KeyId, Plaintext })))).toBe('KMSInvalidStateException')
    expect(await refusalName(kms.send(new EnableKeyCommand({ KeyId })))).toBe('KMSInvalidStateException')
    await kms.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await refusalName(kms.send(new EncryptCommand({ KeyId, Plaintext })))).toBe('DisabledException')
    await kms.send(new EnableKeyCommand({ KeyId }))
    expect(await refusalName(kms.send(new EncryptCommand({ KeyId, Plaintext })))).toBe('resolved')
  })

  test('GetPublicKey is for key pairs', async () => {
    expect(await refusalName(kms.send(new GetPublicKeyCommand({ KeyId: await make() })))).toBe('UnsupportedOperationException')
  })
})

describe('aliases', () => {
  test('made, moved to a key of the same kind, listed, removed', async () => {
    const [one, two, mac] = [await make(), await make(), await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })]
    const AliasName = 'alias/moving'
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: one }))
    expect(await refusalName(kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: two })))).toBe('AlreadyExistsException')
    expect(await refusalName(kms.send(new CreateAliasCommand({ AliasName: 'alias/aws/mine', TargetKeyId: two })))).toBe('NotAuthorizedException')
    expect(await refusalName(kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: mac })))).toBe('ValidationException')
    await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: two }))
    expect((await kms.send(new ListAliasesCommand({ KeyId: two }))).Aliases).toMatchObject([{ AliasName, TargetKeyId: two }])
    await kms.send(new DeleteAliasCommand({ AliasName }))
    expect(await refusalName(kms.send(new DeleteAliasCommand({ AliasName })))).toBe('NotFoundException')
  })
})

describe('rotation', () => {
  test('status, period, on demand, and the list', async () => {
    const KeyId = await make()
    expect((await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled).toBe(false)
    await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    expect(await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 })
    await Promise.all([1, 2, 3].map(() => kms.send(new RotateKeyOnDemandCommand({ KeyId }))))
    expect((await kms.send(new ListKeyRotationsCommand({ KeyId }))).Rotations).toHaveLength(3)
    await kms.send(new DisableKeyRotationCommand({ KeyId }))
    expect((await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled).toBe(false)
    const pair = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await refusalName(kms.send(new RotateKeyOnDemandCommand({ KeyId: pair })))).toBe('UnsupportedOperationException')
  })
})

describe('key policies', () => {
  const root = `arn:aws:iam::${account}:root`
  const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement })
  const delegates = { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }

  test('the default one delegates to the account: a role needs its own permission', async () => {
    const KeyId = await make()
    expect(JSON.parse((await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? '')).toMatchObject({ Statement: [delegates] })
    expect(await refusalName(aws.as('pipeline').kms.send(new EncryptCommand({ KeyId, Plaintext })))).toBe('resolved')
    expect(await refusal(aws.as('bare').kms.send(new EncryptCommand({ KeyId, Plaintext }))))
      .toBe(`AccessDeniedException: User: ${roleArn('bare')} is not authorized to perform: kms:Encrypt on resource: ${arnOf(KeyId)}`)
  })

  test('without the root, a permission in IAM is worth nothing, and a grant in the key policy is enough', async () => {
    const administers = { Effect: 'Allow', Principal: { AWS: roleArn('admin') }, Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'], Resource: '*' }
    const KeyId = await make({ Policy: policy(administers, { Effect: 'Allow', Principal: { AWS: roleArn('bare') }, Action: 'kms:Encrypt', Resource: '*' }) })
    const encrypt = (name: string) => refusalName(aws.as(name).kms.send(new EncryptCommand({ KeyId, Plaintext })))
    expect([await encrypt('bare'), await encrypt('pipeline'), await encrypt('admin')]).toEqual(['resolved', 'AccessDeniedException', 'AccessDeniedException'])
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy(administers, delegates) }))
    expect([await encrypt('bare'), await encrypt('pipeline'), await encrypt('admin')]).toEqual(['AccessDeniedException', 'resolved', 'resolved'])
  })

  test('the lock-out: administrators may schedule a deletion, but not use the key', async () => {
    const except = (Action: string[]): object =>
      ({ Effect: 'Deny', Principal: { AWS: '*' }, Action, Resource: '*', Condition: { ArnNotEquals: { 'aws:PrincipalArn': roleArn('pipeline') } } })
    const KeyId = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC', Policy: policy(delegates, except(['kms:GenerateMac', 'kms:VerifyMac'])) })
    const mac = (name: string) => refusalName(aws.as(name).kms.send(new GenerateMacCommand({ KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' })))
    expect([await mac('pipeline'), await mac('admin')]).toEqual(['resolved', 'AccessDeniedException'])

    const cipher = await make({ Policy: policy(delegates, except(['kms:Decrypt'])) })
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: cipher, Plaintext }))
    const decrypt = (name: string) => refusalName(aws.as(name).kms.send(new DecryptCommand({ CiphertextBlob })))
    expect([await decrypt('pipeline'), await decrypt('admin')]).toEqual(['resolved', 'AccessDeniedException'])
    expect(await refusalName(kms.send(new ScheduleKeyDeletionCommand({ KeyId: cipher })))).toBe('resolved')
  })

  test('conditions see the encryption context and the MAC algorithm', async () => {
    const bound = { ...delegates, Condition: { StringEquals: { 'kms:EncryptionContext:purpose': 'cards' }, 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['purpose'] } } }
    const rest = { ...delegates, Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'] }
    const KeyId = await make({ Policy: policy({ ...bound, Action: 'kms:Encrypt' }, rest) })
    const encrypt = (EncryptionContext?: Record<string, string>) => refusalName(kms.send(new EncryptCommand({ KeyId, Plaintext, ...(EncryptionContext && { EncryptionContext }) })))
    expect([await encrypt({ purpose: 'cards' }), await encrypt({ purpose: 'mail' }), await encrypt(), await encrypt({ purpose: 'cards', more: 'x' })])
      .toEqual(['resolved', 'AccessDeniedException', 'AccessDeniedException', 'AccessDeniedException'])
  })

  test('a role may make and open data keys of one context only, by its own policy', async () => {
    const bound = { StringEquals: { 'kms:EncryptionContext:pipeline': 'loan' }, 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['pipeline', 'field'] }, Null: { 'kms:EncryptionContextKeys': 'false' } }
    const loan: Entry = { name: 'loan', policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['kms:GenerateDataKey*', 'kms:Decrypt'], Resource: '*', Condition: bound }] }] }
    writePrincipals(aws.config.principals, [admin, pipeline, bare, loan])
    const KeyId = await make()
    const contexts: (Record<string, string> | undefined)[] = [{ pipeline: 'loan' }, { pipeline: 'loan', field: '/a' }, { pipeline: 'mail' }, { pipeline: 'loan', other: 'x' }, { field: '/a' }, undefined]
    const verdicts = ['resolved', 'resolved', ...Array<string>(4).fill('AccessDeniedException')]
    const own = aws.as('loan').kms
    const generated = contexts.map((EncryptionContext) => refusalName(own.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))))
    expect(await Promise.all(generated)).toEqual(verdicts)
    const hidden = contexts.map((EncryptionContext) => refusalName(own.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))))
    expect(await Promise.all(hidden)).toEqual(verdicts)
    const opened = contexts.map(async (EncryptionContext) => {
      const { CiphertextBlob } = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
      return refusalName(own.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })))
    })
    expect(await Promise.all(opened)).toEqual(verdicts)
  })

  test('a policy that would lock its author out, or cannot be understood, is refused', async () => {
    const only = policy({ Effect: 'Allow', Principal: { AWS: roleArn('bare') }, Action: 'kms:*', Resource: '*' })
    expect(await refusal(kms.send(new CreateKeyCommand({ Policy: only })))).toBe('MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.')
    expect(await refusalName(kms.send(new CreateKeyCommand({ Policy: only, BypassPolicyLockoutSafetyCheck: true })))).toBe('resolved')
    const odd = policy({ ...delegates, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })
    expect(await refusal(kms.send(new CreateKeyCommand({ Policy: odd })))).toContain('IpAddress')
  })
})
