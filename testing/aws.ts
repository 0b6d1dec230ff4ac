import { limits } from 'sallyport'
import { endpoint } from '../local/aws/endpoint.ts'
import { faultPlan, type Faults } from '../local/aws/faults.ts'
import type { World } from '../local/aws/operation.ts'
import type { Principal } from '../local/aws/principals.ts'
import { schemas } from '../local/aws/services.ts'
import { openStore } from '../local/aws/store.ts'
import type { StillClock } from './clock.ts'

/** One request to AWS, as it was sent: payloads are in it as far as the pipeline sends them. */
export interface Call {
  readonly service: string
  readonly operation: string
  /** 0 where no answer came. */
  readonly status: number
  /** The exception's name where it was refused. */
  readonly error?: string
  readonly request: unknown
}

/** What an SDK client sends, as far as it is read here. */
interface Request {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Actions that somebody may perform on one resource, or on `*`. */
export interface Statement {
  readonly actions: readonly string[]
  readonly resource: string
}

type Answer = ReturnType<typeof endpoint>

const region = 'us-east-1'
const account = '123456789012'

/** DynamoDB, KMS and Secrets Manager in this process: the operations of `local/aws` on a store in memory. */
export class MemoryAws {
  readonly faults: Faults = faultPlan()
  readonly #clock: StillClock
  readonly #world: World
  readonly #answer: Answer

  constructor(clock: StillClock) {
    this.#clock = clock
    this.#world = { region, account, store: openStore(undefined, schemas), now: clock.now }
    this.#answer = endpoint(this.#world, this.faults)
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${region}:${account}:${resource}`
  }

  /** Whoever may do exactly this. */
  principal(name: string, statements: readonly Statement[]): Principal {
    return {
      accessKeyId: 'in-memory', secretAccessKey: 'in-memory', arn: this.arn('iam', `role/${name}`),
      policies: [{ Version: '2012-10-17', Statement: statements.map(({ actions, resource }) => ({ Effect: 'Allow', Action: actions, Resource: resource })) }],
    }
  }

  /** What AWS clients are made with to reach this, and nothing else, as somebody. */
  settings(caller: Principal, told: (call: Call) => void): object {
    return this.#settings(this.#answer, caller, told)
  }

  /** The same for whoever may do all, and meets no planned fault. */
  administration(): object {
    return this.#settings(endpoint(this.#world, faultPlan()), this.principal('administrator', [{ actions: ['*'], resource: '*' }]), () => undefined)
  }

  #settings(answer: Answer, caller: Principal, told: (call: Call) => void): object {
    return {
      region, endpoint: 'http://aws.invalid', credentials: { accessKeyId: caller.accessKeyId, secretAccessKey: caller.secretAccessKey },
      retryStrategy: this.#retries(),
      requestHandler: {
        metadata: { handlerProtocol: 'http/1.1' },
        handle: (request: Request) => this.#handle(request, answer, caller, told),
        destroy: () => undefined,
        updateHttpClientConfig: () => undefined,
        httpHandlerConfigs: () => ({}),
      },
    }
  }

  async #handle({ method, headers, body = '' }: Request, answered: Answer, caller: Principal, told: (call: Call) => void): Promise<object> {
    const target = method === 'POST' ? headers['x-amz-target'] ?? headers['X-Amz-Target'] ?? '' : ''
    const content = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const { service, operation, status, answer, struck } = await this.#clock.during(answered({ target, read: () => Promise.resolve(content), caller: () => caller }))
    const error = status < 300 || struck ? undefined : String((answer as { __type?: string }).__type).replace(/^.*#/, '')
    told({ service: service?.name ?? target, operation, status: struck ? 0 : status, ...error !== undefined && { error }, request: parsed(content) })
    if (struck?.kind === 'silence') {
      await this.#clock.wait(limits.requestHandler.requestTimeout)
      throw Object.assign(new Error('the answer was too late'), { name: 'TimeoutError' })
    }
    if (struck) throw Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' })
    return {
      response: {
        statusCode: status, headers: { 'content-type': service?.contentType ?? 'application/json' },
        body: Buffer.from(answer === undefined ? '' : JSON.stringify(answer)),
      },
    }
  }

  /** As often as in production; the pauses, of 100 ms doubling, pass on the world's clock. */
  #retries(): object {
    const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 })
    return {
      acquireInitialRetryToken: () => Promise.resolve(token(0)),
      refreshRetryTokenForRetry: async (before: ReturnType<typeof token>, { errorType }: { errorType: string }) => {
        const count = before.getRetryCount() + 1
        if (errorType === 'CLIENT_ERROR' || count >= limits.maxAttempts) throw new Error('no further attempt')
        await this.#clock.wait(50 * 2 ** count)
        return token(count)
      },
      recordSuccess: () => undefined,
    }
  }
}

function parsed(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch {
    return content.toString('base64')
  }
}
