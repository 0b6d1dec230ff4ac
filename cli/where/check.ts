import { isLeak, leaksOnce, seen, shownTwice, table, type Found, type Row } from './judge.ts'
import type { Capture } from './capture.ts'
import { put, type Field } from './example.ts'
import { ways, type Value } from './mark.ts'
import { marked, Stage, type Played, type Subject } from './scenarios.ts'
import { Sought } from './search.ts'
import { Usage } from '../usage.ts'
import { leavesOf } from './surfaces.ts'

/** What is known of one field of one pipeline. */
export interface Checked {
  readonly field: string
  readonly rows: readonly Row[]
  /** Whether it is somewhere READABLE where the definition does not say so. */
  readonly leaks: boolean
  /** What a reader of the rows must know, in sentences. */
  readonly notes: readonly string[]
}

/** What is known of a pipeline. */
export interface Report {
  readonly subject: Subject
  readonly fields: readonly Checked[]
  readonly scenarios: number
  /** Steps that no scenario came to: nothing is known of them. */
  readonly unreached: readonly string[]
  /** Steps that opened connections of their own, by which they could send anything. */
  readonly connecting: readonly string[]
}

export const passes = ({ fields, connecting }: Report): boolean => connecting.length === 0 && fields.every(({ leaks }) => !leaks)

/** A value of which the pipeline makes what it makes of the example's. */
interface Choice { readonly value: Value; readonly own: boolean }

/** Runs a pipeline with marked fields twice, and up to four times where that does not decide, through every scenario, and says where each came to. Throws {@link Usage} for an example that the pipeline refuses. */
export async function check(subject: Subject, fields: readonly Field[], capture: Capture): Promise<Report> {
  const stage = new Stage(subject, capture)
  const { pipeline, example } = subject
  const expected = await stage.statusOf(example.message)
  if (expected === 422 || expected === 400) throw new Usage(`the example of ${pipeline.name} is answered ${expected}: it must be a message that the pipeline takes`)

  const choose = async ({ place, value }: Field, not: (value: Value) => boolean): Promise<Choice> => {
    for (const way of ways(value)) {
      for (let tries = 0; tries < 3; tries++) {
        const drawn = way()
        if (drawn === value || not(drawn) || !new Sought(drawn).isTelling) continue
        if (await stage.statusOf(put(example.message, place, drawn)) === expected) return { value: drawn, own: false }
      }
    }
    return { value, own: true }
  }
  const turn = async (not: (field: Field, value: Value) => boolean) => {
    const choices = new Map<Field, Choice>()
    for (const field of fields) choices.set(field, await choose(field, (value) => not(field, value)))
    const marks = new Map([...choices].map(([field, { value }]) => [field, value]))
    const together = await stage.statusOf(marked(example, marks)) === expected
    const played = await stage.all(marks)
    return { choices, played, together, found: seen(played, marks) }
  }

  const turns = [await turn(() => false)]
  do {
    const before = turns.flatMap(({ choices }) => [...choices])
    const texts = turns.flatMap(({ played }) => played).flatMap(({ witness }) => witness.contents.map(({ content }) => typeof content === 'string' ? content : Buffer.from(content).toString('latin1'))).join('\n')
    // A value that stands there by chance would be taken for one before it.
    turns.push(await turn((field, value) => before.some(([known, choice]) => known === field && choice.value === value) || String(value).length < 10 && new Sought(value).stands(texts)))
    // What one of them alone shows stood there by chance, or was hidden by chance in the other: of numbers the redactor takes one in ten for a card's.
  } while (turns.length < 4 && fields.some((field) => leaksOnce(turns.map(({ found }) => found.get(field) ?? new Map() as Found))))

  const played = turns.flatMap((each) => each.played)
  const reached = new Set(played.flatMap(({ witness }) => [...witness.reached]))
  return {
    subject,
    fields: fields.map((field) => checked(subject, field, turns)),
    scenarios: turns[0]?.played.length ?? 0,
    unreached: leavesOf(pipeline).map(({ label }) => label).filter((label) => !reached.has(label)),
    connecting: [...new Set(played.flatMap(({ witness }) => witness.connections.map(({ label }) => label)))],
  }
}

interface Turn { readonly choices: ReadonlyMap<Field, Choice>; readonly together: boolean; readonly found: ReadonlyMap<Field, Found>; readonly played: readonly Played[] }

function checked(subject: Subject, field: Field, turns: readonly Turn[]): Checked {
  const rows = table(subject, shownTwice(turns.map(({ found }) => found.get(field) ?? new Map())))
  return {
    field: field.path, rows, leaks: rows.some(isLeak),
    notes: [
      ...turns.some(({ choices }) => choices.get(field)?.own) ? ['the pipeline takes no value but the example\'s: the same value from elsewhere would be found too'] : [],
      ...turns.every(({ together }) => together) ? [] : ['with all fields marked the pipeline ends otherwise than with the example: name fewer fields'],
    ],
  }
}
