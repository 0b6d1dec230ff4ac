import { CreateTableCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claim, settle, type Asked, type Claimant, type Held } from '../../../layers/runtime/claims.ts'
import { system } from '../../../layers/runtime/clock.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import type { Effect } from '../../../layers/runtime/io.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** The claims as they run in Lambda, against the stand-in over HTTP; only the clock is the test's. */
let aws: Awaited<ReturnType<typeof standIn>>
let environment: Environment
const start = Date.UTC(2026, 10, 22)
const minute = 60_000
let now = start

beforeAll(async () => {
  aws = await standIn()
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] }))
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))
  environment = new Environment({
    variables: { TABLE_LEDGER: 'ledger', TABLE_KEYS: 'keys', KEY_LEDGER: KeyMetadata?.Arn }, clock: { ...system, now: () => now },
    aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') },
  })
})
afterAll(() => aws.close())

interface Try { readonly value: string; readonly at?: number; readonly payload?: unknown; readonly replaySafe?: boolean; readonly window?: number; readonly days?: number }
const ending = (held: Held, replaySafe: boolean) => ({
  settle(effect: Effect, at: number, repeatable = replaySafe): Promise<void> {
    now = at
    return settle(environment, [held], { effect, repeatable })
  },
})

/** One execution that begins at `at` and has 15 seconds. */
async function execution({ value, at = start, payload = { value }, replaySafe = true, window = 60 * minute, days = 7 }: Try) {
  now = at
  const claimant: Claimant = { pipeline: 'loans', sends: '[]', replaySafe, window, deadline: at + 15_000 }
  const asked: Asked = { keys: [{ by: 'ssn', as: undefined, value }], days, payload }
  const held: Held[] = []
  await claim(environment, claimant, asked, (each) => held.push(each))
  return ending(held[0] as Held, replaySafe)
}
const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'granted', (error: { code: string }) => error.code)
const items = async () => (await aws.as('admin').dynamodb.send(new ScanCommand({ TableName: 'ledger' }))).Items ?? []
const lapsed = start + 15_000 + 3_000
const fresh = (): string => randomUUID()

test('only keyed digests are stored, under the names that the design has', async () => {
  const value = '078-05-1120'
  await execution({ value, payload: { ssn: value } })
  const [item] = await items()
  expect(Object.keys(item ?? {}).sort()).toStrictEqual(['attempt', 'days', 'digestVersion', 'fingerprint', 'firstClaimedAt', 'id', 'lease', 'open', 'pipeline', 'repeatable', 'state'])
  expect(JSON.stringify(item)).not.toContain('1120')
  expect(item?.['id']?.S).toMatch(/^[\w-]{43}$/)
  expect(item?.['lease']).toStrictEqual({ N: String(start + 18_000) })
})

test('confirmed: a duplicate for its retention to the second, and free after it, though nothing deleted the item', async () => {
  const value = fresh()
  await (await execution({ value, days: 1 })).settle('done', start + 1_000)
  const end = start + 1_000 + 24 * 60 * minute
  expect(await code(execution({ value, at: end - 1_000 }))).toBe('DUPLICATE')
  expect(await code(execution({ value, at: end }))).toBe('granted')
})

test('nothing was done: as if it had never come', async () => {
  const value = fresh()
  await (await execution({ value })).settle('none', start + 1_000)
  expect(await code(execution({ value, payload: 'another', at: start + 1_001 }))).toBe('granted')
})

test('alive: in progress, with the seconds that the lease has left', async () => {
  const value = fresh()
  await execution({ value })
  await expect(execution({ value, at: start + 8_000 })).rejects.toMatchObject({ code: 'IN_PROGRESS', retryAfter: 10 })
})

describe('a lapsed claim', () => {
  test('is taken over by the same message alone; the first one\'s late confirm does not land', async () => {
    const value = fresh()
    const first = await execution({ value })
    expect(await code(execution({ value, payload: 'another', at: lapsed }))).toBe('IN_DOUBT')
    const second = await execution({ value, at: lapsed })
    await expect(first.settle('done', lapsed + 1)).rejects.toMatchObject({ code: 'UNCONFIRMED' })
    await second.settle('done', lapsed + 2)
    expect(await code(execution({ value, at: lapsed + 3 }))).toBe('DUPLICATE')
  })
  test('keeps when it was first claimed, from which the partner counts', async () => {
    const value = fresh()
    const window = 60_000
    await execution({ value, window })
    await execution({ value, window, at: start + 18_000 })
    await execution({ value, window, at: start + 36_000 })
    // A fourth lease would end after the partner has forgotten.
    expect(await code(execution({ value, window, at: start + 54_000 }))).toBe('IN_DOUBT')
  })
  test('is not taken over where repeating is not safe', async () => {
    const value = fresh()
    await execution({ value, replaySafe: false })
    expect(await code(execution({ value, replaySafe: false, at: lapsed }))).toBe('IN_DOUBT')
  })
  test('after a takeover that did nothing, waits for the same message still: the first may have acted', async () => {
    const value = fresh()
    await execution({ value })
    await (await execution({ value, at: lapsed })).settle('none', lapsed + 1_000)
    expect(await code(execution({ value, payload: 'another', at: lapsed + 1_001 }))).toBe('IN_DOUBT')
    expect(await code(execution({ value, at: lapsed + 1_001 }))).toBe('granted')
  })
  test('is taken over by one of fifty who try at once', async () => {
    const value = fresh()
    await execution({ value })
    const codes = await Promise.all(Array.from({ length: 50 }, () => code(execution({ value, at: lapsed }))))
    expect(codes.filter((each) => each === 'granted')).toHaveLength(1)
    expect(new Set(codes)).toStrictEqual(new Set(['granted', 'IN_PROGRESS']))
  })
})

describe('a run whose outcome is not known', () => {
  test('yields where repeating is safe: the same message goes on at once', async () => {
    const value = fresh()
    await (await execution({ value })).settle('unknown', start + 1_000)
    expect(await code(execution({ value, payload: 'another', at: start + 1_000 }))).toBe('IN_DOUBT')
    expect(await code(execution({ value, at: start + 1_000 }))).toBe('granted')
  })
  test('is a doubt where it is not, for every message, until a person looks', async () => {
    const value = fresh()
    await (await execution({ value, replaySafe: false })).settle('unknown', start + 1_000)
    for (const at of [start + 1_001, lapsed, lapsed + 365 * 24 * 60 * minute]) expect(await code(execution({ value, replaySafe: false, at }))).toBe('IN_DOUBT')
  })
  test('is in doubt, too, where a step has acted besides its sends', async () => {
    const value = fresh()
    await (await execution({ value })).settle('unknown', start + 1_000, false)
    expect(await code(execution({ value, at: start + 2_000 }))).toBe('IN_DOUBT')
  })
})

describe('a write that happened though its reply was lost', () => {
  const lost = (operation: string) => aws.faults([{ service: 'dynamodb', operation, error: 'lostReply', times: 1 }])
  test('claim: is mine', async () => {
    const value = fresh()
    await lost('PutItem')
    const held = await execution({ value })
    await held.settle('done', start + 1_000)
    expect(await code(execution({ value, at: start + 1_001 }))).toBe('DUPLICATE')
  })
  test('confirm: is a confirm', async () => {
    const value = fresh()
    const held = await execution({ value })
    await lost('UpdateItem')
    await held.settle('done', start + 1_000)
    expect(await code(execution({ value, at: start + 1_001 }))).toBe('DUPLICATE')
  })
  test('release: is a release', async () => {
    const value = fresh()
    const held = await execution({ value })
    await lost('DeleteItem')
    await held.settle('none', start + 1_000)
    expect(await code(execution({ value, at: start + 1_001 }))).toBe('granted')
  })
})

test('a claim that AWS never took leaves nothing behind once the run is settled', async () => {
  const value = fresh()
  const before = (await items()).length
  const held: Held[] = []
  await aws.faults([{ service: 'dynamodb', operation: 'PutItem', error: 'lostReply', times: 3 }, { service: 'dynamodb', operation: 'PutItem', error: 'unavailable', times: 3 }])
  now = start
  const outcome = await code(claim(environment, { pipeline: 'loans', sends: '[]', replaySafe: true, window: 60 * minute, deadline: start + 15_000 }, { keys: [{ by: 'ssn', as: undefined, value }], days: 7, payload: 1 }, (each) => held.push(each)))
  await aws.faults([])
  await settle(environment, held, { effect: 'none', repeatable: true })
  expect(outcome).toBe('UNAVAILABLE')
  expect((await items()).length).toBe(before)
})

test('a field, a pipeline and a value are told apart, however they are put together', async () => {
  now = start
  const at = { deadline: start + 15_000, sends: '[]', replaySafe: true, window: minute }
  const one = (pipeline: string, by: string, value: string) => code(claim(environment, { ...at, pipeline }, { keys: [{ by, as: undefined, value }], days: 1, payload: 1 }, () => undefined))
  const value = fresh()
  expect(await one('a', 'b', `c${value}`)).toBe('granted')
  expect(await one('a', 'bc', value)).toBe('granted')
  expect(await one('ab', '', `c${value}`)).toBe('granted')
  expect(await one('a', 'b', `c${value}`)).toBe('IN_PROGRESS')
})

describe('a rotation of the key', () => {
  const row = (version: number, from: number) => aws.as('admin').dynamodb.send(new PutItemCommand({ TableName: 'keys', Item: {
    pair: { S: 'ledger' }, kid: { S: `ledger-digest-${version}` }, type: { S: 'digest' }, version: { N: String(version) }, from: { N: String(from) }, created: { S: '2026-11-22T00:00:00.000Z' },
  } }))
  const base = start + 400 * 86_400_000
  const settled = base + 10 * minute

  test('is checked before it is written, and checked after it for as long as what was accepted counts', async () => {
    const [early, late] = [fresh(), fresh()]
    await (await execution({ value: early, at: base - minute })).settle('done', base - minute)
    await row(2, settled)
    // Five minutes on, every environment has read it.
    const during = await execution({ value: late, at: base + 6 * minute })
    await during.settle('done', base + 6 * minute)
    const versions = async () => (await items()).filter(({ firstClaimedAt }) => Number(firstClaimedAt?.N) >= base).map(({ digestVersion }) => digestVersion?.N)
    expect(await versions()).toEqual(['1'])
    expect(await code(execution({ value: early, at: base + 6 * minute }))).toBe('DUPLICATE')
    // Written from then on, and both older acceptances are still found.
    for (const value of [early, late]) expect(await code(execution({ value, at: settled + 6 * minute }))).toBe('DUPLICATE')
    const anew = fresh()
    await (await execution({ value: anew, at: settled + 6 * minute })).settle('done', settled + 6 * minute)
    expect(new Set(await versions())).toEqual(new Set(['1', '2']))
    expect(await code(execution({ value: anew, at: settled + 7 * minute }))).toBe('DUPLICATE')
  })
  test('an environment that has not heard of the writing yet finds what another one wrote under it', async () => {
    const value = fresh()
    const at = settled + 8 * minute
    await (await execution({ value, at })).settle('done', at)
    // Its clock is behind: for it, the second version is to come.
    now = settled - minute
    const behind = new Environment({
      variables: environment.variables, clock: { ...system, now: () => now }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') },
    })
    const claimant: Claimant = { pipeline: 'loans', sends: '[]', replaySafe: true, window: 60 * minute, deadline: now + 15_000 }
    expect(await code(claim(behind, claimant, { keys: [{ by: 'ssn', as: undefined, value }], days: 7, payload: { value } }, () => undefined))).toBe('DUPLICATE')
  })
  test('an item is taken over, settled and released under the version that it was claimed under', async () => {
    const [value, released] = [fresh(), fresh()]
    const before = settled - 2 * minute
    // Claimed under the first version, and its run ends without a word.
    environment = new Environment({
      variables: environment.variables, clock: { ...system, now: () => now }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') },
    })
    await execution({ value, at: before })
    const held = await execution({ value: released, at: before })
    expect(await code(execution({ value, at: before + 1_000 }))).toBe('IN_PROGRESS')
    await held.settle('none', settled + minute)
    await (await execution({ value, at: settled + minute })).settle('done', settled + minute)
    const item = (await items()).find(({ firstClaimedAt }) => Number(firstClaimedAt?.N) === before)
    expect([item?.['digestVersion']?.N, item?.['state']?.S]).toEqual(['1', 'confirmed'])
    expect(await code(execution({ value, at: settled + 2 * minute }))).toBe('DUPLICATE')
    expect(await code(execution({ value: released, at: settled + 2 * minute }))).toBe('granted')
  })
  test('a doubt counts for ninety days more, in which a person decides', async () => {
    const [waiting, decided] = [fresh(), fresh()]
    environment = new Environment({
      variables: environment.variables, clock: { ...system, now: () => now }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') },
    })
    const [one, other] = [await execution({ value: waiting, at: settled - minute, replaySafe: false }), await execution({ value: decided, at: settled - minute, replaySafe: false })]
    await one.settle('unknown', settled - minute)
    await other.settle('unknown', settled - minute)
    expect(await code(execution({ value: waiting, at: settled + 89 * 86_400_000 }))).toBe('IN_DOUBT')
    // Decided late, it is remembered for its seven days from then on.
    await other.settle('done', settled + 89 * 86_400_000)
    expect(await code(execution({ value: decided, at: settled + 95 * 86_400_000 }))).toBe('DUPLICATE')
  })
  test('after the retention and those days one write is enough again', async () => {
    const at = settled + 98 * 86_400_000
    const before = aws.calls().length
    await execution({ value: fresh(), at })
    const made = aws.calls().slice(before).map(({ operation }) => String(operation))
    expect(made.filter((name) => ['PutItem', 'TransactWriteItems'].includes(name))).toEqual(['PutItem'])
  })
  test('of fifty who try at once in the middle of it one is granted', async () => {
    const value = fresh()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => code(execution({ value, at: settled + 20 * minute }))))
    expect(outcomes.filter((outcome) => outcome === 'granted')).toHaveLength(1)
    expect(new Set(outcomes)).toEqual(new Set(['granted', 'IN_PROGRESS']))
  })
})
