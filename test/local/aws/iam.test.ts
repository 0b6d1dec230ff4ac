import { describe, expect, test } from 'vitest'
import { evaluate, readPolicy, type Context, type Question } from '../../../local/aws/iam.ts'

const role = 'arn:aws:iam::111122223333:role/orders'
const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234'
const root = 'arn:aws:iam::111122223333:root'

const doc = (...statements: object[]): object => ({ Version: '2012-10-17', Statement: statements })
const allowing = (statement: object = {}): object => ({ Effect: 'Allow', Action: '*', Resource: '*', ...statement })
const denying = (statement: object = {}): object => ({ Effect: 'Deny', Action: '*', Resource: '*', ...statement })

const ask = (question: Partial<Question>): boolean =>
  evaluate({ action: 'kms:Decrypt', resource: key, principalArn: role, identity: [], context: {}, ...question }).allowed

describe('identity policies', () => {
  const table: [why: string, statements: object[], allowed: boolean][] = [
    ['nothing said is no', [], false],
    ['allow', [allowing()], true],
    ['deny beats allow', [allowing(), denying({ Action: 'kms:Decrypt' })], false],
    ['deny beats allow in either order', [denying({ Action: 'kms:Decrypt' }), allowing()], false],
    ['a deny for something else', [allowing(), denying({ Action: 'kms:Encrypt' })], true],
    ['actions without regard to case', [allowing({ Action: 'KMS:decrypt' })], true],
    ['a star inside an action', [allowing({ Action: 'kms:De*' })], true],
    ['a question mark is one character', [allowing({ Action: 'kms:Decryp?' })], true],
    ['a question mark is not two', [allowing({ Action: 'kms:Decry?' })], false],
    ['a star is not a regular expression', [allowing({ Action: 'kms.Decrypt' })], false],
    ['NotAction', [allowing({ Action: undefined, NotAction: 'kms:Encrypt' })], true],
    ['NotAction that names it', [allowing({ Action: undefined, NotAction: ['kms:Decrypt'] })], false],
    ['the resource', [allowing({ Resource: key })], true],
    ['another resource', [allowing({ Resource: `${key}5` })], false],
    ['resources with regard to case', [allowing({ Resource: key.toUpperCase() })], false],
    ['a star in the resource', [allowing({ Resource: 'arn:aws:kms:*:111122223333:key/*' })], true],
    ['NotResource', [allowing({ Resource: undefined, NotResource: 'arn:aws:kms:*:*:key/9*' })], true],
    ['NotResource that names it', [allowing({ Resource: undefined, NotResource: key })], false],
  ]
  test.each(table)('%s', (_, statements, allowed) => {
    const clean = statements.map((s) => JSON.parse(JSON.stringify(s)) as object)
    expect(ask({ identity: [doc(...clean)] })).toBe(allowed)
  })

  test('a boundary bounds, and grants nothing', () => {
    expect(ask({ identity: [doc(allowing())], boundary: doc(allowing({ Action: 'kms:Encrypt' })) })).toBe(false)
    expect(ask({ identity: [doc(allowing())], boundary: doc(allowing({ Action: 'kms:*' })) })).toBe(true)
    expect(ask({ identity: [], boundary: doc(allowing()) })).toBe(false)
    expect(ask({ identity: [doc(allowing())], boundary: doc(allowing(), denying()) })).toBe(false)
  })
})

describe('conditions', () => {
  const given: Context = {
    'aws:PrincipalArn': role, 'kms:EncryptionContext:purpose': 'cards', 'kms:EncryptionContextKeys': ['purpose', 'tenant'],
    'aws:SecureTransport': 'true', 'kms:ScheduleKeyDeletionPendingWindowInDays': '7',
  }
  const table: [operator: string, key: string, wanted: unknown, holds: boolean][] = [
    ['StringEquals', 'kms:EncryptionContext:purpose', 'cards', true],
    ['StringEquals', 'KMS:encryptioncontext:PURPOSE', ['x', 'cards'], true],
    ['StringEquals', 'kms:EncryptionContext:purpose', 'Cards', false],
    ['StringEquals', 'kms:EncryptionContext:purpose', 'car*', false],
    ['StringEqualsIgnoreCase', 'kms:EncryptionContext:purpose', 'CARDS', true],
    ['StringNotEqualsIgnoreCase', 'kms:EncryptionContext:purpose', 'CARDS', false],
    ['StringNotEquals', 'kms:EncryptionContext:purpose', 'cards', false],
    ['StringNotEquals', 'kms:EncryptionContext:purpose', ['x', 'cards'], false],
    ['StringNotEquals', 'kms:EncryptionContext:other', 'cards', true],
    ['StringLike', 'kms:EncryptionContext:purpose', 'c?rd*', true],
    ['StringNotLike', 'kms:EncryptionContext:purpose', 'c*', false],
    ['StringEquals', 'kms:EncryptionContext:other', 'cards', false],
    ['StringEqualsIfExists', 'kms:EncryptionContext:other', 'cards', true],
    ['StringEqualsIfExists', 'kms:EncryptionContext:purpose', 'x', false],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:role/ord*', true],
    ['ArnLike', 'aws:PrincipalArn', 'arn:*:role/orders', false],
    ['ArnNotEquals', 'aws:PrincipalArn', role, false],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::111122223333:role/admin', true],
    ['Bool', 'aws:SecureTransport', true, true],
    ['Bool', 'aws:SecureTransport', 'false', false],
    ['Null', 'kms:EncryptionContext:purpose', 'false', true],
    ['Null', 'kms:EncryptionContext:other', true, true],
    ['Null', 'kms:EncryptionContext:other', 'false', false],
    ['NumericEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', 7, true],
    ['NumericLessThan', 'kms:ScheduleKeyDeletionPendingWindowInDays', '10', true],
    ['NumericGreaterThanEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '8', false],
    ['NumericNotEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '7', false],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', ['purpose', 'tenant', 'more'], true],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', ['purpose'], false],
    ['ForAllValues:StringEquals', 'absent:key', ['purpose'], true],
    ['ForAnyValue:StringEquals', 'kms:EncryptionContextKeys', ['tenant'], true],
    ['ForAnyValue:StringEquals', 'absent:key', ['tenant'], false],
    ['ForAnyValue:StringNotEquals', 'kms:EncryptionContextKeys', ['tenant'], true],
    ['ForAllValues:StringNotEquals', 'kms:EncryptionContextKeys', ['tenant'], false],
    // eslint-disable-next-line no-template-curly-in-string
    ['StringEquals', 'aws:PrincipalArn', '${aws:PrincipalArn}', true],
    // eslint-disable-next-line no-template-curly-in-string
    ['StringEquals', 'aws:PrincipalArn', '${absent:key}', false],
  ]
  test.each(table)('%s %s %j', (operator, name, wanted, holds) => {
    expect(ask({ identity: [doc(allowing({ Condition: { [operator]: { [name]: wanted } } }))], context: given })).toBe(holds)
  })

  test('several keys and operators must all hold', () => {
    const both = { StringEquals: { 'kms:EncryptionContext:purpose': 'cards' }, Bool: { 'aws:SecureTransport': 'false' } }
    expect(ask({ identity: [doc(allowing({ Condition: both }))], context: given })).toBe(false)
  })

  test.each([
    ['an unknown operator', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, 'IpAddress'],
    ['an unknown set operator', { Condition: { 'ForSomeValues:StringEquals': { a: 'b' } } }, 'ForSomeValues'],
    ['an inherited name', { Condition: { constructor: { a: 'b' } } }, 'constructor'],
    ['a key it cannot answer', { Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['a'] } } }, 'dynamodb:Attributes'],
    ['an unknown member', { Conditions: {} }, 'Conditions'],
    ['an unknown effect', { Effect: 'allow' }, 'Effect'],
    ['both actions', { NotAction: 'x' }, 'Action'],
    ['an unknown kind of principal', { Principal: { Everyone: '*' } }, 'Everyone'],
  ])('refuses to read %s', (_, statement, named) => {
    expect(() => readPolicy(doc(allowing(statement)))).toThrow(named)
  })
})

describe('resource policies', () => {
  const grant = (principal: unknown): object => doc(allowing({ Principal: principal, Action: 'kms:Decrypt' }))
  const everything = [doc(allowing())]
  const kms: [why: string, principal: unknown, identity: object[], allowed: boolean][] = [
    ['the role itself needs no identity policy', { AWS: role }, [], true],
    ['another role', { AWS: 'arn:aws:iam::111122223333:role/other' }, everything, false],
    ['the root delegates', { AWS: root }, everything, true],
    ['the root grants nothing by itself', { AWS: root }, [], false],
    ['the account id is the root', { AWS: '111122223333' }, everything, true],
    ['another account', { AWS: 'arn:aws:iam::999999999999:root' }, everything, false],
    ['everyone', '*', [], true],
    ['everyone in AWS', { AWS: '*' }, [], true],
    ['a service is nobody here', { Service: 'logs.amazonaws.com' }, everything, false],
  ]
  test.each(kms)('KMS: %s', (_, principal, identity, allowed) => {
    expect(ask({ identity, resourcePolicy: grant(principal), resourceMustDelegate: true })).toBe(allowed)
  })

  test('KMS: without a statement for the root, identity policies do not count', () => {
    expect(ask({ identity: everything, resourcePolicy: doc(allowing({ Principal: { AWS: root }, Action: 'kms:Describe*' })), resourceMustDelegate: true })).toBe(false)
    expect(ask({ identity: everything, resourceMustDelegate: true })).toBe(false)
  })

  test('others: either policy suffices, and a deny in either wins', () => {
    const secret = { action: 'secretsmanager:GetSecretValue', resource: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf' }
    const mine = doc(allowing({ Principal: { AWS: role } }))
    expect(ask({ ...secret, identity: everything })).toBe(true)
    expect(ask({ ...secret, resourcePolicy: mine })).toBe(true)
    expect(ask({ ...secret, identity: everything, resourcePolicy: doc(denying({ Principal: '*' })) })).toBe(false)
    expect(ask({ ...secret, identity: [doc(denying())], resourcePolicy: mine })).toBe(false)
  })

  test('a boundary bounds what a resource policy grants to a role', () => {
    expect(ask({ resourcePolicy: grant({ AWS: role }), boundary: doc(allowing({ Action: 's3:*' })) })).toBe(false)
  })

  test('NotPrincipal', () => {
    const others = doc({ Effect: 'Deny', NotPrincipal: { AWS: [role, root] }, Action: '*', Resource: '*' })
    expect(ask({ identity: everything, resourcePolicy: others })).toBe(true)
    expect(ask({ identity: everything, resourcePolicy: others, principalArn: 'arn:aws:iam::999999999999:role/x' })).toBe(false)
  })

  test('the deny that locks out everyone but the derived roles', () => {
    const policy = doc(
      allowing({ Principal: { AWS: root }, Action: 'kms:*' }),
      denying({ Principal: { AWS: '*' }, Action: ['kms:Decrypt', 'kms:GenerateMac'], Condition: { ArnNotEquals: { 'aws:PrincipalArn': role } } }),
    )
    const as = (principalArn: string, action: string): boolean =>
      ask({ identity: everything, resourcePolicy: policy, resourceMustDelegate: true, principalArn, action, context: { 'aws:PrincipalArn': principalArn } })
    const administrator = 'arn:aws:iam::111122223333:role/admin'
    expect([as(role, 'kms:Decrypt'), as(administrator, 'kms:Decrypt'), as(administrator, 'kms:GenerateMac'), as(administrator, 'kms:ScheduleKeyDeletion')])
      .toEqual([true, false, false, true])
  })
})
