import { asFault, Fault, type Io, type Step } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { deduplicate, each, transform } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

/** Attempts as the runtime makes them; counts what each told. */
function world(deadline = 1_000) {
  const counted: unknown[] = []
  let now = 0
  const doors: Partial<Io> = {
    deadline, now: () => now,
    attempt: async (step, payload) => {
      try {
        return { ok: true, payload: await step.run(payload, fakeIo()) }
      } catch (error) {
        return { ok: false, fault: asFault(error), effect: 'none', repeatable: true }
      }
    },
    count: (records) => { counted.push(records) },
  }
  return { counted, io: fakeIo(doors), at: (ms: number) => { now = ms } }
}
const run = async <I, O>(step: Step<I, O>, payload: I, io: Io): Promise<unknown> => {
  try {
    return await step.run(payload, io)
  } catch (error) {
    const { code, paths } = error as Fault
    return { code, paths }
  }
}
const started: number[] = []
/** Waits as many turns as the number has hundreds, then fails if it is odd. */
const evens = transform(async (n: number) => {
  started.push(n)
  for (let turn = 0; turn < n / 100; turn++) await new Promise((resolve) => { setImmediate(resolve) })
  if (n % 2 === 1) throw new Fault('PAYLOAD_INVALID', ['$'])
  return `${n}`
})
const list = (options: Parameters<typeof each<number[], string>>[0] = {}) => each<number[], string>(options, evens)
const partial = (options: { parallel?: number } = {}) => each<number[], string, never, true>({ partial: true, ...options }, evens)
const field = each<{ id: string; rows: number[] }, string, 'rows'>({ of: 'rows' }, evens)

test('is data: its bounds, and the step', () => {
  expect({ ...list(), run: undefined }).toStrictEqual({ kind: 'each', config: { of: undefined, parallel: 1, partial: false, most: 1_000 }, needs: [], steps: [evens], run: undefined })
  expect(field.config).toStrictEqual({ of: 'rows', parallel: 1, partial: false, most: 1_000 })
  expect(partial({ parallel: 16 }).config).toStrictEqual({ of: undefined, parallel: 16, partial: true, most: 1_000 })
})

test.each([
  ['no lane', () => list({ parallel: 0 }), 'each: parallel is 1 to 16'],
  ['seventeen lanes', () => list({ parallel: 17 }), 'each: parallel is 1 to 16'],
  ['half a lane', () => list({ parallel: 1.5 }), 'each: parallel is 1 to 16'],
  ['no item', () => list({ most: 0 }), 'each: most is a number of items'],
  ['a claim that a good end would confirm for items that failed', () => each<{ id: string }[], { id: string }, never, true>({ partial: true }, deduplicate<{ id: string }>({ by: 'id' })), 'put the step that claims before it'],
])('%s is a mistake of the definition', (_, define, message) => {
  expect(define).toThrow(TypeError)
  expect(define).toThrow(message)
})

test('a claim in it is fine where all items stand or fall together', () => {
  expect(each<{ id: string }[], { id: string }>({}, deduplicate<{ id: string }>({ by: 'id' })).kind).toBe('each')
})

describe('all or nothing', () => {
  test('makes a list in the order of the items, whoever is first', async () => {
    const { io, counted } = world()
    expect(await run(list({ parallel: 4 }), [800, 2, 400, 4, 6], io)).toStrictEqual(['800', '2', '400', '4', '6'])
    expect(counted).toStrictEqual([{ done: 5, failed: 0 }])
  })
  test('puts it in the place of the field, and leaves the payload it was given alone', async () => {
    const payload = { id: 'a', rows: [2, 4] }
    expect(await run(field, payload, world().io)).toStrictEqual({ id: 'a', rows: ['2', '4'] })
    expect(payload).toStrictEqual({ id: 'a', rows: [2, 4] })
  })
  test('an empty list is an empty list', async () => {
    const { io, counted } = world()
    expect([await run(list(), [], io), counted]).toStrictEqual([[], [{ done: 0, failed: 0 }]])
  })
  test('one after the other, nothing is started after a fault', async () => {
    const { io, counted } = world()
    started.length = 0
    expect(await run(list(), [2, 3, 4, 5], io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['[1]'] })
    expect([started, counted]).toStrictEqual([[2, 3], [{ done: 1, failed: 1 }]])
  })
  test('side by side, what is under way is awaited, and the first fault by index is thrown', async () => {
    const { io, counted } = world()
    started.length = 0
    expect(await run(list({ parallel: 3 }), [901, 3, 600, 4, 5], io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['[0]'] })
    expect([started, counted]).toStrictEqual([[901, 3, 600], [{ done: 1, failed: 2 }]])
  })
  test('never more at once than it says', async () => {
    let now = 0
    let most = 0
    const busy = transform(async (n: number) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => { setImmediate(resolve) })
      now--
      return n
    })
    await run(each<number[], number>({ parallel: 3 }, busy), Array.from({ length: 20 }, (_, n) => n), world().io)
    expect(most).toBe(3)
  })
})

describe('partial', () => {
  test('goes on, and tells of every item by its place', async () => {
    const { io, counted } = world()
    expect(await run(partial({ parallel: 2 }), [2, 3, 4], io)).toStrictEqual([
      { ok: true, payload: '2' }, { ok: false, fault: 'PAYLOAD_INVALID', paths: ['[1]'], reason: undefined, effect: 'none' }, { ok: true, payload: '4' },
    ])
    expect(counted).toStrictEqual([{ done: 2, failed: 1 }])
  })
  test('ends with the run: what was not started is not reported as done', async () => {
    const { io, counted, at } = world(1_000)
    const slow = transform((n: number) => { at(n); return n })
    expect(await run(each<number[], number, never, true>({ partial: true }, slow), [1, 1_000, 3], io)).toStrictEqual({ code: 'OUT_OF_TIME', paths: [] })
    expect(counted).toStrictEqual([{ done: 2, failed: 0 }])
  })
})

test.each([
  ['$', 'rows[1]'], ['iban', 'rows[1].iban'], ['[2].iban', 'rows[1][2].iban'],
])('a fault at %s of an item is one at %s of the payload', async (inner, outer) => {
  const step = transform((n: number) => { if (n === 1) throw new Fault('REJECTED', [inner], undefined, 'TOO_LARGE') })
  expect(await run(each<{ rows: number[] }, unknown, 'rows'>({ of: 'rows' }, step), { rows: [0, 1] }, world().io)).toStrictEqual({ code: 'REJECTED', paths: [outer] })
  expect(await run(each<{ rows: number[] }, unknown, 'rows', true>({ of: 'rows', partial: true }, step), { rows: [0, 1] }, world().io)).toStrictEqual({
    rows: [{ ok: true, payload: undefined }, { ok: false, fault: 'REJECTED', paths: [outer], reason: 'TOO_LARGE', effect: 'none' }],
  })
})

test('what is no list, or too long a one, is PAYLOAD_INVALID, and nothing is started', async () => {
  started.length = 0
  expect(await run(list(), Array.from({ length: 1_001 }, () => 2), world().io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  expect(await run(list({ most: 2 }), [2, 2, 2], world().io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  expect(await run(list(), 'no list' as never, world().io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  expect(await run(field, { id: 'a', rows: 'no list' } as never, world().io)).toStrictEqual({ code: 'PAYLOAD_INVALID', paths: ['rows'] })
  expect(started).toStrictEqual([])
})

