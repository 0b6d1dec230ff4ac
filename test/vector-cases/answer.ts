import { isFields, NotACase, type Case } from './case.ts'
import { run } from './suites.ts'

/** What the program says of a line. */
export type Answer =
  | { readonly id: Id; readonly accepted: boolean; readonly out: string }
  | { readonly id: Id; readonly skipped: string }

/** As the line has it; null where there is none. */
type Id = string | number | null

const notALine = 'not a line of this program'

/** Never throws: a case that fails in whatever way is one that was not accepted. */
export async function answer(line: string): Promise<Answer> {
  const { id, given } = read(line)
  if (given === undefined) return { id, skipped: notALine }
  try {
    const outcome = await run(given)
    return outcome instanceof Uint8Array ? { id, accepted: true, out: Buffer.from(outcome).toString('hex') } : { id, skipped: outcome.skipped }
  } catch (error) {
    return error instanceof NotACase ? { id, skipped: notALine } : { id, accepted: false, out: '' }
  }
}

function read(line: string): { readonly id: Id; readonly given?: Case } {
  let whole: unknown
  try {
    whole = JSON.parse(line)
  } catch {
    return { id: null }
  }
  if (!isFields(whole)) return { id: null }
  const { id: named, suite, group, test } = whole
  const id = typeof named === 'string' || typeof named === 'number' ? named : null
  return typeof suite === 'string' && isFields(group) && isFields(test) ? { id, given: { suite: plain(suite), group, test } } : { id }
}

/** The folder, the ending and how words are joined do not matter. */
const plain = (suite: string): string => suite.replace(/^.*\//, '').replace(/\.json$/, '').toLowerCase().replace(/[^a-z0-9]/g, '')
