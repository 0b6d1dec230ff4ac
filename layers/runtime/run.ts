import { cost, prices } from './cost.ts'
import { Countdown } from './countdown.ts'
import type { Environment } from './environment.ts'
import { asFault, Fault, faults } from './fault.ts'
import { Execution, plan, reserve, type Stage } from './execution.ts'
import type { Io } from './io.ts'
import type { Message } from './message.ts'
import type { Pipeline, Realm } from './pipeline.ts'
import { Redactor } from './redact.ts'
import { isReplay } from './replay.ts'
import { details } from './sink.ts'

/** One message, as whoever received it hands it over. */
export interface Given {
  /** Of the execution. */
  readonly id: string
  /** Epoch milliseconds at which the run must have ended. */
  readonly deadline: number
  readonly message?: Message
  /** Of a rerun: the record of the failure that it may mend. */
  readonly record?: string
  /** Its first payload, or a promise of it. Throws a Fault. */
  readonly read: (io: Io) => unknown
  /** Of a message that waited: what the line says of it. */
  readonly waited?: Waited
}

/** What tells a message of a queue in the log. */
export interface Waited {
  /** The id that SQS gave it first. */
  readonly message: string
  /** How often it was received, this time included; driven back from the dead-letter queue it begins anew. */
  readonly attempt: number
  readonly redriven?: boolean
  /** The id that its sender was answered. */
  readonly request?: string
}

/** How a run ended. `entity`: what it was about, where it came to know that. */
export type Ended = ({ readonly fault?: undefined; readonly payload: unknown } | { readonly fault: Fault }) & { readonly entity?: string | undefined }

/** Runs one message to its end, with one line of the log. It never rejects. */
export type Run = (given: Given) => Promise<Ended>

/** A pipeline as what runs one message of it. */
export function runner(pipeline: Pipeline, realm: Realm, stage: Stage, environment: Environment): Run {
  const shared = plan(pipeline, stage)
  const names = new Redactor([...realm.sensitive, ...pipeline.sensitive])
  const { clock, sink } = environment
  const { trigger } = pipeline

  return async ({ id, deadline, message, read, waited, record }) => {
    const start = clock.elapsed()
    const started = sink.moment()
    const redactor = names.forInvocation()
    const execution = new Execution(shared, environment, redactor, id, deadline, message)
    const calls: Record<string, number> = environment.calls = {}
    sink.begin(id, redactor)
    const time = new Countdown(clock)
    let thrown: unknown
    let payload: unknown
    let first: unknown
    try {
      payload = await time.within(deadline - reserve, 'OUT_OF_TIME', async () => {
        const given = read(execution.io)
        first = given instanceof Promise ? await given : given
        return execution.io.step(pipeline.steps, first as never)
      })
    } catch (error) {
      if (isReplay(error)) payload = error.reply
      else thrown = error ?? new Fault('STEP_FAILED')
    }
    execution.close()
    try {
      // What AWS does not take in time is left to the lease: the sender still gets an answer.
      await time.within(deadline - reserve / 4, 'UNCONFIRMED', () => execution.settle(thrown === undefined, payload))
    } catch (error) {
      thrown ??= error
    }
    const fault = thrown === undefined ? undefined : asFault(thrown)
    let recorded: boolean | undefined
    if (shared.records) {
      try {
        recorded = await time.within(deadline - reserve / 8, 'UNAVAILABLE', () => remember({ id, fault, execution, payload: first, waited, record, origin: message?.origin }))
      } catch {
        recorded = false
      }
    }
    const tidied = execution.tidy()
    if (tidied !== undefined) await tidied
    time.stop()
    const ms = round(clock.elapsed() - start)
    const { sends, timings, records } = execution
    // Nobody waits for the answer that it was accepted before.
    const ended = fault === undefined ? 'done' : waited && fault.code === 'DUPLICATE' ? 'duplicate' : 'fault'
    sink.emit({
      time: sink.moment(), level: ended !== 'fault' ? 'info' : fault && faults[fault.code].blame === 'us' ? 'error' : 'warn',
      event: 'execution', id, pipeline: pipeline.name, ...waited, started,
      outcome: ended, ...waited === undefined && { status: fault === undefined ? 'status' in trigger ? trigger.status : undefined : faults[fault.code].status },
      ...fault && ended === 'fault' && { fault: fault.code, blame: faults[fault.code].blame },
      ...recorded !== undefined && { recorded },
      ms, records: records.done + records.failed > 0 ? records : ended === 'done' ? went : ended === 'duplicate' ? neither : failed, sends, calls,
      cost: cost(ms, calls, environment, waited === undefined ? prices.apiRequest : prices.waited), steps: timings,
    }, fault && ended === 'fault' ? details(fault, thrown) : undefined)
    const { entity } = execution
    return fault === undefined ? { payload, entity } : { fault, entity }
  }

  /** The record of a failure: written, or taken away where it went well after all. Whether one was written; undefined: none was due. */
  async function remember({ id, fault, execution, payload, waited, record, origin }: Remembered): Promise<boolean | undefined> {
    const about = record ?? `f.${waited?.request ?? waited?.message ?? id}`
    // Accepted before: what failed then has gone well meanwhile.
    if (fault === undefined || fault.code === 'DUPLICATE') {
      if (record === undefined && (waited === undefined || waited.attempt < 2 && waited.redriven !== true)) return undefined
      await (await failures()).settle(environment, pipeline, about)
      return undefined
    }
    const { retry, blame } = faults[fault.code]
    // Whoever waits for a reply has it, and mends what it sends.
    if (waited === undefined && record === undefined && blame === 'sender') return undefined
    // Whoever gave another payload has said nothing of this one.
    if (fault.code === 'RERUN_MISMATCH') return undefined
    await (await failures()).record(environment, pipeline, {
      // What this one did not do, the one before it may have done, or be doing.
      id: about, execution: id, fault, effect: fault.code === 'IN_DOUBT' || fault.code === 'IN_PROGRESS' ? 'unknown' : execution.effect, step: execution.at, entity: execution.entity, payload,
      origin, request: waited?.request,
      waits: waited !== undefined && retry && 'attempts' in trigger && waited.attempt < trigger.attempts ? waited.attempt : undefined,
    })
    return true
  }
}

/** What a run leaves for the record of its failure. */
interface Remembered extends Pick<Given, 'id' | 'waited' | 'record'> {
  readonly fault: Fault | undefined
  readonly execution: Execution
  readonly payload: unknown
  readonly origin: string | undefined
}

/** Records of failures, in a file of the layer of its own. */
const failures = () => import('./failures.ts')

/** The records of a message that is one. */
const went = { done: 1, failed: 0 }
const failed = { done: 0, failed: 1 }
const neither = { done: 0, failed: 0 }

const round = (ms: number): number => Math.round(ms * 100) / 100
