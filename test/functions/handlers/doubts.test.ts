import { CreateTableCommand, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { ledger, type LedgerItem } from 'sallyport'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { decide, list, sweep } from '../../../functions/handlers/doubts.ts'
import { claim, confirm, doubt, type Claim } from '../../../layers/runtime/ledger.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** What the function `ledger` does, by the AWS client of this process, on a table as the template has it. */
let aws: Awaited<ReturnType<typeof standIn>>
const now = Date.UTC(2026, 10, 22)
let ids = 0

beforeAll(async () => {
  aws = await standIn()
  const { accessKeyId, secretAccessKey } = credentialsOf('admin')
  for (const [name, value] of Object.entries({ AWS_ENDPOINT_URL: `http://127.0.0.1:${aws.port}`, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, TABLE_LEDGER: 'ledger' })) vi.stubEnv(name, value)
  await aws.as('admin').dynamodb.send(new CreateTableCommand({
    TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'open', AttributeType: 'S' }, { AttributeName: 'lease', AttributeType: 'N' }],
    GlobalSecondaryIndexes: [{
      IndexName: 'open', KeySchema: [{ AttributeName: 'open', KeyType: 'HASH' }, { AttributeName: 'lease', KeyType: 'RANGE' }],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...ledger.indexed] },
    }],
  }))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await aws.close()
})
beforeEach(async () => {
  for (const { id } of await list()) await decide({ id, how: 'release', reason: 'between tests', by: 'the tests' })
})

const drawn = (rest: Partial<Claim> = {}): Claim => ({
  id: `${String(++ids).padStart(10, 'i')}${'x'.repeat(33)}`, attempt: `${String(ids).padStart(6, 'a')}${'y'.repeat(16)}`, pipeline: 'loans', fingerprint: 'f', digestVersion: 1, origin: undefined,
  now: now - 60_000, lease: now - 42_000, replaySafe: false, window: 0, days: 7, ...rest,
})
async function write(transition: Parameters<typeof ledger.entry>[1]): Promise<void> {
  const dynamodb = await (await import('sallyport')).aws.dynamodb()
  const { Put, Update } = ledger.entry('ledger', transition)
  await (Put ? dynamodb.put(Put) : dynamodb.update(Update as never))
}
async function claimed(rest: Partial<Claim> = {}): Promise<Claim> {
  const made = drawn(rest)
  await write(claim(made))
  return made
}
async function standing({ id }: Claim): Promise<LedgerItem | undefined> {
  const { Item } = await aws.as('admin').dynamodb.send(new GetItemCommand({ TableName: 'ledger', Key: { id: { S: id } } }))
  return Item && ledger.readItem(Item)
}
const first = async (): Promise<string> => (await list())[0]?.id ?? 'none'
const why = { reason: 'the bank, ticket 4711: not booked', by: 'ada' }

describe('the sweep', () => {
  test('makes doubts of what lapsed and may not be repeated, and of nothing else', async () => {
    const lapsed = await claimed()
    const [alive, repeatable, done] = [await claimed({ lease: now + 1 }), await claimed({ replaySafe: true, window: 3_600_000 }), await claimed()]
    await write(confirm(done, now))
    expect(await sweep(now)).toStrictEqual({ swept: 1, waiting: 1, since: now - 60_000 })
    expect((await Promise.all([lapsed, alive, repeatable, done].map(standing))).map((item) => item?.state)).toStrictEqual(['doubt', 'claimed', 'claimed', 'confirmed'])
    // An hour later the partner has forgotten.
    expect(await sweep(now + 3_600_000)).toMatchObject({ swept: 2, waiting: 3 })
  })
  test('a late confirm lands on what was swept, and the doubt is gone', async () => {
    const late = await claimed()
    await sweep(now)
    await write(confirm(late, now))
    expect(await list()).toStrictEqual([])
  })
  test('reads the index alone, a page a partition', async () => {
    const before = aws.calls().length
    await sweep(now)
    expect(aws.calls().slice(before).map(({ operation }) => operation)).toStrictEqual(Array.from({ length: 17 }, () => 'Query'))
  })
})

describe('a doubt', () => {
  test('is shown by what a person may see: no fingerprint, and of the digest a beginning', async () => {
    const left = await claimed({ pipeline: 'payments' })
    await write(doubt(left, 'call'))
    const [shown] = await list('payments')
    expect(shown).toStrictEqual({ id: `${left.id.slice(0, 10)}.${left.attempt.slice(0, 6)}`, pipeline: 'payments', since: now - 60_000, step: 'call' })
    expect(await list('loans')).toStrictEqual([])
  })
  test('confirmed, it is a duplicate for its retention, and says why and by whom', async () => {
    const left = await claimed()
    await sweep(now)
    const id = await first()
    expect(await decide({ id, how: 'confirm', ...why }, now)).toMatchObject({ id, pipeline: 'loans' })
    expect(await standing(left)).toMatchObject({ state: 'confirmed', expires: now / 1_000 + 7 * 86_400, reason: why.reason, by: 'ada' })
    expect(await list()).toStrictEqual([])
  })
  test('released, it is as if it had never come', async () => {
    const left = await claimed()
    await sweep(now)
    const id = await first()
    await decide({ id, how: 'release', ...why }, now)
    expect(await standing(left)).toBeUndefined()
  })
  test.each(['confirm', 'release'] as const)('that a person decided on by %s is decided on though the reply was lost', async (how) => {
    const left = await claimed()
    await sweep(now)
    const id = await first()
    await aws.faults([{ service: 'dynamodb', operation: how === 'confirm' ? 'UpdateItem' : 'DeleteItem', error: 'lostReply', times: 1 }])
    expect(await decide({ id, how, ...why }, now)).toMatchObject({ id, pipeline: 'loans' })
    await aws.faults([])
    expect((await standing(left))?.state).toBe(how === 'confirm' ? 'confirmed' : undefined)
  })
  test.each(['throttle', 'timeout', 'reset', 'unavailable', 'conflict'])('stays one where AWS fails by %s, and whoever decides is told so; once, the SDK asks again', async (error) => {
    const left = await claimed()
    await sweep(now)
    const id = await first()
    await aws.faults([{ service: 'dynamodb', operation: 'UpdateItem', error, times: 100 }])
    await expect(decide({ id, how: 'confirm', ...why }, now)).rejects.toBeInstanceOf(Error)
    await aws.faults([])
    expect(await standing(left)).toMatchObject({ state: 'doubt' })
    await aws.faults([{ service: 'dynamodb', operation: 'Query', error: error === 'conflict' ? 'throttle' : error, times: 1 }])
    expect(await decide({ id, how: 'confirm', ...why }, now)).toMatchObject({ id })
    await aws.faults([])
  })
  test('that was ended or replaced meanwhile is not decided on', async () => {
    const left = await claimed()
    await sweep(now)
    const id = await first()
    await write(confirm(left, now))
    expect(await decide({ id, how: 'release', ...why }, now)).toBeUndefined()
    expect(await standing(left)).toMatchObject({ state: 'confirmed' })
    // Another attempt at the same identifier is another doubt.
    const other = await claimed({ id: drawn().id })
    await sweep(now)
    expect(await decide({ id: `${other.id.slice(0, 10)}.${'z'.repeat(6)}`, how: 'release', ...why }, now)).toBeUndefined()
    expect(await standing(other)).toMatchObject({ state: 'doubt' })
  })
})

test('thousands of claims that may still be repeated, before one that may not in its partition, do not keep the sweep from it', async () => {
  // All of one partition, by the beginnings of their ids; the oldest leases are looked at first.
  const repeatable = Array.from({ length: 5_100 }, (_, i) => drawn({ pipeline: 'p'.repeat(80), lease: now - 100_000 - i, replaySafe: true, window: 3_600_000 }))
  for (let i = 0; i < repeatable.length; i += 100) await aws.as('admin').dynamodb.send(new TransactWriteItemsCommand({ TransactItems: repeatable.slice(i, i + 100).map((each) => ledger.entry('ledger', claim(each))) }))
  const behind = await claimed()
  expect(behind.id[0]).toBe(repeatable[0]?.id[0])
  const before = aws.calls().length
  expect(await sweep(now)).toMatchObject({ swept: 1, waiting: 1 })
  // By their long names they are more than a page of one megabyte, and it went on behind each.
  expect(aws.calls().slice(before).filter(({ operation }) => operation === 'Query').length).toBeGreaterThan(17)
  expect(await standing(behind)).toMatchObject({ state: 'doubt' })
}, 20_000)
