import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AwsConfig } from './config.ts'
import { Failure } from './failure.ts'
import { faultPlan, type Effect } from './faults.ts'
import { authenticate, authorize, callerOf } from './gate.ts'
import { journal } from './journal.ts'
import { object, type Members } from './members.ts'
import type { Reply, World } from './operation.ts'
import { roleOf, watchPrincipals, type Principal } from './principals.ts'
import { schemas, services, type Service } from './services.ts'
import { openStore } from './store.ts'
import { startSts, type StsReply } from './sts.ts'
import { sweep } from './sweep.ts'
import { failureBody, headersOf, readBody, reply } from './wire.ts'

export type Aws = { readonly port: number; close(): Promise<void> }

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

// A defect of ours: the caller learns only that, since a foreign message may quote a value.
function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const places = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  process.stderr.write(`aws stand-in: ${error instanceof Error ? error.name : 'unknown error'}\n${places.join('\n')}\n`)
  return new Failure('InternalServerError', 'Internal server error', {}, 500)
}

/** Starts DynamoDB, KMS and Secrets Manager on 127.0.0.1. `close` answers what is under way and closes the database. */
export async function startAws(config: AwsConfig): Promise<Aws> {
  const { region, account } = config
  const principals = watchPrincipals(config.principals)
  const store = openStore(config.dir, schemas)
  const calls = journal(config.calls)
  const requests = journal(config.requests)
  const faults = faultPlan()
  const world: World = { region, account, store, now: () => Date.now() }
  const sts = startSts(principals, world)
  const stopSweeping = config.sweepTtl ? sweep(world) : () => undefined

  type Exchange = { role: string; units: number; effect: Effect | undefined }

  function principalFor(request: IncomingMessage, service: string, body: Buffer): Principal {
    const [rawPath = '/', rawQuery = ''] = (request.url ?? '/').split(/\?(.*)/s)
    let known: ReadonlyMap<string, Principal>
    try {
      known = sts.known()
    } catch (error) {
      throw new Failure('InternalFailure', error instanceof Error ? error.message : 'The principals file is not usable.', {}, 500)
    }
    return authenticate({
      method: request.method ?? '', rawPath, rawQuery, headers: headersOf(request), body, now: new Date(), service, region,
    }, known)
  }

  async function run(request: IncomingMessage, service: Service, name: string, body: Buffer, exchange: Exchange): Promise<Reply> {
    const principal = principalFor(request, service.name, body)
    exchange.role = roleOf(principal.arn)
    const operation = Object.hasOwn(service.operations, name) ? service.operations[name] : undefined
    if (!operation) throw unknownOperation(name)
    const input = parse(body)
    authorize(principal, operation.asks(input, world), world)
    exchange.effect = faults.take({ service: service.name, operation: name, input, arn: principal.arn })
    if (exchange.effect?.at === 'before') {
      if (exchange.effect.kind === 'answer') throw exchange.effect.failure
      return undefined
    }
    return operation.run(input, world, callerOf(principal, world, (units) => (exchange.units += units)))
  }

  function strike(effect: Effect, request: IncomingMessage): void {
    if (effect.kind === 'kill') process.kill(process.pid, 'SIGKILL')
    if (effect.kind === 'reset') request.socket.destroy()
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { service, operation } = targetOf(String(request.headers['x-amz-target'] ?? ''))
    const exchange: Exchange = { role: '', units: 0, effect: undefined }
    let [status, answer, text]: [number, unknown, string] = [200, undefined, '']
    try {
      const body = await readBody(request)
      text = config.requests === undefined ? '' : body.toString()
      if (!service || request.method !== 'POST') throw unknownOperation(operation || 'The operation')
      answer = await run(request, service, operation, body, exchange)
      await store.settled()
    } catch (error) {
      // What a refusal shows must be as durable as what a success shows.
      await store.settled().catch(() => undefined)
      const failure = asFailure(error)
      status = failure.status
      answer = failureBody(failure, service)
    }
    const { effect, role, units } = exchange
    const struck = effect && effect.kind !== 'answer'
    const line = { at: new Date().toISOString(), role, service: service?.name ?? '', operation }
    calls.add({ ...line, status: struck ? 0 : status, ...(units > 0 && { units }) })
    if (config.requests !== undefined) requests.add({ ...line, body: text })
    if (struck) return strike(effect, request)
    if (status === 413) response.setHeader('connection', 'close')
    reply(response, status, answer, service?.contentType)
  }

  /** STS speaks forms and XML, and nothing of it is stored. */
  async function serveSts(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let role = ''
    let answer: StsReply
    try {
      const body = await readBody(request)
      const caller = principalFor(request, 'sts', body)
      role = roleOf(caller.arn)
      answer = sts.answer({ caller, form: new URLSearchParams(body.toString()) })
    } catch (error) {
      const { code, message, status } = asFailure(error)
      answer = { operation: 'unknown', status: status === 400 ? 403 : status, xml: sts.failure(code.replace(/Exception$/, ''), message) }
    }
    calls.add({ at: new Date().toISOString(), role, service: 'sts', operation: answer.operation, status: answer.status })
    response.writeHead(answer.status, { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(answer.xml) }).end(answer.xml)
  }

  const holdsToken = (request: IncomingMessage): boolean => {
    const [given, wanted] = [Buffer.from(String(request.headers['x-sallyport-token'] ?? '')), Buffer.from(config.token)]
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const route = `${request.method} ${request.url}`
    if (route === 'GET /_local/health') return reply(response, 200, { status: 'ok' })
    if (!holdsToken(request)) return reply(response, 403, { message: 'x-sallyport-token is missing or wrong' })
    if (route !== 'PUT /_local/faults') return reply(response, 404, { message: 'no such control route' })
    try {
      faults.replace(JSON.parse(body.toString()))
      return reply(response, 200, {})
    } catch (error) {
      return reply(response, 400, { message: error instanceof Failure ? error.message : 'the plan is not JSON' })
    }
  }

  const server = createServer((request, response) => {
    const form = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
    const answering = request.url?.startsWith('/_local/') ? control(request, response) : form ? serveSts(request, response) : serve(request, response)
    answering.catch(() => request.socket.destroy())
  })
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(config.port, '127.0.0.1', resolve))
  const address = server.address()

  return {
    port: typeof address === 'object' && address ? address.port : config.port,
    async close() {
      stopSweeping()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      // A call that a fault keeps silent would never end.
      const impatient = setTimeout(() => server.closeAllConnections(), 300)
      await closed
      clearTimeout(impatient)
      await store.settled().catch(() => undefined)
      store.close()
      calls.close()
      requests.close()
    },
  }
}
