import { tally, tellsWhen, told, type Answer } from './door.ts'
import { since } from './evidence.ts'
import type { Ground } from './ground.ts'

export interface Rounds {
  readonly answers: Readonly<Record<string, number>>
  /** What must not be, in sentences; none is good. */
  readonly wrong: readonly string[]
}

const expected = (answer: Answer): boolean => answer.said === '201' || answer.said === '409 DUPLICATE' || answer.said === '503 UNAVAILABLE' || tellsWhen(answer)

/** In each round the same application many times at once: one is accepted, the others are told so, and the partner has one request. */
export async function rounds({ door, draw, ledger, received, say }: Ground, count: number, beside: number): Promise<Rounds> {
  const all: Record<string, number> = {}
  const wrong: string[] = []
  const before = await ledger()
  for (let round = 1; round <= count && wrong.length === 0; round++) {
    const loan = draw()
    const answers = await Promise.all(Array.from({ length: beside }, () => door.lend(loan)))
    const counts = tally(answers)
    for (const [said, times] of Object.entries(counts)) all[said] = (all[said] ?? 0) + times
    const where = `round ${round}, ${loan.applicationId}: ${told(counts)}`
    if (counts['201'] !== 1) wrong.push(`${where}: not one was accepted, or more`)
    const other = answers.find((answer) => !expected(answer))
    if (other !== undefined) wrong.push(`${where}: ${other.said} with Retry-After ${other.retryAfter ?? 'missing'} is not documented`)
    const { requests = 0 } = received().get(loan.applicationId) ?? {}
    if (requests !== 1) wrong.push(`${where}: the partner has ${requests} requests`)
    if (round % 10 === 0) say(`${round} of ${count} rounds: ${told(all)}`)
  }
  const now = since(before, await ledger())
  if (wrong.length === 0 && told(now) !== `${count} x confirmed`) wrong.push(`after ${count} rounds the ledger holds ${told(now)}`)
  return { answers: all, wrong }
}
