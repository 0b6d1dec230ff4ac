/**
 * The load of `npm run test:load` without end: rounds, distinct applications and kills, until Ctrl-C or the first thing that
 * must not be. One line a minute. Ends with 1 at a violation, and leaves the state of the run for a closer look.
 *
 *   npm run soak                     until Ctrl-C
 *   SEED=… npm run soak              draws what that run drew
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack, type Stack } from '../../local/stack.ts'
import { distinct } from './distinct.ts'
import { ground } from './ground.ts'
import { kills, settled, type Victim } from './kills.ts'
import { between, seeded, seedOf } from './random.ts'
import { rounds } from './rounds.ts'

/** Applications after which the ledger begins empty again: what is looked through after each part stays small. */
const roomy = 50_000
const cycle: readonly Victim[] = ['function', 'gateway', 'function', 'aws']

const seed = seedOf()
const random = seeded(seed)
const counts = { stacks: 0, rounds: 0, distinct: 0, kills: 0, acknowledged: 0, resent: 0, repeated: 0 }
let ending = false
process.on('SIGINT', () => {
  if (!ending) process.stdout.write('ending when this part is done …\n')
  ending = true
})
process.on('SIGTERM', () => { ending = true })

const began = Date.now()
const line = (): string => `${Math.round((Date.now() - began) / 60_000)} min: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`
const say = (text: string): void => { process.stdout.write(`${text}\n`) }
const minutes = setInterval(() => say(line()), 60_000)

/** One stack, from an empty ledger on, until it is full. Gives what must not be. */
async function soak(stack: Stack): Promise<readonly string[]> {
  counts.stacks += 1
  const on = ground(() => stack.run, between(random, 0, 2 ** 32), () => undefined)
  try {
    for (const from = counts.rounds + counts.distinct + counts.acknowledged; !ending && counts.rounds + counts.distinct + counts.acknowledged - from < roomy;) {
      const round = await rounds(on, 5, 200)
      counts.rounds += 5
      if (round.wrong.length > 0) return round.wrong
      const many = await distinct(on, { most: 1_000, seconds: 60, beside: 32 })
      counts.distinct += many.sent
      if (many.wrong.length > 0) return many.wrong
      const killed = await kills(on, cycle, 12)
      counts.kills += cycle.length
      if (killed.wrong.length > 0) return killed.wrong
      const { repeated, wrong } = await settled(on, killed)
      counts.acknowledged += killed.acknowledged.length
      counts.resent += killed.others.length
      counts.repeated += repeated
      if (wrong.length > 0) return wrong
    }
    return []
  } finally {
    on.door.close()
  }
}

say(`SEED=${seed}`)
let wrong: readonly string[] = []
while (!ending && wrong.length === 0) {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-soak-'))
  const stack = await startStack({ dir, port: 0, env: {}, note: () => undefined })
  try {
    wrong = await soak(stack)
  } catch (error) {
    wrong = [error instanceof Error ? error.stack ?? error.message : 'it broke off']
  } finally {
    await stack.stop()
  }
  if (wrong.length === 0) rmSync(dir, { recursive: true, force: true })
  else say(`${line()}\nVIOLATION at ${new Date().toISOString()}, SEED=${seed}; ledger, log, calls and what the partners received are in ${dir}\n${wrong.map((each) => `  ${each}`).join('\n')}`)
}
clearInterval(minutes)
if (wrong.length === 0) say(`${line()}; nothing that must not be`)
process.exitCode = wrong.length === 0 ? 0 : 1
