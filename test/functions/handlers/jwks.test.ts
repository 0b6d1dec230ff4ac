import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, type CreateKeyCommandInput } from '@aws-sdk/client-kms'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { rotate } from '../../../functions/handlers/make-key.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

const lines: Record<string, unknown>[] = []
vi.mock('sallyport', async (original) => ({ ...await original<object>(), own: () => undefined, emit: (line: Record<string, unknown>) => { lines.push(line) } }))

let aws: Awaited<ReturnType<typeof standIn>>
let ask: () => Promise<{ readonly statusCode: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>
let later = 0
const real = Date.now

/** One wrapped pair and one in KMS, published by a function that starts with this file. */
beforeAll(async () => {
  aws = await standIn()
  const { dynamodb, kms } = aws.as('admin')
  const { accessKeyId, secretAccessKey } = credentialsOf('admin')
  const endpoint = `http://127.0.0.1:${aws.port}`
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  const key = async (input: CreateKeyCommandInput): Promise<string> => (await kms.send(new CreateKeyCommand(input))).KeyMetadata?.Arn ?? ''
  await rotate({ name: 'inbox', key: await key({}), settle: 0 }, 'ec', new Environment({ variables: { TABLE_KEYS: 'keys' }, aws: { endpoint, region, credentials: { accessKeyId, secretAccessKey } } }))
  const vault = { name: 'vault', custody: 'hsm', rsa: await key({ KeySpec: 'RSA_3072', KeyUsage: 'ENCRYPT_DECRYPT' }), ec: await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }) }
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, TABLE_KEYS: 'keys', PAIRS: JSON.stringify([{ name: 'inbox', custody: 'wrapped' }, vault]),
  })) vi.stubEnv(name, value)
  const { handler } = await import('../../../functions/handlers/jwks.ts')
  // For the function alone: requests are signed with the time, and the stand-in has a clock of its own.
  const start = real()
  Date.now = () => /handlers\/jwks\./.test(new Error('who asks').stack?.split('\n')[2] ?? '') ? start + later : real()
  const ready = handler as unknown as (event: object, context: Partial<Context>) => ReturnType<typeof ask>
  ask = () => ready({}, { awsRequestId: 'r', getRemainingTimeInMillis: () => 10_000 })
}, 60_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  Date.now = real
  await aws.close()
})

const calls = [['dynamodb', 'Query'], ['kms', 'GetPublicKey']] as const
const kids = (body: string): string[] => (JSON.parse(body) as { keys: { kid: string; kty: string }[] }).keys.map(({ kid, kty }) => `${kid.replace(/-[^-]*$/, '')} ${kty}`).sort()

test.each(calls)('%s:%s that fails before anything was published: 503, and not a word of why', async (service, operation) => {
  await aws.faults([{ service, operation, error: 'unavailable', times: 100 }])
  const { statusCode, body } = await ask()
  expect([statusCode, (JSON.parse(body) as { code: string }).code]).toEqual([503, 'UNAVAILABLE'])
  expect(JSON.stringify([body, lines])).not.toMatch(/Internal|arn:/)
  await aws.faults([])
})
test.each(calls)('%s:%s that fails once is asked again', async (service, operation) => {
  for (const error of ['throttle', 'reset', 'unavailable', 'lostReply', 'timeout']) {
    later += 601_000
    await aws.faults([{ service, operation, error, times: 1 }])
    const { statusCode, body } = await ask()
    expect([error, statusCode, kids(body)]).toEqual([error, 200, ['inbox-ec EC', 'vault-ec EC', 'vault-rsa RSA']])
  }
  await aws.faults([])
})
const all = ['inbox-ec EC', 'vault-ec EC', 'vault-rsa RSA']
/** What was asked for is there, read at this very moment. */
async function published(): Promise<void> {
  later += 601_000
  await aws.faults([])
  expect((await ask()).statusCode).toBe(200)
}
const served = async () => {
  const before = aws.calls().length
  const { statusCode, headers, body } = await ask()
  return [statusCode, headers['cache-control'], statusCode === 200 ? kids(body) : (JSON.parse(body) as { code: string }).code, aws.calls().length > before]
}

describe.each(calls)('%s:%s that fails always', (service, operation) => {
  test.each(['throttle', 'reset', 'unavailable'])('%s: what was published before is published on', async (error) => {
    await published()
    later += 301_000
    await aws.faults([{ service, operation, error, times: 100 }])
    expect(await served()).toStrictEqual([200, 'public, max-age=299', all, true])
    expect(lines.at(-1)).toMatchObject({ level: 'error', event: 'jwks', fault: 'UNAVAILABLE', stale: true })
  })
  test('it is asked again every 30 seconds, and not by each who asks; ten minutes after it was read the set is used no more', async () => {
    await published()
    await aws.faults([{ service, operation, error: 'unavailable', times: 1_000 }])
    const answers: unknown[] = []
    // 301 seconds after it was read, then 330, 331, 599 and 600.
    for (const seconds of [301, 29, 1, 268, 1]) {
      later += seconds * 1_000
      answers.push(await served())
    }
    expect(answers).toStrictEqual([
      [200, 'public, max-age=299', all, true], [200, 'public, max-age=270', all, false], [200, 'public, max-age=269', all, true], [200, 'public, max-age=1', all, true],
      [503, 'no-store', 'UNAVAILABLE', true],
    ])
    await aws.faults([])
    expect(await served()).toStrictEqual([200, 'public, max-age=300', all, true])
  })
})
test('where AWS is silent, whoever can be given what was published before waits for two seconds', async () => {
  await published()
  later += 301_000
  await aws.faults([{ service: 'dynamodb', operation: 'Query', error: 'timeout', times: 100 }])
  const start = performance.now()
  expect(await served()).toStrictEqual([200, 'public, max-age=299', all, true])
  const ms = performance.now() - start
  // The client itself would try for seven seconds and more.
  expect([ms > 1_900, ms < 6_000], String(ms)).toStrictEqual([true, true])
  await aws.faults([])
})
