import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients } from '../../local/clients.ts'
import { provisionState } from '../../local/provision.ts'
import { bucketsOf } from '../../local/template/buckets.ts'
import type { RawResource } from '../../local/template/assembly.ts'
import { template } from '../../local/template/template.ts'
import { account, admin, credentialsOf, region, roleArn, standIn } from './aws/harness.ts'
import { elements, s3 } from './aws/s3/client.ts'

const read = (Resources: Record<string, RawResource>) => template({ folder: '/out', stacks: { state: { Resources } } }, { region, account })
const bucket = (Properties: object): RawResource => ({ Type: 'AWS::S3::Bucket', Properties: { BucketName: 'realm-boxes', ...Properties } })

const resources: Record<string, RawResource> = {
  key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }] } } },
  alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/boxes', TargetKeyId: { 'Fn::GetAtt': ['key', 'Arn'] } } },
  table: { Type: 'AWS::DynamoDB::Table', Properties: {
    TableName: 'realm-records', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }, { AttributeName: 'sk', AttributeType: 'N' }],
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true }, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  } },
  boxes: bucket({
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': ['key', 'Arn'] } }, BucketKeyEnabled: true }] },
    LifecycleConfiguration: { Rules: [{ Id: 'old & <gone>', Status: 'Enabled', ExpirationInDays: 90, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }] },
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
  }),
  policy: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: { Ref: 'boxes' }, PolicyDocument: { Version: '2012-10-17', Statement: [
    { Effect: 'Allow', Principal: { AWS: roleArn('store') }, Action: 's3:PutObject', Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['boxes', 'Arn'] }, '/*']] } },
  ] } } },
  Nameless: { Type: 'AWS::S3::Bucket' },
}

describe('the buckets of a template', () => {
  test('have names before they are there', () => {
    const subject = read({ ...resources, it: { Type: 'Test', Properties: { all: [{ Ref: 'boxes' }, { 'Fn::GetAtt': ['boxes', 'Arn'] }, { 'Fn::GetAtt': ['boxes', 'DomainName'] }, { Ref: 'policy' }, { Ref: 'Nameless' }] } } })
    const [it] = subject.ofType('Test')
    expect(it && subject.property(it, 'all')).toEqual(['realm-boxes', 'arn:aws:s3:::realm-boxes', 'realm-boxes.s3.amazonaws.com', 'realm-boxes', 'state-nameless'])
  })

  test.each([
    [{ VersioningConfiguration: { Status: 'Enabled' } }, 'bucket boxes: the local run does not know VersioningConfiguration'],
    [{ PublicAccessBlockConfiguration: { BlockPublicPolicy: false } }, 'bucket boxes: the local run wants BlockPublicPolicy'],
    [{ OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }, 'BucketOwnerEnforced alone'],
    [{ LifecycleConfiguration: { Rules: [{ Status: 'Enabled', Transitions: [] }] } }, 'bucket boxes, lifecycle: the local run does not know Transitions'],
  ])('%j is refused in a sentence', (properties, sentence) => {
    expect(() => bucketsOf(read({ boxes: bucket(properties) }))).toThrow(sentence)
  })

  test('more than one policy is refused', () => {
    const { policy } = resources as Record<'policy', RawResource>
    expect(() => bucketsOf(read({ boxes: bucket({}), policy, again: policy }))).toThrow('more than one policy')
  })
})

describe('provisioning', () => {
  let aws: Awaited<ReturnType<typeof standIn>>
  let sdk: ReturnType<typeof clients>
  beforeAll(async () => {
    aws = await standIn([admin, { name: 'store', policies: [] }])
    sdk = clients({ url: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') })
  })
  afterAll(async () => {
    sdk.close()
    await aws.close()
  })

  test('makes buckets and any table, and leaves them at the next start as they are', async () => {
    const send = s3(aws.port)
    await provisionState(read(resources), sdk)
    const put = await send({ method: 'PUT', path: '/realm-boxes/a', body: 'kept' })
    expect([put.status, put.headers.get('x-amz-server-side-encryption'), put.headers.get('x-amz-expiration')?.includes('rule-id="old%20%26%20%3Cgone%3E"')]).toEqual([200, 'aws:kms', true])
    await sdk.dynamodb.send(new PutItemCommand({ TableName: 'realm-records', Item: { pk: { S: 'a' }, sk: { N: '1' } } }))

    await provisionState(read(resources), sdk)
    expect((await send({ path: '/realm-boxes/a' })).text).toBe('kept')
    expect((await sdk.dynamodb.send(new GetItemCommand({ TableName: 'realm-records', Key: { pk: { S: 'a' }, sk: { N: '1' } } }))).Item).toBeDefined()
    expect(elements((await send({ path: '/realm-boxes?lifecycle' })).text, 'DaysAfterInitiation')).toEqual(['1'])
    expect(JSON.parse((await send({ path: '/realm-boxes?policy' })).text)).toMatchObject({ Statement: [{ Resource: 'arn:aws:s3:::realm-boxes/*' }] })
    expect((await send({ method: 'HEAD', path: '/state-nameless' })).status).toBe(200)
  })

  test('says which bucket and which part was refused', async () => {
    const { key, alias, boxes } = resources as Record<'key' | 'alias' | 'boxes', RawResource>
    const everyone: RawResource = { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: 'realm-boxes', PolicyDocument: { Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::realm-boxes/*' }] } } }
    await expect(provisionState(read({ key, alias, boxes, everyone }), sdk)).rejects.toThrow('bucket realm-boxes: S3 refused its policy (403 AccessDenied)')
    const foreign = clients({ url: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('store') })
    await expect(provisionState(read({ boxes: bucket({}) }), foreign)).rejects.toThrow('bucket realm-boxes: S3 does not let us see it (403)')
    foreign.close()
  })

  test('in us-east-1, too', async () => {
    const east = await standIn([admin], { region: 'us-east-1' })
    const there = clients({ url: `http://127.0.0.1:${east.port}`, region: 'us-east-1', credentials: credentialsOf('admin') })
    await provisionState(read({ boxes: bucket({}) }), there)
    expect(east.calls().map(({ operation }) => operation)).toEqual(['HeadBucket', 'CreateBucket'])
    there.close()
    await east.close()
  })
})
