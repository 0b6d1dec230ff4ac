import { expect, test } from 'vitest'
import { fixture, synthesized } from './synthesized.ts'

const { all, plain } = synthesized(fixture)
const groups = Object.values(all('AWS::Logs::LogGroup')).map(({ Properties }) => plain(Properties) as Record<string, unknown>)

test('each function and the API have a log group, kept 90 days under the log key', () => {
  expect(groups.map(({ LogGroupName, RetentionInDays, KmsKeyId }) => [LogGroupName, RetentionInDays, KmsKeyId])).toEqual([
    ...['intake', 'vault-intake', 'jwks', 'keys', 'ledger', 'fallback'].map((name) => `/aws/lambda/Sallyport-dev-${name}`), '/aws/vendedlogs/Sallyport-dev-access',
  ].map((name) => [name, 90, 'Sallyport-dev-state/logs-key.Arn']))
})

test('as a second net, CloudWatch masks what looks like a card number, an SSN or a key', () => {
  for (const { DataProtectionPolicy } of groups) {
    const policy = DataProtectionPolicy as { Statement: { DataIdentifier: string[]; Operation: object }[] }
    expect(policy.Statement.map(({ Operation }) => Object.keys(Operation))).toEqual([['Audit'], ['Deidentify']])
    for (const { DataIdentifier } of policy.Statement) {
      expect(DataIdentifier.map((arn) => arn.split('/').at(-1))).toEqual(expect.arrayContaining(['CreditCardNumber', 'CreditCardSecurityCode', 'Ssn-US', 'AwsSecretKey', 'PkcsPrivateKey']))
    }
  }
})

test('another retention of the realm is what all of them get', () => {
  const kept = synthesized({ ...fixture, realm: { ...fixture.realm, logRetentionDays: 365 } }, { memory: 256 })
  expect(Object.values(kept.all('AWS::Logs::LogGroup')).map(({ Properties }) => Properties['RetentionInDays'])).toEqual(groups.map(() => 365))
})
