import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { confirm, release, type Claim } from '../../layers/runtime/ledger.ts'
import { claiming, type Key } from '../../layers/runtime/protocol.ts'
import { moments, window, write, type World } from './world.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const model = (...words: string[]) => new Promise<{ readonly code: number; readonly said: Readonly<Record<string, unknown>> }>((resolve) => {
  execFile(process.execPath, [main, '--json', ...words], { maxBuffer: 1 << 24 }, (error, stdout) => {
    resolve({ code: error === null ? 0 : Number(error.code), said: JSON.parse(stdout || '{}') as Record<string, unknown> })
  })
})

test('in no order of what can happen is anything doubled, lost, or changed by another attempt', { timeout: 240_000 }, async () => {
  const { code, said } = await model()
  console.log(`model: ${String(said['schedules'])} schedules, ${String(said['states'])} states, ${String(said['steps'])} steps run`)
  expect(code).toBe(0)
  expect(said['schedules']).toBeGreaterThan(100_000)
  expect(said['steps']).toBeGreaterThan(100_000)
})

test('a condition that is none is said to be none', async () => {
  expect((await model('--without', 'luck')).code).toBe(2)
})

/** The two schedules on which the leading peer, without a fence, loses a lock that it does not own any more. */
test.each([false, true])('an attempt outlives its lease, and another one has claimed: its late failure releases nothing, and a third one does not run beside (its late success: %s)', (succeeds) => {
  const at = (time: number, attempt: string): Claim => ({
    id: 'digest-1', attempt, pipeline: 'loans', fingerprint: 'p', digestVersion: 1, origin: undefined, now: time, lease: time + 18_000, replaySafe: true, window, days: 1,
  })
  let world: World = { time: moments.begin, items: new Map(), acts: [{ once: 'p', at: moments.begin }], sent: [], offsets: new Map() }
  const claimed = (claim: Claim): string => {
    const writing = claiming([[claim] satisfies Key], () => undefined)
    let next = writing.next()
    while (!next.done) {
      const done = write(world, next.value)
      world = done.world
      next = writing.next(done.answer)
    }
    return next.value?.verdict ?? 'granted'
  }
  const [a, b, c] = [at(moments.begin, 'A'), at(moments.lapsed, 'B'), at(moments.lapsed + 1_000, 'C')]
  expect(claimed(a)).toBe('granted')
  world = { ...world, time: moments.lapsed }
  expect(claimed(b)).toBe('granted')
  const late = write(world, [succeeds ? confirm(a, moments.lapsed + 500) : release(a)])
  expect(late.answer).toMatchObject([{ attempt: 'B', state: 'claimed' }])
  expect(claimed(c)).toBe('in-progress')
  // What B confirms is B's, and what came before it changed nothing of it.
  expect(write(world, [confirm(b, moments.lapsed + 2_000, Buffer.from('the reply of B'))]).world.items.get('digest-1')).toMatchObject({ attempt: 'B', state: 'confirmed', reply: Buffer.from('the reply of B') })
})
