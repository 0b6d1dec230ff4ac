import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { emit, own } from 'sallyport'
import { forget, type Forgetting } from './forget.ts'
import { count, list, rowOf, type Asked } from './records.ts'
import { Refusal, type Refused } from './refusal.ts'
import { nextBatch, rerun, type Batch, type Bulk, type Reran, type Wanted } from './rerun.ts'

own()

/** `sallyport failures`, `rerun` and `forget`; `batch` is of the state machine `reruns`. */
export type Event =
  | { readonly list: Asked & { readonly id?: string; readonly limit?: number; readonly from?: string } }
  | { readonly count: Asked }
  | { readonly rerun: Wanted }
  | { readonly batch: { readonly asked: Bulk; readonly last?: Batch | null; readonly results?: readonly Reran[] } }
  | { readonly forget: Forgetting }

type Said = Readonly<Record<string, unknown>>

/** Milliseconds at the end of an invocation in which nothing new is begun. */
const closing = 15_000

/** What is answered, and what the line says of it: no payload, and no entity. */
async function answer(event: Event, context: Context): Promise<{ readonly given: object; readonly said: Said }> {
  if ('list' in event) {
    const { id, limit, from, ...asked } = event.list
    if (id !== undefined) {
      const failures = [(await rowOf(id))?.failure].filter((failure) => failure !== undefined)
      return { given: { failures }, said: { action: 'list', failure: id, rows: failures.length } }
    }
    const page = await list(asked, { ...limit !== undefined && { limit }, ...from !== undefined && { from } })
    return { given: page, said: { action: 'list', pipeline: asked.pipeline, rows: page.failures.length } }
  }
  if ('count' in event) {
    const counted = await count(event.count)
    return { given: counted, said: { action: 'count', pipeline: event.count.pipeline, rows: counted.total } }
  }
  if ('rerun' in event) {
    const { pipeline, ...reran } = await rerun(event.rerun)
    const { id: failure, ...became } = reran
    return { given: reran, said: { action: 'rerun', pipeline, failure, given: event.rerun.body !== undefined, forced: event.rerun.force === true, ...became } }
  }
  if ('batch' in event) {
    const { asked, last, results } = event.batch
    const batch = await nextBatch(asked, last ?? undefined, results)
    return { given: batch, said: { action: 'batch', pipeline: asked.pipeline, rows: batch.ids.length, done: batch.done, failed: batch.failed } }
  }
  if ('forget' in event) return forgotten(event.forget, context)
  throw new Refusal('there are list, count, rerun, batch and forget')
}

/** Leaves an audit line, whatever came of it. */
async function forgotten(forgetting: Forgetting, context: Context): Promise<{ readonly given: object; readonly said: Said }> {
  const { pipeline, entity, reason, by } = forgetting
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(pipeline) || reason.trim().length < 10 || reason.length > 300 || entity === '') throw new Refusal('forgetting takes a pipeline, and a reason of 10 to 300 characters')
  const audit = (said: Said): void => emit({ time: moment(), level: 'warn', event: 'audit', action: 'forget', pipeline, of: entity === undefined ? 'pipeline' : 'entity', ...said }, { reason: reason.trim(), by: by.slice(0, 100) })
  try {
    const { digest, ...given } = await forget(forgetting, () => context.getRemainingTimeInMillis() < closing)
    audit({ rows: given.rows, ...digest !== undefined && { entity: digest }, whole: given.from === undefined })
    return { given, said: { action: 'forget', pipeline, rows: given.rows } }
  } catch (error) {
    audit({ whole: false })
    throw error
  }
}

const moment = (): string => new Date().toISOString()

/** Of a foreign error the name alone. */
const told = (error: unknown): TypeError =>
  new TypeError(`the records could not be read or written: ${error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'Error'}`)

/**
 * Lists failures, runs them again and forgets them. It may open what they are about; it holds no payload but the one it is given.
 * A question that it refuses is answered, and is none of its failures.
 */
async function failures(event: Event, context: Context): Promise<object> {
  const line = (said: Said): void => emit({ time: moment(), event: 'failures', id: context.awsRequestId, ...said })
  try {
    const { given, said } = await answer(event, context)
    line({ level: 'info', ...said })
    return given
  } catch (error) {
    if (error instanceof Refusal) {
      line({ level: 'warn', refused: error.message })
      return { refused: error.message } satisfies Refused
    }
    const thrown = told(error)
    line({ level: 'error', error: thrown.message })
    throw thrown
  }
}

export const handler = middy<Event, object>(failures, { timeoutEarlyInMillis: 0 })
