import { expect, test } from 'vitest'
import { fixture, synthesized } from './synthesized.ts'

const { all, plain } = synthesized(fixture)
interface Document { readonly Statement: readonly { readonly Effect: string; readonly Action: string | readonly string[]; readonly Resource: unknown; readonly Condition?: object }[] }
const statementsOf = (name: string): unknown[][] => {
  const { PolicyDocument } = plain(all('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${name}-Policy`]?.Properties) as { PolicyDocument: Document }
  return PolicyDocument.Statement.map(({ Effect, Action, Resource, Condition }) => [Effect, [Action].flat().join(' '), Resource, ...Condition ? [Condition] : []])
}
const log = (name: string): unknown[] => ['Allow', 'logs:CreateLogStream logs:PutLogEvents', `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Sallyport-dev-${name}:log-stream:*`]
const rows = (...pairs: string[]): object => ({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': pairs }, Null: { 'dynamodb:LeadingKeys': 'false' } })

test('a pipeline: one statement a need, exact actions, exact resource', () => {
  expect(statementsOf('intake')).toEqual([
    ['Allow', 'secretsmanager:GetSecretValue', 'Sallyport-dev-state/account-bank/Secret'],
    ['Allow', 'secretsmanager:GetSecretValue', 'Sallyport-dev-state/account-bank-key/Secret'],
    ['Allow', 'kms:GenerateMac', 'Sallyport-dev-state/realm-identity-key.Arn'],
    ['Allow', 'kms:Decrypt', 'Sallyport-dev-state/realm-inbox-key.Arn'],
    ['Allow', 'dynamodb:Query', 'Sallyport-dev-state/keys-table.Arn', rows('identity', 'inbox')],
    ['Allow', 'dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:PutItem dynamodb:UpdateItem', 'Sallyport-dev-state/ledger-table.Arn'],
    log('intake'),
  ])
  expect(statementsOf('vault-intake')).toEqual([
    ['Allow', 'kms:GenerateMac', 'Sallyport-dev-state/realm-ledger-key.Arn'],
    ['Allow', 'kms:DeriveSharedSecret', 'Sallyport-dev-state/realm-vault-ec-key.Arn'],
    ['Allow', 'kms:Decrypt', 'Sallyport-dev-state/realm-vault-rsa-key.Arn'],
    ['Allow', 'dynamodb:Query', 'Sallyport-dev-state/keys-table.Arn', rows('ledger')],
    ['Allow', 'dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:PutItem dynamodb:UpdateItem', 'Sallyport-dev-state/ledger-table.Arn'],
    log('vault-intake'),
  ])
})

test('our own: keys makes versions and cannot open them, jwks reads public halves, fallback touches nothing', () => {
  expect(statementsOf('keys')).toEqual([
    ['Allow', 'kms:GenerateDataKeyPairWithoutPlaintext', 'Sallyport-dev-state/realm-inbox-key.Arn'],
    ['Allow', 'dynamodb:PutItem dynamodb:Query', 'Sallyport-dev-state/keys-table.Arn', rows('identity', 'inbox', 'ledger')],
    log('keys'),
  ])
  expect(statementsOf('jwks')).toEqual([
    ['Allow', 'kms:GetPublicKey', 'Sallyport-dev-state/realm-vault-ec-key.Arn'],
    ['Allow', 'kms:GetPublicKey', 'Sallyport-dev-state/realm-vault-rsa-key.Arn'],
    ['Allow', 'dynamodb:Query', 'Sallyport-dev-state/keys-table.Arn', rows('inbox')],
    log('jwks'),
  ])
  expect(statementsOf('fallback')).toEqual([log('fallback')])
})

test('each function has a role of its own, by a fixed name, with that policy alone', () => {
  const roles = all('AWS::IAM::Role')
  expect(Object.keys(roles)).toHaveLength(Object.keys(all('AWS::Lambda::Function')).length)
  for (const [path, { Properties }] of Object.entries(roles)) {
    const name = path.replace('Sallyport-dev/', '').replace('-Role', '')
    expect(plain(Properties)).toEqual({
      RoleName: `Sallyport-dev-${name}`, Description: `Runs Sallyport-dev-${name}`, ManagedPolicyArns: [`Sallyport-dev/${name}-Policy`],
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }] },
    })
  }
  for (const { Properties } of Object.values(all('AWS::IAM::ManagedPolicy'))) expect(Object.keys(Properties).sort()).toEqual(['Description', 'Path', 'PolicyDocument'])
  expect(Object.keys(all('AWS::IAM::Policy'))).toEqual([])
})

test('each function finds the addresses of its needs in its environment, and nothing else', () => {
  const environment = (name: string): unknown => (plain(all('AWS::Lambda::Function')[`Sallyport-dev/${name}`]?.Properties['Environment']) as { Variables: object }).Variables
  expect(environment('intake')).toEqual({
    ACCOUNT_BANK: 'Sallyport-dev-state/account-bank/Secret', ACCOUNT_BANK_KEY: 'Sallyport-dev-state/account-bank-key/Secret', KEY_IDENTITY: 'Sallyport-dev-state/realm-identity-key.Arn',
    KEY_INBOX: 'Sallyport-dev-state/realm-inbox-key.Arn', TABLE_KEYS: 'Sallyport-dev-state/keys-table', TABLE_LEDGER: 'Sallyport-dev-state/ledger-table',
  })
  // Twice the age of what an environment read, the timeout of whoever uses the key, and five seconds for clocks.
  expect(environment('keys')).toEqual({ TABLE_KEYS: 'Sallyport-dev-state/keys-table', KEYS: JSON.stringify([
    { name: 'inbox', rotateDays: 365, key: 'Sallyport-dev-state/realm-inbox-key.Arn', settle: 620 }, { name: 'identity', counts: [{ days: 120, most: 100 }], settle: 620 }, { name: 'ledger', counts: [{ days: 97, most: 100 }], settle: 625 },
  ]) })
  expect(environment('jwks')).toEqual({ TABLE_KEYS: 'Sallyport-dev-state/keys-table', PAIRS: JSON.stringify([
    { name: 'inbox', custody: 'wrapped' },
    { name: 'vault', custody: 'hsm', ec: 'Sallyport-dev-state/realm-vault-ec-key.Arn', rsa: 'Sallyport-dev-state/realm-vault-rsa-key.Arn' },
  ]) })
  expect(environment('fallback')).toEqual({ ROUTES: JSON.stringify([
    { method: 'POST', path: '/intake' }, { method: 'POST', path: '/vault' }, { method: 'GET', path: '/.well-known/jwks.json' },
  ]) })
})

test('every five minutes ledger sweeps, and once a day keys looks which are due', () => {
  expect(plain(Object.values(all('AWS::Events::Rule')).map(({ Properties }) => Properties))).toEqual([{
    Description: 'Finds claims that nobody settled', ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED',
    Targets: [{ Arn: 'Sallyport-dev/ledger.Arn', Id: 'Target0', Input: '{"sweep":true}', RetryPolicy: { MaximumRetryAttempts: 0 } }],
  }, {
    Description: 'Renews the keys that are due', ScheduleExpression: 'rate(1 day)', State: 'ENABLED',
    Targets: [{ Arn: 'Sallyport-dev/keys.Arn', Id: 'Target0', Input: '{"rotate":"due"}', RetryPolicy: { MaximumRetryAttempts: 2 } }],
  }])
})

test('the custom resource makes the wrapped pairs, and those alone', () => {
  expect(plain(Object.values(all('Custom::KeyPairs')).map(({ Properties }) => Properties))).toEqual([{
    ServiceToken: 'Sallyport-dev/keys.Arn', ServiceTimeout: '120', version: 2, keys: ['inbox'],
  }])
})
