import { leaves, type Sends, type Step } from './step.ts'
import { named, type Need } from './resource.ts'
import type { Trigger } from './triggers.ts'

/** A trigger, its steps, and a name: one Lambda function. */
export interface Pipeline<Payload = never, Reply = unknown> {
  readonly name: string
  readonly trigger: Trigger<Payload>
  /** Names of fields that are masked in logs at any depth, besides the realm's. */
  readonly sensitive: readonly string[]
  /** Seconds until Lambda ends the invocation: 3 to 29, since an HTTP API waits 30. */
  readonly timeout: number
  readonly steps: Step<Payload, Reply>
}

/** A pipeline as a value. Throws a TypeError, naming it, for what can be known to be wrong before it runs. */
export function pipeline<Payload, Reply>(definition: {
  readonly name: string
  readonly trigger: Trigger<Payload>
  readonly sensitive?: readonly string[]
  readonly timeout?: number
  readonly steps: Step<Payload, Reply>
}): Pipeline<Payload, Reply> {
  const { timeout = 15, sensitive = [] } = definition
  named('pipeline', definition.name)
  if (!(timeout >= 3 && timeout <= 29)) throw new TypeError(`pipeline ${definition.name}: timeout is 3 to 29 seconds`)
  return { ...definition, timeout, sensitive }
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
  for (const step of leaves(pipeline.steps)) {
    for (const { resource, actions } of step.needs) {
      const key = `${resource.kind}/${resource.name}`
      const before = joined.get(key)
      joined.set(key, { resource: before?.resource ?? resource, actions: [...new Set([...before?.actions ?? [], ...actions])].sort() })
    }
  }
  return [...joined.values()].sort((a, b) => `${a.resource.kind}/${a.resource.name}` < `${b.resource.kind}/${b.resource.name}` ? -1 : 1)
}

/** Every send of the pipeline, in order. */
export const sends = (pipeline: Pipeline): Sends[] => [...leaves(pipeline.steps)].flatMap((step) => step.sends ?? [])
