import { account, Fault, path, type Effect, type Io, type Step } from 'sallyport'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { apiKey } from '../../../functions/accounts/api-key.ts'
import { call, deduplicate, each, retry, transform, when } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

interface Order { readonly id: string }
const partner = account('partner', apiKey({ origin: { dev: 'https://partner.example' }, idempotency: { hours: 24 } }))
const Reply = v.object({})
const request = () => ({ method: 'POST' as const, path: path`/x` })
const safe = call<Order, object>({ to: partner, once: 'id', reply: Reply, request })
const unsafe = call<Order, object>({ to: partner, reply: Reply, request })
const silent = transform((order: Order) => order)

/** A run that begins at 1,000 and is ended at 31,000; each attempt takes 10 ms and ends as the list says, then well. */
function world(ends: readonly { readonly code: Fault['code']; readonly effect?: Effect; readonly retryAfter?: number }[], id = 'run-1') {
  let now = 1_000
  const waits: number[] = []
  const left = [...ends]
  let attempts = 0
  const doors: Partial<Io> = {
    id, deadline: 31_000, now: () => now,
    attempt: (step, payload) => {
      attempts++
      now += 10
      const end = left.shift()
      return Promise.resolve(end === undefined ? { ok: true, payload: payload as never } : { ok: false, fault: new Fault(end.code, [], end.retryAfter), effect: end.effect ?? 'none', repeatable: (end.effect ?? 'none') === 'none' || (step as unknown) === safe })
    },
    wait: (ms) => { now += ms; waits.push(ms); return Promise.resolve() },
  }
  const run = async (step: Step<Order, Order>): Promise<string> => {
    try {
      return (await step.run({ id: 'a' }, fakeIo(doors))).id
    } catch (error) {
      return (error as Fault).code
    }
  }
  return { run, waits, attempts: () => attempts }
}
const again = (code: Fault['code'], times: number, effect: Effect = 'none') => Array.from({ length: times }, () => ({ code, effect }))

test('is data: all its bounds, and the step', () => {
  expect({ ...retry(safe), run: undefined, steps: undefined }).toStrictEqual({ kind: 'retry', config: { on: undefined, times: 3, first: 200, cap: 5_000, within: undefined }, needs: [], steps: undefined, run: undefined })
  expect(retry(safe, { on: ['PARTNER_FAILED'], times: 5, first: 100, cap: 800, within: 3 }).config).toStrictEqual({ on: ['PARTNER_FAILED'], times: 5, first: 100, cap: 800, within: 3 })
  expect(retry(safe).steps).toStrictEqual([safe])
})

describe('a mistake of the definition', () => {
  test.each([
    ['a fault that does not pass', () => retry(safe, { on: ['PARTNER_FAILED', 'PARTNER_REFUSED'] as never }), 'retry on PARTNER_REFUSED: that does not pass by itself'],
    ['time that has run out', () => retry(safe, { on: ['OUT_OF_TIME'] as never }), 'retry on OUT_OF_TIME: that does not pass by itself'],
    ['one attempt', () => retry(safe, { times: 1 }), 'retry: times is 2 to 10 attempts in all'],
    ['eleven attempts', () => retry(safe, { times: 11 }), 'retry: times is 2 to 10 attempts in all'],
    ['half an attempt', () => retry(safe, { times: 2.5 }), 'retry: times is 2 to 10 attempts in all'],
    ['no wait', () => retry(safe, { first: 0 }), 'retry: first and cap are milliseconds, cap at least first'],
    ['a cap under the first wait', () => retry(safe, { first: 300, cap: 200 }), 'retry: first and cap are milliseconds, cap at least first'],
    ['no time', () => retry(safe, { within: 0 }), 'retry: within is a number of seconds'],
    ['a claim, however deep', () => retry(when(() => true, each<{ orders: Order[] }, Order, 'orders'>({ of: 'orders' }, deduplicate<Order>({ by: 'id' })))), 'put the step that claims before it'],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(TypeError)
    expect(define).toThrow(message)
  })
})

describe('tries again', () => {
  test.each(['PARTNER_FAILED', 'PARTNER_UNREACHABLE', 'PARTNER_SILENT', 'ACCOUNT_UNAVAILABLE', 'UNAVAILABLE', 'STEP_FAILED', 'IN_PROGRESS', 'UNCONFIRMED'] as const)('after %s', async (code) => {
    const { run, attempts } = world(again(code, 2))
    expect([await run(retry(unsafe)), attempts()]).toStrictEqual(['a', 3])
  })
  test.each(['PARTNER_REFUSED', 'REPLY_INVALID', 'PAYLOAD_INVALID', 'DUPLICATE', 'IN_DOUBT', 'OUT_OF_TIME', 'REJECTED'] as const)('not after %s', async (code) => {
    const { run, attempts } = world(again(code, 2))
    expect([await run(retry(safe)), attempts()]).toStrictEqual([code, 1])
  })
  test('after the faults that it names, and no others', async () => {
    const { run, attempts } = world([{ code: 'PARTNER_FAILED' }, { code: 'UNAVAILABLE' }])
    expect([await run(retry(safe, { on: ['PARTNER_FAILED'] })), attempts()]).toStrictEqual(['UNAVAILABLE', 2])
  })
  test('as often as it says', async () => {
    const { run, attempts } = world(again('PARTNER_FAILED', 9))
    expect([await run(retry(safe, { times: 4 })), attempts()]).toStrictEqual(['PARTNER_FAILED', 4])
  })
})

describe('where a partner may have acted', () => {
  test.each([
    ['every send carries once: tried again', safe, ['a', 2]],
    ['a send without once: not', unsafe, ['PARTNER_SILENT', 1]],
    ['one of two without once: not', when(() => true, safe, unsafe), ['PARTNER_SILENT', 1]],
    ['no send that the definition knows of: not', silent, ['PARTNER_SILENT', 1]],
  ] as [string, Step<Order, Order>, unknown[]][])('%s', async (_, step, ends) => {
    const { run, attempts } = world(again('PARTNER_SILENT', 1, 'unknown'))
    expect([await run(retry(step)), attempts()]).toStrictEqual(ends)
  })
})

describe('waits', () => {
  test('somewhere under a bound that doubles until the cap', async () => {
    const bounds = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000]
    const most = bounds.map(() => 0)
    for (let i = 0; i < 300; i++) {
      const { run, waits } = world(again('PARTNER_FAILED', 9), `run-${i}`)
      await run(retry(safe, { times: 10, first: 100, cap: 1_000 }))
      waits.forEach((wait, n) => { most[n] = Math.max(most[n] ?? 0, wait) })
      expect(waits.every((wait, n) => Number.isInteger(wait) && wait >= 0 && wait <= (bounds[n] ?? 0))).toBe(true)
    }
    expect(most.every((wait, n) => wait > (bounds[n] ?? 0) * 0.95)).toBe(true)
  })
  test('evenly: about a tenth of the runs in each tenth of the bound', async () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 2_000; i++) {
      const { run, waits } = world(again('PARTNER_FAILED', 1), `6f1c2e${i}`)
      await run(retry(safe))
      tenths[Math.floor((waits[0] ?? 0) / 20.1)]! += 1
    }
    expect(tenths.every((runs) => runs > 150 && runs < 250)).toBe(true)
  })
  test('the same in the same run at the same moment', async () => {
    const [one, two] = [world(again('PARTNER_FAILED', 2)), world(again('PARTNER_FAILED', 2))]
    await Promise.all([one.run(retry(safe)), two.run(retry(safe))])
    expect(one.waits).toStrictEqual(two.waits)
  })
  test('as long as the fault asks, beyond the cap too', async () => {
    const { run, waits } = world([{ code: 'IN_PROGRESS', retryAfter: 7 }])
    expect([await run(retry(safe)), waits]).toStrictEqual(['a', [7_000]])
  })
})

describe('ends in time', () => {
  test('a wait beyond the run is not begun', async () => {
    const { run, waits, attempts } = world([{ code: 'IN_PROGRESS', retryAfter: 29.9 }])
    expect([await run(retry(safe)), waits, attempts()]).toStrictEqual(['IN_PROGRESS', [], 1])
  })
  test('one that leaves time for an attempt is', async () => {
    const { run, waits, attempts } = world([{ code: 'IN_PROGRESS', retryAfter: 29.8 }])
    expect([await run(retry(safe)), waits, attempts()]).toStrictEqual(['a', [29_800], 2])
  })
  test('nor one beyond its own time', async () => {
    const { run, waits } = world([{ code: 'IN_PROGRESS', retryAfter: 4 }, { code: 'IN_PROGRESS', retryAfter: 4 }])
    expect([await run(retry(safe, { within: 5 })), waits]).toStrictEqual(['IN_PROGRESS', [4_000]])
  })
})
