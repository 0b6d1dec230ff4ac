import type { APIGatewayProxyEventV2, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { MiddlewareObj } from '@middy/core'
import * as aws from './aws/index.ts'
import { ofProcess, type Environment } from './environment.ts'
import { recordsFailures } from './failure.ts'
import type { Asking } from './failures.ts'
import { asFault } from './fault.ts'
import { custody, type Stage } from './execution.ts'
import { needs, type Pipeline, type Realm } from './pipeline.ts'
import { messageOf, receive } from './receive.ts'
import { Redactor } from './redact.ts'
import { problem, replyOf, type HttpReply } from './reply.ts'
import { runner } from './run.ts'
import { isQueued, isRouted } from './triggers.ts'

type HttpHandler<Reply> = (event: APIGatewayProxyEventV2, context: Context) => Promise<Reply>

/** A pipeline with a route as what Lambda runs: takes the event, gives the last payload, throws a Fault and nothing else. */
export function serve(pipeline: Pipeline, realm: Realm, stage: Stage, environment: Environment = ofProcess()): HttpHandler<unknown> {
  const { trigger } = pipeline
  if (trigger.kind !== 'http') throw new TypeError(`pipeline ${pipeline.name}: it is not begun by a route alone`)
  const run = runner(pipeline, realm, stage, environment)
  const { clock } = environment
  preload(pipeline, environment)

  return async (event, context) => {
    const asked = asking(pipeline, event)
    if (asked !== undefined) return (await failures()).answer(environment, pipeline, run, asked, { id: context.awsRequestId, deadline: clock.now() + context.getRemainingTimeInMillis() })
    const { fault, ...ended } = await run({
      id: context.awsRequestId, deadline: clock.now() + context.getRemainingTimeInMillis(),
      message: messageOf(trigger, event), read: (io) => receive(trigger, event, io),
    })
    if (fault !== undefined) throw fault
    return (ended as { readonly payload?: unknown }).payload
  }
}

/** Records of failures, and reruns, in a file of the layer of its own. */
const failures = () => import('./failures.ts')

/** What the function `failures` asks of this one; no route and no queue makes such an event. */
const asking = (pipeline: Pipeline, event: object): Asking | undefined => ('rerun' in event || 'find' in event) && recordsFailures(pipeline) ? event as Asking : undefined

/** What messages that wait need, in a file of the layer of its own: routes whose senders wait never read it. */
const queues = () => import('./queue.ts')

/**
 * A pipeline with a queue as what Lambda runs: works on the messages of a batch one after another, and gives the ids of those
 * that must come again. It never rejects for the sake of a message.
 */
export function consume(pipeline: Pipeline, realm: Realm, stage: Stage, environment: Environment = ofProcess()): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const { name, trigger } = pipeline
  if (!isQueued(trigger)) throw new TypeError(`pipeline ${name}: it has no queue`)
  const run = runner(pipeline, realm, stage, environment)
  preload(pipeline, environment)
  const worker = queues().then(({ work }) => work({ ...pipeline, trigger }, run, environment))
  // It is a file that is there; what is awaited tells of it otherwise.
  worker.catch(() => undefined)
  return async (event, context) => {
    const asked = asking(pipeline, event)
    if (asked === undefined) return (await worker)(event, context)
    // Of an event that no queue makes, and with an answer that none is told.
    return await (await failures()).answer(environment, pipeline, run, asked, { id: context.awsRequestId, deadline: environment.clock.now() + Math.min(pipeline.timeout * 1_000, context.getRemainingTimeInMillis()) }) as unknown as SQSBatchResponse
  }
}

/** The route of a pipeline whose messages wait: takes a message, or tells what became of one. It never rejects. */
export function door(pipeline: Pipeline, environment: Environment = ofProcess()): HttpHandler<HttpReply> {
  const { name, trigger } = pipeline
  if (trigger.kind !== 'async') throw new TypeError(`pipeline ${name}: its route lets no message wait`)
  const opened = queues().then(({ keep }) => keep({ ...pipeline, trigger }, environment, new Redactor(pipeline.sensitive)))
  opened.catch(() => undefined)
  return async (event, context) => (await opened)(event, context)
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
  // Every message of such a route is sent on; whoever only receives asks SQS when something goes wrong.
  if (pipeline.trigger.kind === 'async') aws.sqs(environment).catch(() => undefined)
}

/** The HTTP face of a pipeline, as a middleware: the payload becomes a reply, a fault becomes problem details. It never rejects. */
export const replies = (pipeline: Pipeline): MiddlewareObj<APIGatewayProxyEventV2, unknown> => ({
  after: (request) => { if (asking(pipeline, request.event) === undefined) request.response = replyOf(isRouted(pipeline.trigger) ? pipeline.trigger.status : 200, request.response, request.context.awsRequestId) },
  onError: (request) => { request.response = problem(asFault(request.error), request.context.awsRequestId) },
})
