import { isFault, openSealed } from 'sallyport'
import { ask, environment } from './ask.ts'
import { list, mayHelp, rowOf, type Asked, type Row } from './records.ts'
import { Refusal } from './refusal.ts'

/** Why a failure was not run again. */
export type Why =
  /** There is no such failure any more: it went well meanwhile, was forgotten, or has expired. */
  | 'gone'
  /** Its message is still in its queue, and comes again by itself. */
  | 'waits'
  /** Trying the same again does not help. */
  | 'final'
  /** The message cannot be read again from anywhere: give its payload. */
  | 'body'
  /** The function of the pipeline ended without an answer. */
  | 'crashed'

/** What became of a rerun: never a payload, never an entity. */
export interface Reran {
  readonly id: string
  readonly done: boolean
  /** It has failed again, or what it was about could not be opened. */
  readonly fault?: string
  readonly why?: Why
}

/** What is run again. */
export interface Wanted {
  readonly id: string
  /** The message as it came, in base64: the record holds none. */
  readonly body?: string
  /** Although its message waits, or trying again should not help. */
  readonly force?: boolean
}

/** What the record has sealed, in the clear: in memory alone. Throws DECRYPTION_FAILED, UNAVAILABLE. */
async function opened({ id, pipeline, entity, sealed, origin }: Row, reads: boolean): Promise<{ readonly entity?: string; readonly origin?: string }> {
  const [name, record] = [pipeline?.S ?? '', id?.S ?? '']
  const about = !reads ? undefined : sealed?.B === undefined ? entity?.S?.slice(name.length + 1) : await openSealed(environment, name, record, 'entity', sealed.B)
  return {
    ...about !== undefined && { entity: about },
    ...origin?.B !== undefined && { origin: await openSealed(environment, name, record, 'origin', origin.B) },
  }
}

/** Runs once more what failed. The pipeline's own function deletes the record when it goes well, and renews it when not. */
export async function rerun({ id, body, force = false }: Wanted): Promise<Reran & { readonly pipeline?: string }> {
  if (body !== undefined && !(typeof body === 'string' && body.length <= 6_000_000 && /^[\w+/]*={0,2}$/.test(body))) throw new Refusal('body is base64 of at most 4.5 MB')
  const found = await rowOf(id)
  if (found === undefined) return { id, done: false, why: 'gone' }
  const { row, failure: { pipeline, waits, retry, source } } = found
  const refused = (why: Why) => ({ id, pipeline, done: false, why })
  if (waits && !force) return refused('waits')
  if (!retry && body === undefined && !force) return refused('final')
  if (body === undefined && (!source || row['entity'] === undefined)) return refused('body')
  const fingerprint = row['fingerprint']?.S
  // What could not be read has none: nobody can say that this is it.
  if (body !== undefined && fingerprint === undefined && !force) return refused('final')
  let secret: Awaited<ReturnType<typeof opened>>
  try {
    secret = await opened(row, body === undefined)
  } catch (error) {
    if (!isFault(error)) throw error
    return { id, pipeline, done: false, fault: error.code }
  }
  const request = row['request']?.S
  const given = { ...secret, ...body !== undefined && { ...fingerprint !== undefined && { fingerprint }, body } }
  const answer = await ask<{ readonly done?: unknown; readonly fault?: unknown }>(pipeline, { rerun: { id, ...given, ...request !== undefined && { request } } })
  if (answer === undefined || typeof answer.done !== 'boolean') return refused('crashed')
  const fault = typeof answer.fault === 'string' && /^[A-Z_]{1,40}$/.test(answer.fault) ? answer.fault : undefined
  return { id, pipeline, done: answer.done, ...fault !== undefined && { fault } }
}

/** What somebody wants the state machine `reruns` to run again: its input. */
export interface Bulk extends Pick<Asked, 'pipeline' | 'fault' | 'since'> {
  readonly concurrency?: number
  readonly force?: boolean
  /** Where another execution ended. */
  readonly from?: string
}

/** Between two pages of the state machine: ids and counts, since its history is kept for months. */
export interface Batch {
  readonly ids: readonly string[]
  readonly done: number
  readonly failed: number
  /** Whether there is a page behind this one. */
  readonly more: boolean
  /** An execution has room for so many: `from` is where the next one begins. */
  readonly left: boolean
  readonly from: string | null
  readonly concurrency: number
  readonly force: boolean
}

/** Ids of a page, and what one execution runs: it may have 25,000 events, of which a rerun takes seven, and three more for each retry. */
const batch = { page: 100, execution: 1_000 } as const

/** Counts what became of the page before, and gives the ids of the next one. */
export async function nextBatch({ pipeline, fault, since, concurrency = 5, force = false, from }: Bulk, last?: Batch, results: readonly Reran[] = []): Promise<Batch> {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 40) throw new Refusal('concurrency is a whole number, 1 to 40')
  if (pipeline === undefined) throw new Refusal('name a pipeline')
  const good = results.filter(({ done, why }) => done || why === 'gone').length
  const [done, failed] = [(last?.done ?? 0) + good, (last?.failed ?? 0) + results.length - good]
  const place = last === undefined ? from : last.from ?? undefined
  const told = { done, failed, concurrency, force }
  const ended = last !== undefined && !last.more
  if (ended || done + failed >= batch.execution) return { ...told, ids: [], more: false, left: !ended, from: ended ? null : place ?? null }
  const asked: Asked = { pipeline, ...fault !== undefined && { fault }, ...since !== undefined && { since }, ...!force && { retry: true } }
  const page = await list(asked, { limit: batch.page, ...place !== undefined && { from: place } })
  return { ...told, ids: page.failures.filter((failure) => failure.source && (force || mayHelp(failure))).map(({ id }) => id), more: page.from !== undefined, left: false, from: page.from ?? null }
}
