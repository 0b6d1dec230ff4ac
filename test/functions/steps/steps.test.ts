import { account, digits, Fault, flow, hashKey, identifier, needs, path, pipeline, post, open, sends, unkeyed, type Io, type Step } from 'sallyport'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { apiKey } from '../../../functions/accounts/api-key.ts'
import { call, deduplicate, hash, log, parseJson, transform, validate } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
const origin = { dev: 'https://partner.example' } as const
const safe = account('partner', apiKey({ origin, idempotency: { hours: 24 } }))
const forgetful = account('forgetful', apiKey({ origin }))
const request = () => ({ method: 'POST' as const, path: path`/x`, body: { a: 1 } })
interface Loan { id: string; applicant: { ssn: string; phone?: string } }
const loan: Loan = { id: 'a', applicant: { ssn: '078-05-1120' } }

const run = async <I, O>(step: Step<I, O>, payload: I, doors: Partial<Io> = {}): Promise<O> => step.run(payload, fakeIo(doors))

describe('hash', () => {
  const step = hash<Loan, 'applicant.ssn' | 'applicant.phone', 'ssn'>({ fields: ['applicant.ssn', 'applicant.phone'], as: ssn })
  test('asks for the versions of one key, and for one action on it', () => {
    expect(step.needs).toStrictEqual([{ resource: { kind: 'table', name: 'keys' }, actions: ['dynamodb:Query'] }, { resource: { kind: 'key', name: 'identity', spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' }, actions: ['kms:GenerateMac'] }])
    expect(hash({ fields: [] as never[], as: identifier('order', { key: unkeyed('order numbers are public') }) }).needs).toStrictEqual([])
  })
  test('replaces what is there and leaves the payload it was given alone', async () => {
    const hashed = await run(step, loan, { digest: () => Promise.resolve((text) => `digest of ${text.length}`) })
    expect(hashed).toStrictEqual({ id: 'a', applicant: { ssn: 'digest of 11' } })
    expect(loan.applicant.ssn).toBe('078-05-1120')
  })
})

describe('deduplicate', () => {
  test('claims the value of the field, and passes the payload on', async () => {
    const claimed: unknown[] = []
    const step = deduplicate<Loan>({ by: 'applicant.ssn', as: ssn, days: 30 })
    expect(await run(step, loan, { claim: (asked) => { claimed.push(asked); return Promise.resolve() } })).toBe(loan)
    expect(claimed).toStrictEqual([{ keys: [{ by: 'applicant.ssn', as: ssn, value: '078-05-1120', realm: undefined }], days: 30, payload: loan, replay: undefined }])
  })
  test('several fields are one identifier, several keys are claimed together, and a key of the realm is one for all its pipelines', async () => {
    const claimed: unknown[] = []
    const claim: Io['claim'] = (asked) => { claimed.push(asked.keys); return Promise.resolve() }
    await run(deduplicate<Loan>({ by: 'id', with: ['applicant.ssn'] }), loan, { claim })
    await run(deduplicate<Loan>({ keys: [{ by: 'applicant.ssn', as: ssn, scope: 'realm' }, { by: 'id' }] }), loan, { claim })
    expect(claimed).toStrictEqual([
      [{ by: ['id', 'applicant.ssn'], as: undefined, value: ['a', '078-05-1120'], realm: undefined }],
      [{ by: 'applicant.ssn', as: ssn, value: '078-05-1120', realm: true }, { by: 'id', as: undefined, value: 'a', realm: undefined }],
    ])
  })
  test('an Idempotency-Key is claimed beside them where there is one, and asked for where it must be', async () => {
    const claimed: unknown[] = []
    const claim: Io['claim'] = ({ keys, message, replay }) => { claimed.push([keys.length, message, replay]); return Promise.resolve() }
    const [required, optional] = (['required', 'optional'] as const).map((idempotencyKey) => deduplicate<Loan>({ idempotencyKey, replay: true }))
    await expect(run(required as Step<Loan, Loan>, loan, { claim, origin: undefined })).rejects.toMatchObject({ code: 'KEY_MISSING' })
    expect(await run(optional as Step<Loan, Loan>, loan, { claim, origin: undefined })).toBe(loan)
    expect(claimed).toStrictEqual([])
    await run(required as Step<Loan, Loan>, loan, { claim, origin: 'from' })
    await run(deduplicate<Loan>({ by: 'id', idempotencyKey: 'optional' }), loan, { claim, origin: undefined })
    expect(claimed).toStrictEqual([[0, {}, true], [1, {}, undefined]])
    expect((required as Step<Loan, Loan>).needs.map(({ resource, actions }) => [resource.name, ...actions]).slice(1)).toStrictEqual([['keys', 'dynamodb:Query'], ['ledger', 'kms:GenerateMac'], ['replies', 'kms:GenerateDataKey', 'kms:Decrypt']])
  })
  test('what cannot be is refused in a sentence', () => {
    expect(() => deduplicate<Loan>({})).toThrow('deduplicate: say by which field')
    // 455 days are 15 times 30 and a bit: 16 versions, the written one and the one to come, six times.
    const renewed = (days: number) => ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ by: 'id' as const, as: identifier(name, { key: hashKey(name, { rotateDays: days }) }) })) as never
    expect(() => deduplicate<Loan>({ keys: renewed(30), days: 365 })).toThrow('with its keys renewed by rotateDays a claim can have 108 items, and DynamoDB takes 100 at once')
    expect(() => deduplicate<Loan>({ keys: renewed(365), days: 365 })).not.toThrow()
    expect(() => deduplicate<Loan>({ by: 'id', replay: true })).toThrow('deduplicate by id: replay')
    expect(() => deduplicate<Loan>({ by: 'id', scope: 'realm' })).toThrow('give the scope \'realm\' an identifier')
    expect(() => deduplicate<Loan>({ keys: Array.from({ length: 9 }, () => ({ by: 'id' })) as never })).toThrow('at most 8 keys')
  })
  test('needs three writes of the ledger, no read, and the key of its identifier or the realm\'s', () => {
    const named = (step: Step<Loan, Loan>) => step.needs.map(({ resource, actions }) => [resource.name, ...actions])
    expect(named(deduplicate<Loan>({ by: 'id' }))).toStrictEqual([['ledger', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'], ['keys', 'dynamodb:Query'], ['ledger', 'kms:GenerateMac']])
    expect(named(deduplicate<Loan>({ by: 'applicant.ssn', as: ssn }))[2]).toStrictEqual(['identity', 'kms:GenerateMac'])
  })
  test('a retention of nothing or of centuries is a mistake', () => {
    for (const days of [0, -1, Number.NaN, 4_000]) expect(() => deduplicate<Loan>({ by: 'id', days })).toThrow(TypeError)
  })
})

describe('call', () => {
  const Reply = v.object({ ok: v.boolean() })
  const reply = (text: string): Partial<Io> => ({ send: () => Promise.resolve(Buffer.from(text)), json: (bytes) => { if (!/^[{[]/.test(Buffer.from(bytes).toString())) throw new Fault('PAYLOAD_UNREADABLE'); return JSON.parse(Buffer.from(bytes).toString()) as never } })
  const step = call<Loan, { ok: boolean }>({ to: safe, once: 'id', reply: Reply, request })
  test('passes the payload through, or merges the reply', async () => {
    expect(await run(step, loan, reply('{"ok":true}'))).toBe(loan)
    const merged = call<Loan, { ok: boolean }, { id: string; ok: boolean }>({ to: safe, reply: Reply, request, merge: ({ id }, { ok }) => ({ id, ok }) })
    expect(await run(merged, loan, reply('{"ok":true}'))).toStrictEqual({ id: 'a', ok: true })
  })
  test.each(['{"ok":"yes"}', '{}', 'no JSON', ''])('a reply of %j is REPLY_INVALID: the partner\'s fault, never the sender\'s', async (text) => {
    await expect(run(step, loan, reply(text))).rejects.toMatchObject({ code: 'REPLY_INVALID' })
  })
  test('once needs to know how long the partner remembers', () => {
    expect(() => call<Loan, { ok: boolean }>({ to: forgetful, once: 'id', reply: Reply, request })).toThrow(/forgetful.*idempotency/)
  })
  test('shows whom it sends to, and under which field', () => {
    const definition = pipeline({ name: 'x', trigger: post('/x', { auth: open('for this test alone') }), steps: flow(validate(v.object({ id: v.string() })), call({ to: safe, once: 'id', reply: Reply, request }), call({ to: forgetful, reply: Reply, request })) })
    expect(sends(definition as never).map(({ to, once }) => [to.name, once])).toStrictEqual([['partner', 'id'], ['forgetful', undefined]])
    expect(needs(definition as never).map(({ resource }) => resource.name)).toStrictEqual(['forgetful', 'partner'])
  })
})

test('validate keeps paths and drops what the library says', async () => {
  const step = validate(v.object({ card: v.pipe(v.string(), v.maxLength(4)) }))
  const failing = run(step, { card: '4111111111111111' })
  await expect(failing).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['card'], message: 'PAYLOAD_INVALID' })
  await failing.catch((error: Error) => expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain('4111'))
})

test('validate waits for a schema that answers later', async () => {
  const later = v.pipeAsync(v.string(), v.checkAsync(async (text) => Promise.resolve(text === 'good')))
  expect(await run(validate(later as never), 'good')).toBe('good')
  await expect(run(validate(later as never), 'bad')).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['$'] })
})

test('transform waits for a promise; log says what it is told and passes the payload on; parseJson reads by io', async () => {
  expect(await run(transform(async (n: number) => Promise.resolve(n + 1)), 1)).toBe(2)
  const lines: unknown[] = []
  expect(await run(log<Loan>(({ id }) => ({ id })), loan, { log: (fields) => { lines.push(fields) } })).toBe(loan)
  expect(lines).toStrictEqual([{ id: 'a' }])
  expect(await run(parseJson(), Buffer.from('x'), { json: () => 'read' })).toBe('read')
})
