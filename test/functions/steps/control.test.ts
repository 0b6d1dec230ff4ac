import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { once } from 'node:events'
import type * as Fs from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { account, Fault, flow, iam, path, pipeline, post, realm, serve, type Step } from 'sallyport'
import * as v from 'valibot'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { apiKey } from '../../../functions/accounts/api-key.ts'
import { call, each, rescue, retry, throwFault, transform, validate, when } from '../../../functions/steps/index.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'

/** Steps made of steps in the runtime as it runs in Lambda: what a partner receives is counted where it is received. */
const written = vi.hoisted(() => [] as string[])
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>()
  return { ...fs, writeSync: (fd: number, text: string, ...rest: never[]) => fd === 1 ? (written.push(text), Buffer.byteLength(text)) : fs.writeSync(fd, text, ...rest) }
})
const lines = (event: string) => written.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event)

let aws: Awaited<ReturnType<typeof standIn>>
let server: Server
/** By path: what is done with each request, in order; `drop` acts and breaks the connection. Afterwards all is well. */
let plan: Record<string, (number | 'drop')[]> = {}
let received: string[] = []

beforeAll(async () => {
  aws = await standIn()
  await aws.as('admin').secrets.send(new CreateSecretCommand({ Name: 'partner', SecretString: '{"apiKey":"a-key-of-the-partner"}' }))
  server = createServer((request, response) => {
    received.push(`${request.url} ${String(request.headers['idempotency-key'] ?? '-')}`)
    const next = plan[request.url ?? '']?.shift() ?? 200
    request.resume().on('end', () => next === 'drop' ? request.socket.destroy() : response.writeHead(next).end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { accessKeyId, secretAccessKey } = credentialsOf('admin')
  Object.assign(process.env, { AWS_ENDPOINT_URL: `http://127.0.0.1:${aws.port}`, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, ACCOUNT_PARTNER: 'partner' })
})
afterAll(async () => {
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'ACCOUNT_PARTNER']) delete process.env[name]
  server.closeAllConnections()
  server.close()
  await aws.close()
})
beforeEach(() => {
  plan = {}
  received = []
  written.length = 0
})

const partner = account('partner', apiKey({ origin: { dev: 'https://partner.example' }, idempotency: { hours: 24 }, nothingDone: [400] }))
interface Order { readonly id: string }
const Reply = v.object({})
const to = (id: string) => ({ method: 'POST' as const, path: path`/${id}`, body: {} })
const safe = call<Order, object>({ to: partner, once: 'id', reply: Reply, request: ({ id }) => to(id) })
const unsafe = call<Order, object>({ to: partner, reply: Reply, request: ({ id }) => to(id) })
const quick = { first: 1, cap: 5 } as const

/** The last payload, or the code and paths of the fault. `ms` is what Lambda gives the invocation. */
async function run(steps: Step<never, unknown>, payload: unknown, ms = 15_000): Promise<unknown> {
  const definition = pipeline({ name: 'orders', trigger: post('/orders', { auth: iam() }), steps: steps as never })
  const handler = serve(definition, realm(), { stage: 'local', origins: { partner: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } })
  const event = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload), isBase64Encoded: false }
  try {
    return await handler(event as never, { awsRequestId: 'run-1', getRemainingTimeInMillis: () => ms } as never)
  } catch (error) {
    const { code, paths } = error as Fault
    return { code, paths }
  }
}

describe('retry', () => {
  test('a send whose fate is not known is not repeated without once', async () => {
    plan = { '/a': ['drop'] }
    expect(await run(retry(unsafe, quick), { id: 'a' })).toStrictEqual({ code: 'PARTNER_SILENT', paths: [] })
    expect(received).toStrictEqual(['/a -'])
  })
  test('nor one that the partner answered with a status that does not say that nothing was done', async () => {
    plan = { '/a': [503] }
    expect(await run(retry(unsafe, quick), { id: 'a' })).toStrictEqual({ code: 'PARTNER_FAILED', paths: [] })
    expect(received).toStrictEqual(['/a -'])
  })
  test('with once it is, under the same key, and every failed attempt has its line', async () => {
    plan = { '/a': ['drop', 503] }
    expect(await run(retry(safe, quick), { id: 'a' })).toStrictEqual({ id: 'a' })
    expect(received).toStrictEqual(['/a a', '/a a', '/a a'])
    expect(lines('attempt').map(({ kind, fault, effect }) => [kind, fault, effect])).toStrictEqual([['call', 'PARTNER_SILENT', 'unknown'], ['call', 'PARTNER_FAILED', 'unknown']])
    expect(lines('execution')).toMatchObject([{ outcome: 'done', sends: 3 }])
  })
  test('a send before it in the run does not count: only what the attempt itself did', async () => {
    let failing = 2
    const flaky = transform((order: Order) => { if (failing-- > 0) throw new Fault('UNAVAILABLE'); return order })
    expect(await run(flow(unsafe, retry(flaky, quick)), { id: 'a' })).toStrictEqual({ id: 'a' })
    expect([received, failing]).toStrictEqual([['/a -'], -1])
  })
  test('a good send without once inside is not repeated when what follows fails', async () => {
    const failing = transform(() => { throw new Fault('UNAVAILABLE') })
    expect(await run(retry(flow(unsafe, failing), quick), { id: 'a' })).toStrictEqual({ code: 'UNAVAILABLE', paths: [] })
    expect(received).toStrictEqual(['/a -'])
  })
  test('gives up with the partner\'s fault before the time of the run is over', async () => {
    plan = { '/a': Array.from({ length: 20 }, () => 503) }
    const start = Date.now()
    expect(await run(retry(safe, { times: 10, first: 400, cap: 400 }), { id: 'a' }, 1_500)).toStrictEqual({ code: 'PARTNER_FAILED', paths: [] })
    expect(Date.now() - start).toBeLessThan(1_000)
    expect(received.length).toBeLessThan(10)
  })
  test('a step of one\'s own that acted without a send is not repeated', async () => {
    let acted = 0
    const own: Step<Order, Order> = { kind: 'own', config: {}, needs: [], acts: true, run: (_, io) => { acted++; io.acted(); throw new Fault('UNAVAILABLE') } }
    expect(await run(retry(own, quick), { id: 'a' })).toStrictEqual({ code: 'UNAVAILABLE', paths: [] })
    expect(acted).toBe(1)
  })
  test('nor one that acted beside a send with once', async () => {
    let acted = 0
    const own: Step<Order, Order> = { kind: 'own', config: {}, needs: [], acts: true, run: (_, io) => { acted++; io.acted(); throw new Fault('UNAVAILABLE') } }
    expect(await run(retry(flow(safe, own), quick), { id: 'a' })).toStrictEqual({ code: 'UNAVAILABLE', paths: [] })
    expect([acted, received]).toStrictEqual([1, ['/a a']])
  })
})

describe('each', () => {
  const ids = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
  test('what may have been done for one item does not stop another from being tried again', async () => {
    plan = { '/a': ['drop'] }
    let failing = 1
    const flaky = flow(transform(async (order: Order) => {
      if (order.id !== 'b') return order
      // Until the send for the item beside it has broken.
      while (lines('attempt').length === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
      if (failing-- > 0) throw new Fault('UNAVAILABLE')
      return order
    }), unsafe)
    expect(await run(each<Order[], Order, never, true>({ partial: true, parallel: 3 }, retry(flaky, quick)), ids)).toStrictEqual([
      { ok: false, fault: 'PARTNER_SILENT', paths: ['[0]'], reason: undefined, effect: 'unknown' }, { ok: true, payload: { id: 'b' } }, { ok: true, payload: { id: 'c' } },
    ])
    expect(received.toSorted()).toStrictEqual(['/a -', '/b -', '/c -'])
  })
  test('says of each item whether it may have been done', async () => {
    plan = { '/a': [400], '/b': [503] }
    expect(await run(each<Order[], Order, never, true>({ partial: true }, unsafe), ids)).toStrictEqual([
      { ok: false, fault: 'PARTNER_REFUSED', paths: ['[0]'], reason: undefined, effect: 'none' },
      { ok: false, fault: 'PARTNER_FAILED', paths: ['[1]'], reason: undefined, effect: 'unknown' },
      { ok: true, payload: { id: 'c' } },
    ])
  })
  test('all or nothing: nothing is sent after a fault', async () => {
    plan = { '/b': [400] }
    expect(await run(each<Order[], Order>({}, unsafe), ids)).toStrictEqual({ code: 'PARTNER_REFUSED', paths: ['[1]'] })
    expect(received).toStrictEqual(['/a -', '/b -'])
  })
  test('a field of an item that does not fit its schema is named by its place in the message', async () => {
    const Row = v.object({ iban: v.string() })
    expect(await run(each<{ rows: never[] }, { iban: string }, 'rows'>({ of: 'rows' }, validate(Row)), { rows: [{ iban: 'x' }, { iban: 1 }] })).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['rows[1].iban'] })
  })
})

describe('rescue', () => {
  const told = transform(({ fault }: { readonly fault: { readonly code: string; readonly effect: string } }) => fault)
  test('goes on with what its own step did, not with what was done before', async () => {
    plan = { '/b': [400] }
    const other = call<Order, object>({ to: partner, reply: Reply, request: () => to('b') })
    expect(await run(flow(unsafe, rescue(other, { on: ['PARTNER_REFUSED'], instead: told })), { id: 'a' })).toStrictEqual({ code: 'PARTNER_REFUSED', paths: [], effect: 'none' })
    expect(lines('execution')).toMatchObject([{ outcome: 'done', sends: 2 }])
  })
  test('nothing is rescued when the time of the run is over', async () => {
    let rescued = 0
    const slow = transform(async (order: Order) => { await new Promise((resolve) => { setTimeout(resolve, 150) }); return order })
    const instead = transform(() => { rescued++ })
    expect(await run(rescue(flow(slow, unsafe), { on: ['OUT_OF_TIME'], instead }), { id: 'a' }, 800)).toStrictEqual({ code: 'OUT_OF_TIME', paths: [] })
    await new Promise((resolve) => { setTimeout(resolve, 150) })
    expect([rescued, received]).toStrictEqual([0, []])
  })
})

test('when takes one branch, and a rejection in it ends the run with its fault', async () => {
  const step = when((order: Order) => order.id === 'a', throwFault('REJECTED', { paths: ['id'], reason: 'UNWANTED' }), unsafe)
  expect(await run(step, { id: 'a' })).toStrictEqual({ code: 'REJECTED', paths: ['id'] })
  expect(await run(step, { id: 'b' })).toStrictEqual({ id: 'b' })
  expect(received).toStrictEqual(['/b -'])
  expect(lines('execution')).toMatchObject([{ fault: 'REJECTED', blame: 'sender', status: 422, sends: 0 }, { outcome: 'done', sends: 1 }])
})
