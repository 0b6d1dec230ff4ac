import { recordsOrigins, rerunsKey } from './failure.ts'
import { envelopeKeyOf } from './keys.ts'
import { leaves, type Sends, type Step } from './step.ts'
import { named, type Need } from './resource.ts'
import { isQueued, type Trigger } from './triggers.ts'
import { outcomeDays, waitingNeeds } from './waiting.ts'

/** A trigger, its steps, and a name: one Lambda function. */
export interface Pipeline<Payload = never, Reply = unknown> {
  readonly name: string
  readonly trigger: Trigger<Payload>
  /** Names of fields that are masked in logs at any depth, besides the realm's. */
  readonly sensitive: readonly string[]
  /**
   * Seconds for one message: 3 to 29, since an HTTP API waits 30; 3 to 300 where messages wait in a queue, and 900 for all
   * of a `batch`.
   */
  readonly timeout: number
  /** Days for which `GET path/{id}` tells what became of a message: 1 to 365. Of a route with `mode: 'async'` alone. */
  readonly outcomeDays?: number
  readonly steps: Step<Payload, Reply>
}

/** A pipeline as a value. Throws a TypeError, naming it, for what can be known to be wrong before it runs. */
export function pipeline<Payload, Reply>(definition: {
  readonly name: string
  readonly trigger: Trigger<Payload>
  readonly sensitive?: readonly string[]
  readonly timeout?: number
  /** @default 7, of a route with `mode: 'async'` */
  readonly outcomeDays?: number
  readonly steps: Step<Payload, Reply>
}): Pipeline<Payload, Reply> {
  const { name, trigger, timeout = 15, sensitive = [], outcomeDays: days } = definition
  named('pipeline', name)
  const flaw = flawOfTimes(trigger, timeout, days)
  if (flaw !== undefined) throw new TypeError(`pipeline ${name}: ${flaw}`)
  return { ...definition, timeout, sensitive, ...trigger.kind === 'async' && { outcomeDays: days ?? outcomeDays.usual } }
}

/** What is wrong with the times of a pipeline, as the end of a sentence. */
export function flawOfTimes(trigger: Trigger<never>, timeout: number, days: number | undefined): string | undefined {
  const queued = isQueued(trigger)
  if (!(timeout >= 3 && timeout <= (queued ? 300 : 29))) return `timeout is 3 to ${queued ? 300 : 29} seconds`
  if (queued && timeout * trigger.batch > 900) return `timeout × batch is ${timeout * trigger.batch} seconds, and Lambda takes 900`
  if (days === undefined) return undefined
  if (trigger.kind !== 'async') return "outcomeDays is of post(…, { mode: 'async' }) alone"
  return Number.isInteger(days) && days >= outcomeDays.least && days <= outcomeDays.most ? undefined : `outcomeDays is a whole number, ${outcomeDays.least} to ${outcomeDays.most}`
}

/** What the organisation owns. Its list of sensitive names is joined with each pipeline's, which cannot loosen it. */
export interface Realm {
  readonly kind: 'realm'
  readonly sensitive: readonly string[]
  readonly logRetentionDays: number
}

/** The realm of a folder of pipelines: the default export of its `realm.ts`. */
export const realm = ({ sensitive = [], logRetentionDays = 90 }: { readonly sensitive?: readonly string[]; readonly logRetentionDays?: number } = {}): Realm => ({
  kind: 'realm', sensitive, logRetentionDays,
})

/** What the pipeline may touch: one entry a resource, actions joined and sorted. */
export function needs(pipeline: Pipeline): Need[] {
  const joined = new Map<string, Need>()
  for (const { resource, actions } of [...waitingNeeds(pipeline), ...recordsOrigins(pipeline) ? [{ resource: envelopeKeyOf(rerunsKey), actions: ['kms:GenerateDataKey'] }] : [], ...[...leaves(pipeline.steps)].flatMap((step) => step.needs)]) {
    const key = `${resource.kind}/${resource.name}`
    const before = joined.get(key)
    joined.set(key, { resource: before?.resource ?? resource, actions: [...new Set([...before?.actions ?? [], ...actions])].sort() })
  }
  return [...joined.values()].sort((a, b) => `${a.resource.kind}/${a.resource.name}` < `${b.resource.kind}/${b.resource.name}` ? -1 : 1)
}

/** Every send of the pipeline, in order. */
export const sends = (pipeline: Pipeline): Sends[] => [...leaves(pipeline.steps)].flatMap((step) => step.sends ?? [])

/** Whether a step of it changes something outside by a client of its own. */
export const acts = (pipeline: Pipeline): boolean => [...leaves(pipeline.steps)].some((step) => step.acts === true)
