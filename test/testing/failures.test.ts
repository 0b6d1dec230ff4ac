import { account, digits, flow, hashKey, identifier, open, path, pipeline, post, queue, type Json, type Pipeline } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { call, deduplicate, entity, validate } from 'sallyport/steps'
import { sandbox } from 'sallyport/testing'
import { describe, expect, test } from 'vitest'
import * as v from 'valibot'

/** Failure records and reruns, from the definition to the row, in this process. */
const crm = account('crm', apiKey({ origin: {} }))
const bank = account('bank', apiKey({ origin: {}, idempotency: { hours: 24 }, nothingDone: [400] }))
const taxId = identifier('tax-id', { key: hashKey('identity'), normalize: digits })
const Order = v.object({ orderId: v.string(), taxId: v.string(), amount: v.number() })
const Booked = v.object({ booked: v.boolean() })
const why = 'a test has no partners'

const steps = (by: 'orderId' | 'taxId', source = false) => flow(
  validate(Order),
  entity({ by, ...by === 'taxId' && { as: taxId }, ...source && { source: { from: crm, request: (name) => ({ method: 'GET', path: path`/orders/${name}` }) } } }),
  deduplicate({ by: 'orderId' }),
  call({ to: bank, once: 'orderId', reply: Booked, request: (order) => ({ method: 'POST', path: path`/bookings`, body: order }) }),
)
const orders = pipeline({ name: 'orders', trigger: post('/orders', { auth: open(why) }), sensitive: ['taxId'], steps: steps('taxId') })
const sourced = pipeline({ name: 'sourced', trigger: post('/sourced', { auth: open(why) }), sensitive: ['taxId'], steps: steps('taxId', true) })
const queued = pipeline({ name: 'queued', trigger: queue('orders', { readable: 'orders hold no card', attempts: 3 }), sensitive: ['taxId'], steps: steps('orderId') })
const order = { orderId: 'o-4711', taxId: '078-05-1120', amount: 12 }
const world = (bankDoes: () => Json | number) => sandbox({ partners: { bank: () => { const does = bankDoes(); return typeof does === 'number' ? { status: does } : { body: does } }, crm: () => ({ body: order }) } })

describe('a route', () => {
  test('a partner that fails leaves one record: what it was about as a digest, and nothing of the payload', async () => {
    const { run, failures } = methods(world(() => 500))
    expect((await run(orders, order)).fault).toBe('PARTNER_FAILED')
    const [record, ...more] = await failures()
    expect(more).toEqual([])
    expect(record).toMatchObject({ pipeline: 'orders', failed: 'orders', fault: 'PARTNER_FAILED', blame: 'partner', retry: true, effect: 'unknown', step: 'call', attempt: 1, waits: 0, source: false })
    expect(record?.id).toMatch(/^f\.[0-9a-f-]{36}$/)
    expect(record?.['version']).toMatch(/^[0-9a-f]{12}$/)
    expect(record?.entity).toMatch(/^orders\/1\.[\w-]{43}$/)
    expect(record?.fingerprint).toMatch(/^1\.[\w-]{43}$/)
    expect(Number(record?.['expires'])).toBe(Date.UTC(2026, 0, 1) / 1_000 + 30 * 86_400)
    expect(JSON.stringify(record)).not.toMatch(/1120|078051120|4711/)
  })
  test('what its sender did wrong is told to its sender, and leaves none; nor does what went well', async () => {
    const { run, failures } = methods(world(() => ({ booked: true })))
    expect((await run(orders, { ...order, amount: 'much' })).fault).toBe('PAYLOAD_INVALID')
    expect((await run(orders, order)).status).toBe(200)
    expect((await run(orders, order)).fault).toBe('DUPLICATE')
    expect(await failures()).toEqual([])
  })
  test('the line says that it was recorded; where the table does not answer, that it was not, and the sender is told the same', async () => {
    const it = world(() => 500)
    const { run, failures } = methods(it)
    const told = await run(orders, order)
    expect(told.lines.find(({ event }) => event === 'execution')).toMatchObject({ recorded: true })
    it.faults([{ service: 'dynamodb', operation: 'UpdateItem', error: 'unavailable', times: 100 }])
    const silent = await run(orders, { ...order, orderId: 'o-2' })
    expect([silent.fault, silent.lines.find(({ event }) => event === 'execution')?.['recorded']]).toEqual(['PARTNER_FAILED', false])
    expect(await failures()).toHaveLength(1)
  })
})

test('the name that a sender gave is sealed in the record, where a step claims it', async () => {
  const named = pipeline({ name: 'named', trigger: post('/named', { auth: open(why) }), sensitive: ['taxId'], steps: flow(
    validate(Order), entity({ by: 'orderId' }), deduplicate({ idempotencyKey: 'optional' }),
    call({ to: bank, reply: Booked, request: (body) => ({ method: 'POST', path: path`/bookings`, body }) }),
  ) })
  const it = world(() => 500)
  await it.run(named, order, { headers: { 'idempotency-key': 'order 4711' } })
  await it.run(named, { ...order, orderId: 'o-2' })
  const records = await it.failures()
  expect(records.map(({ entity: about, origin, effect }) => [about, origin?.length !== undefined, effect])).toEqual(expect.arrayContaining([['named/o-2', false, 'unknown'], ['named/o-4711', true, 'unknown']]))
  expect(JSON.stringify(records.map((record) => Object.values(record).map((value) => value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)))).not.toContain('order 4711')
})

describe('a rerun', () => {
  test('with the same payload runs it again through the ledger, and takes the record away', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    const { run, failures } = methods(it)
    const first = await run(orders, order)
    const [record] = await failures()
    if (record === undefined) throw new Error('no record')
    expect(await it.rerun(orders, record, { ...order, amount: 13 })).toEqual({ done: false, fault: 'RERUN_MISMATCH' })
    expect(await it.rerun(orders, record, order)).toEqual({ done: false, fault: 'PARTNER_FAILED' })
    expect((await failures()).map(({ id, attempt, fault }) => [id, attempt, fault])).toEqual([[record.id, 2, 'PARTNER_FAILED']])
    up = true
    expect(await it.rerun(orders, record, order)).toEqual({ done: true })
    expect(await failures()).toEqual([])
    expect((await run(orders, order)).fault).toBe('DUPLICATE')
    expect(first.partners['bank']).toHaveLength(1)
  })
  test('of something that had gone well meanwhile changes nothing', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    const { run, failures } = methods(it)
    await run(orders, order)
    const [record] = await failures()
    up = true
    expect((await run(orders, order)).status).toBe(200)
    if (record === undefined) throw new Error('no record')
    expect(await it.rerun(orders, record, order)).toEqual({ done: true })
    expect(await failures()).toEqual([])
  })
  test('reads the message again from its source, by what the record holds sealed', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    const { run, failures } = methods(it)
    await run(sourced, order)
    const [record] = await failures()
    if (record === undefined) throw new Error('no record')
    expect(record).toMatchObject({ source: true })
    up = true
    expect(await it.rerun(sourced, record)).toEqual({ done: true })
    expect((await run(sourced, order)).fault).toBe('DUPLICATE')
  })
  test('by another pipeline leaves the record as it is', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    await it.run(orders, order)
    const before = await it.failures()
    const [record] = before
    if (record === undefined) throw new Error('no record')
    const { fingerprint: _, ...named } = record
    expect(await it.rerun(sourced, named, order)).toEqual({ done: false, fault: 'PARTNER_FAILED' })
    expect(await it.failures()).toEqual(before)
    up = true
    expect(await it.rerun(sourced, named, order)).toEqual({ done: true })
    expect(await it.failures()).toEqual(before)
  })
  test('needs the payload where there is no source', async () => {
    const it = world(() => 500)
    const { run, failures } = methods(it)
    await run(orders, order)
    const [record] = await failures()
    if (record === undefined) throw new Error('no record')
    expect(await it.rerun(orders, record)).toEqual({ done: false, fault: 'NOT_STORED' })
  })
})

describe('a route that answers at once', () => {
  const later = pipeline({ name: 'later', trigger: post('/later', { mode: 'async', auth: open(why), attempts: 1 }), sensitive: ['taxId'], steps: steps('taxId') })
  /** One that has failed for good, as its sender is told, and its record. */
  async function failed(it: ReturnType<typeof sandbox>, definition: Pipeline = later) {
    const { id } = (await it.run(definition, order)).body as { id: string }
    await it.drain(definition)
    const [record] = await it.failures()
    if (record === undefined) throw new Error('no record')
    return { id, record, told: async () => (await it.outcome(definition, id)).body as unknown }
  }
  test('a rerun that goes well is what its sender is told', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    const { id, record, told } = await failed(it)
    expect(await told()).toEqual({ id, state: 'failed', status: 502, fault: 'PARTNER_FAILED' })
    expect(await it.rerun(later, record, order)).toEqual({ done: false, fault: 'PARTNER_FAILED' })
    expect(await told()).toEqual({ id, state: 'failed', status: 502, fault: 'PARTNER_FAILED' })
    up = true
    expect(await it.rerun(later, record, order)).toEqual({ done: true })
    expect(await told()).toEqual({ id, state: 'done', status: 200, reply: order })
  })
  test('one that was not needed any more is told as one', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    const { id, record, told } = await failed(it)
    up = true
    await it.run(later, order)
    await it.drain(later)
    expect(await it.rerun(later, record, order)).toEqual({ done: true })
    expect(await told()).toEqual({ id, state: 'failed', status: 409, fault: 'DUPLICATE' })
  })
  test('where the row cannot be written there is a line, and what was done is done', async () => {
    let up = false
    const lines: unknown[] = []
    const it = sandbox({ partners: { bank: () => up ? { body: { booked: true } } : 500 }, observer: { line: ({ event, request, fault }) => { lines.push([event, request, fault]) } } })
    // The row is all that it updates.
    const unclaimed = pipeline({ ...later, steps: flow(validate(Order), entity({ by: 'orderId' }), call({ to: bank, reply: Booked, request: (body) => ({ method: 'POST', path: path`/bookings`, body }) })) })
    const { id, record, told } = await failed(it, unclaimed)
    up = true
    it.faults([{ service: 'dynamodb', operation: 'UpdateItem', error: 'unavailable', times: 3 }])
    expect(await it.rerun(unclaimed, record, order)).toEqual({ done: true })
    expect(lines.at(-1)).toEqual(['outcome', id, 'UNAVAILABLE'])
    expect(await told()).toMatchObject({ state: 'failed', fault: 'PARTNER_FAILED' })
  })
})

describe('a queue', () => {
  test('a message has one record however often it fails, and none once it went well', async () => {
    let calls = 0
    const it = world(() => ++calls === 2 ? { booked: true } : 500)
    await it.deliver(queued, order)
    // Behind the longest pause, six times its 15 seconds, and an hour in which a function may be there for it.
    expect((await it.failures()).map(({ entity, attempt, waits }) => [entity, attempt, waits])).toEqual([['queued/o-4711', 1, Date.UTC(2026, 0, 1) + (5 + 90 + 3_600) * 1_000]])
    await it.drain(queued)
    expect(await it.failures()).toEqual([])
    expect(await it.dead(queued)).toEqual([])
  })
  test('a message whose attempts are over is in the dead-letter queue once, and its record waits for nothing', async () => {
    const it = world(() => 500)
    await it.send(queued, order)
    await it.drain(queued)
    it.tick(3_600_000)
    expect(await it.drain(queued)).toEqual([])
    expect(await it.dead(queued)).toHaveLength(1)
    expect((await it.failures()).map(({ entity, attempt, waits, fault }) => [entity, attempt, waits, fault])).toEqual([['queued/o-4711', 3, 0, 'PARTNER_FAILED']])
  })
  test('one that was driven back from the dead-letter queue and went well has no record any more', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 500)
    await it.send(queued, order)
    await it.drain(queued)
    const [record] = await it.failures()
    expect(await it.redrive(queued)).toBe(1)
    await it.drain(queued)
    expect((await it.failures()).map(({ id, attempt }) => [id, attempt])).toEqual([[record?.id, 6]])
    up = true
    await it.redrive(queued)
    expect((await it.drain(queued)).map(({ outcome, attempt }) => [outcome, attempt])).toEqual([['done', 1]])
    expect(await it.failures()).toEqual([])
  })
  const byId = pipeline({ name: 'by-id', trigger: queue('by-id', { readable: 'orders hold no card', attempts: 3 }), sensitive: ['taxId'], steps: flow(
    validate(Order), entity({ by: 'orderId' }), deduplicate({ idempotencyKey: 'required' }),
    call({ to: bank, reply: Booked, request: (body) => ({ method: 'POST', path: path`/bookings`, body }) }),
  ) })
  test('what is the same by its id alone is run again under that id: whatever its queue brings, then, was done', async () => {
    let up = false
    const it = world(() => up ? { booked: true } : 400)
    it.faults([{ service: 'secretsmanager', operation: 'GetSecretValue', error: 'denied', times: 1 }])
    await it.deliver(byId, order)
    const [record] = await it.failures()
    expect(record).toMatchObject({ fault: 'ACCOUNT_UNAVAILABLE', effect: 'none', waits: Date.UTC(2026, 0, 1) + (5 + 90 + 3_600) * 1_000 })
    if (record === undefined) throw new Error('no record')
    up = true
    expect(await it.rerun(byId, record, order)).toEqual({ done: true })
    it.tick(95_000)
    expect((await it.drain(byId)).map(({ outcome, partners }) => [outcome, partners['bank']])).toEqual([['done', []]])
    expect(await it.failures()).toEqual([])
  })
  test('what one attempt may have done, a later one that did nothing does not take back', async () => {
    const it = world(() => 500)
    await it.send(byId, order)
    expect((await it.drain(byId)).map(({ fault }) => fault)).toEqual(['PARTNER_FAILED', 'IN_DOUBT'])
    expect((await it.failures()).map(({ fault, effect, waits }) => [fault, effect, waits])).toEqual([['IN_DOUBT', 'unknown', 0]])
  })
  test('a message that nobody can read is recorded too, since nobody waits for a reply, and ends in the dead-letter queue once', async () => {
    const it = world(() => ({ booked: true }))
    await it.send(queued, { ...order, amount: 'much' })
    await it.drain(queued)
    it.tick(3_600_000)
    await it.drain(queued)
    expect(await it.dead(queued)).toHaveLength(1)
    const [record, ...more] = await it.failures()
    expect(more).toEqual([])
    expect(record).toMatchObject({ fault: 'PAYLOAD_INVALID', attempt: 1, waits: 0, retry: false })
    expect(record?.entity).toBeUndefined()
  })
})

describe('a rerun of a message that has a name of its own claims that name', () => {
  const named = pipeline({ name: 'named', trigger: post('/named', { auth: open(why) }), sensitive: ['taxId'], steps: flow(
    validate(Order), entity({ by: 'orderId', source: { from: crm, request: (name) => ({ method: 'GET', path: path`/orders/${name}` }) } }), deduplicate({ idempotencyKey: 'required' }),
    call({ to: bank, once: 'orderId', reply: Booked, request: (body) => ({ method: 'POST', path: path`/bookings`, body }) }),
  ) })
  const headers = { 'idempotency-key': 'k-1' }
  const down = [{ service: 'secretsmanager', operation: 'GetSecretValue', error: 'unavailable', times: 3 }] as const

  /** `answers`: what the bank does each time. By now the source says another amount than the sender did. */
  function named1(...answers: readonly (number | Json)[]) {
    let sent = 0
    const it = sandbox({ partners: {
      bank: () => {
        const does = answers[sent++] ?? { booked: true }
        return typeof does === 'number' ? { status: does } : { body: does }
      },
      crm: () => ({ body: { ...order, amount: 99 } }),
    } })
    return {
      it, sent: () => sent, send: async () => (await it.run(named, order, { headers })).fault ?? 'done',
      rerun: async (how: string, effect?: string) => {
        const record = (await it.failures()).find((each) => effect === undefined || each['effect'] === effect)
        if (record === undefined) throw new Error('no record')
        return it.rerun(named, record, how === 'body' ? order : undefined)
      },
    }
  }

  test.each(['body', 'source'])('what its sender has repeated since is not done again: %s', async (how) => {
    const { it, sent, send, rerun } = named1()
    it.faults([...down])
    expect([await send(), await send()]).toEqual(['ACCOUNT_UNAVAILABLE', 'done'])
    it.tick(25 * 3_600_000)
    expect(await rerun(how)).toEqual({ done: true })
    expect([sent(), await it.failures()]).toEqual([1, []])
  })
  test.each(['body', 'source'])('what it did, its sender is told to be a duplicate: %s', async (how) => {
    const { it, sent, send, rerun } = named1()
    it.faults([...down])
    expect([await send(), await rerun(how), await send()]).toEqual(['ACCOUNT_UNAVAILABLE', { done: true }, 'DUPLICATE'])
    expect((await it.run(named, { ...order, amount: 13 }, { headers })).fault).toBe(how === 'body' ? 'KEY_REUSED' : 'DUPLICATE')
    expect(sent()).toBe(1)
  })
  test.each(['body', 'source'])('nor is what was done before the message failed: %s', async (how) => {
    const { it, sent, send, rerun } = named1()
    expect(await send()).toBe('done')
    it.faults([{ service: 'dynamodb', operation: 'PutItem', error: 'throttle', times: 3 }])
    expect(await send()).toBe('UNAVAILABLE')
    expect(await rerun(how)).toEqual({ done: true })
    expect(sent()).toBe(1)
  })
  test.each(['body', 'source'])('what an attempt before may have done is in doubt, whatever the last one did: %s', async (how) => {
    const { it, sent, send, rerun } = named1(500, 400)
    expect([await send(), await send()]).toEqual(['PARTNER_FAILED', 'PARTNER_REFUSED'])
    it.tick(25 * 3_600_000)
    expect(await rerun(how, 'none')).toEqual({ done: false, fault: 'IN_DOUBT' })
    expect(sent()).toBe(2)
  })
})

test('an attempt in which a message could not be opened takes its name from no record: the rerun claims what the sender does', async () => {
  const later = pipeline({ name: 'later', trigger: post('/later', { mode: 'async', auth: open(why), attempts: 2 }), sensitive: ['taxId'], steps: flow(
    validate(Order), entity({ by: 'orderId' }), deduplicate({ idempotencyKey: 'required' }), call({ to: bank, reply: Booked, request: (body) => ({ method: 'POST', path: path`/bookings`, body }) }),
  ) })
  const send = () => it.run(later, order, { headers: { 'idempotency-key': 'k-1' } })
  let sent = 0
  const it = sandbox({
    partners: { bank: () => ({ body: { booked: ++sent > 0 } }) },
    // Behind the first attempt the data key is asked for anew, and KMS does not give it.
    observer: { line: ({ fault }) => {
      if (fault !== 'ACCOUNT_UNAVAILABLE') return
      it.tick(400_000)
      it.faults([{ service: 'kms', operation: 'Decrypt', error: 'unavailable', times: 100 }])
    } },
  })
  it.faults([{ service: 'secretsmanager', operation: 'GetSecretValue', error: 'unavailable', times: 3 }])
  await send()
  expect((await it.drain(later)).map(({ fault }) => fault)).toEqual(['ACCOUNT_UNAVAILABLE', 'UNAVAILABLE'])
  it.faults([])
  const [record, ...others] = await it.failures()
  expect(others).toEqual([])
  expect(record).toMatchObject({ fault: 'UNAVAILABLE', attempt: 2 })
  if (record === undefined) throw new Error('no record')
  expect(await it.rerun(later, record, order)).toEqual({ done: true })
  await send()
  await it.drain(later)
  expect(sent).toBe(1)
})

function methods(it: ReturnType<typeof sandbox>) {
  return { run: it.run.bind(it), failures: it.failures.bind(it) }
}

describe('what an attempt before may have done', () => {
  const request = (body: v.InferOutput<typeof Order>) => ({ method: 'POST' as const, path: path`/bookings`, body })
  const once = (name: string, attempts: number) => pipeline({ name, trigger: queue(name, { readable: 'orders hold no card', attempts }), sensitive: ['taxId'], steps: flow(
    validate(Order), entity({ by: 'orderId' }), deduplicate({ idempotencyKey: 'required' }), call({ to: bank, reply: Booked, request }),
  ) })

  test('is not known where the last one ended without a word: the record says so, and a rerun meets the same doubt', async () => {
    const named = once('once', 2)
    let paid = 0
    const it = world(() => {
      // It pays, and AWS does not answer any more: the function can settle nothing, as one that is killed.
      paid++
      it.faults([{ service: '*', operation: '*', error: 'unavailable', times: 1_000 }])
      return { booked: true }
    })
    it.faults([{ service: 'secretsmanager', operation: 'GetSecretValue', error: 'denied', times: 1 }])
    expect((await it.deliver(named, order)).fault).toBe('ACCOUNT_UNAVAILABLE')
    it.tick(10_000)
    await it.drain(named)
    it.faults([])
    it.tick(3_600_000)
    expect((await it.drain(named)).map(({ fault, attempt }) => [fault, attempt])).toEqual([['IN_DOUBT', 3]])
    const [record, ...others] = await it.failures()
    expect(others).toEqual([])
    expect(record).toMatchObject({ fault: 'IN_DOUBT', effect: 'unknown', retry: false })
    expect(await it.dead(named)).toMatchObject([{ fault: 'IN_DOUBT' }])
    if (record === undefined) throw new Error('no record')
    expect(await it.rerun(named, record, order)).toEqual({ done: false, fault: 'IN_DOUBT' })
    expect(paid).toBe(1)
  })
  test('is not known of a second message of the same name either', async () => {
    const later = pipeline({ name: 'later', trigger: post('/later', { mode: 'async', auth: open(why) }), sensitive: ['taxId'], steps: flow(
      validate(Order), entity({ by: 'orderId' }), deduplicate({ idempotencyKey: 'required' }), call({ to: bank, reply: Booked, request }),
    ) })
    const it = world(() => 500)
    for (let i = 0; i < 2; i++) {
      await it.run(later, order, { headers: { 'idempotency-key': 'k-1' } })
      for (let minutes = 0; minutes < 30; minutes += 5) {
        await it.drain(later)
        it.tick(300_000)
      }
    }
    expect((await it.failures()).map(({ fault, effect }) => [fault, effect])).toEqual([['IN_DOUBT', 'unknown'], ['IN_DOUBT', 'unknown']])
  })
  test('is told by nothing where nothing is claimed: its message may lie in the queue for four days', async () => {
    const unclaimed = pipeline({ name: 'unclaimed', trigger: queue('unclaimed', { readable: 'orders hold no card', attempts: 3 }), sensitive: ['taxId'], steps: flow(
      validate(Order), entity({ by: 'orderId' }), call({ to: bank, reply: Booked, request }),
    ) })
    const it = world(() => 500)
    await it.deliver(unclaimed, order)
    const [record] = await it.failures()
    expect(Number(record?.['waits']) - Date.UTC(2026, 0, 1)).toBe(4 * 86_400_000)
  })
})
