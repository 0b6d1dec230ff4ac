import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { event, flow, iam, open, path, pipeline, post, queue, type Sealed } from 'sallyport'
import { call, deduplicate, entity, throwFault, transform, validate, when } from 'sallyport/steps'
import { sandbox } from 'sallyport/testing'
import notice from '../infra/fixtures/queues/notice.ts'
import payout from '../infra/fixtures/queues/payout.ts'
import { bank } from '../infra/fixtures/queues/realm.ts'
import settlement from '../infra/fixtures/queues/settlement.ts'

const message = { id: 's-1', iban: 'DE89370400440532013000' }
const operations = ({ calls }: { readonly calls: readonly { readonly service: string; readonly operation: string; readonly status: number }[] }): string[] =>
  calls.filter(({ service }) => service !== 'kms' && service !== 'secretsmanager').map(({ service, operation, status }) => `${service} ${operation} ${status}`)

describe('a queue', () => {
  test('a sealed message is opened, sent on once, and deleted', async () => {
    const world = sandbox()
    const { payload, fault, outcome, attempt, returned, partners, thrown, lines } = await world.deliver(settlement, message)
    expect({ payload, fault, outcome, attempt, returned, thrown }).toStrictEqual({ payload: { id: 's-1' }, fault: undefined, outcome: 'done', attempt: 1, returned: { batchItemFailures: [] }, thrown: undefined })
    expect(partners['bank']).toMatchObject([{ path: '/settlements', headers: { 'idempotency-key': 's-1' }, body: { id: 's-1' } }])
    expect(lines.at(-1)).toMatchObject({ level: 'info', event: 'execution', pipeline: 'settlement', outcome: 'done', attempt: 1, message: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
    expect(lines.at(-1)).not.toHaveProperty('status')
    expect(lines.at(-1)?.['id']).not.toBe(lines.at(-1)?.['message'])
    expect(await world.drain(settlement)).toStrictEqual([])
  })

  test('the same identifier in another message is acknowledged, and told in the line alone', async () => {
    const world = sandbox()
    await world.deliver(settlement, message)
    const { outcome, fault, returned, partners, lines } = await world.deliver(settlement, message)
    expect({ outcome, fault, returned, sent: partners['bank'] }).toStrictEqual({ outcome: 'duplicate', fault: undefined, returned: { batchItemFailures: [] }, sent: [] })
    expect(lines.at(-1)).toMatchObject({ level: 'info', outcome: 'duplicate', records: { done: 0, failed: 0 } })
    expect(await world.dead(settlement)).toStrictEqual([])
  })

  test('what never will go well lies in the dead-letter queue at once, as it came', async () => {
    const world = sandbox()
    const body = (await world.seal(settlement, Buffer.from('{"id":7}'))).toString()
    const { outcome, fault, returned, lines } = await world.deliver(settlement, body)
    expect({ outcome, fault, returned }).toStrictEqual({ outcome: 'fault', fault: 'PAYLOAD_INVALID', returned: { batchItemFailures: [] } })
    expect(await world.dead(settlement)).toStrictEqual([{ body, fault: 'PAYLOAD_INVALID', execution: lines.at(-1)?.['id'], first: lines.at(-1)?.['message'] }])
    expect(await world.drain(settlement)).toStrictEqual([])
  })

  test('what may go well comes again, and after the last attempt lies in the dead-letter queue', async () => {
    const world = sandbox({ partners: { bank: 503 } })
    await world.send(settlement, message)
    const delivered = await world.drain(settlement)
    expect(delivered.map(({ attempt, fault, returned }) => [attempt, fault, returned.batchItemFailures.length])).toStrictEqual([[1, 'PARTNER_FAILED', 1], [2, 'PARTNER_FAILED', 1], [3, 'PARTNER_FAILED', 0]])
    // All of its attempts under one key.
    expect(new Set(delivered.flatMap(({ partners }) => partners['bank']?.map(({ headers }) => headers['idempotency-key'])))).toStrictEqual(new Set(['s-1']))
    const line = delivered.at(-1)?.lines.at(-1)
    expect(await world.dead(settlement)).toMatchObject([{ fault: 'PARTNER_FAILED', execution: line?.['id'], first: line?.['message'] }])
  })

  test('a partner that recovers: the message is done on the second attempt', async () => {
    let answers = 0
    const world = sandbox({ partners: { bank: () => ++answers === 1 ? 503 : 201 } })
    await world.send(settlement, message)
    expect((await world.drain(settlement)).map(({ outcome, attempt }) => [outcome, attempt])).toStrictEqual([['fault', 1], ['done', 2]])
    expect(await world.dead(settlement)).toStrictEqual([])
  })

  test('when SQS does not take what failed, it is left to the queue', async () => {
    const world = sandbox()
    const failing = queuedOnce('REJECTED')
    await world.send(failing, { id: 'x' })
    world.faults([{ service: 'sqs', operation: 'SendMessage', error: 'unavailable', times: 3 }])
    const delivered = await world.drain(failing)
    expect(delivered.map(({ attempt, fault, returned }) => [attempt, fault, returned.batchItemFailures.length])).toStrictEqual([[1, 'REJECTED', 1], [2, 'REJECTED', 0]])
    expect(await world.dead(failing)).toMatchObject([{ body: '{"id":"x"}', fault: 'REJECTED' }])
  })

  test('a failed change of visibility is ignored: the message comes when its visibility timeout is over', async () => {
    const world = sandbox()
    const failing = queuedOnce('STEP_FAILED')
    await world.send(failing, { id: 'x' })
    world.faults([{ service: 'sqs', operation: 'ChangeMessageVisibility', error: 'denied', times: 100 }])
    expect(await world.drain(failing)).toMatchObject([{ attempt: 1, fault: 'STEP_FAILED', returned: { batchItemFailures: [{}] } }])
    // Six times the timeout of its function, 15 seconds.
    world.tick(89_000)
    expect(await world.drain(failing)).toStrictEqual([])
    world.tick(2_000)
    expect(await world.drain(failing)).toMatchObject([{ attempt: 2 }])
  })

  test('JSON that is no JSON is a dead letter', async () => {
    const world = sandbox()
    const failing = queuedOnce('REJECTED')
    expect(await world.deliver(failing, '{"id":')).toMatchObject({ fault: 'PAYLOAD_UNREADABLE', returned: { batchItemFailures: [] } })
    expect(await world.dead(failing)).toMatchObject([{ body: '{"id":', fault: 'PAYLOAD_UNREADABLE' }])
  })

  test('a fifo dead letter keeps its group', async () => {
    const world = sandbox()
    const { lines } = await world.deliver(settlement, 'not sealed', { group: 'g-1' })
    const { calls } = await world.deliver(settlement, 'not sealed', { group: 'g-2' })
    expect(lines.at(-1)).toMatchObject({ fault: 'DECRYPTION_FAILED' })
    expect(calls.find(({ operation }) => operation === 'SendMessage')?.request).toMatchObject({ MessageBody: 'not sealed', MessageGroupId: 'g-2', MessageDeduplicationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
  })
})

const Any = v.object({ id: v.string() })
const queuedOnce = (code: 'REJECTED' | 'STEP_FAILED') => pipeline({
  name: 'failing', trigger: queue('failing', { readable: 'nothing in it is personal' }), steps: flow(validate(Any), code === 'REJECTED' ? throwFault('REJECTED') : transform(() => { throw new Error('no') })),
})

describe('driven back from the dead-letter queue', () => {
  // Its id alone is claimed, and nothing that it sends carries a key.
  const once = (attempts: number, options: { readonly fifo?: true } = {}) => pipeline({
    name: 'once', trigger: queue('once', { readable: 'nothing in it is personal', attempts, ...options }),
    steps: flow(validate(Any), deduplicate({ idempotencyKey: 'required' }), call({ to: bank, reply: v.unknown(), request: () => ({ method: 'POST', path: path`/once` }) })),
  })
  const became = ({ fault, partners }: { readonly fault: string | undefined; readonly partners: Readonly<Record<string, readonly unknown[]>> }) => [fault, partners['bank']?.length]

  test.each([[once(1)], [once(3)], [once(1, { fifo: true })]])('%#: what ended in doubt is the same message, and is not sent again', async (payments) => {
    const world = sandbox({ partners: { bank: 503 } })
    await world.deliver(payments, { id: 'x' }, { group: 'g' })
    await world.drain(payments)
    for (let times = 0; times < 2; times++) {
      expect(await world.redrive(payments)).toBe(1)
      expect((await world.drain(payments)).map(became)).toStrictEqual([['IN_DOUBT', 0]])
    }
    expect(await world.dead(payments)).toHaveLength(1)
  })

  test('what did nothing runs again', async () => {
    let up = false
    const world = sandbox({ partners: { bank: () => up ? 201 : 'unreachable' } })
    const payments = once(1)
    await world.deliver(payments, { id: 'x' })
    up = true
    expect(await world.redrive(payments)).toBe(1)
    expect((await world.drain(payments)).map(became)).toStrictEqual([[undefined, 1]])
    expect(await world.dead(payments)).toStrictEqual([])
  })

  test('what could not be put away on its last attempt comes once more, for that alone', async () => {
    const world = sandbox({ partners: { bank: 503 } })
    const payments = once(1)
    world.faults([{ service: 'sqs', operation: 'SendMessage', error: 'unavailable', times: 3 }])
    await world.send(payments, { id: 'x' })
    expect((await world.drain(payments)).map(became)).toStrictEqual([['PARTNER_FAILED', 1], ['IN_DOUBT', 0]])
    await world.redrive(payments)
    expect((await world.drain(payments)).map(became)).toStrictEqual([['IN_DOUBT', 0]])
  })
})

describe('events', () => {
  test('the payload is the detail, and its event names it', async () => {
    const world = sandbox()
    const { payload, outcome, lines } = await world.deliver(notice, { order: 'o-1', amount: 120 })
    expect({ payload, outcome }).toStrictEqual({ payload: { order: 'o-1', amount: 120 }, outcome: 'done' })
    expect(lines.find(({ event }) => event === 'log')).toMatchObject({ order: 'o-1' })
  })

  test('a sealed detail', async () => {
    const sealed = pipeline({ name: 'sealed', trigger: event({ source: ['shop'] }, { accept: 'application/jose' }), steps: transform(({ sealed }: Sealed) => sealed.length) })
    const world = sandbox()
    expect(await world.deliver(sealed, 'abc')).toMatchObject({ outcome: 'done', payload: 3 })
  })

  test('its own id says which message it is, however often it is delivered', async () => {
    const once = pipeline({ name: 'once', trigger: event({ source: ['shop'] }, { readable: 'nothing in it is personal' }), steps: flow(validate(Any), transform((payload) => payload), { kind: 'named', config: {}, needs: [], run: (_, io) => io.origin }) })
    const { payload } = await sandbox().deliver(once, { id: 'x' })
    expect(JSON.parse(payload as string)).toStrictEqual(['', 'once', expect.stringMatching(/^[0-9a-f-]{36}$/)])
  })
})

describe('a route that answers at once', () => {
  test('the message waits sealed, is worked on, and its sender is told', async () => {
    const world = sandbox()
    const taken = await world.run(payout, message)
    const { id } = taken.body as { id: string }
    expect({ status: taken.status, body: taken.body, location: taken.headers['location'] }).toStrictEqual({ status: 202, body: { id, status: `/payouts/${id}` }, location: `/payouts/${id}` })
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(operations(taken)).toStrictEqual(['dynamodb PutItem 200', 'sqs SendMessage 200'])
    expect(JSON.stringify([taken.calls, taken.lines])).not.toContain('DE8937')
    expect(taken.lines).toMatchObject([{ event: 'door', level: 'info', pipeline: 'payout', asks: false, request: id, outcome: 'done', status: 202 }])
    expect(await world.outcome(payout, id)).toMatchObject({ status: 200, body: { id, state: 'accepted' } })

    const [worked] = await world.drain(payout)
    expect(worked).toMatchObject({ outcome: 'done', payload: { id: 's-1', status: 'paid' }, partners: { bank: [{ path: '/payouts', body: message }] } })
    expect(worked?.lines.at(-1)).toMatchObject({ event: 'execution', request: id })
    // The reply is sealed before it is written.
    expect(JSON.stringify(worked?.calls.filter(({ operation }) => operation === 'UpdateItem'))).not.toContain('paid')
    const told = await world.outcome(payout, id)
    expect({ status: told.status, body: told.body as unknown }).toStrictEqual({ status: 200, body: { id, state: 'done', status: 200, reply: { id: 's-1', status: 'paid' } } })
    expect(operations(told)).toStrictEqual(['dynamodb GetItem 200'])
  })

  test('a duplicate ends for its sender as it does where senders wait', async () => {
    const world = sandbox()
    await world.run(payout, message)
    await world.drain(payout)
    const { body } = await world.run(payout, message)
    expect(await world.drain(payout)).toMatchObject([{ outcome: 'duplicate', returned: { batchItemFailures: [] } }])
    expect((await world.outcome(payout, (body as { id: string }).id)).body).toStrictEqual({ id: (body as { id: string }).id, state: 'failed', status: 409, fault: 'DUPLICATE' })
  })

  test('what failed for good is told with its code, and what is tried again is not', async () => {
    const world = sandbox({ partners: { bank: 503 } })
    const { id } = (await world.run(payout, message)).body as { id: string }
    const delivered = await world.drain(payout)
    expect(delivered.map(({ attempt }) => attempt)).toStrictEqual([1, 2, 3, 4, 5])
    expect(delivered.map((each) => each.calls.filter(({ operation, request }) => operation === 'UpdateItem' && JSON.stringify(request).includes('outcomes')).length)).toStrictEqual([0, 0, 0, 0, 1])
    expect((await world.outcome(payout, id)).body).toStrictEqual({ id, state: 'failed', status: 502, fault: 'PARTNER_FAILED' })
    const other = (await world.run(payout, { nothing: 1 })).body as { id: string }
    await world.drain(payout)
    expect((await world.outcome(payout, other.id)).body).toStrictEqual({ id: other.id, state: 'failed', status: 422, fault: 'PAYLOAD_INVALID' })
  })

  test('nobody else is told anything: another principal, another pipeline, what is no id, and after its days', async () => {
    const world = sandbox()
    const { id } = (await world.run(payout, message)).body as { id: string }
    const other = pipeline({ ...payout, name: 'other', trigger: post('/others', { mode: 'async', auth: iam() }) })
    const missing = { status: 404, body: { code: 'NOT_FOUND' } }
    expect(await world.outcome(payout, id, { caller: 'arn:aws:iam::123456789012:user/somebody' })).toMatchObject(missing)
    expect(await world.outcome(other, id)).toMatchObject(missing)
    for (const wrong of ['x', '00000000-0000-4000-8000-00000000000', `${id}0`, id.toUpperCase().replace(/[0-9]/g, 'A')]) {
      const told = await world.outcome(payout, wrong)
      expect(told).toMatchObject(missing)
      expect(operations(told)).toStrictEqual([])
    }
    expect(await world.outcome(payout, '00000000-0000-4000-8000-000000000000')).toMatchObject(missing)
    world.tick(30 * 86_400_000 - 1_000)
    expect(await world.outcome(payout, id)).toMatchObject({ status: 200 })
    world.tick(2_000)
    expect(await world.outcome(payout, id)).toMatchObject(missing)
  })

  test('another session of the same role is the same sender', async () => {
    const world = sandbox()
    const { id } = (await world.run(payout, message, { caller: 'arn:aws:sts::123456789012:assumed-role/shop/one' })).body as { id: string }
    expect(await world.outcome(payout, id, { caller: 'arn:aws:sts::123456789012:assumed-role/shop/two' })).toMatchObject({ status: 200 })
    expect(await world.outcome(payout, id, { caller: 'arn:aws:sts::123456789012:assumed-role/shopper/one' })).toMatchObject({ status: 404 })
  })

  test('media type and size are looked at before anything is kept', async () => {
    const world = sandbox()
    for (const [body, headers, status] of [['{}', { 'content-type': 'text/plain' }, 415], [`"${'x'.repeat(786_403)}"`, {}, 413]] as const) {
      const refused = await world.run(payout, body, { headers })
      expect(refused).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } })
      expect(operations(refused)).toStrictEqual([])
    }
    // As much as fits, sealed, into 1,048,576 bytes.
    expect(await world.run(payout, `"${'x'.repeat(785_000)}"`)).toMatchObject({ status: 202 })
    expect(await world.run(payout, `"${'x'.repeat(786_300)}"`)).toMatchObject({ status: 413 })
  })

  test('where the message cannot be kept, its sender hears so, and no row is left', async () => {
    const world = sandbox({ faults: [{ service: 'sqs', operation: 'SendMessage', error: 'unavailable', times: 3 }] })
    const refused = await world.run(payout, message)
    expect(refused).toMatchObject({ status: 503, fault: 'UNAVAILABLE', headers: { 'retry-after': '5' }, body: { code: 'UNAVAILABLE' } })
    expect(operations(refused)).toStrictEqual(['dynamodb PutItem 200', 'sqs SendMessage 500', 'sqs SendMessage 500', 'sqs SendMessage 500', 'dynamodb DeleteItem 200'])
    expect(refused.lines.at(-1)).toMatchObject({ event: 'door', level: 'error', outcome: 'fault', fault: 'UNAVAILABLE', blame: 'us' })
    world.faults([{ service: 'dynamodb', operation: 'PutItem', error: 'throttle', times: 3 }])
    expect(await world.run(payout, message)).toMatchObject({ status: 503 })
    world.faults([{ service: 'kms', operation: 'GenerateDataKey', error: 'unavailable', times: 3 }])
    world.tick(301_000)
    expect(await world.run(payout, message)).toMatchObject({ status: 503 })
    expect(await world.drain(payout)).toStrictEqual([])
  })

  test('a reply that is too large is said to be so', async () => {
    const large = pipeline({ name: 'large', trigger: post('/large', { mode: 'async', auth: open('a test that sends nothing') }), steps: flow(validate(v.object({ size: v.number() })), transform(({ size }) => 'x'.repeat(size))) })
    const world = sandbox()
    const told = async (size: number): Promise<unknown> => {
      const { id } = (await world.run(large, { size })).body as { id: string }
      await world.drain(large)
      const { id: _, ...rest } = (await world.outcome(large, id)).body as { id: string }
      return rest
    }
    // With `{"json":"…"}` around it.
    expect(await told(262_133)).toStrictEqual({ state: 'done', status: 200, reply: 'x'.repeat(262_133) })
    expect(await told(262_134)).toStrictEqual({ state: 'done', status: 200, omitted: 'TOO_LARGE' })
  })

  test.each([['an amount in bigint', () => 10n], ['a cycle', () => { const own: unknown[] = []; return own[own.push(own) - 1] }]])('a reply that is no JSON, %s: it is done, and said to be none', async (_, made) => {
    const odd = pipeline({ name: 'odd', trigger: post('/odd', { mode: 'async', auth: iam() }), steps: flow(validate(Any), transform(() => ({ made: made() }))) })
    const world = sandbox()
    const { id } = (await world.run(odd, { id: 'x' })).body as { id: string }
    const [worked] = await world.drain(odd)
    expect([worked?.outcome, worked?.lines.map(({ event }) => event)]).toStrictEqual(['done', ['execution']])
    expect((await world.outcome(odd, id)).body).toStrictEqual({ id, state: 'done', status: 200, omitted: 'NO_JSON' })
  })

  test('a sealed reply is told as text, with its type', async () => {
    const sealing = pipeline({ name: 'sealing', trigger: post('/sealing', { mode: 'async', accept: 'application/jose', auth: iam() }), steps: transform(({ sealed }: Sealed) => ({ sealed, mediaType: 'application/jose' })) })
    const world = sandbox()
    const { id } = (await world.run(sealing, 'a.b.c.d.e')).body as { id: string }
    await world.drain(sealing)
    expect((await world.outcome(sealing, id)).body).toStrictEqual({ id, state: 'done', status: 200, reply: 'a.b.c.d.e', mediaType: 'application/jose' })
  })

  test('delivered again after it was done: acknowledged, nothing is sent twice, and its sender hears that it is done', async () => {
    const world = sandbox()
    const { id } = (await world.run(payout, message)).body as { id: string }
    // It is confirmed, and no answer says so: the run cannot know.
    world.faults([{ service: 'dynamodb', operation: 'UpdateItem', error: 'lostReply', times: 3 }])
    expect((await world.drain(payout)).map(({ outcome, fault, partners }) => [outcome, fault, partners['bank']?.length])).toStrictEqual([['fault', 'UNCONFIRMED', 1], ['done', undefined, 0]])
    expect((await world.outcome(payout, id)).body).toStrictEqual({ id, state: 'done', status: 200 })
  })

  test('a row that cannot be written does not undo what was done', async () => {
    const world = sandbox()
    const plain = pipeline({ name: 'plain', trigger: post('/plain', { mode: 'async', auth: iam() }), steps: flow(validate(Any), when(() => true, transform(({ id }) => id))) })
    const { id } = (await world.run(plain, { id: 'x' })).body as { id: string }
    world.faults([{ service: 'dynamodb', operation: 'UpdateItem', error: 'throttle', times: 3 }])
    const [worked] = await world.drain(plain)
    expect(worked).toMatchObject({ outcome: 'done', returned: { batchItemFailures: [] } })
    expect(worked?.lines.at(-1)).toMatchObject({ level: 'error', event: 'outcome', request: id, fault: 'UNAVAILABLE' })
    expect((await world.outcome(plain, id)).body).toStrictEqual({ id, state: 'accepted' })
  })

  const tried = (attempts: number) => pipeline({
    name: 'slow', timeout: 5, trigger: post('/slow', { mode: 'async', auth: iam(), attempts }),
    steps: flow(validate(Any), entity({ by: 'id' }), deduplicate({ by: 'id' }), call({ to: bank, once: 'id', reply: v.unknown(), request: () => ({ method: 'POST', path: path`/slow` }) })),
  })
  test.each([1, 2])('what cannot be opened in time is still the message of its sender, who hears of it; of %i attempts there is one record', async (attempts) => {
    const slow = tried(attempts)
    const world = sandbox()
    // While somebody waits for KMS the clock goes on from turn to turn, and files that are read for the first time take some.
    await import('../../layers/runtime/failures.ts')
    const { id } = (await world.run(slow, { id: 'x' })).body as { id: string }
    // The key under which it waits is not in memory any more, and KMS is silent.
    world.tick(400_000)
    world.faults([{ service: 'kms', operation: 'Decrypt', error: 'timeout', times: 1_000 }])
    const begun = world.now()
    const lines = (await world.drain(slow)).map((worked) => worked.lines.at(-1))
    expect(lines).toMatchObject(Array.from({ length: attempts }, () => ({ fault: 'OUT_OF_TIME', request: id, recorded: true })))
    // A second of its five is kept to put it away, and 0.7 to write the record.
    expect(Date.parse(String(lines[0]?.['time'])) - begun).toBe(3_300)
    expect((await world.outcome(slow, id)).body).toStrictEqual({ id, state: 'failed', status: 504, fault: 'OUT_OF_TIME' })
    expect((await world.failures()).map((each) => [each.id, each.request, each.fault])).toStrictEqual([[`f.${id}`, id, 'OUT_OF_TIME']])
  })

  test('the Idempotency-Key names the message, as it does where senders wait', async () => {
    const named = pipeline({
      name: 'named', trigger: post('/named', { mode: 'async', auth: iam() }),
      steps: flow(validate(Any), deduplicate({ idempotencyKey: 'optional' }), call({ to: bank, once: 'id', reply: v.unknown(), request: () => ({ method: 'POST', path: path`/named` }) })),
    })
    const world = sandbox()
    const send = async () => (await world.run(named, { id: 'x' }, { headers: { 'idempotency-key': 'k-1' } })).body as { id: string }
    const [first, second] = [await send(), await send()]
    expect((await world.drain(named)).map(({ outcome, partners }) => [outcome, partners['bank']?.length])).toStrictEqual([['done', 1], ['done', 0]])
    for (const { id } of [first, second]) expect((await world.outcome(named, id)).body).toMatchObject({ state: 'done' })
  })

  test('the same Idempotency-Key and identifier with another payload is a duplicate: its sender is not told that it was done', async () => {
    const paid = pipeline({
      name: 'paid', trigger: post('/paid', { mode: 'async', auth: iam() }),
      steps: flow(validate(v.object({ id: v.string(), amount: v.number() })), deduplicate({ by: 'id' }), call({ to: bank, once: 'id', reply: v.unknown(), request: () => ({ method: 'POST', path: path`/paid` }) })),
    })
    const world = sandbox()
    const send = async (amount: number): Promise<string> => {
      const { id } = (await world.run(paid, { id: 'x', amount }, { headers: { 'idempotency-key': 'k-1' } })).body as { id: string }
      await world.drain(paid)
      return id
    }
    const [first, other, again] = [await send(1), await send(5_000), await send(1)]
    expect((await world.outcome(paid, first)).body).toMatchObject({ state: 'done' })
    expect((await world.outcome(paid, other)).body).toStrictEqual({ id: other, state: 'failed', status: 409, fault: 'DUPLICATE' })
    expect((await world.outcome(paid, again)).body).toMatchObject({ state: 'done' })
  })

  test('where one is required, its door refuses a message without', async () => {
    const named = pipeline({ name: 'strict', trigger: post('/strict', { mode: 'async', auth: iam() }), steps: flow(validate(Any), deduplicate({ idempotencyKey: 'required' })) })
    const world = sandbox()
    expect(await world.run(named, { id: 'x' })).toMatchObject({ status: 400, fault: 'KEY_MISSING' })
    expect((await world.run(named, { id: 'x' }, { headers: { 'idempotency-key': 'k-1' } })).status).toBe(202)
    expect((await world.drain(named)).map(({ outcome }) => outcome)).toStrictEqual(['done'])
  })
})

test('what has no route is not run, and what has no queue is not delivered', async () => {
  const world = sandbox()
  const plain = pipeline({ name: 'plain', trigger: post('/plain', { auth: iam() }), steps: validate(Any) })
  await expect(world.run(settlement, message)).rejects.toThrow('pipeline settlement has no route: deliver the message')
  await expect(world.deliver(plain, message)).rejects.toThrow('pipeline plain has no queue: run the message')
  await expect(world.send(payout, message)).rejects.toThrow('pipeline payout takes messages at its route alone: run them')
  expect(() => world.outcome(plain, 'x')).toThrow('pipeline plain lets no message of a route wait')
})
