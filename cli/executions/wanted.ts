import { faults } from 'sallyport'
import { idOf } from '../deployment.ts'
import { Usage } from '../usage.ts'
import { textOf, type Line } from './line.ts'

/** The options of `logs` and `runs` alike. */
export const options = {
  pipeline: { type: 'string' }, fault: { type: 'string' }, since: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean', default: false },
  stage: { type: 'string', default: 'local' }, id: { type: 'string' }, region: { type: 'string' },
} as const

export type Values = { readonly [Name in 'pipeline' | 'fault' | 'since' | 'limit' | 'id' | 'region']?: string | undefined } & { readonly stage: string }

/** Which log: `id` and `region` are of AWS. */
export interface Place {
  readonly stage: string
  readonly id: string
  /** The AWS SDK finds it where it is not said. */
  readonly region: string | undefined
}

/** Which lines. All of it was checked against a pattern, so it may stand in a query. */
export interface Wanted {
  /** An execution's id, or how it begins. */
  readonly execution?: string
  /** Only how executions ended. */
  readonly ends?: true
  readonly pipeline?: string
  /** A code of the fault table; `any` for whatever has one. */
  readonly fault?: string
  /** Epoch milliseconds. */
  readonly since?: number
  /** The newest ones, this many at most. */
  readonly limit?: number
}

/** What CloudWatch Logs Insights gives at once. */
export const most = 10_000

/** Names of stages and pipelines are those that `infra` admits. Throws {@link Usage}. */
export function placeOf({ stage, id, region }: Values): Place {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(stage)) throw new Usage('--stage: write up to 16 lower-case letters and digits')
  if (stage === 'local' && (id !== undefined || region !== undefined)) throw new Usage('--id and --region are of AWS: name the --stage, too (local, the run on this machine, is the default)')
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(region)) throw new Usage('--region: write one as us-east-1')
  return { stage, id: stage === 'local' ? '' : idOf(stage, id), region }
}

/** Reads what was asked for. Throws {@link Usage}: one sentence, without the value. */
export function wantedOf({ pipeline, fault, since, limit }: Values, now = Date.now()): Wanted {
  if (pipeline !== undefined && (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(pipeline) || pipeline.length > 40)) throw new Usage('--pipeline: write lower-case words joined by hyphens, at most 40 characters')
  if (fault !== undefined && fault !== 'any' && !Object.hasOwn(faults, fault)) throw new Usage(`--fault: write any, or one of ${Object.keys(faults).join(', ')}`)
  if (limit !== undefined && !(/^[1-9]\d{0,4}$/.test(limit) && Number(limit) <= most)) throw new Usage('--limit: write a number from 1 to 10000')
  const from = since === undefined ? undefined : moment(since, now)
  return {
    ...pipeline !== undefined && { pipeline }, ...fault !== undefined && { fault }, ...from !== undefined && { since: from }, ...limit !== undefined && { limit: Number(limit) },
  }
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Epoch milliseconds. A moment without a zone is UTC, as all times that are shown. */
function moment(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (units[unit] ?? 0)
  const [, day, time, zone = 'Z'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const at = day === undefined ? Number.NaN : Date.parse(time === undefined ? day : `${day}T${time}${zone}`)
  if (Number.isNaN(at)) throw new Usage('--since: write how long ago, as 15m, 2h or 3d, or a moment, as 2026-01-31T08:00Z')
  if (at > now) throw new Usage('--since: this moment is yet to come')
  return at
}

/** An id as given in full or by its beginning. Throws {@link Usage}. */
export function executionOf(text: string): string {
  const id = text.toLowerCase()
  if (!/^[0-9a-f-]{8,36}$/.test(id)) throw new Usage('an ID is that of a reply or a log line, or at least its first 8 characters: digits, a to f and hyphens')
  return id
}

/** Whether a line is among those. */
export function isWanted(line: Line, { execution, ends, pipeline, fault, since }: Wanted): boolean {
  const own = textOf(line, 'fault')
  return (execution === undefined || line.raw.includes(execution))
    && (ends === undefined || textOf(line, 'event') === 'execution')
    && (pipeline === undefined || line.function === pipeline)
    && (fault === undefined || (fault === 'any' ? own !== undefined : own === fault))
    && (since === undefined || (line.at !== undefined && line.at >= since))
}
