import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { Count, Page } from '../../functions/handlers/records.ts'
import type { Reran, Why } from '../../functions/handlers/rerun.ts'
import { orderly } from '../executions/orderly.ts'
import { invoke, type Deployment } from '../invoke.ts'
import { reasons } from '../rerun.ts'
import { say } from '../screen.ts'
import { Refused, Usage } from '../usage.ts'

/** What is to be run again, as it was asked for. `since` in epoch milliseconds. */
export interface Many {
  readonly asked: { readonly pipeline: string; readonly fault?: string; readonly since?: number; readonly entity?: string }
  readonly concurrency: number
  readonly force: boolean
  readonly yes: boolean
  readonly json: boolean
}

/** Failures of a page; reruns begin while the next one is not read yet. */
const page = 100

/** Tells how many there are, and whether to go on. Throws {@link Usage} where nobody can be asked. */
export async function agreed(deployment: Deployment, { asked, force, yes }: Many): Promise<number> {
  const { total, more } = await invoke<{ readonly counts: readonly Count[]; readonly total: number; readonly more: boolean }>('failures', { count: { ...asked, ...!force && { retry: true } } }, deployment)
  if (total === 0) return 0
  const what = `${total}${more ? ' and more' : ''} failure${total === 1 ? '' : 's'} of ${asked.pipeline} in the stage ${deployment.stage}`
  if (yes) {
    process.stderr.write(`${what}\n`)
    return total
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new Usage(`this would rerun ${what}: say --yes, since nobody can be asked here`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-C closes it.
    const answer = await Promise.race([asking.question(`Rerun ${what}? [y/N] `), once(asking, 'close').then(() => '')])
    if (!/^y(es)?$/i.test(answer.trim())) throw new Refused('nothing was run')
    return total
  } finally {
    asking.close()
  }
}

/** One line on a terminal, which is written over; else a line a page. */
function progress(total: number) {
  const { stderr } = process
  const counts = { done: 0, failed: 0 }
  const text = (): string => `${counts.done} done, ${counts.failed} failed again, ${Math.max(0, total - counts.done - counts.failed)} left`
  return {
    counts,
    step(): void { if (stderr.isTTY) stderr.write(`\r${text()}\u001B[K`) },
    page(): void { if (!stderr.isTTY) stderr.write(`${text()}\n`) },
    end(): void { if (stderr.isTTY) stderr.write('\r\u001B[K') },
  }
}

/** Runs them from here, some at a time. Ctrl-C ends it behind those under way. Gives 0 where all went well, else 1. */
export async function many(deployment: Deployment, wanted: Many): Promise<number> {
  const { asked, concurrency, force, json } = wanted
  const total = await agreed(deployment, wanted)
  if (total === 0) {
    say(json ? JSON.stringify({ stage: deployment.stage, done: 0, failed: 0 }) : `no such failures that a rerun may help${force ? '' : '; npx sallyport failures --count shows the others'}`)
    return 0
  }
  const told = progress(total)
  const { counts } = told
  const refused = new Map<Why, number>()
  let broken: unknown
  return orderly(async (signal) => {
    const ended = (): boolean => signal.aborted || broken !== undefined
    async function each(ids: Iterator<string>): Promise<void> {
      for (let next = ids.next(); next.done !== true && !ended(); next = ids.next()) {
        try {
          const { done, why } = await invoke<Reran>('failures', { rerun: { id: next.value, force } }, deployment)
          // Somebody else was faster.
          if (done || why === 'gone') counts.done++
          else counts.failed++
          if (!done && why !== undefined && why !== 'gone') refused.set(why, (refused.get(why) ?? 0) + 1)
        } catch (error) {
          broken ??= error
        }
        told.step()
      }
    }
    let from: string | undefined
    do {
      // From the newest to the oldest: what fails again is newer then, and is not met once more.
      const found: Page = await invoke<Page>('failures', { list: { ...asked, ...!force && { retry: true }, limit: page, ...from !== undefined && { from } } }, deployment)
      const ids = found.failures.map(({ id }) => id)[Symbol.iterator]()
      await Promise.all(Array.from({ length: concurrency }, () => each(ids)))
      from = found.from
      told.page()
    } while (from !== undefined && !ended())
    told.end()
    say(json ? JSON.stringify({ stage: deployment.stage, ...counts, refused: Object.fromEntries(refused), stopped: ended() }) : `${counts.done} done, ${counts.failed} failed again`)
    for (const [why, times] of refused) process.stderr.write(`${times} not run: ${reasons[why]}\n`)
    if (ended()) process.stderr.write('stopped; the same command goes on with the others, since what is done has no record any more\n')
    if (broken !== undefined) throw broken
    return counts.failed > 0 || signal.aborted ? 1 : 0
  })
}
