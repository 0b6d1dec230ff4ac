import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { MiddlewareObj } from '@middy/core'
import * as aws from './aws/index.ts'
import { asFault, Fault, faults, type FaultCode } from './fault.ts'
import { Execution, plan, reserve, type Stage } from './execution.ts'
import { needs, type Pipeline, type Realm } from './pipeline.ts'
import { receive } from './receive.ts'
import { Redactor } from './redact.ts'
import { problem, replyOf } from './reply.ts'
import { details, emit, logFor, moment } from './sink.ts'

/** A pipeline as what Lambda runs: takes the event, gives the last payload, throws a Fault and nothing else. */
export function serve(pipeline: Pipeline, realm: Realm, stage: Stage): (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown> {
  const shared = plan(pipeline, stage)
  const names = new Redactor([...realm.sensitive, ...pipeline.sensitive])
  preload(pipeline)

  return async (event, context) => {
    const start = performance.now()
    const deadline = Date.now() + context.getRemainingTimeInMillis()
    const redactor = names.forInvocation()
    const execution = new Execution(shared, redactor, context.awsRequestId, deadline)
    logFor(context.awsRequestId, redactor)
    const time = new Countdown()
    let thrown: unknown
    let payload: unknown
    try {
      payload = await time.within(deadline - reserve, 'OUT_OF_TIME', async () => execution.io.step(pipeline.steps, receive(pipeline.trigger, event, execution.io) as never))
    } catch (error) {
      thrown = error ?? new Fault('STEP_FAILED')
    }
    execution.close()
    try {
      // What AWS does not take in time is left to the lease: the sender still gets an answer.
      await time.within(deadline - reserve / 4, 'UNCONFIRMED', () => execution.settle(thrown === undefined))
    } catch (error) {
      thrown ??= error
    }
    time.stop()
    const fault = thrown === undefined ? undefined : asFault(thrown)
    emit({
      time: moment(), level: fault === undefined ? 'info' : faults[fault.code].blame === 'us' ? 'error' : 'warn',
      event: 'execution', id: context.awsRequestId, pipeline: pipeline.name,
      outcome: fault === undefined ? 'done' : 'fault', status: fault === undefined ? pipeline.trigger.status : faults[fault.code].status,
      ...fault && { fault: fault.code, blame: faults[fault.code].blame },
      ms: round(performance.now() - start), sends: execution.sends, steps: execution.timings,
    }, fault && details(fault, thrown))
    if (fault !== undefined) throw fault
    return payload
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100

/** Ends what would not end by itself, with a fault. One timer for all parts of a run: it is set on when a part was over in time. */
class Countdown {
  #timer: NodeJS.Timeout | undefined
  #until = 0
  #end: () => void = () => undefined

  /** `until` in epoch milliseconds. */
  async within<T>(until: number, late: FaultCode, run: () => Promise<T>): Promise<T> {
    const ended = new Promise<never>((_, reject) => { this.#end = () => reject(new Fault(late)) })
    this.#until = until
    if (this.#timer === undefined) this.#set()
    return Promise.race([run(), ended])
  }

  #set(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#until > Date.now()) this.#set()
      else this.#end()
    }, Math.max(0, this.#until - Date.now()))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** While Lambda initialises, with its full CPU: load the clients that the needs will ask for. */
function preload(pipeline: Pipeline): void {
  const kinds = new Set(needs(pipeline).map(({ resource }) => resource.kind))
  const clients = { table: aws.dynamodb, key: aws.kms, account: aws.secrets } as const
  for (const [kind, load] of Object.entries(clients)) {
    // A failure comes again, and is answered, when the client is used.
    if (kinds.has(kind)) load().catch(() => undefined)
  }
}

/** The HTTP face of a pipeline, as a middleware: the payload becomes a reply, a fault becomes problem details. It never rejects. */
export const replies = (pipeline: Pipeline): MiddlewareObj<APIGatewayProxyEventV2, unknown> => ({
  after: (request) => { request.response = replyOf(pipeline.trigger.status, request.response) },
  onError: (request) => { request.response = problem(asFault(request.error), request.context.awsRequestId) },
})
