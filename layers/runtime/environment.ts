import { limits } from './aws/limits.ts'
import { system, type Clock } from './clock.ts'
import type { Loaded } from './credential.ts'
import type { Digester, Purpose } from './digest.ts'
import { Once } from './once.ts'
import { exchange, type Exchange } from './send.ts'
import { Sink, standardOutput } from './sink.ts'
import type { Step } from './step.ts'

/** Who watches a run from outside: nobody in production. */
export interface Observer {
  /** Runs a step that is not made of others, by calling `run` once and giving what it gives. `payload` is what the step is given. */
  readonly step?: <T>(step: Step<never, unknown>, run: () => T, payload: unknown) => T
  /** Told of each keyed digest: what was digested, normalised, and the digest in base64url. */
  readonly digested?: (purpose: Purpose, text: string, digest: string) => void
}

/** What an environment is made with; what is left out is the process's own. */
export interface Surroundings {
  /** The addresses of what a pipeline needs, by the names of `variable`. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** How a request reaches a partner. */
  readonly exchange?: Exchange
  /** Takes each log line, without a line end. */
  readonly write?: (line: string) => void
  /** What every AWS client is made with, besides our limits. */
  readonly aws?: object
  readonly observer?: Observer | undefined
}

/** One execution environment: what a process keeps between invocations. In Lambda there is one; a test makes its own. */
export class Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly exchange: Exchange
  readonly observer: Observer | undefined
  readonly sink: Sink
  /** Memory of the function. */
  readonly megabytes: number
  /** Addresses as they were first read: reading `process.env` costs more than the digest it is for. */
  readonly addresses = new Map<string, string>()
  readonly credentials = new Once<Loaded>()
  readonly digesters = new Once<Digester>()
  /** AWS calls of the execution at work, as `dynamodb:PutItem`: each execution begins with none. */
  calls: Record<string, number> = {}
  readonly #aws: object
  readonly #made = new Map<unknown, unknown>()

  constructor({ variables = process.env, clock = system, exchange: reach = exchange, write = standardOutput, aws = {}, observer }: Surroundings = {}) {
    this.variables = variables
    this.clock = clock
    this.megabytes = Number(variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 512)
    this.exchange = reach
    this.observer = observer
    this.sink = new Sink(write, clock.now)
    this.#aws = { ...limits, ...aws }
  }

  /** What `make` makes, once. */
  one<T>(make: (environment: Environment) => T): T {
    let made = this.#made.get(make)
    if (made === undefined) this.#made.set(make, made = make(this))
    return made as T
  }

  /** The one AWS client of a class, whose calls are counted. */
  client<C>(Client: new (settings: object) => C): C {
    let client = this.#made.get(Client) as C | undefined
    if (client === undefined) {
      client = new Client(this.#aws)
      this.#count(client as Counted)
      this.#made.set(Client, client)
    }
    return client
  }

  #count({ middlewareStack, config }: Counted): void {
    middlewareStack?.add((next, { clientName, commandName = '' }) => (call) => {
      const name = `${config?.defaultSigningName ?? clientName ?? ''}:${commandName.replace(/Command$/, '')}`
      this.calls[name] = (this.calls[name] ?? 0) + 1
      return next(call)
    }, { step: 'initialize' })
  }
}

/** What clients of the AWS SDK have, so that their calls can be counted. */
interface Counted {
  readonly config?: { readonly defaultSigningName?: string }
  readonly middlewareStack?: {
    add(middleware: (next: (call: unknown) => unknown, context: { readonly clientName?: string; readonly commandName?: string }) => (call: unknown) => unknown, options: { readonly step: 'initialize' }): void
  }
}

let own: Environment | undefined
/** The one of this process. */
export const ofProcess = (): Environment => own ??= new Environment()

/** One line of a function of ours that runs no pipeline. `content` goes through the redactor. */
export const emit = (line: Readonly<Record<string, unknown>>, content?: Readonly<Record<string, unknown>>): void => ofProcess().sink.emit(line, content)
