import { describe, expect, test } from 'vitest'
import { evaluate } from '../../local/aws/iam.ts'
import { fixture, synthesized } from './synthesized.ts'

const { all, plain } = synthesized(fixture)
const keys = Object.fromEntries(Object.entries(all('AWS::KMS::Key')).map(([path, { Properties }]) => [path.replace(/^Sallyport-dev-state\/(.*)-key$/, '$1'), Properties]))
const policyOf = (key: string): object => plain(keys[key]?.['KeyPolicy'])

// Written out, not imported: an action that is forgotten there must be missed here.
const cryptographic = [
  'kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext', 'kms:GenerateMac', 'kms:VerifyMac', 'kms:Sign', 'kms:Verify', 'kms:DeriveSharedSecret', 'kms:CreateGrant',
]

const role = (name: string): string => `arn:aws:iam::123456789012:role/Sallyport-dev-${name}`
const administrator = 'arn:aws:iam::123456789012:role/Administrator'
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

/** Whether somebody whose own policy allows everything may. */
const may = (who: string, action: string, key: string, context: Record<string, string> = {}, policy = policyOf(key)): boolean => evaluate({
  action, resource: `arn:aws:kms:us-east-1:123456789012:key/${key}`, principalArn: who, identity: [everything], resourcePolicy: policy, resourceMustDelegate: true,
  context: { 'aws:PrincipalArn': who, 'kms:CallerAccount': '123456789012', 'aws:PrincipalIsAWSService': 'false', ...context },
}).allowed

const uses: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'realm-identity': { 'kms:GenerateMac': ['intake'] },
  'realm-ledger': { 'kms:GenerateMac': ['vault-intake'] },
  'realm-inbox': { 'kms:Decrypt': ['intake'], 'kms:GenerateDataKeyPairWithoutPlaintext': ['keys'] },
  'realm-vault-rsa': { 'kms:Decrypt': ['vault-intake'] },
  'realm-vault-ec': { 'kms:DeriveSharedSecret': ['vault-intake'] },
}
const services: Readonly<Record<string, readonly string[]>> = { table: ['dynamodb'], secrets: ['secretsmanager'], logs: ['logs', 'sns'] }
const people = [administrator, 'arn:aws:iam::123456789012:user/dev', ...['intake', 'vault-intake', 'keys', 'jwks', 'fallback', 'intake-2'].map(role)]

test('these keys and no others', () => {
  expect(Object.keys(keys).sort()).toEqual([...Object.keys(uses), ...Object.keys(services)].sort())
})

describe.each(Object.entries(uses))('realm key %s', (key, allowed) => {
  test.each(cryptographic)('%s for the roles whose definition needs it, and nobody else', (action) => {
    const who = people.filter((each) => may(each, action, key))
    expect(who).toEqual((allowed[action] ?? []).map(role))
  })

  test('the denials hold alone: a statement added later that allows all to all changes nothing', () => {
    const { Statement } = policyOf(key) as { Statement: object[] }
    const loosened = { Version: '2012-10-17', Statement: [...Statement, { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }] }
    for (const action of cryptographic) expect(people.filter((who) => may(who, action, key, {}, loosened)), action).toEqual((allowed[action] ?? []).map(role))
  })

  test('whoever lacks the permission in IAM has none', () => {
    for (const [action, [who = '']] of Object.entries(allowed)) {
      expect(evaluate({
        action, resource: '*', principalArn: role(who), identity: [], resourcePolicy: policyOf(key), resourceMustDelegate: true, context: { 'aws:PrincipalArn': role(who) },
      }).allowed, action).toBe(false)
    }
  })
})

describe.each(Object.entries(services))('key %s', (key, through) => {
  const via = (service: string): Record<string, string> => ({ 'kms:ViaService': `${service}.us-east-1.amazonaws.com` })

  test('nobody uses it directly, whatever IAM says', () => {
    for (const action of cryptographic) expect(people.filter((who) => may(who, action, key)), action).toEqual([])
  })

  test('everybody of the account through its service, and no other', () => {
    for (const service of ['dynamodb', 'secretsmanager', 'logs', 'sns', 's3', 'ec2']) {
      for (const action of ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:CreateGrant']) {
        expect(may(role('intake'), action, key, via(service)), `${action} through ${service}`).toBe(through.includes(service))
      }
    }
    expect(may(role('intake'), 'kms:Decrypt', key, { ...via(through[0] as string), 'kms:CallerAccount': '999999999999' })).toBe(false)
    expect(may(role('intake'), 'kms:Sign', key, via(through[0] as string)), 'what protects data at rest needs no signature').toBe(false)
  })

  test('without a permission of the caller in IAM: pipelines need none for it', () => {
    const question = { action: 'kms:Decrypt', resource: '*', principalArn: role('intake'), identity: [], resourcePolicy: policyOf(key), resourceMustDelegate: true }
    expect(evaluate({ ...question, context: { 'kms:CallerAccount': '123456789012', 'aws:PrincipalIsAWSService': 'false', ...via(through[0] as string) } }).allowed).toBe(true)
  })

  test('a service that acts by itself is not denied', () => {
    const { Statement } = policyOf(key) as { Statement: { Sid: string; Condition: object }[] }
    expect(Statement.find(({ Sid }) => Sid === 'NotDirectly')?.Condition).toMatchObject({ BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' } })
  })
})

describe('all keys', () => {
  const management = [
    'PutKeyPolicy', 'GetKeyPolicy', 'DescribeKey', 'GetPublicKey', 'EnableKey', 'DisableKey', 'EnableKeyRotation', 'GetKeyRotationStatus', 'RotateKeyOnDemand',
    'ScheduleKeyDeletion', 'CancelKeyDeletion', 'CreateAlias', 'DeleteAlias', 'UpdateAlias', 'UpdateKeyDescription', 'TagResource', 'UntagResource', 'ListGrants', 'RevokeGrant',
  ]
  test.each(Object.keys(keys))('%s: whom IAM lets may manage it: nobody is locked out', (key) => {
    for (const action of management) expect(may(administrator, `kms:${action}`, key), action).toBe(true)
  })

  test.each(Object.keys(keys))('%s: no policy names a principal that must exist', (key) => {
    const { Statement } = policyOf(key) as { Statement: { Principal: Record<string, unknown> }[] }
    for (const { Principal } of Statement) {
      expect(['*', 'arn:aws:iam::123456789012:root', 'logs.us-east-1.amazonaws.com', 'cloudwatch.amazonaws.com']).toContain(Principal['AWS'] ?? Principal['Service'])
    }
  })

  test('symmetric ones are rotated; spec and usage are what the definition says', () => {
    expect(Object.fromEntries(Object.entries(keys).map(([name, { KeySpec, KeyUsage, EnableKeyRotation }]) => [name, [KeySpec, KeyUsage, EnableKeyRotation]]))).toEqual({
      table: ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true], secrets: ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true], logs: ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true],
      'realm-inbox': ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true],
      'realm-identity': ['HMAC_256', 'GENERATE_VERIFY_MAC', false], 'realm-ledger': ['HMAC_256', 'GENERATE_VERIFY_MAC', false],
      'realm-vault-rsa': ['RSA_3072', 'ENCRYPT_DECRYPT', false], 'realm-vault-ec': ['ECC_NIST_P256', 'KEY_AGREEMENT', false],
    })
  })

  test('the log key serves the log groups of this app alone', () => {
    const { Statement } = policyOf('logs') as { Statement: { Sid: string; Condition: unknown }[] }
    expect(Statement.find(({ Sid }) => Sid === 'LogGroups')?.Condition).toEqual({ ArnLike: { 'kms:EncryptionContext:aws:logs:arn': [
      'arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Sallyport-dev-*', 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/Sallyport-dev-access',
    ] } })
    for (const { Properties } of Object.values(all('AWS::Logs::LogGroup'))) {
      expect(Properties['LogGroupName']).toMatch(/^\/aws\/lambda\/Sallyport-dev-|^\/aws\/vendedlogs\/Sallyport-dev-access$/)
    }
  })
})
