import { randomUUID } from 'node:crypto'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { Countdown } from './countdown.ts'
import type { Environment } from './environment.ts'
import { asFault, Fault, faults } from './fault.ts'
import { outcomesOf } from './outcome.ts'
import type { Pipeline } from './pipeline.ts'
import { bodyOf, consumerOf, messageOf } from './receive.ts'
import type { Redactor } from './redact.ts'
import { problem, replyOf, type HttpReply } from './reply.ts'
import { details } from './sink.ts'
import { leaves } from './step.ts'
import type { AsyncTrigger } from './triggers.ts'
import { queueOf, waitingKey } from './waiting.ts'

/** What seals by envelopes. */
const atRest = () => import('./at-rest.ts')

/** Bytes of a message of SQS, less those of the attributes that it has as a dead letter. */
const largestMessage = 1_048_576 - 256
/** Bytes of a body that fit in one, sealed: base64 makes four of three, and the id stands before it. */
const largestBody = Math.floor((largestMessage - 37) / 4 * 3)
/** Milliseconds after which a sender is answered: an HTTP API waits 30 seconds, and Lambda starts the function in some of them. */
const patience = 25_000

/** What an id looks like, before anything is asked for it. */
const idShape = /^[0-9a-f-]{36}$/

export type AsyncPipeline = Pipeline & { readonly trigger: AsyncTrigger<never> }

/** What waits of a message: what names it, then its body. */
export const wrap = (origin: string | undefined, body: Uint8Array): Buffer => Buffer.concat([Buffer.from(`${JSON.stringify(origin ?? null)}\n`), body])

/** The other way round. */
export function unwrap(bytes: Uint8Array): { readonly origin: string | undefined; readonly body: Buffer } {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = whole.indexOf('\n')
  return { origin: (JSON.parse(whole.subarray(0, end).toString()) as string | null) ?? undefined, body: whole.subarray(end + 1) }
}

/** The route of a pipeline whose messages wait: `POST path` takes one, `GET path/{id}` tells what became of it. It never rejects. */
export function keep(pipeline: AsyncPipeline, environment: Environment, redactor: Redactor): (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpReply> {
  const { name, trigger } = pipeline
  const { clock, sink } = environment
  const outcomes = outcomesOf(pipeline, environment)
  const wantsKey = [...leaves(pipeline.steps)].some((step) => step.wantsKey)

  /** In this order: whoever was answered finds the row, and no message waits without one. */
  async function take(event: APIGatewayProxyEventV2): Promise<{ readonly id: string; readonly message: string | undefined }> {
    const body = bodyOf(trigger, event, largestBody)
    const { origin } = messageOf(trigger, event)
    if (wantsKey && origin === undefined) throw new Fault('KEY_MISSING')
    const id = randomUUID()
    const sealed = await (await atRest()).sealEnvelope(environment, waitingKey, name, wrap(origin, body), [name, id])
    const text = `${id}.${Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).toString('base64url')}`
    if (text.length > largestMessage) throw new Fault('PAYLOAD_TOO_LARGE')
    await outcomes.accept(id, consumerOf(event.requestContext)).catch(() => { throw new Fault('UNAVAILABLE') })
    try {
      const { MessageId } = await (await aws.sqs(environment)).send({ QueueUrl: address(queueOf(pipeline), environment), MessageBody: text })
      return { id, message: MessageId }
    } catch {
      // One that stays tells nobody anything, and expires.
      await outcomes.forget(id).catch(() => undefined)
      throw new Fault('UNAVAILABLE')
    }
  }

  function tell(event: APIGatewayProxyEventV2): ReturnType<typeof outcomes.find> {
    const id = event.pathParameters?.['id'] ?? ''
    const consumer = consumerOf(event.requestContext)
    // Behind a route that asks for a signature everybody has a name.
    if (!idShape.test(id) || trigger.auth.scheme === 'iam' && consumer === '') throw new Fault('NOT_FOUND')
    return outcomes.find(id, consumer)
  }

  return async (event, context) => {
    const { awsRequestId: id } = context
    const start = clock.elapsed()
    const calls: Record<string, number> = environment.calls = {}
    sink.begin(id, redactor)
    const time = new Countdown(clock)
    const asks = event.requestContext.http.method === 'GET'
    let reply: HttpReply
    let said: Readonly<Record<string, unknown>> = {}
    let thrown: unknown
    try {
      const until = clock.now() + Math.min(patience, context.getRemainingTimeInMillis() - 500)
      if (asks) {
        const outcome = await time.within(until, 'OUT_OF_TIME', async () => tell(event))
        said = { request: outcome.id, state: outcome.state }
        reply = replyOf(200, outcome, id)
      } else {
        const taken = await time.within(until, 'OUT_OF_TIME', () => take(event))
        said = { request: taken.id, message: taken.message }
        const status = `${trigger.path}/${taken.id}`
        const accepted = replyOf(202, { id: taken.id, status }, id)
        reply = { ...accepted, headers: { ...accepted.headers, location: status } }
      }
    } catch (error) {
      thrown = error ?? new Fault('STEP_FAILED')
      reply = problem(asFault(thrown), id)
    }
    time.stop()
    const fault = thrown === undefined ? undefined : asFault(thrown)
    sink.emit({
      time: sink.moment(), level: fault === undefined ? 'info' : faults[fault.code].blame === 'us' ? 'error' : 'warn',
      event: 'door', id, pipeline: name, asks, ...said, outcome: fault === undefined ? 'done' : 'fault', status: reply.statusCode,
      ...fault && { fault: fault.code, blame: faults[fault.code].blame },
      ms: Math.round((clock.elapsed() - start) * 100) / 100, calls,
    }, fault && details(fault, thrown))
    return reply
  }
}
