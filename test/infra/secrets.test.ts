import { expect, test } from 'vitest'
import { evaluate } from '../../local/aws/iam.ts'
import { examples, fixture, synthesized } from './synthesized.ts'

const { all, plain, state } = synthesized(fixture)
const role = (name: string): string => `arn:aws:iam::123456789012:role/Sallyport-dev-${name}`
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const policies = Object.fromEntries(Object.entries(all('AWS::SecretsManager::ResourcePolicy')).map(([path, { Properties }]) => [path.replace(/^.*account-(.*)\/Policy$/, '$1'), plain(Properties) as Record<string, object>]))

test('one empty secret an account: no value comes from a template, and none is made up', () => {
  expect(plain(Object.values(all('AWS::SecretsManager::Secret')).map(({ Properties }) => Properties))).toEqual(['bank', 'bank-key'].map((account) => ({
    Name: `Sallyport/dev/accounts/${account}`, Description: 'Entered with: npm run accounts', KmsKeyId: 'Sallyport-dev-state/secrets-key.Arn',
  })))
})

test.each(['bank', 'bank-key'])('%s is read by the pipeline that names it, by no other role and by no administrator', (account) => {
  const may = (who: string, action: string): boolean => evaluate({
    action: `secretsmanager:${action}`, resource: `arn:aws:secretsmanager:us-east-1:123456789012:secret:Sallyport/dev/accounts/${account}-AbCdEf`,
    principalArn: who, identity: [everything], resourcePolicy: policies[account]?.['ResourcePolicy'], context: { 'aws:PrincipalArn': who },
  }).allowed
  const administrator = 'arn:aws:iam::123456789012:user/admin'
  const people = [administrator, ...['intake', 'vault-intake', 'jwks', 'keys', 'fallback'].map(role)]
  expect(people.filter((who) => may(who, 'GetSecretValue'))).toEqual([role('intake')])
  // Whom IAM lets may write what nobody may read.
  for (const action of ['PutSecretValue', 'DescribeSecret', 'DeleteSecret', 'PutResourcePolicy', 'UpdateSecretVersionStage']) expect(may(administrator, action), action).toBe(true)
})

test('no policy can make a secret public', () => {
  expect(Object.values(policies).map(({ BlockPublicPolicy }) => BlockPublicPolicy)).toEqual([true, true])
  for (const { SecretId } of Object.values(policies)) expect(SecretId).toMatch(/^Sallyport-dev-state\/account-bank/)
})

test('the names that a person needs are an output', () => {
  expect(state.Outputs?.['Accounts']?.Value).toBe('Sallyport/dev/accounts/bank Sallyport/dev/accounts/bank-key')
  expect(synthesized(examples).state.Outputs?.['Accounts']?.Value).toBe('Sallyport/dev/accounts/acquirer Sallyport/dev/accounts/acquirer-key Sallyport/dev/accounts/loan-origination')
})
