import { limits } from 'sallyport'
import { endpoint } from '../local/aws/endpoint.ts'
import { faultPlan, type Faults, type ServiceName } from '../local/aws/faults.ts'
import type { World } from '../local/aws/operation.ts'
import type { Principal } from '../local/aws/principals.ts'
import { s3Endpoint } from '../local/aws/s3/endpoint.ts'
import { schemas } from '../local/aws/services.ts'
import { openStore } from '../local/aws/store.ts'
import { asRequest, emptySuccess, type AwsRequest, type SdkRequest } from './aws-request.ts'
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

/** Actions that somebody may perform on some resources, or on `*`. */
export interface Statement {
  readonly actions: readonly string[]
  readonly resource: string | readonly string[]
}

/** What becomes of a request that no stand-in knows: it is refused by name, or answered with an empty success. */
export type Others = 'refuse' | 'answer'

/** Told of each request with its answer. */
type Told = (call: Call, request: AwsRequest) => void

/** Of one answer: `silence` and `reset` are planned ways to get none. */
interface Answer {
  readonly service: string
  readonly operation: string
  readonly status: number
  readonly error: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly content: Buffer
  readonly struck: 'silence' | 'reset' | undefined
}
type Endpoint = (request: AwsRequest, caller: Principal) => Promise<Answer>

const region = 'us-east-1'
const account = '123456789012'

/** By these a stand-in says that it has no such operation, table, bucket or queue, or was told of no queue at all. */
const notHere = new Set(['UnknownOperationException', 'ResourceNotFoundException', 'NotImplemented', 'NoSuchBucket', 'QueueDoesNotExist', 'MissingRequiredParameterException'])

/** DynamoDB, KMS, Secrets Manager, SQS, EventBridge and S3 in this process: the operations of `local/aws` on a store in memory. */
export class MemoryAws {
  readonly faults: Faults = faultPlan()
  readonly #clock: StillClock
  readonly #world: World
  readonly #others: Others

  constructor(clock: StillClock, others: Others = 'refuse') {
    this.#clock = clock
    this.#others = others
    this.#world = { region, account, store: openStore(undefined, schemas), now: clock.now, still: true }
  }

  arn(service: string, resource: string): string {
    return service === 's3' ? `arn:aws:s3:::${resource}` : `arn:aws:${service}:${region}:${account}:${resource}`
  }

  /** Whoever may do exactly this. */
  principal(name: string, statements: readonly Statement[]): Principal {
    return {
      accessKeyId: 'in-memory', secretAccessKey: 'in-memory', arn: this.arn('iam', `role/${name}`),
      policies: [{ Version: '2012-10-17', Statement: statements.map(({ actions, resource }) => ({ Effect: 'Allow', Action: actions, Resource: resource })) }],
    }
  }

  /** What AWS clients are made with to reach this, and nothing else, as somebody. */
  settings(caller: Principal, told: Told): object {
    return this.#settings(this.#endpoint(this.faults, this.#others), caller, told)
  }

  /** The same for whoever may do all, and meets no planned fault. */
  administration(): object {
    return this.#settings(this.#endpoint(faultPlan(), 'refuse'), this.principal('administrator', [{ actions: ['*'], resource: '*' }]), () => undefined)
  }

  #settings(answered: Endpoint, caller: Principal, told: Told): object {
    return {
      // A bucket stands in the path: the stand-in knows no hosts.
      region, endpoint: 'http://localhost', forcePathStyle: true, credentials: { accessKeyId: caller.accessKeyId, secretAccessKey: caller.secretAccessKey },
      retryStrategy: this.#retries(),
      requestHandler: {
        metadata: { handlerProtocol: 'http/1.1' },
        handle: (request: SdkRequest) => this.#handle(request, answered, caller, told),
        destroy: () => undefined,
        updateHttpClientConfig: () => undefined,
        httpHandlerConfigs: () => ({}),
      },
    }
  }

  async #handle(given: SdkRequest, answered: Endpoint, caller: Principal, told: Told): Promise<object> {
    const request = await asRequest(given)
    const { service, operation, status, error, headers, content, struck } = await this.#clock.during(answered(request, caller))
    told({ service, operation, status: struck ? 0 : status, ...error !== undefined && !struck && { error }, request: parsed(request.body) }, request)
    if (struck === 'silence') {
      await this.#clock.wait(limits.requestHandler.requestTimeout)
      throw Object.assign(new Error('the answer was too late'), { name: 'TimeoutError' })
    }
    if (struck) throw Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' })
    return { response: { statusCode: status, headers, body: service === 's3' ? new Blob([new Uint8Array(content)]).stream() : content } }
  }

  #endpoint(faults: Faults, others: Others): Endpoint {
    const json = endpoint(this.#world, faults)
    // Requests are signed by the clock of this machine.
    const s3 = s3Endpoint({ ...this.#world, now: () => Date.now() }, faults)
    const known: Endpoint = async (request, caller) => {
      if (request.service === 's3') {
        const { operation, status, headers, content, struck } = await s3({
          method: request.method, url: request.query === '' ? request.path : `${request.path}?${request.query}`, headers: request.headers,
          read: () => Promise.resolve(request.body), principals: () => new Map([[caller.accessKeyId, caller]]),
        })
        const error = status < 300 ? undefined : /<Code>(\w+)<\/Code>/.exec(content.toString())?.[1] ?? String(status)
        return { service: 's3', operation, status, error, headers, content, struck: struck && (struck.kind === 'silence' ? 'silence' : 'reset') }
      }
      const target = request.method === 'POST' ? request.target : ''
      const { service, operation, status, headers, answer, struck } = await json({ target, read: () => Promise.resolve(request.body), caller: () => caller })
      return {
        service: service?.name ?? request.service, operation: operation === '' ? request.operation : operation, status,
        error: status < 300 ? undefined : String((answer as { __type?: string }).__type).replace(/^.*#/, ''),
        headers: { 'content-type': service?.contentType ?? 'application/json', ...headers },
        content: Buffer.from(answer === undefined ? '' : JSON.stringify(answer)),
        struck: struck && (struck.kind === 'silence' ? 'silence' : 'reset'),
      }
    }
    if (others === 'refuse') return known
    return async (request, caller) => {
      const answer = await known(request, caller)
      if (answer.error === undefined || !notHere.has(answer.error)) return answer
      const effect = faults.take({ service: request.service as ServiceName, operation: answer.operation, input: {}, arn: caller.arn })
      if (effect?.kind === 'answer') {
        const { code, status } = effect.failure
        return { ...answer, status, error: code, headers: { 'content-type': 'application/json' }, content: Buffer.from(JSON.stringify({ __type: code })) }
      }
      return { ...answer, ...emptySuccess(request), status: 200, error: undefined }
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
