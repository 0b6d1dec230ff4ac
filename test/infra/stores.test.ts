import { bucket, flow, iam, pipeline, post, table, type Pipeline, type Store } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { costsOf } from '../../infra/cost.ts'
import { assumed } from '../../infra/prices.ts'
import { evaluate } from '../../local/aws/iam.ts'
import { construct, stores, synthesized } from './synthesized.ts'

const { all, plain, state, stateless } = synthesized(stores)
const name = 'sallyport-dev-documents-123456789012-us-east-1'
const role = (function_: string): string => `arn:aws:iam::123456789012:role/Sallyport-dev-${function_}`
const administrator = 'arn:aws:iam::123456789012:role/Administrator'
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const properties = (type: string, path: string, of = { all, plain }): Record<string, unknown> => of.plain(of.all(type)[path]?.Properties)

describe('what is made', () => {
  test('a table like the ledger: under the customer key, recoverable, with the time to live by which records end', () => {
    expect(properties('AWS::DynamoDB::Table', 'Sallyport-dev-state/store-archive-table')).toEqual({
      TableName: 'Sallyport-dev-store-archive', BillingMode: 'PAY_PER_REQUEST', PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }, DeletionProtectionEnabled: false,
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: 'Sallyport-dev-state/table-key.Arn' }, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    })
  })

  test('a bucket: private, owned by the account, a day more than its records live, one version of each', () => {
    expect(properties('AWS::S3::Bucket', 'Sallyport-dev-state/store-documents-bucket')).toEqual({
      BucketName: name,
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: { Rules: [{ Id: 'expired', Status: 'Enabled', ExpirationInDays: 31, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }] },
    })
  })

  test('one KMS key a store, and none that a service uses on it', () => {
    const keys = Object.entries(all('AWS::KMS::Key')).filter(([path]) => path.includes('store-'))
    expect(keys.map(([path, { Properties: { KeySpec, KeyUsage, EnableKeyRotation } }]) => [path, KeySpec, KeyUsage, EnableKeyRotation])).toEqual([
      ['Sallyport-dev-state/realm-store-archive-key', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true], ['Sallyport-dev-state/realm-store-documents-key', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true],
    ])
    expect(Object.values(all('AWS::KMS::Alias')).map(({ Properties }) => Properties['AliasName'])).toEqual(expect.arrayContaining(['alias/Sallyport-dev/store-archive', 'alias/Sallyport-dev/store-documents']))
  })

  test('the names of buckets are told, since they must be emptied before the stack can be destroyed', () => {
    expect(Object.entries(state.Outputs ?? {}).filter(([id]) => id.startsWith('Bucket')).map(([id, { Value }]) => [id, plain(Value)])).toEqual([['BucketDocuments', 'Sallyport-dev-state/store-documents-bucket']])
  })

  test.each([['dev', 'Delete', false], ['prod', 'Retain', true]] as const)('stage %s: %s', (stage, policy, kept) => {
    const made = synthesized(stores, { stage })
    for (const type of ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::DynamoDB::Table']) {
      for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(made.all(type))) expect([type, DeletionPolicy, UpdateReplacePolicy]).toEqual([type, policy, policy])
    }
    expect(properties('AWS::DynamoDB::Table', `Sallyport-${stage}-state/store-archive-table`, made)).toMatchObject({ DeletionProtectionEnabled: kept })
    // Nothing that would empty a bucket for us, and so may delete from it.
    expect([...Object.values(made.state.Resources), ...Object.values(made.stateless.Resources)].filter(({ Type }) => Type.startsWith('Custom::'))).toEqual([])
  })
})

describe('who may do what', () => {
  const statementsOf = (function_: string): unknown[][] => {
    const { PolicyDocument } = plain(all('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${function_}-Policy`]?.Properties) as { PolicyDocument: { Statement: { Action: string | string[]; Resource: string; Condition?: object }[] } }
    return PolicyDocument.Statement.map(({ Action, Resource, Condition }) => [[Action].flat().join(' '), Resource, ...Condition ? [Condition] : []])
  }
  const ours = { StringEquals: { 's3:ResourceAccount': '123456789012' } }

  test('who stores may put and seal; who loads may get and open', () => {
    const versions = ['dynamodb:Query', 'Sallyport-dev-state/keys-table.Arn', { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['identity', 'ledger'] }, Null: { 'dynamodb:LeadingKeys': 'false' } }]
    expect(statementsOf('keep').slice(0, -1)).toEqual([
      ['kms:GenerateMac', 'Sallyport-dev-state/realm-identity-key.Arn'], ['kms:GenerateMac', 'Sallyport-dev-state/realm-ledger-key.Arn'],
      ['kms:GenerateDataKey', 'Sallyport-dev-state/realm-store-archive-key.Arn'], ['kms:GenerateDataKey', 'Sallyport-dev-state/realm-store-documents-key.Arn'],
      ['dynamodb:GetItem dynamodb:PutItem', 'Sallyport-dev-state/store-archive-table.Arn'], ['s3:GetObject s3:PutObject', `arn:aws:s3:::${name}/*`, ours], versions,
    ])
    expect(statementsOf('recall').slice(0, -1)).toEqual([
      ['kms:GenerateMac', 'Sallyport-dev-state/realm-identity-key.Arn'], ['kms:GenerateMac', 'Sallyport-dev-state/realm-ledger-key.Arn'],
      ['kms:Decrypt', 'Sallyport-dev-state/realm-store-archive-key.Arn'], ['kms:Decrypt', 'Sallyport-dev-state/realm-store-documents-key.Arn'],
      ['dynamodb:GetItem', 'Sallyport-dev-state/store-archive-table.Arn'], ['s3:GetObject', `arn:aws:s3:::${name}/*`, ours], ['s3:ListBucket', `arn:aws:s3:::${name}`, ours], versions,
    ])
  })

  test('they find the table and the bucket in their environment', () => {
    const { Variables } = properties('AWS::Lambda::Function', 'Sallyport-dev/keep')['Environment'] as { Variables: object }
    expect(Variables).toMatchObject({ STORE_ARCHIVE: 'Sallyport-dev-state/store-archive-table', STORE_DOCUMENTS: 'Sallyport-dev-state/store-documents-bucket', KEY_STORE_ARCHIVE: 'Sallyport-dev-state/realm-store-archive-key.Arn' })
  })

  const { PolicyDocument } = plain(Object.values(all('AWS::S3::BucketPolicy'))[0]?.Properties) as { PolicyDocument: { Statement: object[] } }
  const text = JSON.parse(JSON.stringify(PolicyDocument).replaceAll('Sallyport-dev-state/store-documents-bucket.Arn', `arn:aws:s3:::${name}`)) as { Statement: object[] }
  /** Whether somebody whose own policy allows everything may. */
  const may = (who: string, action: string, secure = 'true', resourcePolicy: object = text): boolean => evaluate({
    action, resource: `arn:aws:s3:::${name}/1.key`, principalArn: who, identity: [everything], resourcePolicy, context: { 'aws:PrincipalArn': who, 'aws:SecureTransport': secure },
  }).allowed
  const people = [administrator, 'arn:aws:iam::123456789012:user/dev', ...['keep', 'recall', 'fallback', 'keep-2'].map(role)]

  test('the bucket lets nobody else put or get, administrators included, whatever IAM says or is added', () => {
    const loosened = { ...text, Statement: [...text.Statement, { Effect: 'Allow', Principal: { AWS: '*' }, Action: 's3:*', Resource: `arn:aws:s3:::${name}/*` }] }
    for (const policy of [text, loosened]) {
      expect(people.filter((who) => may(who, 's3:PutObject', 'true', policy))).toEqual([role('keep')])
      expect(people.filter((who) => may(who, 's3:GetObject', 'true', policy))).toEqual([role('keep'), role('recall')])
    }
  })
  test('and nobody at all without TLS', () => {
    for (const action of ['s3:PutObject', 's3:GetObject', 's3:DeleteObject']) expect(people.filter((who) => may(who, action, 'false'))).toEqual([])
  })
  test('an administrator may empty it', () => {
    expect(may(administrator, 's3:DeleteObject')).toBe(true)
  })

  test('the key of a store seals for who stores, opens for who loads, and does nothing else for anybody', () => {
    const policy = properties('AWS::KMS::Key', 'Sallyport-dev-state/realm-store-documents-key')['KeyPolicy'] as object
    const use = (action: string) => people.filter((who) => evaluate({
      action, resource: '*', principalArn: who, identity: [everything], resourcePolicy: policy, resourceMustDelegate: true, context: { 'aws:PrincipalArn': who, 'kms:CallerAccount': '123456789012' },
    }).allowed)
    expect(use('kms:GenerateDataKey')).toEqual([role('keep')])
    expect(use('kms:Decrypt')).toEqual([role('recall')])
    for (const action of ['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:CreateGrant']) expect(use(action), action).toEqual([])
  })
})

describe('what is refused before anything is made', () => {
  const needing = (store: Store, pipelineName = 'a', action = 's3:PutObject'): Pipeline => pipeline({
    name: pipelineName, trigger: post(`/${pipelineName}`, { auth: iam() }),
    steps: flow({ kind: 'made-up', config: {}, needs: [{ resource: store, actions: [action] }], run: (payload: never) => payload }),
  })
  const sentence = (pipelines: readonly Pipeline[], props: Parameters<typeof construct>[1] = {}): string => {
    try {
      construct({ realm: stores.realm, pipelines }, props)
      return 'nothing was refused'
    } catch (error) {
      return (error as TypeError).message
    }
  }
  test('two stores of one name', () => {
    expect(sentence([needing(table('papers', { days: 7 })), needing(bucket('papers', { days: 7 }), 'b')])).toBe('pipelines a and b: store papers is meant in two ways, table of 7 days and bucket of 7 days; give one of them another name')
    expect(sentence([needing(table('papers', { days: 7 })), needing(table('papers', { days: 8 }), 'b')])).toBe('pipelines a and b: store papers is meant in two ways, table of 7 days and table of 8 days; give one of them another name')
    expect(sentence([needing(table('papers', { days: 7 })), needing(table('papers', { days: 7 }), 'b')])).toBe('nothing was refused')
  })
  test('a store that is written without types', () => {
    expect(sentence([needing({ kind: 'store', name: 'papers', on: 's3', days: 0 })])).toBe('pipeline a: it needs store papers, which nothing here provides')
    expect(sentence([needing({ kind: 'store', name: 'papers', on: 'tape', days: 1 } as never)])).toBe('pipeline a: it needs store papers, which nothing here provides')
  })
  test('a bucket whose name is too long in a Region with a long name', () => {
    expect(sentence([needing(bucket('a'.repeat(21), { days: 1 }))])).toBe('nothing was refused')
    expect(sentence([needing(bucket('a'.repeat(22), { days: 1 }))])).toBe(`pipeline a: the name of its bucket ${'a'.repeat(22)} can be sallyport-dev-${'a'.repeat(22)}-123456789012-ap-southeast-1, 64 characters, and AWS takes 63: give the store a shorter name`)
    expect(sentence([needing(table('a'.repeat(40), { days: 1 }))])).toBe('nothing was refused')
  })
})

test('what a million messages cost: a write, its keeping, and a read, by where', () => {
  const lines = (pipelineName: string) => costsOf([state, stateless], assumed).pipelines.find((each) => each.name === pipelineName)?.lines.filter(({ what }) => what.startsWith('store')).map(({ what, count, dollars }) => [what, Math.round(count * 100) / 100, Math.round(dollars * 1_000) / 1_000])
  // 1 KB a record, so 1 GB a million, for 365 days of 30 a month at 0.25 and 0.20 for recovery; in S3 for 30 at 0.023.
  expect(lines('keep')).toEqual([
    ['store archive: writes', 1e6, 0.625], ['store archive: GB-months, kept 365 days', 12.17, 5.475], ['store documents: writes', 1e6, 5], ['store documents: GB-months, kept 30 days', 1, 0.023],
  ])
  expect(lines('recall')).toEqual([['store archive: reads', 1e6, 0.125], ['store documents: reads', 1e6, 0.4]])
})
