import { Failure } from './failure.ts'
import type { Effect, Faults } from './faults.ts'
import { authorize, callerOf } from './gate.ts'
import { object, type Members } from './members.ts'
import type { Caller, Reply, World } from './operation.ts'
import { roleOf, type Principal } from './principals.ts'
import { services, type Service } from './services.ts'
import { failureBody } from './wire.ts'

/** What became of one request of an AWS JSON protocol, whatever it came by. */
export type Answered = {
  readonly service: Service | undefined
  readonly operation: string
  /** Of the caller; '' where nobody was recognised. */
  readonly role: string
  readonly body: Buffer
  readonly status: number
  /** Of a failure, as some services have them. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON; undefined is an empty body. */
  readonly answer: unknown
  /** DynamoDB capacity units that it consumed. */
  readonly units: number
  /** A planned fault by which the caller gets no answer at all. */
  readonly struck: Exclude<Effect, { kind: 'answer' }> | undefined
}

/** One request: its `X-Amz-Target`, how its body is read, and whose it is. Both may throw a Failure. */
export type Asking = {
  readonly target: string
  readonly read: () => Promise<Buffer>
  readonly caller: (service: string, body: Buffer) => Principal
  /** See {@link Caller}. */
  readonly origin?: string
  readonly gone?: AbortSignal
}

const unknownOperation = (operation: string): Failure =>
  new Failure('UnknownOperationException', `${operation} is not implemented by this stand-in`)

/** `DynamoDB_20120810.PutItem` -> the service and its operation's name. */
function targetOf(target: string): { service: Service | undefined; operation: string } {
  const [, prefix = '', operation = ''] = /^([A-Za-z0-9_]{1,64})\.([A-Za-z0-9]{1,64})$/.exec(target) ?? []
  return { service: Object.hasOwn(services, prefix) ? services[prefix] : undefined, operation }
}

function parse(body: Buffer): Members {
  try {
    return object(JSON.parse(body.length === 0 ? '{}' : body.toString()), 'body')
  } catch {
    // V8 quotes the input in its message.
    throw new Failure('SerializationException', 'The request is not a JSON object')
  }
}

/** A defect of ours as what the caller learns of it: nothing, since a foreign message may quote a value. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const places = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  process.stderr.write(`aws stand-in: ${error instanceof Error ? error.name : 'unknown error'}\n${places.join('\n')}\n`)
  return new Failure('InternalServerError', 'Internal server error', {}, 500)
}

/** DynamoDB, KMS, Secrets Manager, SQS and EventBridge without a wire: gives what each request is answered, and never rejects. */
export const endpoint = (world: World, faults: Faults) => async ({ target, read, caller, origin, gone }: Asking): Promise<Answered> => {
  const { service, operation } = targetOf(target)
  let [status, role, units, body]: [number, string, number, Buffer] = [200, '', 0, Buffer.alloc(0)]
  let answer: unknown
  let headers: Answered['headers'] = {}
  let struck: Answered['struck']

  const way: Pick<Caller, 'origin' | 'gone'> = { ...origin !== undefined && { origin }, ...gone && { gone } }

  async function run(known: Service): Promise<Reply> {
    const principal = caller(known.name, body)
    role = roleOf(principal.arn)
    const wanted = Object.hasOwn(known.operations, operation) ? known.operations[operation] : undefined
    if (!wanted) throw unknownOperation(operation)
    const input = parse(body)
    authorize(principal, wanted.asks(input, world), world)
    const effect = faults.take({ service: known.name, operation, input, arn: principal.arn })
    if (effect?.kind === 'answer') throw effect.failure
    struck = effect
    if (effect?.at === 'before') return undefined
    return wanted.run(input, world, callerOf(principal, world, { spend: (more) => (units += more), ...way }))
  }

  try {
    body = await read()
    if (!service) throw unknownOperation(operation || 'The operation')
    answer = await run(service)
    await world.store.settled()
  } catch (error) {
    // What a refusal shows must be as durable as what a success shows.
    await world.store.settled().catch(() => undefined)
    const failure = asFailure(error)
    status = failure.status
    answer = failureBody(failure, service)
    const spelled = service?.spells?.(failure)
    if (spelled) [status, headers] = [spelled.status, spelled.headers]
  }
  return { service, operation, role, body, status, headers, answer, units, struck }
}
