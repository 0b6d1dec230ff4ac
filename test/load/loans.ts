import { between, type Random } from './random.ts'

export interface Loan {
  /** Also the partner's Idempotency-Key. */
  readonly applicationId: string
  readonly applicant: { readonly name: string; readonly ssn: string; readonly email: string; readonly birthDate: string }
  readonly amount: number
  readonly income: number
}

/** A million SSNs of the area 666, which nobody is given and no other test draws: no two applications of a run share one. */
const room = 1_000_000

/** Applications of applicants that differ. Throws when there are no more. */
export function loans(random: Random): () => Loan {
  const [mark, from] = [between(random, 0, 2 ** 32).toString(36), between(random, 0, room)]
  let count = 0
  return () => {
    if (count === room) throw new Error('all SSNs were given out: begin with an empty ledger')
    const ssn = `666${String((from + count) % room).padStart(6, '0')}`
    count += 1
    return { applicationId: `load-${mark}-${count}`, applicant: { name: 'Grace Hopper', ssn, email: 'grace@example.org', birthDate: '1986-12-09' }, amount: 25_000, income: 84_000.5 }
  }
}
