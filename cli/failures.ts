import type { Count, Failure, Page } from '../functions/handlers/records.ts'
import { columns, type Cell } from './executions/columns.ts'
import { safe, timeOf } from './executions/text.ts'
import { idOf } from './deployment.ts'
import { wantedOf } from './executions/wanted.ts'
import { invoke, type Deployment } from './invoke.ts'
import { say } from './screen.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** Options of `failures` and `rerun` alike. */
export const options = {
  pipeline: { type: 'string' }, entity: { type: 'string' }, fault: { type: 'string' }, since: { type: 'string' }, limit: { type: 'string' },
  json: { type: 'boolean', default: false }, stage: { type: 'string', default: 'dev' }, id: { type: 'string' },
} as const

/** How many are shown where no number is given. */
const shown = 50

/** Which failures, as the function `failures` takes it. Throws {@link Usage}: one sentence, without the value. */
export function askedOf({ entity, ...values }: { readonly [Name in 'pipeline' | 'entity' | 'fault' | 'since' | 'limit']?: string | undefined } & { readonly stage: string }) {
  const { pipeline, fault, since, limit } = wantedOf(values)
  if (fault === 'any') throw new Usage('--fault: write one of the fault table; each failure has one')
  if (entity !== undefined && (entity === '' || entity.length > 1_024)) throw new Usage('--entity: write up to 1024 characters')
  if (entity !== undefined && pipeline === undefined) throw new Usage('--entity is one of a pipeline: name the --pipeline')
  return { asked: { ...pipeline !== undefined && { pipeline }, ...fault !== undefined && { fault }, ...since !== undefined && { since }, ...entity !== undefined && { entity } }, limit }
}

/** The id of a failure, with or without what it begins with. Throws {@link Usage}. */
export function failureId(text: string): string {
  const id = text.startsWith('f.') ? text : `f.${text}`
  if (!/^f\.[\w.:-]{8,200}$/.test(id)) throw new Usage('an ID is that of a failure, as npx sallyport failures lists it')
  return id
}

export const deploymentOf = ({ stage, id }: { readonly stage: string; readonly id?: string | undefined }): Deployment => ({ stage, prefix: `${idOf(stage, id)}-${stage}` })

const colours = { us: 'red', partner: 'yellow', sender: 'yellow' } as const

/** What becomes of it. */
const nextOf = ({ waits, retry, source }: Failure): string => waits ? 'comes again by itself' : !retry ? 'fails alike until something is mended' : source ? 'can be rerun' : 'can be rerun with its payload'

const row = (failure: Failure): Cell[] => [
  timeOf(failure.at).slice(0, 19), failure.id, failure.pipeline, { text: failure.fault, format: colours[failure.blame as keyof typeof colours] ?? 'yellow' },
  failure.step ?? '', String(failure.attempt), failure.effect, safe(failure.entity ?? ''), nextOf(failure),
]

function one(failure: Failure): string {
  const lines = {
    failure: failure.id, pipeline: `${failure.pipeline}, definition ${failure.version}`, fault: `${failure.fault}, blame ${failure.blame}${failure.step === undefined ? '' : `, in ${failure.step}`}`,
    failed: `${failure.attempt} time${failure.attempt === 1 ? '' : 's'}, first ${timeOf(failure.first)}, last ${timeOf(failure.at)} UTC`,
    effect: failure.effect === 'none' ? 'none: nothing was done outside' : 'unknown: a partner may have acted; a rerun asks the duplicate check first, where the pipeline has one', entity: safe(failure.entity ?? 'not known: it failed before'),
    execution: failure.execution, next: nextOf(failure),
  }
  return Object.entries(lines).map(([name, text]) => `${name.padEnd(10)} ${text}`).join('\n')
}

/** Lists failures, shows one, or counts them. There is no payload to be shown; a sensitive entity is a keyed digest. */
export async function failures(args: string[]): Promise<number> {
  const { values, positionals: [given, ...more] } = readOptions({ args, allowPositionals: true, options: { ...options, count: { type: 'boolean', default: false } } })
  if (more.length > 0) throw new Usage('failures takes one ID')
  const { asked, limit = shown } = askedOf(values)
  if (given !== undefined && (Object.keys(asked).length > 0 || values.limit !== undefined || values.count)) throw new Usage('an ID says which failure: leave out --pipeline, --entity, --fault, --since, --limit and --count')
  const deployment = deploymentOf(values)
  if (values.count) return count(deployment, asked, values.json)
  if (given !== undefined) {
    const { failures: [found] } = await invoke<Page>('failures', { list: { id: failureId(given) } }, deployment)
    if (found === undefined) throw new Refused('there is no such failure: it went well meanwhile, was forgotten, or has expired')
    say(values.json ? JSON.stringify({ stage: deployment.stage, failures: [found] }) : one(found))
    return 0
  }
  const found: Failure[] = []
  let from: string | undefined
  do {
    const page: Page = await invoke<Page>('failures', { list: { ...asked, limit: Math.min(500, limit - found.length), ...from !== undefined && { from } } }, deployment)
    found.push(...page.failures)
    from = page.from
  } while (from !== undefined && found.length < limit)
  if (values.json) say(JSON.stringify({ stage: deployment.stage, failures: found, more: from !== undefined }))
  else if (found.length === 0) say('no such failures')
  else {
    say(columns(['failed (UTC)', 'id', 'pipeline', 'fault', 'step', '>times', 'effect', 'entity', 'next'], found.map(row)))
    if (from !== undefined) say(`\nThere are more: --limit shows more of them, --count counts all`)
  }
  return 0
}

async function count(deployment: Deployment, asked: object, json: boolean): Promise<number> {
  const counted = await invoke<{ readonly counts: readonly Count[]; readonly total: number; readonly more: boolean }>('failures', { count: asked }, deployment)
  if (json) say(JSON.stringify({ stage: deployment.stage, ...counted }))
  else if (counted.total === 0) say('no such failures')
  else {
    say(columns(['pipeline', 'fault', 'blame', '>failures', '>a rerun may help', 'oldest (UTC)', 'newest (UTC)'], counted.counts.map(({ pipeline, fault, blame, count, retry, oldest, newest }) => [
      pipeline, fault, blame, String(count), String(retry), timeOf(oldest).slice(0, 19), timeOf(newest).slice(0, 19),
    ])))
    say(`${counted.total} failure${counted.total === 1 ? '' : 's'}${counted.more ? ', and more than are counted at once' : ''}`)
  }
  return 0
}
