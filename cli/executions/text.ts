import { paint } from '../screen.ts'
import { numberOf, textOf, type Line } from './line.ts'

/** What the runtime says of itself in each line; what is beside it is the pipeline's, or tells of the fault. */
const own = new Set([
  'time', 'level', 'event', 'id', 'pipeline', 'started', 'outcome', 'status', 'fault', 'blame', 'ms', 'records', 'sends', 'calls', 'cost', 'steps',
])
const always: ReadonlySet<string> = new Set(['time', 'level', 'event', 'id', 'pipeline'])

/** No control character of a log reaches the terminal: one could move the cursor or paint. */
// eslint-disable-next-line no-control-regex
export const safe = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** `2026-01-31 08:00:00.000`, UTC; as many spaces where the time is not known. */
export const timeOf = (at: number | undefined): string => at === undefined ? ' '.repeat(23) : new Date(at).toISOString().replace('T', ' ').slice(0, 23)

function rest({ fields }: Line, without: ReadonlySet<string>): string {
  const others = Object.entries(fields).filter(([name]) => !without.has(name))
  return others.length === 0 ? '' : safe(JSON.stringify(Object.fromEntries(others)))
}

/** Of a fault or a foreign error: paths, the type of the error and where it was thrown. Empty where there is nothing. */
export const detailsOf = (line: Line): string => rest(line, own)

/** `done 202`, or `DUPLICATE 409, blame sender`. */
export function endOf(line: Line): string {
  const [fault, blame, outcome = 'ended', status] = [textOf(line, 'fault'), textOf(line, 'blame'), textOf(line, 'outcome'), numberOf(line, 'status')]
  return safe([fault ?? outcome, ...status === undefined ? [] : [String(status)]].join(' ') + (blame === undefined ? '' : `, blame ${blame}`))
}

/** What a line says, without when and who. */
function said(line: Line): string {
  const text = textOf(line, 'text')
  switch (textOf(line, 'event')) {
    case 'execution': return [endOf(line), `${numberOf(line, 'ms') ?? 0} ms`, detailsOf(line)].filter((part) => part !== '').join(', ')
    case 'attempt': return [`${safe(textOf(line, 'kind') ?? '')} ${safe(textOf(line, 'fault') ?? '')}, effect ${safe(textOf(line, 'effect') ?? '')}`, rest(line, new Set([...always, 'kind', 'fault', 'effect']))].filter((part) => part !== '').join(', ')
    case 'print': return text === undefined ? rest(line, always) : safe(text)
    // The platform's own words.
    case undefined: return text === undefined ? safe(line.raw) : safe(text)
    default: return rest(line, always)
  }
}

const colours = { warn: 'yellow', error: 'red' } as const

/** A line: when, how grave, which function and execution (unless `alone`, among those of one execution), what. */
export function lineText(line: Line, alone = false): string {
  const level = textOf(line, 'level') ?? ''
  const shown = safe(level.padEnd(5))
  return [
    paint('dim', timeOf(line.at)), level in colours ? paint(colours[level as keyof typeof colours], shown) : shown,
    ...alone ? [] : [safe((line.function ?? '').padEnd(20)), safe((line.id ?? '').slice(0, 8).padEnd(8))],
    safe((textOf(line, 'event') ?? 'platform').padEnd(9)), said(line),
  ].join('  ').trimEnd()
}
