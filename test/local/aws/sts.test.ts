import { ListTablesCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ListKeysCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountAt, assumeRole } from '../../../local/assume-role.ts'
import { account, admin, allow, credentialsOf, refusalName, region, roleArn, standIn } from './harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => {
  aws = await standIn([admin, { name: 'reader', policies: [allow(['dynamodb:ListTables'])] }])
})
afterAll(() => aws.close())

const at = (name: string) => ({ url: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf(name) })

test('says which account it is', async () => {
  expect(await accountAt(at('admin'))).toBe(account)
})

test('a session of a role may do what the role may, and nothing else', async () => {
  const credentials = await assumeRole(at('admin'), roleArn('reader'))
  const settings = { endpoint: at('admin').url, region, credentials: credentials ?? credentialsOf('admin'), maxAttempts: 1 }
  expect(credentials?.sessionToken).toEqual(expect.any(String))
  await expect(new DynamoDBClient(settings).send(new ListTablesCommand({}))).resolves.toMatchObject({ TableNames: [] })
  expect(await refusalName(new KMSClient(settings).send(new ListKeysCommand({})))).toBe('AccessDeniedException')
  // The token is part of the credentials.
  const { accessKeyId, secretAccessKey } = settings.credentials
  expect(await refusalName(new DynamoDBClient({ ...settings, credentials: { accessKeyId, secretAccessKey } }).send(new ListTablesCommand({})))).not.toBe('resolved')
})

test('nobody assumes a role that is not there, without permission, or with a wrong signature', async () => {
  expect(await assumeRole(at('admin'), roleArn('nobody'))).toBeUndefined()
  expect(await assumeRole(at('reader'), roleArn('admin'))).toBeUndefined()
  expect(await assumeRole({ ...at('admin'), credentials: { ...credentialsOf('admin'), secretAccessKey: 'another' } }, roleArn('reader'))).toBeUndefined()
})
