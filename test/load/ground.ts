import type { Run } from '../../local/run.ts'
import { door, type Door } from './door.ts'
import { ledger, partner, type Entry, type Received } from './evidence.ts'
import { loans, type Loan } from './loans.ts'
import { seeded, type Random } from './random.ts'

/** A running stack, how it is reached, and what is drawn to be sent to it. */
export interface Ground {
  readonly run: () => Run
  readonly seed: number
  readonly random: Random
  readonly door: Door
  readonly draw: () => Loan
  readonly received: () => ReadonlyMap<string, Received>
  readonly ledger: () => Promise<Map<string, Entry>>
  /** Tells how far it is. */
  readonly say: (line: string) => void
}

export function ground(run: () => Run, seed: number, say: (line: string) => void): Ground {
  const random = seeded(seed)
  return { run, seed, random, say, door: door(run), draw: loans(random), received: partner(run, 'loan-origination'), ledger: () => ledger(run()) }
}
