import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateAliasCommand, CreateKeyCommand, KMSClient, type KeySpec, type KeyUsageType } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { keys } from '../../cli/keys.ts'
import { Refused } from '../../cli/usage.ts'
import { startAws, type Aws } from '../../local/aws/server.ts'

const fixtures = fileURLToPath(new URL('../infra/fixtures/pipelines', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
let aws: Aws
const made = { rsa: '', ec: '' }

beforeAll(async () => {
  const principals = join(dir, 'principals.json')
  writeFileSync(principals, JSON.stringify([{ accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin', arn: 'arn:aws:iam::000000000000:user/admin', policies: [{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }] }]))
  mkdirSync(join(dir, 'aws'))
  aws = await startAws({ dir: join(dir, 'aws'), port: 0, calls: join(dir, 'calls'), principals, region: 'us-east-1', account: '000000000000', token: 't' })
  const endpoint = `http://127.0.0.1:${aws.port}`
  for (const [name, value] of Object.entries({ AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'LKIAADMIN', AWS_SECRET_ACCESS_KEY: 'admin', NO_COLOR: '1' })) vi.stubEnv(name, value)
  const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin' } }
  const [dynamodb, kms] = [new DynamoDBClient(settings), new KMSClient(settings)]
  await dynamodb.send(new CreateTableCommand({
    TableName: 'Fix-dev-keys', BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }],
  }))
  await dynamodb.send(new PutItemCommand({ TableName: 'Fix-dev-keys', Item: {
    pair: { S: 'identity' }, kid: { S: 'identity-digest-2' }, type: { S: 'digest' }, version: { N: '2' }, from: { N: '1000' }, created: { S: '2026-02-01T00:00:00.000Z' },
  } }))
  for (const version of [1, 2, 3]) {
    await dynamodb.send(new PutItemCommand({ TableName: 'Fix-dev-keys', Item: {
      pair: { S: 'inbox' }, kid: { S: `inbox-ec-${version}` }, type: { S: 'ec' }, version: { N: String(version) }, from: { N: version === 3 ? String(Date.UTC(2100, 0, 1)) : '0' }, spec: { S: 'ECC_NIST_P256' },
      publicKey: { S: '{}' }, wrapped: { B: Buffer.from('canary-wrapped') }, created: { S: `2026-0${version}-01T00:00:00.000Z` },
    } }))
  }
  for (const [type, spec, usage] of [['rsa', 'RSA_3072', 'ENCRYPT_DECRYPT'], ['ec', 'ECC_NIST_P256', 'KEY_AGREEMENT']] as const) {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: spec satisfies KeySpec, KeyUsage: usage satisfies KeyUsageType }))
    made[type] = KeyMetadata?.KeyId ?? ''
    await kms.send(new CreateAliasCommand({ AliasName: `alias/Fix-dev/vault-${type}`, TargetKeyId: made[type] }))
  }
  dynamodb.destroy()
  kms.destroy()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await aws.close()
})

async function run(...args: string[]): Promise<string> {
  let said = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => { said += String(text); return true })
  try {
    await keys([...args, '--id', 'Fix', '--pipelines', fixtures])
    return said
  } finally {
    vi.restoreAllMocks()
  }
}

it('lists every version of a wrapped pair, the halves of an hsm one, and the keys that are no pair', async () => {
  const { stage, keys: listed } = JSON.parse(await run('--json')) as { stage: string; keys: unknown[] }
  expect(stage).toBe('dev')
  expect(listed).toEqual([
    { key: 'inbox', custody: 'wrapped', use: 'open, ECC_NIST_P256', version: 'inbox-ec-1', created: '2026-01-01T00:00:00.000Z', state: 'old' },
    { key: 'inbox', custody: 'wrapped', use: 'open, ECC_NIST_P256', version: 'inbox-ec-2', created: '2026-02-01T00:00:00.000Z', state: 'in use' },
    { key: 'inbox', custody: 'wrapped', use: 'open, ECC_NIST_P256', version: 'inbox-ec-3', created: '2026-03-01T00:00:00.000Z', state: 'from 2100-01-01T00:00:00' },
    { key: 'vault', custody: 'hsm', use: 'open, ECC_NIST_P256', version: `vault-ec-${made.ec.slice(0, 8)}`, created: '', state: 'in use' },
    { key: 'vault', custody: 'hsm', use: 'open, RSA_3072', version: `vault-rsa-${made.rsa.slice(0, 8)}`, created: '', state: 'in use' },
    { key: 'identity', custody: 'wrapped', use: 'keyed digests', version: 'identity-digest-1', created: '', state: 'old' },
    { key: 'identity', custody: 'wrapped', use: 'keyed digests', version: 'identity-digest-2', created: '2026-02-01T00:00:00.000Z', state: 'in use' },
    { key: 'ledger', custody: 'wrapped', use: 'keyed digests', version: 'ledger-digest-1', created: '', state: 'in use' },
  ])
})
it('shows them as a table, and nothing of the wrapped half', async () => {
  const said = await run()
  expect(said).toMatch(/^key +custody +use +version +made +state\n/)
  expect(said).toContain('inbox-ec-2')
  expect(said).not.toContain('canary')
})
it('rotates no key that it does not know, nor one of KMS, and says what to do', async () => {
  await expect(run('rotate', 'outbox')).rejects.toThrow('no pipeline names a key outbox; there are: inbox, identity, ledger')
  await expect(run('rotate', 'vault')).rejects.toThrow('write generation: 2 where it is defined, and deploy')
  await expect(run('rotate')).rejects.toThrow('say list, or rotate and a key')
})
it('says why a key has no room for another version, and what to do', async () => {
  const invoked: string[] = []
  const lambda = createServer((request, response) => {
    invoked.push(request.url ?? '')
    response.setHeader('content-type', 'application/json').end(JSON.stringify([{ full: { counting: 33, again: Date.UTC(2026, 6, 1, 12) } }]))
  })
  await new Promise<void>((resolve) => { lambda.listen(0, '127.0.0.1', resolve) })
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`)
  await expect(run('rotate', 'identity')).rejects.toThrow(new Refused('hash key identity: 33 versions of it count, and with one more a claim could have more than the 100 items that DynamoDB takes at once: rotate it from 2026-07-01T12:00:00Z on, when an older one counts no more, or claim fewer identifiers at once or for fewer days'))
  expect(invoked).toStrictEqual(['/2015-03-31/functions/Fix-dev-keys/invocations'])
  await new Promise((resolve) => lambda.close(resolve))
})
it('says when the stage is not there', async () => {
  await expect(run('--stage', 'prod')).rejects.toThrow(Refused)
  await expect(run('--stage', 'prod')).rejects.toThrow('the stage prod is not there')
})
