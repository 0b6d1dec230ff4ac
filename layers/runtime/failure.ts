import type { Account } from './account.ts'
import type { Environment } from './environment.ts'
import type { Identifier } from './identifier.ts'
import type { Request } from './io.ts'
import { envelopeKey, type EnvelopeKey } from './keys.ts'
import type { Pipeline } from './pipeline.ts'
import type { Table } from './resource.ts'
import { leaves } from './step.ts'

/** From where a rerun reads an entity again: a partner, and a request that changes nothing. */
export interface Source {
  readonly from: Account
  readonly request: (entity: string) => Request
}

/** What a pipeline's failure records are about, and for how many days they are kept. */
export interface Entity {
  /** Of a sensitive one: the record has its keyed digest, and the text sealed for whoever reruns. */
  readonly as?: Identifier | undefined
  readonly days: number
  readonly source?: Source | undefined
}

/** Under which sensitive entities are sealed: pipelines seal, and the function `failures` alone opens. */
export const rerunsKey: EnvelopeKey = envelopeKey('reruns')
/** The sparse index of failures, by pipeline and time. */
export const failuresIndex: Table = { kind: 'table', name: 'outcomes-failures' }
/** The sparse index of what became of an entity. */
export const entitiesIndex: Table = { kind: 'table', name: 'outcomes-entities' }

/** What a record has sealed, each bound to its place: what the failure was about, and the message's own name. */
export type Sealed = 'entity' | 'origin'
export const bindingOf = (pipeline: string, id: string, what: Sealed): readonly string[] => [pipeline, id, what]

/** A text that is sealed in the record `id`. Throws DECRYPTION_FAILED, UNAVAILABLE. */
export const openSealed = async (environment: Environment, pipeline: string, id: string, what: Sealed, sealed: Uint8Array): Promise<string> =>
  Buffer.from(await (await import('./at-rest.ts')).openEnvelope(environment, rerunsKey, pipeline, sealed, bindingOf(pipeline, id, what))).toString()

/** What the failure records of a pipeline are about; undefined where it keeps none. */
export const entityOf = (pipeline: Pipeline): Entity | undefined => [...leaves(pipeline.steps)].find(({ entity }) => entity !== undefined)?.entity
/** Whether its failures leave a record. */
export const recordsFailures = (pipeline: Pipeline): boolean => entityOf(pipeline) !== undefined
/** Whether a step claims what a sender named itself. */
export const claimsMessages = (pipeline: Pipeline): boolean => [...leaves(pipeline.steps)].some((step) => step.claimsMessage === true)
/** Whether its records hold the names of messages, under which a rerun claims what their senders claimed. */
export const recordsOrigins = (pipeline: Pipeline): boolean => recordsFailures(pipeline) && claimsMessages(pipeline)
