import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensure } from '../../../functions/handlers/make-key.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { signingKey } from '../../../layers/runtime/keys.ts'
import { signingHalf } from '../../../layers/runtime/signing.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let keyArn: string
const environment = () => new Environment({ variables: { TABLE_KEYS: 'keys', KEY_X: keyArn }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') } })

beforeAll(async () => {
  aws = await standIn()
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  keyArn = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
})
afterAll(() => aws.close())

test('half of a pair for encryption that has the name of a signing key never signs', async () => {
  const key = signingKey('x', { custody: 'wrapped' })
  const made = { name: 'x', key: keyArn, settle: 0 }
  await ensure(made, 'ec', environment())
  await expect(signingHalf(environment(), key)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await ensure({ ...made, algorithm: 'ES256' }, 'sig', environment())
  expect(await signingHalf(environment(), key)).toMatchObject({ kid: 'x-sig-1' })
})
