import { columns, type Cell } from './executions/columns.ts'
import { countsOf, numberOf, textOf, type Line } from './executions/line.ts'
import { openLog } from './executions/open.ts'
import { orderly } from './executions/orderly.ts'
import { timeOf } from './executions/text.ts'
import { options, placeOf, wantedOf } from './executions/wanted.ts'
import { say } from './screen.ts'
import { readOptions } from './usage.ts'

/** How many are shown where no number is given. All are counted. */
const shown = 20

const titles = ['ended (UTC)', 'id', 'pipeline', 'outcome', '>status', '>ms', '>done', '>failed', '>calls', '>$ a million']

function row(line: Line): Cell[] {
  const fault = textOf(line, 'fault')
  const records = Object.fromEntries(countsOf(line, 'records'))
  const number = (name: string): string => (numberOf(line, name) ?? 0).toFixed(2)
  return [
    timeOf(line.at), (line.id ?? '').slice(0, 8), line.function ?? '',
    fault === undefined ? { text: textOf(line, 'outcome') ?? '', format: 'green' } : { text: fault, format: textOf(line, 'blame') === 'us' ? 'red' : 'yellow' },
    String(numberOf(line, 'status') ?? ''), number('ms'), String(records['done'] ?? 0), String(records['failed'] ?? 0),
    String(countsOf(line, 'calls').reduce((sum, [, count]) => sum + count, 0)), number('cost'),
  ]
}

/** Of numbers in order: the one that this share of them does not exceed. */
const percentile = (sorted: readonly number[], share: number): string => (sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0).toFixed(2)

/** All of them in one line. */
function totals(lines: readonly Line[], rows: number): string {
  const blames = Map.groupBy(lines.flatMap((line) => textOf(line, 'fault') === undefined ? [] : [textOf(line, 'blame') ?? 'nobody']), (blame) => blame)
  const faulty = [...blames.values()].reduce((sum, { length }) => sum + length, 0)
  const ms = lines.map((line) => numberOf(line, 'ms') ?? 0).sort((a, b) => a - b)
  const dollars = lines.reduce((sum, line) => sum + (numberOf(line, 'cost') ?? 0), 0) / 1_000_000
  return [
    `${lines.length} execution${lines.length === 1 ? '' : 's'}${rows < lines.length ? ` (the newest ${rows} above)` : ''}`,
    `${faulty} fault${faulty === 1 ? '' : 's'}${faulty === 0 ? '' : ` (${['us', 'partner', 'sender', 'nobody'].flatMap((blame) => blames.has(blame) ? [`${blame} ${blames.get(blame)?.length}`] : []).join(', ')})`}`,
    `p50 ${percentile(ms, 0.5)} ms`, `p99 ${percentile(ms, 0.99)} ms`, `$${dollars.toFixed(6)}`,
  ].join(', ')
}

/** Lists executions, the newest first, and sums up all that were found. */
export async function runs(args: string[]): Promise<number> {
  const { values } = readOptions({ args, options })
  const { limit = shown, ...wanted } = wantedOf(values)
  const source = await openLog(placeOf(values))
  return orderly(async (signal) => {
    const found = await source.read({ ...source.back && { since: Date.now() - source.back.lines }, ...wanted, ends: true }, signal)
    const newest = found.reverse().slice(0, limit)
    if (values.json) {
      for (const { raw } of newest) say(raw)
    } else if (newest.length > 0) {
      say(columns(titles, newest.map(row)))
      say(totals(found, newest.length))
    }
    if (newest.length === 0) process.stderr.write(`no such executions in ${source.where}${source.back === undefined || wanted.since !== undefined ? '' : ' within the last hour: --since looks further back'}\n`)
    return 0
  })
}
