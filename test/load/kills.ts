import { setTimeout as pause } from 'node:timers/promises'
import { tally, told, untilDefinite, type Answer } from './door.ts'
import { since, type Entry } from './evidence.ts'
import type { Ground } from './ground.ts'
import type { Loan } from './loans.ts'
import { childrenOf } from './children.ts'
import { between, oneOf } from './random.ts'

export type Victim = 'function' | 'gateway' | 'aws'

/** What was sent while processes were killed, and what it was answered. */
export interface Killed {
  readonly before: ReadonlyMap<string, Entry>
  readonly acknowledged: readonly Loan[]
  readonly others: readonly { readonly loan: Loan; readonly said: string }[]
  readonly wrong: readonly string[]
}

/** What a sender may be told while processes end under his message: all of it says that he may send again. */
const excusable = new Set(['no answer', '500', '503', '503 UNAVAILABLE', '503 UNCONFIRMED', '503 ACCOUNT_UNAVAILABLE', '503 PARTNER_UNREACHABLE', '504 OUT_OF_TIME', '504 PARTNER_SILENT'])

/** Seconds that a process may take to be there again, on a busy machine. */
const startSeconds = 30

/** Kills one after another with SIGKILL, at moments that are drawn, while applications flow. */
export async function kills({ run, random, door, draw, ledger, say, seed }: Ground, victims: readonly Victim[], beside: number): Promise<Killed> {
  const before = await ledger()
  const answered: { loan: Loan; answer: Answer }[] = []
  let on = true
  const flowing = Promise.all(Array.from({ length: beside }, async () => {
    while (on) {
      const loan = draw()
      const answer = await door.lend(loan)
      answered.push({ loan, answer })
      // Connections are refused at once while the gateway starts: nobody sends a thousand applications meanwhile.
      if (answer.said === 'no answer') await pause(100)
    }
  }))
  const accepted = (): number => answered.filter(({ answer }) => answer.said === '201').length
  const wrong: string[] = []
  /** Until this many more were accepted: it works again. */
  async function working(more: number): Promise<void> {
    const [wanted, until] = [accepted() + more, Date.now() + startSeconds * 1_000]
    while (accepted() < wanted && wrong.length === 0) {
      if (Date.now() > until) wrong.push(`nothing is accepted ${startSeconds} seconds after a kill (seed ${seed})`)
      await pause(20)
    }
  }
  for (const [at, victim] of victims.entries()) {
    await working(beside)
    if (wrong.length > 0) break
    await pause(between(random, 0, 600))
    const pid = victim === 'function' ? oneOf(random, childrenOf(run().pids.gateway)) : run().pids[victim] as number
    process.kill(pid, 'SIGKILL')
    if (at % 5 === 4) say(`${at + 1} of ${victims.length} kills, the last one of ${victim}: ${told(tally(answered.map(({ answer }) => answer)))}`)
    const until = Date.now() + startSeconds * 1_000
    while (victim !== 'function' && run().pids[victim] === pid && Date.now() < until) await pause(20)
  }
  await working(beside)
  on = false
  await flowing
  const undocumented = answered.filter(({ answer }) => answer.said !== '201' && !excusable.has(answer.said))
  if (undocumented.length > 0) wrong.push(`answers that are not documented: ${told(tally(undocumented.map(({ answer }) => answer)))}, such as to ${undocumented[0]?.loan.applicationId}`)
  return {
    before, wrong,
    acknowledged: answered.filter(({ answer }) => answer.said === '201').map(({ loan }) => loan),
    others: answered.filter(({ answer }) => answer.said !== '201').map(({ loan, answer }) => ({ loan, said: answer.said })),
  }
}

export interface Settled {
  /** What those came to that were not acknowledged, when they were sent again. */
  readonly again: Readonly<Record<string, number>>
  /** Applications of which the partner has a repeated send, under the same key: it acted on the first. */
  readonly repeated: number
  readonly wrong: readonly string[]
}

/**
 * Every acknowledged application is at the partner once and confirmed; every other one is sent again, as it was, and comes
 * to 201, or to DUPLICATE where it was done, within its lease. Nothing else is left in the ledger. `besides`: how many
 * other applications were accepted since.
 */
export async function settled({ door, received, ledger }: Ground, { before, acknowledged, others }: Killed, besides = 0): Promise<Settled> {
  const wrong: string[] = []
  const note = (loan: Loan, what: string): void => { if (wrong.length < 10) wrong.push(`${loan.applicationId}: ${what}`) }
  const again = await Promise.all(others.map(async ({ loan, said }) => ({ loan, first: said, said: await untilDefinite(door, loan) })))
  for (const { loan, first, said } of again) if (said !== '201' && said !== '409 DUPLICATE') note(loan, `answered ${first}, and sent again ${said}`)
  const at = received()
  for (const loan of acknowledged) {
    const { requests = 0, acted = 0 } = at.get(loan.applicationId) ?? {}
    if (requests !== 1 || acted !== 1) note(loan, `acknowledged at once, and the partner has ${requests} requests and acted ${acted} times`)
  }
  for (const { loan } of others) {
    const { requests = 0, acted = 0, bodies } = at.get(loan.applicationId) ?? {}
    if (acted !== 1 || bodies?.size !== 1) note(loan, `sent again, and the partner has ${requests} requests, ${bodies?.size ?? 0} of them different, and acted ${acted} times`)
  }
  const now = told(since(before, await ledger()))
  const all = [...acknowledged, ...others.map(({ loan }) => loan)]
  if (now !== `${all.length + besides} x confirmed`) wrong.push(`of ${all.length + besides} applications the ledger holds ${now}`)
  for (const batch of batches(all, 64)) {
    const answers = await Promise.all(batch.map(async (loan) => ({ loan, ...await door.lend(loan) })))
    for (const { loan, said } of answers) if (said !== '409 DUPLICATE') note(loan, `settled, and once more ${said}`)
  }
  return { again: tally(again), repeated: others.filter(({ loan }) => (at.get(loan.applicationId)?.requests ?? 0) > 1).length, wrong }
}

function* batches<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size)
}
