import { describe, expect, test } from 'vitest'
import { event, flow, iam, needs, pipeline, post, queue, type Step, type Trigger } from 'sallyport'
import { manifest } from 'sallyport/manifest'

const reason = 'nothing in it is personal'
const told: Step<unknown, number> = { kind: 'told', config: {}, needs: [], run: () => 1 }
const steps = flow(told)
const of = (trigger: Trigger<never>, more: object = {}) => pipeline({ name: 'orders', trigger: trigger as Trigger<unknown>, steps, ...more })

describe('what a trigger says', () => {
  test('a queue: five attempts, one message at a time, unless it says otherwise', () => {
    expect(queue('orders', { accept: 'application/jose' })).toStrictEqual({ kind: 'queue', name: 'orders', accept: 'application/jose', attempts: 5, batch: 1 })
    expect(queue('orders', { readable: reason, fifo: true, attempts: 100, batch: 10, concurrency: 1_000 })).toStrictEqual({ kind: 'queue', name: 'orders', accept: 'application/json', readable: reason, fifo: true, attempts: 100, batch: 10, concurrency: 1_000 })
  })
  test('events', () => {
    expect(event({ source: ['shop'], 'detail-type': ['OrderPaid'], detail: { amount: [100] } }, { readable: reason, attempts: 1 }))
      .toStrictEqual({ kind: 'event', pattern: { source: ['shop'], 'detail-type': ['OrderPaid'], detail: { amount: [100] } }, accept: 'application/json', readable: reason, attempts: 1, batch: 1 })
  })
  test('a route that answers at once', () => {
    expect(post('/orders', { mode: 'async', auth: iam() })).toStrictEqual({ kind: 'async', method: 'POST', path: '/orders', accept: 'application/json', auth: { scheme: 'iam' }, status: 202, attempts: 5, batch: 1 })
    expect(post('/orders', { auth: iam(), status: 201 })).toStrictEqual({ kind: 'http', method: 'POST', path: '/orders', accept: 'application/json', auth: { scheme: 'iam' }, status: 201 })
  })
})

// As plain JavaScript calls them: most of these do not compile.
const [anyQueue, anyEvent, anyPost] = [queue, event, post] as unknown as readonly [Loosely, Loosely, Loosely]
type Loosely = (first: unknown, options: object) => unknown

describe('what is refused where it is written', () => {
  test.each([
    [() => anyQueue('orders', {}), 'queue orders: application/json would rest readable in the queue: take it sealed, as application/jose, or say in a sentence why in readable'],
    [() => anyQueue('orders', { readable: 'why not' }), 'queue orders: application/json would rest readable in the queue: take it sealed, as application/jose, or say in a sentence why in readable'],
    [() => anyQueue('orders', { readable: '              ' }), 'queue orders: application/json would rest'],
    [() => anyQueue('orders', { accept: 'application/jose', readable: reason }), 'queue orders: readable is of application/json alone: what is sealed rests sealed'],
    [() => anyQueue('Orders', { readable: reason }), 'queue name "Orders": write lower-case words joined by hyphens, at most 40 characters'],
    [() => anyQueue('orders', { readable: reason, attempts: 0 }), 'queue orders: attempts is a whole number, 1 to 100'],
    [() => anyQueue('orders', { readable: reason, batch: 11 }), 'queue orders: batch is a whole number, 1 to 10'],
    [() => anyQueue('orders', { readable: reason, batch: 1.5 }), 'queue orders: batch is a whole number, 1 to 10'],
    [() => anyQueue('orders', { readable: reason, concurrency: 1 }), 'queue orders: concurrency is a whole number, 2 to 1000'],
    [() => anyEvent({ source: ['shop'] }, {}), 'event: application/json would rest readable in the queue'],
    [() => anyEvent({ source: [] }, { readable: reason }), 'event: name the sources of the events in source'],
    [() => anyEvent({ 'detail-type': ['x'] }, { readable: reason }), 'event: name the sources of the events in source'],
    [() => anyEvent({ source: [''] }, { readable: reason }), 'event: name the sources of the events in source'],
    [() => anyEvent({ source: ['shop'], 'detail-type': 'x' }, { readable: reason }), 'event: detail-type is a list of names'],
    [() => anyEvent({ source: ['shop'], detail: [] }, { readable: reason }), 'event: detail says values and comparisons by field'],
    [() => anyEvent({ source: ['shop'], account: ['1'] }, { readable: reason }), 'event: a pattern has source, detail-type and detail'],
    [() => anyEvent({ source: ['shop'], detail: { x: ['y'.repeat(2_100)] } }, { readable: reason }), 'event: the pattern has more than 2048 characters'],
    [() => anyPost('/orders', { auth: iam(), mode: 'later' }), "post \"/orders\": mode is 'async', or is left out"],
    [() => anyPost('/orders', { auth: iam(), mode: 'async', batch: 0 }), 'post "/orders": batch is a whole number, 1 to 10'],
  ])('%#', (make, sentence) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(sentence)
  })
})

describe('times', () => {
  const waits = (more: object = {}) => queue('orders', { readable: reason, ...more })
  test.each([
    [post('/orders', { auth: iam() }), 29], [waits(), 300], [waits({ batch: 3 }), 300], [event({ source: ['shop'] }, { readable: reason }), 3],
    [post('/orders', { mode: 'async', auth: iam(), batch: 10 }), 90],
  ])('%# may take so long', (trigger, timeout) => {
    expect(of(trigger, { timeout }).timeout).toBe(timeout)
  })
  test.each([
    [post('/orders', { auth: iam() }), { timeout: 30 }, 'timeout is 3 to 29 seconds'], [waits(), { timeout: 301 }, 'timeout is 3 to 300 seconds'], [waits(), { timeout: 2 }, 'timeout is 3 to 300 seconds'],
    [waits({ batch: 4 }), { timeout: 300 }, 'timeout × batch is 1200 seconds, and Lambda takes 900'],
    [waits(), { outcomeDays: 7 }, "outcomeDays is of post(…, { mode: 'async' }) alone"], [post('/orders', { auth: iam() }), { outcomeDays: 7 }, "outcomeDays is of post(…, { mode: 'async' }) alone"],
    [post('/orders', { mode: 'async', auth: iam() }), { outcomeDays: 366 }, 'outcomeDays is a whole number, 1 to 365'], [post('/orders', { mode: 'async', auth: iam() }), { outcomeDays: 0.5 }, 'outcomeDays is a whole number, 1 to 365'],
  ])('%# is refused', (trigger, more, sentence) => {
    expect(() => of(trigger, more)).toThrow(new TypeError(`pipeline orders: ${sentence}`))
  })
  test('outcomes are told for a week', () => {
    expect(of(post('/orders', { mode: 'async', auth: iam() })).outcomeDays).toBe(7)
    expect(of(waits())).not.toHaveProperty('outcomeDays')
  })
})

describe('what a trigger needs', () => {
  const shown = (trigger: Trigger<never>): unknown => needs(of(trigger)).map(({ resource: { kind, name }, actions }) => [`${kind} ${name}`, actions])
  const received = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage']
  test('a route whose sender waits: nothing', () => { expect(shown(post('/orders', { auth: iam() }))).toStrictEqual([]) })
  test('a queue', () => { expect(shown(queue('todo', { accept: 'application/jose' }))).toStrictEqual([['queue queue-todo', received], ['queue queue-todo-dead', ['sqs:SendMessage']]]) })
  test('events', () => { expect(shown(event({ source: ['shop'] }, { accept: 'application/jose' }))).toStrictEqual([['queue orders', received], ['queue orders-dead', ['sqs:SendMessage']]]) })
  test('a route that answers at once', () => {
    expect(shown(post('/orders', { mode: 'async', auth: iam() }))).toStrictEqual([
      ['key outcomes', ['kms:Decrypt', 'kms:GenerateDataKey']], ['key waiting', ['kms:Decrypt', 'kms:GenerateDataKey']],
      ['queue orders', [...received, 'sqs:SendMessage']], ['queue orders-dead', ['sqs:SendMessage']],
      ['table outcomes', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']],
    ])
  })
})

test('the manifest shows why messages may rest readable, and for how long outcomes are told', () => {
  expect(manifest(of(queue('todo', { readable: reason })))).toMatchObject({ trigger: { kind: 'queue', name: 'todo', readable: reason, attempts: 5, batch: 1 } })
  expect(manifest(of(post('/orders', { mode: 'async', auth: iam() })))).toMatchObject({ trigger: { kind: 'async' }, timeout: 15, outcomeDays: 7 })
  expect(manifest(of(post('/orders', { auth: iam() })))).not.toHaveProperty('outcomeDays')
})
