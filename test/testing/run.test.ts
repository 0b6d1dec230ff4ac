import net from 'node:net'
import { CompactEncrypt, importJWK } from 'jose'
import * as v from 'valibot'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bucket, flow, iam, keyPair, pipeline, post, table } from 'sallyport'
import { jwe } from 'sallyport/ciphers/jwe'
import { decrypt, load, parseJson, store, validate } from 'sallyport/steps'
import { run, sandbox } from 'sallyport/testing'
import payment from '../../functions/pipelines/encrypted-payment.ts'
import loan from '../../functions/pipelines/loan-application.ts'
import realm, { paymentsInbox } from '../../functions/pipelines/realm.ts'
import { application, order } from './messages.ts'

afterEach(() => { vi.restoreAllMocks() })

/** Lines, calls and ledger: wherever nothing readable may be left behind. */
const left = ({ lines, calls, ledger }: Awaited<ReturnType<typeof run>>): string => JSON.stringify([lines, calls, ledger])

test('an application is forwarded once, without the number it came with', async () => {
  const { status, body, partners, fault, thrown } = await run(loan, application(), { realm })
  expect({ status, body, fault, thrown }).toStrictEqual({ status: 201, body: { applicationId: 'a-1', status: 'accepted' }, fault: undefined, thrown: undefined })
  expect(partners['loan-origination']).toHaveLength(1)
  expect(partners['loan-origination']?.[0]).toMatchObject({
    method: 'POST', path: '/applications', sealed: false, headers: { 'idempotency-key': 'a-1' },
    body: { applicationId: 'a-1', applicant: { ssn: expect.stringMatching(/^1\.[\w-]{43}$/) as string } },
  })
})

test('a payment is opened, and its partner alone can read what leaves', async () => {
  const { status, partners, calls } = await run(payment, order(), { realm })
  expect(status).toBe(202)
  expect(partners['acquirer']?.[0]).toMatchObject({ sealed: true, body: { reference: 'p-1', card: { pan: '4111111111111111' } } })
  expect(JSON.stringify(partners['acquirer'])).not.toContain('"cvv"')
  expect(calls.map(({ service, operation, status: answered }) => `${service} ${operation} ${answered}`).sort()).toStrictEqual([
    'dynamodb PutItem 200', 'dynamodb Query 200', 'dynamodb Query 200', 'dynamodb UpdateItem 200', 'kms Decrypt 200', 'kms GenerateMac 200', 'kms GenerateMac 200',
    'secretsmanager GetSecretValue 200', 'secretsmanager GetSecretValue 200',
  ])
})

test('what must be sealed is refused when it is not', async () => {
  expect((await run(payment, JSON.stringify(order()), { realm })).fault).toBe('DECRYPTION_FAILED')
  expect((await run(payment, order(), { realm, headers: { 'Content-Type': 'application/json' } })).fault).toBe('UNSUPPORTED_MEDIA_TYPE')
  expect((await run(loan, '{"applicationId":', { realm })).fault).toBe('PAYLOAD_UNREADABLE')
})

test('a sender may seal to the RSA half, which is made when it is asked for', async () => {
  const world = sandbox({ realm })
  await world.run(payment, order())
  const { alg, kid, ...jwk } = await world.publicKey(paymentsInbox, 'rsa')
  const token = await new CompactEncrypt(Buffer.from(JSON.stringify(order('p-2')))).setProtectedHeader({ alg, enc: 'A256GCM', kid }).encrypt(await importJWK(jwk, alg))
  expect((await world.run(payment, token)).status).toBe(202)
})

test('a pair in custody hsm is opened by KMS, message by message', async () => {
  const vault = keyPair('vault', { custody: 'hsm' })
  const open = pipeline({ name: 'open', trigger: post('/open', { accept: 'application/jose', auth: iam() }), steps: flow(decrypt(jwe({ key: vault })), parseJson()) })
  const world = sandbox()
  expect(await world.run(open, { a: 1 })).toMatchObject({ status: 200, body: { a: 1 }, calls: [{ service: 'kms', operation: 'DeriveSharedSecret' }] })
  expect(await world.publicKey(vault, 'rsa')).toMatchObject({ kty: 'RSA', alg: 'RSA-OAEP-256' })
  expect((await world.run(open, { a: 2 })).body).toStrictEqual({ a: 2 })
})

describe('a world keeps its state', () => {
  test('a second one is a duplicate until the retention has passed', async () => {
    const world = sandbox({ realm })
    expect((await world.run(loan, application())).status).toBe(201)
    const again = await world.run(loan, application('900 11 2233', 'a-2'))
    expect(again).toMatchObject({ status: 409, fault: 'DUPLICATE', body: { code: 'DUPLICATE' }, partners: { 'loan-origination': [] } })
    expect(again.ledger).toMatchObject([{ state: 'confirmed', pipeline: 'loan-application', expires: Date.UTC(2027, 0, 1) / 1_000 }])
    world.tick(365 * 86_400_000)
    expect((await world.run(loan, application())).status).toBe(201)
  })
  test('of two at once, one is done', async () => {
    const world = sandbox({ realm })
    const results = await Promise.all([world.run(loan, application()), world.run(loan, application())])
    expect(new Set(results.map(({ status }) => status))).toStrictEqual(new Set([201, 409]))
    expect(results.flatMap(({ partners }) => partners['loan-origination'])).toHaveLength(1)
  })
  test('a warm environment asks AWS for nothing but the ledger', async () => {
    const world = sandbox({ realm })
    await world.run(payment, order())
    const { calls } = await world.run(payment, order('p-2'))
    expect(calls.map(({ operation }) => operation)).toStrictEqual(['PutItem', 'UpdateItem'])
  })
})

describe('AWS that fails', () => {
  const put = (error: string, times: number) => [{ service: 'dynamodb', operation: 'PutItem', error, times }] as const
  test('throttled twice: asked three times, and done', async () => {
    const { status, calls, lines } = await run(loan, application(), { realm, faults: put('throttle', 2) })
    expect(status).toBe(201)
    expect(calls.filter(({ operation }) => operation === 'PutItem').map((call) => call.error)).toStrictEqual(['ProvisionedThroughputExceededException', 'ProvisionedThroughputExceededException', undefined])
    expect(lines.at(-1)).toMatchObject({ ms: 300, calls: { 'dynamodb:PutItem': 1 } })
  })
  test('throttled for good: 503, and nothing was sent', async () => {
    expect(await run(loan, application(), { realm, faults: put('throttle', 3) })).toMatchObject({ fault: 'UNAVAILABLE', partners: { 'loan-origination': [] }, ledger: [] })
  })
  test('a reply that was lost: the claim is ours all the same', async () => {
    expect(await run(loan, application(), { realm, faults: put('lostReply', 1) })).toMatchObject({ status: 201, ledger: [{ state: 'confirmed' }] })
  })
  test('silent: each attempt takes the limit of a client, on the clock of the world alone', async () => {
    const { lines } = await run(loan, application(), { realm, faults: put('timeout', 1) })
    expect(lines.at(-1)).toMatchObject({ outcome: 'done', ms: 2_600 })
  })
  test('a secret that cannot be read', async () => {
    expect((await run(loan, application(), { realm, faults: [{ service: 'secretsmanager', operation: '*', error: 'denied' }] })).fault).toBe('ACCOUNT_UNAVAILABLE')
  })
})

describe('time', () => {
  test('two runs of one message say the same, to the millisecond and the id', async () => {
    const told = async () => {
      const { lines, headers } = await run(loan, application(), { realm, now: '2026-06-01T12:00:00Z', partners: { 'loan-origination': { status: 201, body: { loanId: 'l-1' }, delay: 40 } } })
      return { lines, headers }
    }
    const first = await told()
    expect(await told()).toStrictEqual(first)
    expect(first.lines.at(-1)).toStrictEqual({
      time: '2026-06-01T12:00:00.040Z', level: 'info', event: 'execution', id: '00000000-0000-4000-8000-000000000001', pipeline: 'loan-application',
      started: '2026-06-01T12:00:00.000Z', outcome: 'done', status: 201, ms: 40, records: { done: 1, failed: 0 }, sends: 1,
      calls: { 'kms:GenerateMac': 3, 'dynamodb:Query': 1, 'dynamodb:PutItem': 1, 'secretsmanager:GetSecretValue': 1, 'dynamodb:UpdateItem': 1 },
      cost: 18.09, steps: { validate: 0, entity: 0, log: 0, deduplicate: 0, hash: 0, call: 40, transform: 0 },
    })
  })
  test('a message that takes too long is ended before Lambda would', async () => {
    const world = sandbox({ realm, partners: { 'loan-origination': () => { world.tick(20_000); return 201 } } })
    expect((await world.run(loan, application())).fault).toBe('OUT_OF_TIME')
  })
})

test('nothing opens a socket', async () => {
  const refused = (): never => { throw new Error('a socket was opened') }
  const doors = [
    vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(refused),
    vi.spyOn(net, 'connect').mockImplementation(refused),
    vi.spyOn(net, 'createConnection').mockImplementation(refused),
  ]
  expect((await run(loan, application(), { realm })).status).toBe(201)
  expect((await run(payment, order(), { realm })).status).toBe(202)
  for (const door of doors) expect(door).not.toHaveBeenCalled()
})

test('a marked number is left nowhere', async () => {
  const marks = ['900-55-4321', '900554321', 'Grace Hopper']
  const done = await run(loan, application('900-55-4321'), { realm })
  const failed = await run(loan, application('900-55-4321'), { realm, partners: { 'loan-origination': 'silent' } })
  for (const result of [done, failed]) for (const mark of marks) expect(left(result)).not.toContain(mark)
  expect(done.lines[0]).toMatchObject({ event: 'log', application: { applicationId: 'a-1', applicant: { ssn: '***', name: '***' } } })
  const paid = left(await run(payment, order(), { realm }))
  for (const mark of ['4111', '"123"', 'Lovelace', 'X1234567']) expect(paid).not.toContain(mark)
})

test('a watcher is told of each step, and of what is digested for what', async () => {
  const seen: string[] = []
  await run(loan, application(), { realm, observer: {
    step: (step, work) => { seen.push(step.kind); return work() },
    digested: (purpose, text) => { seen.push(`${purpose} ${purpose === 'fingerprint' ? '' : text}`) },
    sent: (partner) => seen.push(`sent ${partner}`),
  } })
  expect(seen).toStrictEqual(['validate', 'entity', 'log', 'deduplicate', 'ledger ["applicant.ssn","ssn","900112233"]', 'fingerprint ', 'hash', 'hash 900112233', 'call', 'sent loan-origination', 'transform'])
})

describe('AWS services that no stand-in knows', () => {
  class Other {
    readonly #handle: (request: object) => Promise<{ readonly response: { readonly statusCode: number; readonly body: Uint8Array } }>
    constructor({ requestHandler }: { readonly requestHandler: { handle(request: object): never } }) {
      this.#handle = (request) => requestHandler.handle(request)
    }
    async send(): Promise<number> {
      const { response } = await this.#handle({ method: 'POST', path: '/', headers: { 'X-Amz-Target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0' }, body: '{"MessageBody":"x"}' })
      return response.statusCode
    }
  }
  const queueing = pipeline({
    name: 'queueing', trigger: post('/queueing', { auth: iam() }),
    steps: { kind: 'own', config: {}, needs: [], run: async (_, io) => ({ status: await io.client(Other as unknown as new (settings: object) => Other).send() }) },
  })
  test('refuse, or answer with nothing where that is asked for', async () => {
    expect((await run(queueing, {})).body).toStrictEqual({ status: 400 })
    const seen: unknown[] = []
    const { body, calls } = await run(queueing, {}, { others: 'answer', observer: { call: (_, { service, operation, body: sent }) => { seen.push([service, operation, sent.toString()]) } } })
    expect(body).toStrictEqual({ status: 200 })
    expect(calls).toStrictEqual([{ service: 'sqs', operation: 'SendMessage', status: 200, request: { MessageBody: 'x' } }])
    expect(seen).toStrictEqual([['sqs', 'SendMessage', '{"MessageBody":"x"}']])
  })
  test('fail as planned', async () => {
    expect((await run(queueing, {}, { others: 'answer', faults: [{ service: '*', operation: 'SendMessage', error: 'unavailable' }] })).body).toStrictEqual({ status: 500 })
  })
})

test('stores are there: what one pipeline puts, another loads', async () => {
  for (const place of [table('notes', { days: 1 }), bucket('notes', { days: 1 })]) {
    const Note = v.object({ id: v.string(), text: v.string() })
    const keep = pipeline({ name: 'keep', trigger: post('/keep', { auth: iam() }), steps: flow(validate(Note), store({ in: place, by: 'id' })) })
    const find = pipeline({ name: 'find', trigger: post('/find', { auth: iam() }), steps: flow(validate(Note), load({ from: place, by: 'id', schema: Note })) })
    const world = sandbox()
    expect(await world.run(keep, { id: 'n-1', text: 'first' })).toMatchObject({ status: 200, thrown: undefined })
    expect((await world.run(keep, { id: 'n-1', text: 'first' })).status).toBe(200)
    expect((await world.run(keep, { id: 'n-1', text: 'second' })).fault).toBe('STORED_OTHERWISE')
    expect((await world.run(find, { id: 'n-1', text: '' })).body).toStrictEqual({ id: 'n-1', text: 'first' })
    expect((await world.run(find, { id: 'n-2', text: '' })).fault).toBe('NOT_STORED')
    world.tick(86_401_000)
    expect((await world.run(find, { id: 'n-1', text: '' })).fault).toBe('NOT_STORED')
  }
})

test('a text that is no JSON is sealed when it is asked for', async () => {
  const world = sandbox({ realm })
  expect((await world.run(payment, await world.seal(payment, Buffer.from('{"paymentId":')))).fault).toBe('PAYLOAD_UNREADABLE')
})
