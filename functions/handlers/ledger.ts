import middy from '@middy/core'
import { emit, own } from 'sallyport'
import { decide, list, sweep, type Decision, type Doubt } from './doubts.ts'
import { Refusal, type Refused } from './refusal.ts'

own()

/** The schedule sweeps; `sallyport doubts` lists, and tells what a person decided. */
type Event = { readonly sweep: true } | { readonly list: { readonly pipeline?: string } } | { readonly decide: Decision }

const moment = (time = Date.now()): string => new Date(time).toISOString()

/** The duplicate check's own function: it may write what a person decided, and read no more than what waits. */
async function doubts(event: Event): Promise<object> {
  try {
    return await answer(event)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    emit({ time: moment(), level: 'warn', event: 'doubts', refused: error.message })
    return { refused: error.message } satisfies Refused
  }
}

async function answer(event: Event): Promise<object> {
  if ('decide' in event) return decided(event.decide)
  if ('list' in event) return { doubts: await list(event.list.pipeline) }
  const { since, ...found } = await sweep()
  const line = { time: moment(), level: found.waiting > 0 ? 'warn' : 'info', event: 'sweep', ...found, ...since !== undefined && { since: moment(since) } }
  emit(line)
  return found
}

/** Leaves an audit line, whatever came of it. Throws a {@link Refusal} for what is no decision. */
async function decided({ id, how, reason, by }: Decision): Promise<{ readonly doubt?: Doubt }> {
  if (!/^[\w-]{10}\.[\w-]{6}$/.test(id) || !['confirm', 'release'].includes(how) || reason.trim().length < 10 || reason.length > 300) throw new Refusal('a decision has the id of a doubt, confirm or release, and a reason of 10 to 300 characters')
  const doubt = await decide({ id, how, reason: reason.trim(), by: by.slice(0, 100) })
  emit({ time: moment(), level: 'warn', event: 'audit', action: `${how} doubt`, doubt: id, done: doubt !== undefined, ...doubt && { pipeline: doubt.pipeline } }, { reason, by })
  return doubt === undefined ? {} : { doubt }
}

export const handler = middy<Event, object>(doubts, { timeoutEarlyInMillis: 0 })
