import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStack, type Stack } from '../../local/stack.ts'
import { distinct } from './distinct.ts'
import { told } from './door.ts'
import { ground, type Ground } from './ground.ts'
import { kills, settled, type Victim } from './kills.ts'
import { seedOf } from './random.ts'
import { rounds } from './rounds.ts'

/** The duplicate check under load, on a stack of its own. What is drawn is told by its seed: `SEED=… npm run test:load` repeats it. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-load-'))
const seed = seedOf()
const say = (line: string): void => { process.stdout.write(`  load: ${line}\n`) }
let stack: Stack
let on: Ground

beforeAll(async () => {
  stack = await startStack({ dir: join(folder, 'state'), port: 0, env: {} })
  on = ground(() => stack.run, seed, say)
  say(`SEED=${seed}`)
})
afterAll(async () => {
  on?.door.close()
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('50 rounds of the same application 200 times at once: one is accepted in each', { timeout: 300_000 }, async () => {
  const { answers, wrong } = await rounds(on, 50, 200)
  expect(wrong).toStrictEqual([])
  expect(answers['201']).toBe(50)
  expect(Object.values(answers).reduce((sum, times) => sum + times, 0)).toBe(10_000)
  // Nothing fails here: what AWS answers too late on a machine that is too busy is one in a thousand at most.
  expect(answers['503 UNAVAILABLE'] ?? 0).toBeLessThanOrEqual(10)
  say(`rounds: ${told(answers)}`)
})

/** As many as go through in the time that there is: all runs of a test take eight minutes at most, and two quiet cores send 130 a second. `npm run soak` goes on. */
const [most, seconds, fewest] = [20_000, 150, 1_000]

test(`${most} distinct applications, or as many as go through in ${seconds} seconds: none refused, each once at the partner and confirmed`, { timeout: 300_000 }, async () => {
  const { sent, seconds: took, wrong } = await distinct(on, { most, seconds, beside: 32 })
  say(`distinct: ${sent} in ${Math.round(took)} s, ${Math.round(sent / took)} a second`)
  expect(wrong).toStrictEqual([])
  expect(sent).toBeGreaterThanOrEqual(fewest)
})

const victims: readonly Victim[] = ['function', 'aws', 'function', 'gateway', 'function', 'function', 'aws', 'function', 'gateway', 'function', 'function', 'aws', 'function', 'gateway', 'function', 'function', 'aws', 'function', 'gateway', 'function']

test('20 times kill -9 under load, of functions, gateway and AWS: what was acknowledged is done once, and what was not comes to an end when it is sent again', { timeout: 300_000 }, async () => {
  const killed = await kills(on, victims, 12)
  expect(killed.wrong).toStrictEqual([])
  say(`kills: ${killed.acknowledged.length} acknowledged, ${killed.others.length} not; these are sent again`)
  const { again, repeated, wrong } = await settled(on, killed)
  say(`kills: sent again, ${told(again)}; ${repeated} reached the partner twice under their key, and it acted once`)
  expect(wrong).toStrictEqual([])
  expect(killed.acknowledged.length).toBeGreaterThan(victims.length * 12)
  expect(killed.others.length).toBeGreaterThan(0)
})
