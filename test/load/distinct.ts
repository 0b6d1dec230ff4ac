import { tally, told, type Answer } from './door.ts'
import { since } from './evidence.ts'
import type { Ground } from './ground.ts'

export interface Distinct {
  readonly sent: number
  /** Of it all. */
  readonly seconds: number
  readonly wrong: readonly string[]
}

/** Applications of applicants that differ, up to `most` of them, or as many as are sent in `seconds`: none is refused, and each is once at the partner and in the ledger. */
export async function distinct({ door, draw, ledger, received, say }: Ground, { most, seconds, beside }: { readonly most: number; readonly seconds: number; readonly beside: number }): Promise<Distinct> {
  const before = await ledger()
  const began = performance.now()
  const passed = (): number => (performance.now() - began) / 1_000
  const sent: string[] = []
  const answers: Answer[] = []
  await Promise.all(Array.from({ length: beside }, async () => {
    while (sent.length < most && passed() < seconds) {
      const loan = draw()
      sent.push(loan.applicationId)
      answers.push(await door.lend(loan))
      if (answers.length % 2_500 === 0) say(`${answers.length} of ${most} distinct ones, ${Math.round(answers.length / passed())} a second`)
    }
  }))
  const took = passed()
  const wrong: string[] = []
  const counts = told(tally(answers))
  if (counts !== `${sent.length} x 201`) wrong.push(`${sent.length} distinct ones were answered ${counts}`)
  const at = received()
  const other = sent.filter((id) => at.get(id)?.requests !== 1)
  if (other.length > 0) wrong.push(`${other.length} are not once at the partner, such as ${other.slice(0, 3).map((id) => `${id}: ${at.get(id)?.requests ?? 0} requests`).join(', ')}`)
  const now = told(since(before, await ledger()))
  if (now !== `${sent.length} x confirmed`) wrong.push(`the ledger holds ${now} of ${sent.length}`)
  return { sent: sent.length, seconds: took, wrong }
}
