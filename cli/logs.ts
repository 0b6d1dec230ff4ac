import type { Line } from './executions/line.ts'
import { openLog } from './executions/open.ts'
import { orderly } from './executions/orderly.ts'
import { page } from './executions/page.ts'
import type { Source } from './executions/source.ts'
import { lineText } from './executions/text.ts'
import { executionOf, isWanted, options, placeOf, wantedOf, type Values, type Wanted } from './executions/wanted.ts'
import { say } from './screen.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** How many lines are shown where no id and no number is given. */
const shown = 50

const show = (json: boolean) => (line: Line): void => say(json ? line.raw : lineText(line))

/** The whole id, and its lines. Throws {@link Refused} for an id that is not there, and for a beginning of several. */
async function find(source: Source, given: string, since: number | undefined, signal: AbortSignal): Promise<{ id: string; lines: Line[] }> {
  const from = since ?? (source.back && Date.now() - source.back.execution)
  const wanted: Wanted = { execution: given, ...from !== undefined && { since: from } }
  const met = await source.read(wanted, signal)
  const [id, ...others] = new Set(met.flatMap((line) => line.id?.startsWith(given) === true ? [line.id] : []))
  if (id === undefined) throw new Refused(`no line of an execution with this id in ${source.where}${from === undefined ? '' : ` since ${new Date(from).toISOString()}`}${source.back === undefined ? '; --stage STAGE looks into a deployment in AWS' : '; --since looks further back'}`)
  if (others.length > 0) throw new Refused(`${others.length + 1} executions begin like this: ${[id, ...others].slice(0, 5).join(', ')}${others.length > 4 ? ' …' : ''}`)
  // Text of the platform has no id of its own, but names it.
  return { id, lines: met.filter((line) => line.id === id || (line.id === undefined && isWanted(line, { execution: id }))) }
}

function refuse(values: Values & { readonly follow: boolean }, ids: readonly string[]): void {
  if (ids.length > 1) throw new Usage('logs takes one ID')
  if (ids.length === 1 && (values.follow || values.pipeline !== undefined || values.fault !== undefined || values.limit !== undefined)) throw new Usage('an ID says which lines: leave out --follow, --pipeline, --fault and --limit')
  if (values.follow && (values.since !== undefined || values.limit !== undefined)) throw new Usage('--follow shows what comes from now on: leave out --since and --limit')
}

/** Shows an execution by its id, or the newest lines, or those that come. */
export async function logs(args: string[]): Promise<number> {
  const { values, positionals } = readOptions({ args, allowPositionals: true, options: { ...options, follow: { type: 'boolean', default: false } } })
  refuse(values, positionals)
  const given = positionals[0] === undefined ? undefined : executionOf(positionals[0])
  const wanted = wantedOf(values)
  const source = await openLog(placeOf(values))
  return orderly(async (signal) => {
    if (given !== undefined) {
      const { id, lines } = await find(source, given, wanted.since, signal)
      if (values.json) lines.forEach(show(true))
      else say(page(id, lines))
      return 0
    }
    if (values.follow) {
      const ended = source.follow(wanted, show(values.json), signal)
      process.stderr.write(`following ${source.where}; Ctrl-C ends it\n`)
      await ended
      return 0
    }
    const lines = await source.read({ ...source.back && { since: Date.now() - source.back.lines }, limit: shown, ...wanted }, signal)
    lines.forEach(show(values.json))
    if (lines.length === 0) process.stderr.write(`no such lines in ${source.where}${source.back === undefined || wanted.since !== undefined ? '' : ' within the last hour: --since looks further back'}\n`)
    return 0
  })
}
