import { faults, type FaultCode } from 'sallyport'
import { paint } from '../screen.ts'
import { columns } from './columns.ts'
import { hints, unended } from './hints.ts'
import { countsOf, numberOf, textOf, type Line } from './line.ts'
import { detailsOf, endOf, lineText, timeOf } from './text.ts'

/** Characters of a bar that is as long as the whole execution. */
const wide = 24

/** A share as a bar, to an eighth of a character. */
function bar(share: number): string {
  const eighths = Math.max(1, Math.round(share * wide * 8))
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7]
}

/** Steps of one kind together; those that ran side by side may take more than the whole. */
function steps(end: Line): string[] {
  const taken = countsOf(end, 'steps')
  if (taken.length === 0) return []
  const whole = Math.max(numberOf(end, 'ms') ?? 0, ...taken.map(([, ms]) => ms)) || 1
  return ['', columns(['step', '>ms', 'of the execution'], taken.map(([kind, ms]) => [kind, ms.toFixed(2), { text: bar(ms / whole), format: 'cyan' }]))]
}

/** Names on the left, what they are on the right. */
const pairs = (rows: readonly (readonly [name: string, what: string])[]): string[] => rows.filter(([, what]) => what !== '').map(([name, what]) => `${paint('dim', name.padEnd(8))}  ${what}`)

const counted = (counts: readonly (readonly [string, number])[]): string => counts.map(([name, count]) => `${name} ${count}`).join(', ')

function next(code: string | undefined): readonly [string, string] {
  return ['next', code !== undefined && Object.hasOwn(hints, code) ? hints[code as FaultCode] : '']
}

const title = (code: string | undefined): string => code !== undefined && Object.hasOwn(faults, code) ? `: ${faults[code as FaultCode].title}` : ''

function ended(end: Line): string[] {
  const fault = textOf(end, 'fault')
  const cost = numberOf(end, 'cost')
  const started = Date.parse(textOf(end, 'started') ?? '')
  return pairs([
    ['outcome', paint(fault === undefined ? 'green' : 'red', endOf(end)) + title(fault)],
    ['details', detailsOf(end)],
    ['started', Number.isNaN(started) ? '' : `${timeOf(started)} UTC, took ${numberOf(end, 'ms') ?? 0} ms`],
    ['records', counted(countsOf(end, 'records'))],
    ['calls', counted(countsOf(end, 'calls')) || 'none of AWS'],
    ['sends', `${numberOf(end, 'sends') ?? 0} to partners`],
    ['cost', cost === undefined ? '' : `$${cost.toFixed(2)} for a million such executions`],
    next(fault),
  ])
}

/** All that is known of an execution, of which there is at least one line: what it wrote, its steps, and how it ended. */
export function page(id: string, lines: readonly Line[]): string {
  const end = lines.findLast((line) => textOf(line, 'event') === 'execution')
  const before = lines.filter((line) => line !== end)
  // Functions of ours write one line in all, with the code of what they answered.
  const answered = lines.findLast((line) => ['fallback', 'jwks'].includes(textOf(line, 'event') ?? ''))
  const name = (end ?? lines.find((line) => line.function !== undefined))?.function
  return [
    `${paint('bold', id)}${name === undefined ? '' : `  ${name}`}`,
    ...before.length > 0 ? ['', ...before.map((line) => lineText(line, true))] : [],
    ...end === undefined ? [] : steps(end),
    '', ...end !== undefined ? ended(end) : pairs(answered === undefined ? [['outcome', unended]] : [next(textOf(answered, 'fault'))]),
  ].join('\n').trimEnd()
}
