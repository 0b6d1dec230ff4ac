import { AsyncLocalStorage } from 'node:async_hooks'
import { leaves, type Environment, type Pipeline, type Step } from 'sallyport'
import type { AwsRequest, Call, Received, Result, Watcher } from 'sallyport/testing'
import type { Made, Sought } from './search.ts'
import { placeOf } from './surfaces.ts'

/** Who does something: a step with what it was given, or the runtime. */
export interface Doer {
  /** `6 call`: its number among the steps that are not made of others, and its kind; or `runtime`. */
  readonly label: string
  readonly step?: Step<never, unknown>
  readonly payload?: unknown
}
export const runtime: Doer = { label: 'runtime' }

/** Something that came to a place. */
export interface Content {
  readonly surface: string
  /** Which part of it: `header x-trace`, `path`, `body`. */
  readonly part: string
  readonly doer: Doer
  readonly content: string | Uint8Array
}

/** A plaintext and what a cipher made of it. */
export interface Sealing {
  readonly plain: Buffer
  readonly sealed: Buffer
}

/** The doer at work, wherever its asynchronous work goes. */
const doing = new AsyncLocalStorage<Doer>()
export const doerNow = (): Doer => doing.getStore() ?? runtime

/** Sees all that one message leaves behind, and who left it. */
export class Witness {
  readonly contents: Content[] = []
  readonly digests: { readonly purpose: string; readonly text: string; readonly digest: string }[] = []
  readonly sealings: Sealing[] = []
  /** Labels of the steps that were run. */
  readonly reached = new Set<string>()
  /** Hosts to which a step opened connections of its own. */
  readonly connections: { readonly label: string; readonly host: string }[] = []
  readonly watcher: Watcher
  readonly #steps: readonly Step<never, unknown>[]
  readonly #changed: () => readonly (readonly [string, string])[]
  #last: Doer = runtime
  #thrower: Doer = runtime

  constructor(pipeline: Pipeline, begins: (environment: Environment) => void, changed: () => readonly (readonly [string, string])[]) {
    this.#steps = [...leaves(pipeline.steps)]
    this.#changed = changed
    this.watcher = {
      begins,
      step: (step, run, payload) => this.step(step, run, payload),
      digested: (purpose, text, digest) => { this.digests.push({ purpose, text, digest }) },
      line: (line) => {
        const text = JSON.stringify(line)
        this.add('log', 'line', text)
        const { event, pipeline: name, blame, fault, ms } = line
        // What the metric filters of infra/measures.ts read from it.
        if (event === 'execution') this.add('metric', 'dimensions', JSON.stringify({ name, blame, fault, ms }))
        if ('_aws' in line) this.add('metric', 'embedded in a line', text)
      },
      call: (call, request) => { this.#aws(call, request) },
      sent: (partner, received, body) => { this.#partner(partner, received, body) },
    }
  }

  /** Runs a step as one of this message's. */
  step<T>(step: Step<never, unknown>, run: () => T, payload: unknown): T {
    const doer: Doer = { label: `${this.#steps.indexOf(step) + 1} ${step.kind}`, step, payload }
    this.reached.add(doer.label)
    const ended = (): void => {
      this.#last = doer
      for (const [name, value] of this.#changed()) this.add(name === '_X_AMZN_TRACE_ID' ? 'trace' : 'environment', `variable ${name}`, `${name}=${value}`, doer)
    }
    const failed = (): void => {
      this.#thrower = doer
      ended()
    }
    return doing.run(doer, () => {
      try {
        const made = run()
        if (made instanceof Promise) made.then(() => { ended() }, () => { failed() })
        else ended()
        return made
      } catch (error) {
        failed()
        throw error
      }
    })
  }

  add(surface: string, part: string, content: string | Uint8Array, doer = doerNow()): void {
    if (content.length > 0) this.contents.push({ surface, part, doer, content })
  }

  /** What the sender was answered. */
  answered({ headers, body }: Result): void {
    const problem = headers['content-type'] === 'application/problem+json'
    const [surface, doer] = problem ? ['error', this.#thrower] as const : ['reply', this.#last] as const
    this.add(surface, problem ? 'problem details' : 'body', typeof body === 'string' ? body : JSON.stringify(body), doer)
    for (const [name, value] of Object.entries(headers)) this.add(surface, `header ${name}`, `${name}: ${value}`, doer)
  }

  /** What was made of a mark. */
  madeOf(sought: Sought): Made {
    const digests = new Map<string, string>()
    const sealed: Buffer[] = []
    const holds = (content: string | Uint8Array): boolean => sought.in(content, { digests, sealed }).some(({ status }) => status !== 'sealed')
    for (const { purpose, text, digest } of this.digests) {
      if (digests.has(digest) || !holds(text)) continue
      const bytes = Buffer.from(digest, 'base64url')
      for (const form of [digest, bytes.toString('base64'), bytes.toString('hex')]) digests.set(form, purpose)
    }
    for (const { plain, sealed: made } of this.sealings) {
      if (sought.in(plain, { digests: new Map(), sealed }).length > 0) sealed.push(made)
    }
    return { digests, sealed }
  }

  #aws({ operation }: Call, request: AwsRequest): void {
    const { surfaces, body } = placeOf(request)
    for (const surface of surfaces) {
      this.add(surface, body, request.body)
      this.add(surface, surface === 'object' ? 'key' : 'path', request.path)
      this.add(surface, 'query', request.query)
      for (const [name, value] of Object.entries(request.headers)) this.add(surface, `header ${name}`, `${name}: ${value}`)
      // No operation is named after data, but a client of one's own could do it.
      this.add(surface, 'operation', operation)
    }
  }

  #partner(partner: string, { method, path, headers }: Received, body: Uint8Array): void {
    const surface = `partner ${partner}`
    const [rest = '', query = ''] = path.split(/\?(.*)/s)
    this.add(surface, 'method', method)
    this.add(surface, 'path', rest)
    this.add(surface, 'query', query)
    for (const [name, value] of Object.entries(headers)) this.add(surface, name === 'idempotency-key' ? 'idempotency key' : `header ${name}`, `${name}: ${value}`)
    this.add(surface, 'body', body)
  }
}
