/** Failure records: who failed, where and why, without a payload. In a file of the layer of its own: a run that goes well never reads it. */
import { createHash } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { canonical } from './canonical.ts'
import { keyed } from './digest.ts'
import { entityKey } from './entity-key.ts'
import type { Environment } from './environment.ts'
import { Fault, faults } from './fault.ts'
import { bindingOf, claimsMessages, entityOf, rerunsKey, type Entity, type Sealed, type Source } from './failure.ts'
import type { Effect, Io } from './io.ts'
import { ledgerKey } from './keys.ts'
import { manifest } from './manifest.ts'
import { outcomesOf } from './outcome.ts'
import type { Pipeline } from './pipeline.ts'
import { payloadOf } from './receive.ts'
import type { Run } from './run.ts'
import { leaves } from './step.ts'
import { isQueued } from './triggers.ts'
import { versionsOf } from './versions.ts'
import { longestPause, outcomesTable, visibilityOf, waitingDays } from './waiting.ts'

const atRest = () => import('./at-rest.ts')

/** What is known of a run that failed. */
export interface Failed {
  /** Of the record: of the message, where it has one, so that its next failure is the same record. */
  readonly id: string
  readonly execution: string
  readonly fault: Fault
  readonly effect: Effect
  readonly step: string | undefined
  /** What it was about, as it was met: undefined where it failed before that was known. */
  readonly entity: string | undefined
  /** The first payload; undefined where it could not be read. */
  readonly payload: unknown
  /** Of a message that its queue brings again: how often it was tried. Undefined: it does not come again by itself. */
  readonly waits: number | undefined
  /** The message's own name, by an `Idempotency-Key` or a queue's id, where it has one. */
  readonly origin: string | undefined
  /** The id that its sender was answered: it may ask what became of it. */
  readonly request: string | undefined
}

const text = (payload: unknown): string => canonical(payload)

/** The version of the key, a dot and a keyed digest of the first payload. */
async function fingerprint(environment: Environment, { name }: Pipeline, payload: unknown, version?: number): Promise<string> {
  const under = version ?? (await versionsOf(environment, ledgerKey, 0)).written
  return `${under}.${(await keyed(environment, ledgerKey, 'fingerprint', name, under))(text(payload))}`
}

/** Writes the record of a failure, or renews it. Rejects with whatever AWS says. */
export async function record(environment: Environment, pipeline: Pipeline, { id, execution, fault, effect, step, entity, payload, waits, origin, request }: Failed): Promise<void> {
  const kept = entityOf(pipeline)
  if (kept === undefined) return
  const now = environment.clock.now()
  const { blame, retry } = faults[fault.code]
  const about = entity === undefined ? undefined : await entityKey(environment, pipeline, entity)
  const sealed = async (what: Sealed, text: string | undefined): Promise<AttributeValue | undefined> => text === undefined ? undefined
    : { B: await (await atRest()).sealEnvelope(environment, rerunsKey, pipeline.name, Buffer.from(text), bindingOf(pipeline.name, id, what)) }
  const values: Record<string, AttributeValue | undefined> = {
    pipeline: { S: pipeline.name }, failed: { S: pipeline.name }, at: { N: String(now) }, version: { S: versionOf(pipeline) }, execution: { S: execution },
    step: step === undefined ? undefined : { S: step }, fault: { S: fault.code }, blame: { S: blame }, retry: { BOOL: retry }, waits: { N: String(waits === undefined ? 0 : comesBy(environment, pipeline, { attempt: waits, fault })) }, source: { BOOL: kept.source !== undefined },
    request: request === undefined ? undefined : { S: request },
    entity: about === undefined ? undefined : { S: about }, sealed: await sealed('entity', kept.as && entity), origin: await sealed('origin', claimsMessages(pipeline) ? origin : undefined),
    fingerprint: payload === undefined ? undefined : { S: await fingerprint(environment, pipeline, payload) },
    expires: { N: String(Math.ceil(now / 1_000) + kept.days * 86_400) },
  }
  const written = Object.entries(values).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined)
  // What an earlier attempt may have done is not undone by a later one that did nothing.
  const effects = effect === 'none' ? '#effect = if_not_exists(#effect, :effect)' : '#effect = :effect'
  await (await aws.dynamodb(environment)).update({
    TableName: address(outcomesTable, environment), Key: { id: { S: id } }, ConditionExpression: ours,
    UpdateExpression: `SET ${written.map(([name]) => `#${name} = :${name}`).join(', ')}, ${effects}, #first = if_not_exists(#first, :at), #attempt = if_not_exists(#attempt, :none) + :one${step === undefined ? ' REMOVE #step' : ''}`,
    ExpressionAttributeNames: { ...Object.fromEntries(written.map(([name]) => [`#${name}`, name])), '#effect': 'effect', '#first': 'first', '#attempt': 'attempt', '#step': 'step' },
    ExpressionAttributeValues: { ...Object.fromEntries(written.map(([name, value]) => [`:${name}`, value])), ':effect': { S: effect }, ':none': { N: '0' }, ':one': { N: '1' } },
  })
}

/** Whoever may send to a queue may write the id of another pipeline's message. */
const ours = 'attribute_not_exists(id) OR #pipeline = :pipeline'

/** Seconds that a message may lie in its queue, visible, until a function is there for it. */
const backlog = 3_600

/**
 * By when, in epoch milliseconds, the queue has brought a message again. Where nothing tells it from its rerun, it is not offered
 * for one as long as it may lie in the queue.
 */
function comesBy({ clock }: Environment, pipeline: Pipeline, { attempt, fault: { retryAfter = 0 } }: { readonly attempt: number; readonly fault: Fault }): number {
  const { timeout, trigger } = pipeline
  if (!isQueued(trigger)) return 0
  const seconds = !claims(pipeline) ? waitingDays * 86_400 : Math.max(retryAfter, longestPause(attempt)) + visibilityOf({ timeout, trigger }) + backlog
  return clock.now() + seconds * 1_000
}

/** It went well after all. Rejects with whatever AWS says. */
export async function settle(environment: Environment, { name }: Pipeline, id: string): Promise<void> {
  await (await aws.dynamodb(environment)).delete({
    TableName: address(outcomesTable, environment), Key: { id: { S: id } }, ConditionExpression: ours, ExpressionAttributeNames: { '#pipeline': 'pipeline' }, ExpressionAttributeValues: { ':pipeline': { S: name } },
  })
}

/** Whether a step claims anything: else nothing tells a message from its rerun. */
const claims = (pipeline: Pipeline): boolean => [...leaves(pipeline.steps)].some((step) => step.claims === true)

const versions = new WeakMap<Pipeline, string>()
/** Which definition it was: another one may go well. */
function versionOf(pipeline: Pipeline): string {
  let version = versions.get(pipeline)
  if (version === undefined) versions.set(pipeline, version = createHash('sha256').update(JSON.stringify(manifest(pipeline))).digest('hex').slice(0, 12))
  return version
}

/** What the function `failures` asks of a pipeline's own function. `origin`: the name under which the message claims, where it has one. */
export type Asking =
  | { readonly rerun: { readonly id: string; readonly fingerprint?: string; readonly body?: string; readonly entity?: string; readonly origin?: string; readonly request?: string } }
  | { readonly find: { readonly entity: string } }

/** `entities`: keys under which records may have an entity, of which the first is written now. */
export type Told = { readonly done: boolean; readonly fault?: string } | { readonly entities: readonly string[] }

/** As rows may have it: of a sensitive one its digest under every version of the key that there is, since rows outlive a rotation. */
async function entityKeys(environment: Environment, pipeline: Pipeline, { as }: Entity, entity: string): Promise<string[]> {
  if (as?.key.kind !== 'hash-key') return [await entityKey(environment, pipeline, entity)]
  const { name, key, normalize } = as
  const { written, others } = await versionsOf(environment, key, Infinity)
  const text = normalize.run(entity)
  return Promise.all([written, ...others].map(async (version) => `${pipeline.name}/${version}.${(await keyed(environment, key, 'hash', name, version))(text)}`))
}

/**
 * Runs once more what failed: with a payload that is given again, and is the same, or with one that is read again from its
 * source. Through the same ledger: what had gone well meanwhile changes nothing. Whoever sent it, and asks, is told.
 */
export async function answer(environment: Environment, pipeline: Pipeline, run: Run, event: Asking, { id: execution, deadline }: { readonly id: string; readonly deadline: number }): Promise<Told> {
  const kept = entityOf(pipeline) as Entity
  if ('find' in event) return { entities: await entityKeys(environment, pipeline, kept, event.find.entity) }
  const { id, fingerprint: wanted, body, entity, origin, request } = event.rerun
  const { source } = kept
  if (body === undefined && (entity === undefined || source === undefined)) return { done: false, fault: 'NOT_STORED' }
  const ended = await run({
    id: execution, deadline: request === undefined ? deadline : deadline - telling, record: id,
    // Under the name that its sender repeats it by; without one, under the same for each rerun: what one of them did, the next one need not do.
    message: { origin: origin ?? JSON.stringify(['', 'rerun', id]), acknowledges: true, ...body === undefined && { reread: true } },
    async read(io) {
      if (body !== undefined) {
        const payload = payloadOf(pipeline.trigger.accept, Buffer.from(body, 'base64'), io)
        if (wanted !== undefined && await fingerprint(environment, pipeline, payload, Number(wanted.split('.')[0])) !== wanted) throw new Fault('RERUN_MISMATCH')
        return payload
      }
      return payloadOf(pipeline.trigger.accept, Buffer.from(await again(source as Source, entity as string, io)), io)
    },
  })
  const { fault } = ended
  if (fault !== undefined && fault.code !== 'DUPLICATE') return { done: false, fault: fault.code }
  if (request !== undefined) await outcomesOf(pipeline, environment).tell(request, ended, execution, deadline - telling / 5)
  return { done: true }
}

/** Milliseconds at the end of an invocation, to tell the row of a message what became of it. */
const telling = 1_000

const again = ({ from, request }: Source, entity: string, io: Io): Promise<Uint8Array> => io.send(from, request(entity))
