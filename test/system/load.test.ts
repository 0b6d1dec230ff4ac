import { afterAll, expect, test } from 'vitest'
import { distinct } from '../load/distinct.ts'
import { told } from '../load/door.ts'
import { ground } from '../load/ground.ts'
import { kills, settled, type Killed } from '../load/kills.ts'
import { seedOf } from '../load/random.ts'
import { rounds } from '../load/rounds.ts'
import { run } from './client.ts'

/** `npm run test:load` in short: the same load on the stack of all these tests. */
const seed = seedOf()
const on = ground(run, seed, () => undefined)
let killed: Killed
afterAll(() => on.door.close())

test('two function processes are killed under load', async () => {
  process.stdout.write(`  load: SEED=${seed}\n`)
  killed = await kills(on, ['function', 'function'], 8)
  expect(killed.wrong).toStrictEqual([])
  expect(killed.acknowledged.length).toBeGreaterThanOrEqual(16)
})

test('5 rounds of the same application 50 times at once: one is accepted in each', async () => {
  const { answers, wrong } = await rounds(on, 5, 50)
  expect(wrong).toStrictEqual([])
  expect([answers['201'], Object.values(answers).reduce((sum, times) => sum + times, 0)]).toStrictEqual([5, 250])
  expect(answers['503 UNAVAILABLE'] ?? 0, told(answers)).toBe(0)
})

test('300 distinct applications: none refused, each once at the partner and confirmed', async () => {
  const { sent, wrong } = await distinct(on, { most: 300, seconds: 30, beside: 16 })
  expect(wrong).toStrictEqual([])
  expect(sent).toBe(300)
})

// Meanwhile their leases have ended, or nearly so.
test('what was acknowledged while they were killed is done once, and what was not comes to an end when it is sent again', async () => {
  expect((await settled(on, killed, 5 + 300)).wrong).toStrictEqual([])
})
