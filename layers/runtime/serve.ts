import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { MiddlewareObj } from '@middy/core'
import * as aws from './aws/index.ts'
import type { Clock } from './clock.ts'
import { cost } from './cost.ts'
import { ofProcess, type Environment } from './environment.ts'
import { asFault, Fault, faults, type FaultCode } from './fault.ts'
import { custody, Execution, plan, reserve, type Stage } from './execution.ts'
import { needs, type Pipeline, type Realm } from './pipeline.ts'
import { receive } from './receive.ts'
import { Redactor } from './redact.ts'
import { problem, replyOf } from './reply.ts'
import { details } from './sink.ts'

/** A pipeline as what Lambda runs: takes the event, gives the last payload, throws a Fault and nothing else. */
export function serve(pipeline: Pipeline, realm: Realm, stage: Stage, environment: Environment = ofProcess()): (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown> {
  const shared = plan(pipeline, stage)
  const names = new Redactor([...realm.sensitive, ...pipeline.sensitive])
  const { clock, sink } = environment
  preload(pipeline, environment)

  return async (event, context) => {
    const start = clock.elapsed()
    const started = sink.moment()
    const deadline = clock.now() + context.getRemainingTimeInMillis()
    const redactor = names.forInvocation()
    const execution = new Execution(shared, environment, redactor, context.awsRequestId, deadline)
    const calls: Record<string, number> = environment.calls = {}
    sink.begin(context.awsRequestId, redactor)
    const time = new Countdown(clock)
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
    const tidied = execution.tidy()
    if (tidied !== undefined) await tidied
    time.stop()
    const fault = thrown === undefined ? undefined : asFault(thrown)
    const ms = round(clock.elapsed() - start)
    const { sends, timings, records } = execution
    sink.emit({
      time: sink.moment(), level: fault === undefined ? 'info' : faults[fault.code].blame === 'us' ? 'error' : 'warn',
      event: 'execution', id: context.awsRequestId, pipeline: pipeline.name, started,
      outcome: fault === undefined ? 'done' : 'fault', status: fault === undefined ? pipeline.trigger.status : faults[fault.code].status,
      ...fault && { fault: fault.code, blame: faults[fault.code].blame },
      ms, records: records.done + records.failed > 0 ? records : fault === undefined ? went : failed, sends, calls, cost: cost(ms, calls, environment), steps: timings,
    }, fault && details(fault, thrown))
    if (fault !== undefined) throw fault
    return payload
  }
}

/** The records of a message that is one. */
const went = { done: 1, failed: 0 }
const failed = { done: 0, failed: 1 }

const round = (ms: number): number => Math.round(ms * 100) / 100

/** Ends what would not end by itself, with a fault. One timer for all parts of a run: it is set on when a part was over in time. */
class Countdown {
  readonly #clock: Clock
  #timer: unknown
  #until = 0
  #end: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `until` in epoch milliseconds. */
  within<T>(until: number, late: FaultCode, run: () => Promise<T>): Promise<T> {
    this.#until = until
    if (this.#timer === undefined) this.#set()
    return new Promise((resolve, reject) => {
      this.#end = () => reject(new Fault(late))
      run().then(resolve, reject)
    })
  }

  #set(): void {
    this.#timer = this.#clock.after(Math.max(0, this.#until - this.#clock.now()), () => {
      this.#timer = undefined
      if (this.#until > this.#clock.now()) this.#set()
      else this.#end()
    })
  }

  stop(): void {
    this.#clock.cancel(this.#timer)
  }
}

/** While Lambda initialises, with its full CPU: load the clients that the needs will ask for. */
function preload(pipeline: Pipeline, environment: Environment): void {
  const all = needs(pipeline)
  const kinds = new Set(all.map(({ resource }) => 'on' in resource ? resource.on : resource.kind))
  // It is a file that is there.
  if (all.some(({ resource }) => 'pair' in resource)) void custody()
  const clients = { table: aws.dynamodb, dynamodb: aws.dynamodb, s3: aws.s3, key: aws.kms, account: aws.secrets } as const
  for (const [kind, load] of Object.entries(clients)) {
    // A failure comes again, and is answered, when the client is used.
    if (kinds.has(kind)) load(environment).catch(() => undefined)
  }
}

/** The HTTP face of a pipeline, as a middleware: the payload becomes a reply, a fault becomes problem details. It never rejects. */
export const replies = (pipeline: Pipeline): MiddlewareObj<APIGatewayProxyEventV2, unknown> => ({
  after: (request) => { request.response = replyOf(pipeline.trigger.status, request.response, request.context.awsRequestId) },
  onError: (request) => { request.response = problem(asFault(request.error), request.context.awsRequestId) },
})
