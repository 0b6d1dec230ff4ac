import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { isFull, rotate } from '../../../functions/handlers/make-key.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let environment: Environment
let key: string

beforeAll(async () => {
  aws = await standIn()
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  environment = new Environment({ variables: { TABLE_KEYS: 'keys' }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') } })
})
afterAll(() => aws.close())
afterEach(() => vi.restoreAllMocks())

test('a version settles from when it is written: what KMS took to make it is not counted', async () => {
  const client = await (await import('../../../layers/runtime/aws/index.ts')).kms(environment)
  const made = client.generatePair.bind(client)
  let late = 0
  const real = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => real() + late)
  vi.spyOn(client, 'generatePair').mockImplementation(async (...given) => {
    const pair = await made(...given)
    late = 9_000
    return pair
  })
  const before = real()
  const { from } = await rotate({ name: 'slow', key, settle: 600 }, 'ec', environment)
  expect(from - before).toBeGreaterThanOrEqual(609_000)
})

test('two that rotate at once make one version, and while it is awaited there is no other', async () => {
  const made = { name: 'raced', key, settle: 600 }
  const both = await Promise.all([rotate(made, 'ec', environment), rotate(made, 'ec', environment)])
  expect(both.map(({ kid }) => kid)).toStrictEqual(['raced-ec-1', 'raced-ec-1'])
  expect(both.filter(({ made }) => made)).toHaveLength(1)
  expect(await rotate(made, 'ec', environment)).toMatchObject({ kid: 'raced-ec-1', made: false })
})

const day = 86_400_000
test('a hash key has as many versions as a claim can ask for, and room again when the oldest counts no more', async () => {
  const made = { name: 'identity', settle: 600, counts: [{ days: 97, most: 3 }, { days: 91, most: 100 }] }
  const start = Date.UTC(2026, 0, 1)
  const now = vi.spyOn(Date, 'now').mockReturnValue(start)
  expect(await isFull(made, environment)).toBeUndefined()
  expect(await rotate(made, 'digest', environment)).toMatchObject({ kid: 'identity-digest-2', from: start + 600_000 })
  // One is awaited: asked again, there is no other, and nothing to refuse.
  expect(await isFull(made, environment)).toBeUndefined()
  now.mockReturnValue(start + day)
  expect(await isFull(made, environment)).toBeUndefined()
  expect((await rotate(made, 'digest', environment)).kid).toBe('identity-digest-3')
  now.mockReturnValue(start + 2 * day)
  // The first counts until 97 days after the second began.
  expect(await isFull(made, environment)).toStrictEqual({ counting: 3, again: start + 600_000 + 97 * day })
  now.mockReturnValue(start + 600_000 + 97 * day - 1)
  expect(await isFull(made, environment)).toMatchObject({ counting: 3 })
  now.mockReturnValue(start + 600_000 + 97 * day)
  expect(await isFull(made, environment)).toBeUndefined()
})
test('what the schedule will make has its place', async () => {
  // Behind one by hand the schedule makes another after 30 and 60 days, until the two first ones count no more.
  const made = { name: 'monthly', settle: 0, rotateDays: 30, counts: [{ days: 70, most: 4 }] }
  const start = Date.UTC(2026, 0, 1)
  const now = vi.spyOn(Date, 'now').mockReturnValue(start)
  expect(await isFull(made, environment)).toBeUndefined()
  await rotate(made, 'digest', environment)
  now.mockReturnValue(start + day)
  // Versions 1, 2 and 3, and on the sixty-first day 4 and 5.
  expect(await isFull(made, environment)).toStrictEqual({ counting: 2, again: start + 70 * day })
  expect(await isFull({ ...made, counts: [{ days: 70, most: 5 }] }, environment)).toBeUndefined()
  expect(await isFull({ name: 'monthly', settle: 0, rotateDays: 30 }, environment)).toBeUndefined()
})

/** Each call, once and always, by every fault that it can meet. */
test.each([['dynamodb', 'Query'], ['dynamodb', 'PutItem'], ['kms', 'GenerateDataKeyPairWithoutPlaintext']] as const)('%s:%s fails: once it is asked again, always nothing is made', { timeout: 60_000 }, async (service, operation) => {
  for (const error of ['throttle', 'timeout', 'reset', 'unavailable', 'lostReply']) {
    const made = { name: `${operation.slice(0, 8)}-${error}`.toLowerCase(), key, settle: 0 }
    if (error !== 'timeout') {
      await aws.faults([{ service, operation, error, times: 100 }])
      await expect(rotate(made, 'ec', environment)).rejects.toBeInstanceOf(Error)
      await aws.faults([])
    }
    await aws.faults([{ service, operation, error, times: 1 }])
    // Where the reply alone was lost, it was made.
    const kid = `${made.name}-ec-${error === 'lostReply' && operation === 'PutItem' ? 2 : 1}`
    expect(await rotate(made, 'ec', environment), error).toMatchObject({ kid, made: true })
    await aws.faults([])
  }
})
