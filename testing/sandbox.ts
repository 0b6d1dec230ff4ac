import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import {
  Environment, isFault, needs, realm as realmOf, replies, sends, serve, variable,
  type FaultCode, type HttpReply, type KeyPair, type Observer, type Pipeline, type Realm,
} from 'sallyport'
import { keySetsOf } from '../infra/key-sets.ts'
import { Accounts } from './accounts.ts'
import type { AwsRequest } from './aws-request.ts'
import { MemoryAws, type Call, type Others, type Statement } from './aws.ts'
import { StillClock } from './clock.ts'
import { content, eventOf, seal } from './message.ts'
import { originOf, Partners, type Partner, type Received } from './partners.ts'
import { Resources, type LedgerItem, type PublicJwk } from './resources.ts'

/** The next `times` calls of an operation (`*`: any) end so: throttle, timeout, reset, lostReply, conflict, unavailable, denied, or an exception's name. */
export interface PlannedFault {
  readonly service: 'dynamodb' | 'kms' | 'secretsmanager' | 's3' | '*'
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
}

/** A line of the log, redacted as in production. */
export type Line = Readonly<Record<string, unknown>>

/** What became of one message. */
export interface Result {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Read, where it is JSON. */
  // oxlint-disable-next-line no-explicit-any -- a test says what it expects of it
  readonly body: any
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

/** What is written down while one message is worked on. */
interface Recording {
  readonly lines: Line[]
  readonly calls: Call[]
  readonly partners: Record<string, Received[]>
  thrown: unknown
}

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpReply>

/** One execution environment: like Lambda's, it works on one message at a time and is used again. */
interface Instance {
  readonly handler: Handler
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
  async run(pipeline: Pipeline, message: unknown, { headers = {} }: MessageOptions = {}): Promise<Result> {
    const deployed = await this.#deploy(pipeline)
    const body = await content(pipeline, message, this.#ownKey)
    const id = `00000000-0000-4000-8000-${(++this.#messages).toString(16).padStart(12, '0')}`
    const instance = deployed.idle.pop() ?? this.#start(pipeline, deployed)
    const record: Recording = instance.record = { lines: [], calls: [], partners: Object.fromEntries(sends(pipeline).map(({ to }): [string, Received[]] => [to.name, []])), thrown: undefined }
    const deadline = this.#clock.now() + pipeline.timeout * 1_000
    const context = { awsRequestId: id, functionName: pipeline.name, getRemainingTimeInMillis: () => deadline - this.#clock.now() } as Context
    this.#observer.begins?.(instance.environment)
    const reply = await instance.handler(eventOf(pipeline, body, headers, id, this.#clock.now()), context)
    deployed.idle.push(instance)
    const { fault } = record.lines.find(({ event }) => event === 'execution') ?? {}
    return {
      status: reply.statusCode, headers: reply.headers, fault: fault as FaultCode | undefined,
      body: /json\b/.test(reply.headers['content-type'] ?? '') ? JSON.parse(reply.body) : reply.body,
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
    for (const { resource, actions } of needs(pipeline)) {
      const { address, arn } = await this.#resources.place(resource)
      variables[variable(resource)] = address
      statements.push({ actions, resource: arn })
    }
    return { variables, statements, idle: [] }
  }

  #start(pipeline: Pipeline, { variables, statements }: Deployed): Instance {
    const watcher = this.#observer
    const instance: { handler?: Handler; environment?: Environment; record: Recording } = { record: { lines: [], calls: [], partners: {}, thrown: undefined } }
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
    const origins = Object.fromEntries([...sends(pipeline).map(({ to }) => to), ...keySetsOf([pipeline])].map(({ name }) => [name, originOf(name)]))
    instance.handler = middy(serve(pipeline, this.#realm, { stage: 'local', origins }, environment), { timeoutEarlyInMillis: 0 }).use(replies(pipeline)) as unknown as Handler
    return instance as Instance
  }
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
export const run = (pipeline: Pipeline, message: unknown, { headers, ...options }: SandboxOptions & MessageOptions = {}): Promise<Result> =>
  sandbox(options).run(pipeline, message, headers && { headers })
