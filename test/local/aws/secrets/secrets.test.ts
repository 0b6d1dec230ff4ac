import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateSecretCommand, DeleteResourcePolicyCommand, DeleteSecretCommand, DescribeSecretCommand, GetResourcePolicyCommand, GetSecretValueCommand,
  ListSecretVersionIdsCommand, ListSecretsCommand, PutResourcePolicyCommand, PutSecretValueCommand, RestoreSecretCommand, TagResourceCommand,
  UpdateSecretCommand, UpdateSecretVersionStageCommand, type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, admin, allow, refusal, refusalName, region, roleArn, standIn, type Entry } from '../harness.ts'

const reader: Entry = { name: 'reader', policies: [allow(['secretsmanager:GetSecretValue'])] }
const bare: Entry = { name: 'bare', policies: [] }

let aws: Awaited<ReturnType<typeof standIn>>
let secrets: SecretsManagerClient
beforeAll(async () => {
  aws = await standIn([admin, reader, bare])
  secrets = aws.as('admin').secrets
})
afterAll(() => aws.close())

const create = async (Name: string, extra: object = {}): Promise<string> => (await secrets.send(new CreateSecretCommand({ Name, ...extra }))).ARN ?? ''
const get = async (SecretId: string, extra: object = {}): Promise<string | undefined> => (await secrets.send(new GetSecretValueCommand({ SecretId, ...extra }))).SecretString
const put = async (SecretId: string, SecretString: string, extra: object = {}): Promise<string> =>
  (await secrets.send(new PutSecretValueCommand({ SecretId, SecretString, ...extra }))).VersionId ?? ''
const stages = async (SecretId: string) => (await secrets.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages

describe('secrets', () => {
  test('the ARN is the name and six characters; a secret may begin without a value', async () => {
    const arn = await create('api/empty', { Description: 'later', Tags: [{ Key: 'team', Value: 'a' }] })
    expect(arn).toMatch(new RegExp(`^arn:aws:secretsmanager:${region}:${account}:secret:api/empty-[A-Za-z0-9]{6}$`))
    expect(await refusal(get('api/empty'))).toBe("ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: 'api/empty' }))
    expect(described).toMatchObject({ ARN: arn, Name: 'api/empty', Description: 'later', Tags: [{ Key: 'team', Value: 'a' }], VersionIdsToStages: {} })
    await put(arn, 'now')
    expect(await get('api/empty')).toBe('now')
  })

  test('found by name, ARN and ARN without its end; not by another name', async () => {
    const arn = await create('api/found', { SecretString: 'v' })
    expect([await get('api/found'), await get(arn), await get(arn.slice(0, -7))]).toEqual(['v', 'v', 'v'])
    expect(await refusal(get('api/foun'))).toBe("ResourceNotFoundException: Secrets Manager can't find the specified secret.")
    expect(await refusalName(get(arn.replace(region, 'us-east-1')))).toBe('ResourceNotFoundException')
    expect(await refusalName(create('api/found'))).toBe('ResourceExistsException')
    expect(await refusalName(create('no spaces'))).toBe('ValidationException')
  })

  test('binary values', async () => {
    await create('api/binary', { SecretBinary: new Uint8Array([0, 255]) })
    const value = await secrets.send(new GetSecretValueCommand({ SecretId: 'api/binary' }))
    expect([value.SecretString, [...(value.SecretBinary ?? [])]]).toEqual([undefined, [0, 255]])
    expect(await refusalName(create('api/both', { SecretString: 'a', SecretBinary: new Uint8Array([1]) }))).toBe('InvalidParameterException')
    expect(await refusalName(secrets.send(new PutSecretValueCommand({ SecretId: 'api/binary' })))).toBe('InvalidParameterException')
  })

  test('the same token is the same version; with other content it is refused, and no message tells a value', async () => {
    await create('api/token', { SecretString: 'first' })
    const ClientRequestToken = randomUUID()
    expect(await put('api/token', 'hush-1', { ClientRequestToken })).toBe(ClientRequestToken)
    expect(await put('api/token', 'hush-1', { ClientRequestToken })).toBe(ClientRequestToken)
    const refused = await refusal(put('api/token', 'hush-2', { ClientRequestToken }))
    expect(refused).toContain('ResourceExistsException')
    expect(refused).not.toContain('hush')
    expect(await get('api/token')).toBe('hush-1')
  })

  test('labels move: current, previous, pending', async () => {
    await create('api/rotated', { SecretString: 'one' })
    const two = await put('api/rotated', 'two')
    const three = await put('api/rotated', 'three', { VersionStages: ['AWSPENDING'] })
    expect([await get('api/rotated'), await get('api/rotated', { VersionStage: 'AWSPREVIOUS' }), await get('api/rotated', { VersionStage: 'AWSPENDING' }), await get('api/rotated', { VersionId: three })])
      .toEqual(['two', 'one', 'three', 'three'])
    const move = (extra: object) => secrets.send(new UpdateSecretVersionStageCommand({ SecretId: 'api/rotated', VersionStage: 'AWSCURRENT', ...extra }))
    expect(await refusal(move({ MoveToVersionId: three }))).toContain("RemoveFromVersionId can't be empty")
    expect(await refusalName(move({ RemoveFromVersionId: two }))).toBe('InvalidParameterException')
    await move({ MoveToVersionId: three, RemoveFromVersionId: two })
    expect(await stages('api/rotated')).toEqual({ [three]: ['AWSPENDING', 'AWSCURRENT'], [two]: ['AWSPREVIOUS'] })
    expect(await refusal(get('api/rotated', { VersionId: two, VersionStage: 'AWSCURRENT' }))).toContain('ResourceNotFoundException')
    const listed = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: 'api/rotated', IncludeDeprecated: true }))
    expect(listed.Versions).toHaveLength(3)
  })

  test('UpdateSecret, tags and the list', async () => {
    await create('list/a', { SecretString: '1' })
    await create('list/b')
    await secrets.send(new UpdateSecretCommand({ SecretId: 'list/a', SecretString: '2', Description: 'd' }))
    await secrets.send(new TagResourceCommand({ SecretId: 'list/a', Tags: [{ Key: 'k', Value: 'v' }] }))
    expect(await get('list/a')).toBe('2')
    const { SecretList } = await secrets.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['list/'] }] }))
    expect(SecretList?.map(({ Name, Description, Tags }) => [Name, Description, Tags])).toEqual([['list/a', 'd', [{ Key: 'k', Value: 'v' }]], ['list/b', undefined, []]])
  })

  test('deleted with a window, restored, deleted at once', async () => {
    await create('api/gone', { SecretString: 'v' })
    await secrets.send(new DeleteSecretCommand({ SecretId: 'api/gone', RecoveryWindowInDays: 7 }))
    expect(await refusal(get('api/gone'))).toContain('InvalidRequestException')
    expect(await refusalName(create('api/gone'))).toBe('InvalidRequestException')
    expect((await secrets.send(new DescribeSecretCommand({ SecretId: 'api/gone' }))).DeletedDate).toBeInstanceOf(Date)
    await secrets.send(new RestoreSecretCommand({ SecretId: 'api/gone' }))
    expect(await get('api/gone')).toBe('v')
    await secrets.send(new DeleteSecretCommand({ SecretId: 'api/gone', ForceDeleteWithoutRecovery: true }))
    expect(await refusalName(get('api/gone'))).toBe('ResourceNotFoundException')
    expect(await refusalName(create('api/gone'))).toBe('resolved')
  })

  test('no value lies readable in the folder', async () => {
    await create('api/canary', { SecretString: 'canary-4111111111111111' })
    expect(await get('api/canary')).toBe('canary-4111111111111111')
    for (const name of ['aws.sqlite', 'aws.sqlite-wal']) expect(readFileSync(join(aws.config.dir, name)).includes('canary-4111')).toBe(false)
  })
})

describe('who may read', () => {
  const statement = (Effect: string, name: string, extra: object = {}): object =>
    ({ Effect, Principal: { AWS: name === '*' ? '*' : roleArn(name) }, Action: 'secretsmanager:GetSecretValue', Resource: '*', ...extra })
  const read = (name: string, SecretId: string) => refusalName(aws.as(name).secrets.send(new GetSecretValueCommand({ SecretId })))
  const setPolicy = (SecretId: string, ...Statement: object[]) =>
    secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: JSON.stringify({ Version: '2012-10-17', Statement }) }))

  test('a resource policy grants, and denies to everyone but the named role', async () => {
    await create('who/one', { SecretString: 'v' })
    expect([await read('reader', 'who/one'), await read('bare', 'who/one')]).toEqual(['resolved', 'AccessDeniedException'])
    await setPolicy('who/one', statement('Allow', 'bare'))
    expect(await read('bare', 'who/one')).toBe('resolved')
    await setPolicy('who/one', statement('Deny', '*', { Condition: { ArnNotEquals: { 'aws:PrincipalArn': roleArn('reader') } } }))
    expect([await read('reader', 'who/one'), await read('bare', 'who/one'), await read('admin', 'who/one')])
      .toEqual(['resolved', 'AccessDeniedException', 'AccessDeniedException'])
    const { ResourcePolicy } = await secrets.send(new GetResourcePolicyCommand({ SecretId: 'who/one' }))
    expect(ResourcePolicy).toContain('ArnNotEquals')
    await secrets.send(new DeleteResourcePolicyCommand({ SecretId: 'who/one' }))
    expect(await read('admin', 'who/one')).toBe('resolved')
    expect(await refusal(setPolicy('who/one', statement('Deny', '*', { Condition: { IpAddress: { a: 'b' } } })))).toContain('MalformedPolicyDocumentException')
  })

  test('a secret that is not there is denied to those who may not read it', async () => {
    expect([await read('reader', 'who/none'), await read('bare', 'who/none')]).toEqual(['ResourceNotFoundException', 'AccessDeniedException'])
  })

  test("a customer's key: the reader needs Decrypt too, through Secrets Manager, and the key must be enabled", async () => {
    const { kms } = aws.as('admin')
    const root = `arn:aws:iam::${account}:root`
    const via = (name: string): object => ({
      Effect: 'Allow', Principal: { AWS: roleArn(name) }, Action: 'kms:Decrypt', Resource: '*',
      Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` }, Null: { 'kms:EncryptionContext:SecretARN': 'false' } },
    })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }] }),
    }))
    const KmsKeyId = KeyMetadata?.KeyId ?? ''
    await create('who/kms', { SecretString: 'v', KmsKeyId })
    expect([await read('reader', 'who/kms'), await read('admin', 'who/kms')]).toEqual(['AccessDeniedException', 'resolved'])
    const second = await kms.send(new CreateKeyCommand({
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }, via('reader')] }),
    }))
    await create('who/kms2', { SecretString: 'v', KmsKeyId: second.KeyMetadata?.KeyId })
    expect(await read('reader', 'who/kms2')).toBe('resolved')
    await kms.send(new DisableKeyCommand({ KeyId: KmsKeyId }))
    expect(await read('admin', 'who/kms')).toBe('DecryptionFailure')
    expect(await refusalName(put('who/kms', 'w'))).toBe('EncryptionFailure')
    expect(await refusalName(create('who/nokey', { SecretString: 'v', KmsKeyId: 'alias/none' }))).toBe('EncryptionFailure')
  })
})
