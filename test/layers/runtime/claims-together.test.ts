import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { digits, hashKey, identifier } from 'sallyport'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claim, settle, type AskedKey, type Claimant, type Held, type Kept } from '../../../layers/runtime/claims.ts'
import { system } from '../../../layers/runtime/clock.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** Several identifiers, an `Idempotency-Key` and the realm's scope, as they run in Lambda against the stand-in over HTTP. */
let aws: Awaited<ReturnType<typeof standIn>>
let environment: Environment
const start = Date.UTC(2026, 10, 22)
const lapsed = start + 18_000
let now = start

beforeAll(async () => {
  aws = await standIn()
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] }))
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  const arn = async () => (await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))).KeyMetadata?.Arn
  environment = new Environment({
    variables: { TABLE_LEDGER: 'ledger', TABLE_KEYS: 'keys', KEY_LEDGER: await arn(), KEY_IDENTITY: await arn() }, clock: { ...system, now: () => now },
    aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') },
  })
})
afterAll(() => aws.close())

const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
const field = (by: string, value: string): AskedKey => ({ by, as: undefined, value })
interface Try { readonly keys?: readonly AskedKey[]; readonly at?: number; readonly payload?: unknown; readonly pipeline?: string; readonly origin?: string; readonly reply?: Kept; readonly message?: boolean; readonly acknowledges?: boolean; readonly closed?: () => boolean; readonly sends?: string }

async function execution({ keys = [], at = start, payload = { keys: keys.map(({ value }) => value) }, pipeline = 'loans', origin, reply, message = reply !== undefined, acknowledges, closed, sends = '[]' }: Try) {
  now = at
  const claimant: Claimant = { pipeline, sends, replaySafe: true, window: 3_600_000, deadline: at + 15_000, origin }
  const held: Held[] = []
  const before = await claim(environment, claimant, { keys, days: 7, payload, ...message && { message: { ...reply && { reply } } } }, (each) => held.push(each), { acknowledges, ...closed && { closed } })
  return { before, held, settle: (effect: 'done' | 'none' | 'unknown', said?: unknown) => settle(environment, held, { effect, repeatable: true }, { step: 'call', reply: said }) }
}
const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'granted', (error: { code: string }) => error.code)
const fresh = (): string => randomUUID()
const items = async () => (await aws.as('admin').dynamodb.send(new ScanCommand({ TableName: 'ledger' }))).Items ?? []
async function written(what: () => Promise<unknown>): Promise<string[]> {
  const before = aws.calls().length
  await what()
  return aws.calls().slice(before).map(({ operation }) => String(operation)).filter((operation) => /Item/.test(operation))
}

describe('several claims of one run', () => {
  const end = { effect: 'done', repeatable: true } as const
  const two = async (at = start) => {
    const [a, b] = [fresh(), fresh()]
    const [one, other] = [await execution({ keys: [field('ssn', a)], payload: a, at }), await execution({ keys: [field('ref', b)], payload: b, at })]
    return { a, b, held: [...one.held, ...other.held] }
  }
  const states = async (...values: readonly string[]): Promise<unknown[]> => Promise.all(values.map(async (value, i) => code(execution({ keys: [field(i === 0 ? 'ssn' : 'ref', value)], payload: value, at: start + 1 }))))

  test('are confirmed in one transaction', async () => {
    const { a, b, held } = await two()
    expect(await written(() => settle(environment, held, end))).toEqual(['TransactWriteItems'])
    expect(await states(a, b)).toEqual(['DUPLICATE', 'DUPLICATE'])
  })
  test('or none of them: what AWS does not take leaves none behind that others would wait for', async () => {
    const { a, b, held } = await two()
    await aws.faults([{ service: 'dynamodb', operation: 'TransactWriteItems', error: 'unavailable', times: 3 }])
    expect(await code(settle(environment, held, end))).toBe('UNCONFIRMED')
    await aws.faults([])
    expect(await states(a, b)).toEqual(['IN_PROGRESS', 'IN_PROGRESS'])
  })
  test('where one is another run\'s by now, the others stand all the same', async () => {
    const { a, b, held } = await two()
    await execution({ keys: [field('ref', b)], payload: b, at: lapsed })
    now = lapsed
    expect(await code(settle(environment, held, end))).toBe('UNCONFIRMED')
    expect(await states(a, b)).toEqual(['DUPLICATE', 'IN_PROGRESS'])
  })
  test('are released each by itself, so that one that is lost keeps no other', async () => {
    const { a, b, held } = await two()
    await execution({ keys: [field('ref', b)], payload: b, at: lapsed })
    now = lapsed
    await settle(environment, held, { effect: 'none', repeatable: true })
    expect(await states(a, b)).toEqual(['granted', 'IN_PROGRESS'])
  })
})

describe('several keys', () => {
  test('are claimed in one transaction and settled in one: refused where any was accepted, whoever it was with', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()]
    expect(await written(async () => (await execution({ keys: [field('ssn', a), field('email', b)] })).settle('done'))).toEqual(['TransactWriteItems', 'TransactWriteItems'])
    expect(await code(execution({ keys: [field('ssn', a), field('email', c)] }))).toBe('DUPLICATE')
    expect(await code(execution({ keys: [field('ssn', c), field('email', b)] }))).toBe('DUPLICATE')
    // What was refused holds nothing.
    expect(await code(execution({ keys: [field('ssn', c), field('email', c)] }))).toBe('granted')
  })
  test('of a hundred who try at once with keys that cross, no two hold one key', async () => {
    const names = Array.from({ length: 5 }, fresh)
    const pick = (i: number): AskedKey[] => [field('k', names[i % 5] as string), field('k', names[(i + 1 + i % 3) % 5] as string)]
    const granted = await Promise.all(Array.from({ length: 100 }, async (_, i) => await code(execution({ keys: pick(i), payload: i })) === 'granted' ? pick(i).map(({ value }) => value) : []))
    const held = granted.flat()
    expect(new Set(held).size).toBe(held.length)
    expect(held.length).toBeGreaterThan(0)
    expect(held.length % 2).toBe(0)
  })
  test('that lapsed are taken over together, and released together', async () => {
    const keys = [field('ssn', fresh()), field('email', fresh())]
    await execution({ keys })
    expect(await code(execution({ keys, at: lapsed, payload: 'another' }))).toBe('IN_DOUBT')
    const second = await execution({ keys, at: lapsed })
    expect(await code(execution({ keys, at: lapsed + 1 }))).toBe('IN_PROGRESS')
    await second.settle('done')
    for (const key of keys) expect(await code(execution({ keys: [key], at: lapsed + 2 }))).toBe('DUPLICATE')
    const more = [field('ssn', fresh()), field('email', fresh())]
    await (await execution({ keys: more })).settle('none')
    for (const key of more) expect(await code(execution({ keys: [key] }))).toBe('granted')
  })
  test('a conflict is tried again, and a lost reply is no duplicate', async () => {
    const keys = [field('ssn', fresh()), field('email', fresh())]
    await aws.faults([{ service: 'dynamodb', operation: 'TransactWriteItems', error: 'conflict', times: 2 }, { service: 'dynamodb', operation: 'TransactWriteItems', error: 'lostReply', times: 1 }])
    const first = await execution({ keys })
    await aws.faults([{ service: 'dynamodb', operation: 'TransactWriteItems', error: 'lostReply', times: 1 }])
    await first.settle('done')
    expect(await code(execution({ keys }))).toBe('DUPLICATE')
  })
  test('several fields are one identifier, in their order', async () => {
    const [a, b] = [fresh(), fresh()]
    const both = (value: readonly string[]): AskedKey => ({ by: ['merchant', 'order'], as: undefined, value })
    await (await execution({ keys: [both([a, b])] })).settle('done')
    expect(await code(execution({ keys: [both([a, b])] }))).toBe('DUPLICATE')
    expect(await code(execution({ keys: [both([b, a])] }))).toBe('granted')
    expect(await code(execution({ keys: [both([`${a}","${b}`, ''])] }))).toBe('granted')
  })
})

test('the realm: two pipelines refuse the same applicant, wherever the field stands in their messages; a scope of its own does not', async () => {
  const value = `9${String(Date.now()).slice(-8)}`
  const keys = (by: string, realm?: true): AskedKey[] => [{ by, as: ssn, value, realm }]
  await (await execution({ pipeline: 'loans', keys: keys('applicant.ssn', true) })).settle('done')
  expect(await code(execution({ pipeline: 'cards', keys: keys('customer.taxId', true) }))).toBe('DUPLICATE')
  expect(await code(execution({ pipeline: 'cards', keys: keys('customer.taxId') }))).toBe('granted')
  // One pipeline never takes over what another one claimed: it is another message.
  const lapsing: AskedKey[] = [{ by: 'ssn', as: ssn, value: `8${String(Date.now()).slice(-8)}`, realm: true }]
  await execution({ pipeline: 'loans', keys: lapsing, payload: 1 })
  expect(await code(execution({ pipeline: 'cards', keys: lapsing, payload: 1, at: lapsed }))).toBe('IN_DOUBT')
  expect(await code(execution({ pipeline: 'loans', keys: lapsing, payload: 1, at: lapsed }))).toBe('granted')
})

test('what stands beside an identifier is not spelled as one; what spells to nothing is none; and the same twice is one', async () => {
  const beside = (product: string): AskedKey[] => [{ by: ['ssn', 'product'], as: ssn, value: ['929-98-4711', product] }]
  await (await execution({ keys: beside('mortgage') })).settle('done')
  expect(await code(execution({ keys: beside('car-loan') }))).toBe('granted')
  expect(await code(execution({ keys: beside('mortgage') }))).toBe('DUPLICATE')
  await expect(execution({ keys: [{ by: 'applicant.ssn', as: ssn, value: 'unknown' }] })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['applicant.ssn'] })
  const same = (by: string): AskedKey => ({ by, as: ssn, value: '929-98-4712', realm: true })
  await (await execution({ keys: [same('payer'), same('payee')] })).settle('done')
  expect(await code(execution({ keys: [same('payee')] }))).toBe('DUPLICATE')
})

test('a run that is over claims nothing any more', async () => {
  const before = (await items()).length
  expect(await code(execution({ keys: [field('late', fresh())], closed: () => true }))).toBe('OUT_OF_TIME')
  expect((await items()).length).toBe(before)
})

describe('an Idempotency-Key', () => {
  const from = (): string => JSON.stringify(['arn:aws:iam::1:role/partner', 'POST /loans', fresh()])
  const kept: Kept = { seal: (_, reply) => Promise.resolve(Buffer.from(`sealed ${JSON.stringify(reply)}`)), open: (_, sealed) => Promise.resolve(JSON.parse(Buffer.from(sealed).toString().slice(7)) as unknown) }

  test('in progress while it is worked on; another payload is refused; accepted, a duplicate', async () => {
    const origin = from()
    const first = await execution({ origin, message: true, payload: 1 })
    await expect(execution({ origin, message: true, payload: 1, at: start + 8_000 })).rejects.toMatchObject({ code: 'IN_PROGRESS', retryAfter: 10 })
    expect(await code(execution({ origin, message: true, payload: 2 }))).toBe('KEY_REUSED')
    await first.settle('done')
    expect(await code(execution({ origin, message: true, payload: 1 }))).toBe('DUPLICATE')
    expect(await code(execution({ origin, message: true, payload: 2 }))).toBe('KEY_REUSED')
    expect(await code(execution({ origin: from(), message: true, payload: 1 }))).toBe('granted')
  })
  test('stands for its payload, whatever the definition says since', async () => {
    const origin = from()
    await (await execution({ origin, reply: kept, payload: 1 })).settle('done', { accepted: true })
    expect((await execution({ origin, reply: kept, payload: 1, sends: '["another"]' })).before).toStrictEqual({ reply: { accepted: true } })
  })
  test('the first reply is kept with it and given again, to the same payload alone', async () => {
    const origin = from()
    const keys = [field('loan', fresh())]
    await (await execution({ origin, keys, reply: kept, payload: 1 })).settle('done', { accepted: true })
    expect((await execution({ origin, keys, reply: kept, payload: 1 })).before).toStrictEqual({ reply: { accepted: true } })
    expect(await code(execution({ origin, keys, reply: kept, payload: 2 }))).toBe('KEY_REUSED')
    expect(await code(execution({ origin: from(), keys, reply: kept, payload: 1 }))).toBe('DUPLICATE')
  })
  test('after nothing was done, it is as if it had never come', async () => {
    const origin = from()
    await (await execution({ origin, reply: kept, payload: 1 })).settle('none')
    expect(await code(execution({ origin, reply: kept, payload: 2 }))).toBe('granted')
  })
  test('a message of a queue that comes again after it was accepted is acknowledged; another one with its identifier is a duplicate', async () => {
    const origin = from()
    const keys = [field('loan', fresh())]
    await (await execution({ origin, keys, acknowledges: true })).settle('done')
    expect((await execution({ origin, keys, acknowledges: true })).before).toStrictEqual({ reply: undefined })
    expect(await code(execution({ origin: from(), keys, acknowledges: true }))).toBe('DUPLICATE')
    expect(await code(execution({ origin, keys }))).toBe('DUPLICATE')
  })
  test('neither key nor consumer is in the ledger, and what waits is in the index alone while it waits', async () => {
    const origin = from()
    const before = new Set((await items()).map(({ id }) => id?.S))
    const held = await execution({ origin, message: true, keys: [field('loan', 'visible-value')] })
    const mine = (await items()).filter(({ id }) => !before.has(id?.S))
    expect(mine).toHaveLength(2)
    expect(JSON.stringify(mine)).not.toMatch(/partner|visible-value/)
    for (const { open } of mine) expect(open?.S).toMatch(/^claimed-\d+$/)
    await held.settle('done')
    expect((await items()).filter(({ state, open }) => state?.S === 'confirmed' && open !== undefined)).toEqual([])
  })
})
