import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signed } from '../../local/signed-fetch.ts'
import { startStack, type Stack } from '../../local/stack.ts'

/** A route that answers at once, a queue and events on a stack of their own: over HTTP, by the AWS SDK, in real processes. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-queues-'))
const dir = join(folder, 'state')
let stack: Stack
let sqs: SQSClient
let dynamodb: DynamoDBClient

const files: Record<string, string> = {
  'realm.ts': `
import { account, digits, hashKey, identifier, realm } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
export const bank = account('bank', apiKey({ origin: {}, idempotency: { hours: 24 }, nothingDone: [400] }))
export const crm = account('crm', apiKey({ origin: {} }))
export const taxId = identifier('tax-id', { key: hashKey('identity'), normalize: digits })
export default realm({ sensitive: ['taxId', 'name'] })
`,
  'payout.ts': `
import { flow, iam, path, pipeline, post } from 'sallyport'
import { call, deduplicate, entity, transform, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { bank, taxId } from './realm.ts'
export default pipeline({ name: 'payout', trigger: post('/payouts', { mode: 'async', auth: iam() }), steps: flow(
  validate(v.object({ id: v.string(), taxId: v.string(), name: v.string() })), entity({ by: 'taxId', as: taxId }), deduplicate({ by: 'id' }),
  call({ to: bank, once: 'id', reply: v.unknown(), reveals: ['name', 'taxId'], request: (body) => ({ method: 'POST', path: path\`/payouts\`, body }) }),
  transform(({ id }) => ({ id, status: 'paid' })),
) })
`,
  'booking.ts': `
import { flow, path, pipeline, queue } from 'sallyport'
import { call, deduplicate, entity, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { bank } from './realm.ts'
export default pipeline({ name: 'booking', trigger: queue('bookings', { readable: 'a booking number, and nothing of a person', attempts: 2 }), timeout: 3, steps: flow(
  validate(v.object({ id: v.string() })), entity({ by: 'id' }), deduplicate({ by: 'id' }),
  call({ to: bank, once: 'id', reply: v.unknown(), request: (body) => ({ method: 'POST', path: path\`/bookings\`, body }) }),
) })
`,
  'notice.ts': `
import { event, flow, path, pipeline } from 'sallyport'
import { call, deduplicate, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { bank } from './realm.ts'
export default pipeline({ name: 'notice', trigger: event({ source: ['shop.orders'], 'detail-type': ['OrderPaid'] }, { readable: 'an order number, and nothing of a person' }), steps: flow(
  validate(v.object({ id: v.string() })), deduplicate({ by: 'id' }),
  call({ to: bank, once: 'id', reply: v.unknown(), request: (body) => ({ method: 'POST', path: path\`/notices\`, body }) }),
) })
`,
  'loan.ts': `
import { flow, iam, path, pipeline, post } from 'sallyport'
import { call, deduplicate, entity, transform, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { bank, crm } from './realm.ts'
export default pipeline({ name: 'loan', trigger: post('/loans', { auth: iam() }), steps: flow(
  validate(v.object({ id: v.string() })), entity({ by: 'id', source: { from: crm, request: (id) => ({ method: 'GET', path: path\`/loans/\${id}\` }) } }), deduplicate({ by: 'id', idempotencyKey: 'optional', replay: true }),
  call({ to: bank, once: 'id', reply: v.unknown(), request: (body) => ({ method: 'POST', path: path\`/loans\`, body }) }),
  transform(({ id }) => ({ id, nonce: Math.random() })),
) })
`,
}

beforeAll(async () => {
  const pipelines = join(folder, 'pipelines')
  mkdirSync(pipelines)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(pipelines, name), text)
  stack = await startStack({ dir, port: 0, env: {}, pipelines, requests: join(folder, 'requests.jsonl') })
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.run.aws
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
  sqs = new SQSClient(settings)
  dynamodb = new DynamoDBClient(settings)
}, 180_000)
afterAll(async () => {
  sqs.destroy()
  dynamodb.destroy()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function request(method: 'GET' | 'POST', path: string, body?: unknown, headers: Record<string, string> = {}) {
  const url = `${stack.gateway}${path}`
  const { body: sent, ...init } = signed(url, { method, headers: { 'content-type': 'application/json', ...headers }, body: body === undefined ? '' : JSON.stringify(body) }, { ...stack.run.aws, service: 'execute-api' })
  const response = await fetch(url, { ...init, ...method === 'POST' && { body: sent } })
  return { status: response.status, headers: response.headers, body: await response.json() as Record<string, unknown> }
}
async function control(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${stack.control}${path}`, { method, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return await response.json() as Record<string, unknown>
}
async function until<T>(look: () => Promise<T | undefined>, seconds = 40): Promise<T> {
  const end = Date.now() + seconds * 1_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error('it did not come')
    await after(200)
  }
}
const bank = (mode: string) => control('PUT', '/partners/bank', { mode, ms: 0 })
const queue = async (name: string): Promise<string> => (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl as string
const rows = async () => (await dynamodb.send(new ScanCommand({ TableName: 'Sallyport-local-outcomes' }))).Items ?? []
const records = async (pipeline: string) => (await rows()).filter(({ failed }) => failed?.S === pipeline)
const received = (once: string): number => readFileSync(stack.run.partners['bank']?.received ?? '', 'utf8').split('\n').filter(Boolean)
  .filter((line) => (JSON.parse(line) as { headers: Record<string, string> }).headers['idempotency-key'] === once).length

describe('a route that answers at once', () => {
  test('202 with an address, where the reply is when it is done; nobody else is told, and nothing of the payload rests readable', async () => {
    const payout = { id: randomUUID(), taxId: '929-98-2247', name: 'Grace Hopper Canary' }
    const taken = await request('POST', '/payouts', payout)
    expect(taken.status).toBe(202)
    const { id, status } = taken.body as { id: string; status: string }
    expect(status).toBe(`/payouts/${id}`)
    expect(taken.headers.get('location')).toBe(status)
    const done = await until(async () => { const { body } = await request('GET', status); return body['state'] === 'accepted' ? undefined : body })
    expect(done).toStrictEqual({ id, state: 'done', status: 200, reply: { id: payout.id, status: 'paid' } })
    expect((await request('GET', `/payouts/${randomUUID()}`)).status).toBe(404)
    expect(received(payout.id)).toBe(1)
    const resting = [readFileSync(stack.logFile, 'utf8'), readFileSync(join(folder, 'requests.jsonl'), 'utf8'), JSON.stringify(await rows())].join('\n')
    for (const secret of [payout.taxId, '929982247', payout.name, Buffer.from(payout.name).toString('base64').slice(0, 20)]) expect(resting).not.toContain(secret)
  })
  test('what was told of an entity is forgotten with it, and of no other', async () => {
    const told = async (taxId: string) => {
      const { body: { status } } = await request('POST', '/payouts', { id: randomUUID(), taxId, name: 'x' })
      await until(async () => { const { body } = await request('GET', String(status)); return body['state'] === 'accepted' ? undefined : body })
      return String(status)
    }
    const [hers, his] = [await told('929-98-2251'), await told('929-98-2252')]
    expect(await control('POST', '/functions/failures', { forget: { pipeline: 'payout', entity: '929982251', reason: 'erasure, ticket 4711', by: 'ada' } })).toMatchObject({ rows: 1 })
    expect([(await request('GET', hers)).status, (await request('GET', his)).status]).toStrictEqual([404, 200])
  })
  test('sent twice, it is done once, and the second one is told that it was a duplicate', async () => {
    const payout = { id: randomUUID(), taxId: '929-98-2248', name: 'x' }
    const states: unknown[] = []
    for (let i = 0; i < 2; i++) {
      const { body } = await request('POST', '/payouts', payout)
      const told = await until(async () => { const { body: now } = await request('GET', String(body['status'])); return now['state'] === 'accepted' ? undefined : now })
      states.push([told['state'], told['fault'] ?? null])
    }
    expect(states).toStrictEqual([['done', null], ['failed', 'DUPLICATE']])
    expect(received(payout.id)).toBe(1)
  })
})

describe('a queue', () => {
  test('what was accepted is gone from it; what nobody can read is in the dead-letter queue once, with one record', async () => {
    const [url, dead] = [await queue('Sallyport-local-queue-bookings'), await queue('Sallyport-local-queue-bookings-dead')]
    const id = randomUUID()
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify({ id }) }))
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{"id": 12}' }))
    await until(() => Promise.resolve(received(id) === 1 || undefined))
    const { Messages = [] } = await until(async () => { const found = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] })); return found.Messages === undefined ? undefined : found })
    expect(Messages.map(({ Body, MessageAttributes }) => [Body, MessageAttributes?.['fault']?.StringValue])).toStrictEqual([['{"id": 12}', 'PAYLOAD_INVALID']])
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 2 }))).Messages).toBeUndefined()
    expect((await records('booking')).map(({ fault, attempt }) => [fault?.S, attempt?.N])).toStrictEqual([['PAYLOAD_INVALID', '1']])
  })
})

test('an event of the bus that fits the pattern runs the pipeline, and no other does', async () => {
  const [paid, other] = [randomUUID(), randomUUID()]
  const { endpoint, ...signer } = stack.run.aws
  const body = JSON.stringify({ Entries: [['OrderPaid', paid], ['OrderMade', other]].map(([type, id]) => ({ Source: 'shop.orders', DetailType: type, Detail: JSON.stringify({ id }) })) })
  const response = await fetch(endpoint, signed(endpoint, { method: 'POST', headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' }, body }, { ...signer, service: 'events' }))
  expect(await response.json()).toMatchObject({ FailedEntryCount: 0 })
  await until(() => Promise.resolve(received(paid) === 1 || undefined))
  await after(500)
  expect([received(paid), received(other)]).toStrictEqual([1, 0])
})

describe('a failure', () => {
  test('leaves a record, is listed, and rerun from its source changes what did not go well, once', async () => {
    const id = `loan-${randomUUID()}`
    await bank('500')
    expect((await request('POST', '/loans', { id })).status).toBe(502)
    const [record] = await until(async () => { const found = await records('loan'); return found.length === 0 ? undefined : found })
    expect([record?.['entity']?.S, record?.['fault']?.S, record?.['step']?.S, record?.['source']?.BOOL]).toStrictEqual([`loan/${id}`, 'PARTNER_FAILED', 'call', true])
    await bank('ok')
    await control('PUT', '/partners/crm', { mode: 'ok', reply: { id } })
    const told = await control('POST', '/functions/failures', { rerun: { id: record?.['id']?.S } })
    expect(told).toMatchObject({ done: true })
    expect(await records('loan')).toStrictEqual([])
    expect((await request('POST', '/loans', { id })).body['code']).toBe('DUPLICATE')
  })
  test('is rerun under the Idempotency-Key of its sender, which the record holds sealed: whoever repeats that is given what the rerun came to', async () => {
    const [id, key] = [`loan-${randomUUID()}`, randomUUID()]
    const send = () => request('POST', '/loans', { id }, { 'idempotency-key': key })
    await bank('500')
    expect((await send()).status).toBe(502)
    const [record] = await until(async () => { const found = await records('loan'); return found.length === 0 ? undefined : found })
    expect(record?.['origin']?.B?.length).toBeGreaterThan(100)
    expect(Buffer.from(record?.['origin']?.B ?? []).includes(key)).toBe(false)
    await bank('ok')
    await control('PUT', '/partners/crm', { mode: 'ok', reply: { id } })
    expect(await control('POST', '/functions/failures', { rerun: { id: record?.['id']?.S } })).toMatchObject({ done: true })
    const sends = received(id)
    const [one, other] = [await send(), await send()]
    expect([one.status, other.status, one.body['id'], other.body]).toStrictEqual([200, 200, id, one.body])
    expect(received(id)).toBe(sends)
  })
})

test('an Idempotency-Key: the first reply is given again, in progress is said, another payload is refused', async () => {
  const [id, key] = [randomUUID(), { 'idempotency-key': randomUUID() }]
  const first = await request('POST', '/loans', { id }, key)
  const again = await request('POST', '/loans', { id }, key)
  expect([first.status, again.status]).toStrictEqual([200, 200])
  expect(again.body).toStrictEqual(first.body)
  expect(again.headers.get('x-execution-id')).not.toBe(first.headers.get('x-execution-id'))
  const other = await request('POST', '/loans', { id: randomUUID() }, key)
  expect([other.status, other.body['code']]).toStrictEqual([422, 'KEY_REUSED'])
  expect(received(id)).toBe(1)
})
