import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import {
  consume, door, entityOf, Environment, isFault, isRouted, needs, realm as realmOf, replies, sends, serve, variable,
  type Account, type FaultCode, type HttpReply, type KeyPair, type Observer, type Pipeline, type Realm,
} from 'sallyport'
import { keySetsOf } from '../infra/key-sets.ts'
import { Accounts } from './accounts.ts'
import type { AwsRequest } from './aws-request.ts'
import { MemoryAws, type Call, type Others, type Statement } from './aws.ts'
import { StillClock } from './clock.ts'
import { askOf, content, eventOf, seal, waitingBody } from './message.ts'
import { originOf, Partners, type Partner, type Received } from './partners.ts'
import { isQueuedPipeline, type DeadLetter, type Queued } from './queues.ts'
import { Resources, type Failure, type LedgerItem, type PublicJwk } from './resources.ts'

/** The next `times` calls of an operation (`*`: any) end so: throttle, timeout, reset, lostReply, conflict, unavailable, denied, or an exception's name. */
export interface PlannedFault {
  readonly service: 'dynamodb' | 'kms' | 'secretsmanager' | 's3' | 'sqs' | '*'
  readonly operation: string
  readonly error: string
  readonly times?: number
}

/** Who watches from outside: told of each thing as it happens, in the async context of the step that did it. */
export interface Watcher extends Observer {
  readonly line?: (line: Line) => void
  readonly call?: (call: Call, request: AwsRequest) => void
  /** `body`: the bytes of it, sealed where it was sealed. */
  readonly sent?: (partner: string, received: Received, body: Uint8Array) => void
  /** Told of the execution environment that works on the next message. */
  readonly begins?: (environment: Environment) => void
}

export interface SandboxOptions {
  /** What the secrets of accounts hold; what is left out is drawn. */
  readonly accounts?: Readonly<Record<string, unknown>>
  /** By account name. */
  readonly partners?: Readonly<Record<string, Partner>>
  readonly faults?: readonly PlannedFault[]
  readonly realm?: Realm
  /** The instant at which the clock begins: 2026-01-01T00:00:00Z unless said otherwise. */
  readonly now?: string | number | Date
  readonly observer?: Watcher
  /** What becomes of a request to AWS that no stand-in knows; unless said otherwise it is refused by name. */
  readonly others?: Others
}

export interface MessageOptions {
  readonly headers?: Readonly<Record<string, string>>
  /**
   * ARN of the principal that signs.
   * @default 'arn:aws:iam::123456789012:role/sender'
   */
  readonly caller?: string
}

/** A line of the log, redacted as in production. */
export type Line = Readonly<Record<string, unknown>>

/** What one invocation left behind. */
interface Left {
  readonly fault: FaultCode | undefined
  /** What each partner of the pipeline received of this message. */
  readonly partners: Readonly<Record<string, readonly Received[]>>
  readonly lines: readonly Line[]
  readonly calls: readonly Call[]
  /** All of the ledger, behind this message. */
  readonly ledger: readonly LedgerItem[]
  /** What a step threw last that is no Fault. Production drops it, since it may quote a payload; it is for whoever reads a failed test. */
  readonly thrown: unknown
}

/** What became of one message. */
export interface Result extends Left {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Read, where it is JSON. */
  // oxlint-disable-next-line no-explicit-any -- a test says what it expects of it
  readonly body: any
}

/** What became of one message that came out of a queue. */
export interface Delivered extends Left {
  /** The last payload, where the pipeline has ended well. */
  // oxlint-disable-next-line no-explicit-any -- a test says what it expects of it
  readonly payload: any
  readonly outcome: 'done' | 'duplicate' | 'fault'
  /** How often it was received, this time included. */
  readonly attempt: number
  /** What the function answered Lambda. */
  readonly returned: SQSBatchResponse
}

/** What is written down while one message is worked on. */
interface Recording {
  readonly lines: Line[]
  readonly calls: Call[]
  readonly partners: Record<string, Received[]>
  thrown: unknown
  payload: unknown
}

interface Handlers {
  readonly http: (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpReply>
  readonly queue: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>
}

/** One execution environment: like Lambda's, it works on one message at a time and is used again. */
interface Instance {
  readonly handlers: Handlers
  readonly environment: Environment
  record: Recording
}

/** A pipeline with what it needs, and its environments that are idle. */
interface Deployed {
  readonly variables: Readonly<Record<string, string>>
  readonly statements: readonly Statement[]
  readonly idle: Instance[]
}

/** A world in this process: AWS, partners and a clock, which keep their state from one message to the next. Nothing in it opens a socket. */
export class Sandbox {
  readonly #clock: StillClock
  readonly #aws: MemoryAws
  readonly #partners: Partners
  readonly #resources: Resources
  readonly #realm: Realm
  readonly #accounts: Accounts
  readonly #observer: Watcher
  readonly #deployed = new Map<Pipeline, Promise<Deployed>>()
  #messages = 0

  constructor({ accounts = {}, partners = {}, faults = [], realm = realmOf(), now = '2026-01-01T00:00:00Z', observer = {}, others }: SandboxOptions = {}) {
    const keys = new Accounts(accounts)
    this.#clock = new StillClock(new Date(now).getTime())
    this.#aws = new MemoryAws(this.#clock, others)
    this.#resources = new Resources(this.#aws, keys, this.#clock)
    this.#partners = new Partners(partners, this.#clock, keys.open, keys.published)
    this.#accounts = keys
    this.#realm = realm
    this.#observer = observer
    this.faults(faults)
  }

  /** Runs one message through a pipeline as Lambda would: the handler with the runtime, from the event to the reply. */
  async run(pipeline: Pipeline, message: unknown, { headers = {}, caller = sender }: MessageOptions = {}): Promise<Result> {
    const { trigger } = pipeline
    if (!isRouted(trigger)) throw new TypeError(`pipeline ${pipeline.name} has no route: deliver the message`)
    await this.#deploy(pipeline)
    const body = await content(pipeline, message, this.#ownKey)
    return this.#request(pipeline, (id) => eventOf(trigger, body, headers, caller, id, this.#clock.now()))
  }

  /** What a sender is told that asks for a message by the id it was answered, of a pipeline with `mode: 'async'`. */
  outcome(pipeline: Pipeline, message: string, { caller = sender }: Pick<MessageOptions, 'caller'> = {}): Promise<Result> {
    const { trigger } = pipeline
    if (trigger.kind !== 'async') throw new TypeError(`pipeline ${pipeline.name} lets no message of a route wait`)
    return this.#request(pipeline, (id) => askOf(trigger, message, caller, id, this.#clock.now()))
  }

  /** Puts a message into the queue of a pipeline; of events, as one whose `detail` it is. `group`: of a fifo queue. Gives its id. */
  async send(pipeline: Pipeline, message: unknown, { group }: { readonly group?: string } = {}): Promise<string> {
    const queued = queuedOf(pipeline)
    if (queued.trigger.kind === 'async') throw new TypeError(`pipeline ${pipeline.name} takes messages at its route alone: run them`)
    await this.#deploy(pipeline)
    const { queue } = await this.#resources.waiting(queued)
    const body = waitingBody(pipeline, await content(pipeline, message, this.#ownKey), this.#clock.now())
    return this.#resources.queues.send(queue.address, queued, body, group)
  }

  /** Sends a message and works on the one that then comes out of the queue: itself, where it was empty. */
  async deliver(pipeline: Pipeline, message: unknown, options: { readonly group?: string } = {}): Promise<Delivered> {
    await this.send(pipeline, message, options)
    return await this.#next(queuedOf(pipeline)) as Delivered
  }

  /** Works on the messages in the queue of a pipeline, one an invocation, until none is visible: what comes again later wants a `tick`. */
  async drain(pipeline: Pipeline): Promise<Delivered[]> {
    const queued = queuedOf(pipeline)
    const delivered: Delivered[] = []
    for (;;) {
      const next = await this.#next(queued)
      if (next === undefined) return delivered
      delivered.push(next)
    }
  }

  /** The records of failures that pipelines keep, of one that says by `entity` what its messages are about. */
  failures(): Promise<Failure[]> {
    return this.#resources.failures()
  }

  /** Runs once more what failed: with the message that is given again, or read again from the source of its definition. Gives what `sallyport rerun` would tell. */
  async rerun(pipeline: Pipeline, failure: Failure, message?: unknown): Promise<{ readonly done: boolean; readonly fault?: FaultCode }> {
    const { id, fingerprint, request } = failure
    const { entity, origin } = await this.#resources.opened(failure)
    const given = message === undefined ? { entity } : { body: Buffer.from(await content(pipeline, message, this.#ownKey)).toString('base64'), ...fingerprint !== undefined && { fingerprint } }
    const event = { rerun: { id, ...given, ...origin !== undefined && { origin }, ...request !== undefined && { request } } } as never
    const { answer } = await this.#invoke(pipeline, ({ http, queue }, _, context): Promise<unknown> => isQueuedPipeline(pipeline) ? queue(event, context) : http(event, context))
    return answer as { readonly done: boolean; readonly fault?: FaultCode }
  }

  /** What lies in the dead-letter queue of a pipeline. */
  async dead(pipeline: Pipeline): Promise<DeadLetter[]> {
    const { dead } = await this.#resources.waiting(queuedOf(pipeline))
    return this.#resources.queues.dead(dead.address)
  }

  /** Drives back what lies in the dead-letter queue of a pipeline, as SQS does: each is a new message in its queue. Gives how many. */
  async redrive(pipeline: Pipeline): Promise<number> {
    const { queue, dead } = await this.#resources.waiting(queuedOf(pipeline))
    return this.#resources.queues.move(dead.address, queue.address)
  }

  async #request(pipeline: Pipeline, event: (id: string) => APIGatewayProxyEventV2): Promise<Result> {
    const { answer, ...left } = await this.#invoke(pipeline, ({ http }, id, context) => http(event(id), context))
    return {
      ...left, status: answer.statusCode, headers: answer.headers,
      body: /json\b/.test(answer.headers['content-type'] ?? '') ? JSON.parse(answer.body) : answer.body,
    }
  }

  async #next(pipeline: Queued): Promise<Delivered | undefined> {
    const { queue } = await this.#resources.waiting(pipeline)
    const { queues } = this.#resources
    const record = await queues.receive(queue.address, String(queue.arn))
    if (record === undefined) return undefined
    const { answer, payload, ...left } = await this.#invoke(pipeline, (handlers, _, context) => handlers.queue({ Records: [record] }, context))
    if (answer.batchItemFailures.length === 0) await queues.delete(queue.address, record)
    const { outcome, attempt } = left.lines.find(({ event }) => event === 'execution') as unknown as Pick<Delivered, 'outcome' | 'attempt'>
    return { ...left, payload, outcome, attempt, returned: answer }
  }

  /** One invocation of a function, with all that it left behind. */
  async #invoke<Answer>(pipeline: Pipeline, work: (handlers: Handlers, id: string, context: Context) => Promise<Answer>): Promise<Left & { readonly answer: Answer; readonly payload: unknown }> {
    const deployed = await this.#deploy(pipeline)
    const id = `00000000-0000-4000-8000-${(++this.#messages).toString(16).padStart(12, '0')}`
    const instance = deployed.idle.pop() ?? this.#start(pipeline, deployed)
    const record: Recording = instance.record = { lines: [], calls: [], partners: Object.fromEntries(reached(pipeline).map(({ name }): [string, Received[]] => [name, []])), thrown: undefined, payload: undefined }
    const deadline = this.#clock.now() + pipeline.timeout * (isQueuedPipeline(pipeline) ? pipeline.trigger.batch : 1) * 1_000
    const context = { awsRequestId: id, functionName: pipeline.name, getRemainingTimeInMillis: () => deadline - this.#clock.now() } as Context
    this.#observer.begins?.(instance.environment)
    const answer = await work(instance.handlers, id, context)
    deployed.idle.push(instance)
    const { fault } = record.lines.find(({ event }) => event === 'execution' || event === 'door') ?? {}
    return {
      answer, fault: fault as FaultCode | undefined, payload: record.payload,
      partners: record.partners, lines: record.lines, calls: record.calls, ledger: await this.ledger(), thrown: record.thrown,
    }
  }

  /** A body sealed to the pair by which a pipeline opens, as senders seal it: of bytes that are no JSON, too. */
  seal(pipeline: Pipeline, plain: Uint8Array): Promise<Buffer> {
    return seal(pipeline, plain, this.#ownKey)
  }

  /** Lets milliseconds pass. */
  tick(ms: number): void {
    this.#clock.tick(ms)
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#clock.now()
  }

  /** Plans what befalls the next calls of AWS; the plan before it is forgotten. */
  faults(plan: readonly PlannedFault[]): void {
    this.#aws.faults.replace([...plan])
  }

  ledger(): Promise<LedgerItem[]> {
    return this.#resources.ledger()
  }

  /** The public half of a pair, to seal to by other means. Environments that read the pair before it was made are let go. */
  async publicKey(pair: KeyPair, type: 'ec' | 'rsa' = 'ec'): Promise<PublicJwk> {
    const key = await this.#resources.publicKey(pair, type)
    this.#deployed.clear()
    return key
  }

  readonly #ownKey = (pair: KeyPair): Promise<PublicJwk> => this.#resources.publicKey(pair, 'ec')

  #deploy(pipeline: Pipeline): Promise<Deployed> {
    const known = this.#deployed.get(pipeline)
    if (known !== undefined) return known
    const deployed = this.#provide(pipeline)
    this.#deployed.set(pipeline, deployed)
    return deployed
  }

  async #provide(pipeline: Pipeline): Promise<Deployed> {
    const variables: Record<string, string> = {}
    const statements: Statement[] = []
    for (const account of keySetsOf([pipeline])) this.#accounts.publish(account)
    if (isQueuedPipeline(pipeline)) await this.#resources.waiting(pipeline)
    for (const { resource, actions } of needs(pipeline)) {
      const { address, arn } = await this.#resources.place(resource)
      variables[variable(resource)] = address
      statements.push({ actions, resource: arn })
    }
    return { variables, statements, idle: [] }
  }

  #start(pipeline: Pipeline, { variables, statements }: Deployed): Instance {
    const watcher = this.#observer
    const instance: { handlers?: Handlers; environment?: Environment; record: Recording } = { record: { lines: [], calls: [], partners: {}, thrown: undefined, payload: undefined } }
    const environment = instance.environment = new Environment({
      variables, clock: this.#clock,
      aws: this.#aws.settings(this.#aws.principal(pipeline.name, statements), (call, request) => {
        instance.record.calls.push(call)
        watcher.call?.(call, request)
      }),
      exchange: this.#partners.exchange((name, received, body) => {
        (instance.record.partners[name] ??= []).push(received)
        watcher.sent?.(name, received, body)
      }),
      write: (text) => {
        const line = JSON.parse(text) as Line
        instance.record.lines.push(line)
        watcher.line?.(line)
      },
      observer: {
        ...watcher.digested && { digested: watcher.digested },
        step: (step, run, payload) => noting(() => watcher.step === undefined ? run() : watcher.step(step, run, payload), (error) => { instance.record.thrown = error }),
      },
    })
    const origins = Object.fromEntries([...reached(pipeline), ...keySetsOf([pipeline])].map(({ name }) => [name, originOf(name)]))
    const stage = { stage: 'local', origins }
    // What a queue's pipeline ends with is told to nobody but the test.
    const { steps } = pipeline
    const told: Pipeline = { ...pipeline, steps: { ...steps, run: (payload, io) => noted(steps.run(payload, io), (last) => { instance.record.payload = last }) } }
    instance.handlers = {
      http: (pipeline.trigger.kind === 'async' ? door(pipeline, environment)
        : pipeline.trigger.kind === 'http' ? middy(serve(pipeline, this.#realm, stage, environment), { timeoutEarlyInMillis: 0 }).use(replies(pipeline)) : undefined) as unknown as Handlers['http'],
      queue: (isQueuedPipeline(pipeline) ? consume(told, this.#realm, stage, environment) : undefined) as Handlers['queue'],
    }
    return instance as Instance
  }
}

/** Partners that are sent to, or asked for a message again. */
function reached(pipeline: Pipeline): Account[] {
  const source = entityOf(pipeline)?.source
  return [...sends(pipeline).map(({ to }) => to), ...source === undefined ? [] : [source.from]]
}

/** Who sends unless a test says otherwise. */
const sender = 'arn:aws:iam::123456789012:role/sender'

function queuedOf(pipeline: Pipeline): Queued {
  if (!isQueuedPipeline(pipeline)) throw new TypeError(`pipeline ${pipeline.name} has no queue: run the message`)
  return pipeline
}

/** Gives what it is given, and notes it. */
async function noted<T>(result: T | Promise<T>, note: (value: T) => void): Promise<T> {
  const value = await result
  note(value)
  return value
}

/** Gives what `run` gives, and notes what it throws that is no Fault. */
function noting<T>(run: () => T, note: (error: unknown) => void): T {
  const noted = (error: unknown): void => { if (!isFault(error)) note(error) }
  try {
    const result = run()
    if (result instanceof Promise) result.catch(noted)
    return result
  } catch (error) {
    noted(error)
    throw error
  }
}

export const sandbox = (options?: SandboxOptions): Sandbox => new Sandbox(options)

/** One message through a pipeline in a world of its own. */
export const run = (pipeline: Pipeline, message: unknown, { headers, caller, ...options }: SandboxOptions & MessageOptions = {}): Promise<Result> =>
  sandbox(options).run(pipeline, message, { ...headers && { headers }, ...caller !== undefined && { caller } })
