import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AwsConfig } from './config.ts'
import { asFailure, endpoint, type Answered } from './endpoint.ts'
import { Failure } from './failure.ts'
import { faultPlan } from './faults.ts'
import { authenticate } from './gate.ts'
import { journal } from './journal.ts'
import type { World } from './operation.ts'
import { roleOf, watchPrincipals, type Principal } from './principals.ts'
import { s3Endpoint } from './s3/endpoint.ts'
import { isForS3 } from './s3/request.ts'
import { schemas } from './services.ts'
import { openStore } from './store.ts'
import { startSts, type StsReply } from './sts.ts'
import { sweep } from './sweep.ts'
import { headersOf, readBody, reply } from './wire.ts'

export type Aws = { readonly port: number; close(): Promise<void> }

/** Starts DynamoDB, KMS, Secrets Manager, SQS, EventBridge and S3 on 127.0.0.1. `close` answers what is under way and closes the database. */
export async function startAws(config: AwsConfig): Promise<Aws> {
  const { region, account } = config
  const principals = watchPrincipals(config.principals)
  const store = openStore(config.dir, schemas)
  const calls = journal(config.calls)
  const requests = journal(config.requests)
  const faults = faultPlan()
  const world: World = { region, account, store, now: () => Date.now() }
  const answer = endpoint(world, faults)
  const answerS3 = s3Endpoint(world, faults)
  const sts = startSts(principals, world)
  const stopSweeping = config.sweepTtl ? sweep(world) : () => undefined

  function known(): ReadonlyMap<string, Principal> {
    try {
      return sts.known()
    } catch (error) {
      throw new Failure('InternalFailure', error instanceof Error ? error.message : 'The principals file is not usable.', {}, 500)
    }
  }

  function principalFor(request: IncomingMessage, service: string, body: Buffer): Principal {
    const [rawPath = '/', rawQuery = ''] = (request.url ?? '/').split(/\?(.*)/s)
    return authenticate({
      method: request.method ?? '', rawPath, rawQuery, headers: headersOf(request), body, now: new Date(), service, region,
    }, known())
  }

  function strike(effect: NonNullable<Answered['struck']>, request: IncomingMessage): void {
    if (effect.kind === 'kill') process.kill(process.pid, 'SIGKILL')
    if (effect.kind === 'reset') request.socket.destroy()
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    // Aborting makes an error, which is dear: not where the answer was given.
    response.on('close', () => { if (!response.writableFinished) gone.abort() })
    const { service, operation, role, body, status, headers, answer: said, units, struck } = await answer({
      target: request.method === 'POST' ? String(request.headers['x-amz-target'] ?? '') : '',
      read: () => readBody(request),
      caller: (name, content) => principalFor(request, name, content),
      origin: `http://${request.headers.host ?? '127.0.0.1'}`,
      gone: gone.signal,
    })
    const line = { at: new Date().toISOString(), role, service: service?.name ?? '', operation }
    calls.add({ ...line, status: struck ? 0 : status, ...(units > 0 && { units }) })
    if (config.requests !== undefined) requests.add({ ...line, body: body.toString() })
    if (struck) return strike(struck, request)
    if (status === 413) response.setHeader('connection', 'close')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    reply(response, status, said, service?.contentType)
  }

  /** S3 speaks REST and XML. */
  async function serveS3(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { operation, role, body, status, headers, content, struck } = await answerS3({
      method: request.method ?? '', url: request.url ?? '/', headers: headersOf(request), read: () => readBody(request), principals: known,
    })
    const line = { at: new Date().toISOString(), role, service: 's3', operation }
    calls.add({ ...line, status: struck ? 0 : status })
    if (config.requests !== undefined) requests.add({ ...line, body: body.toString() })
    if (struck) return strike(struck, request)
    if (!request.complete) response.setHeader('connection', 'close')
    response.writeHead(status, headers).end(content)
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
    const answering = request.url?.startsWith('/_local/') ? control(request, response) : isForS3(request) ? serveS3(request, response) : form ? serveSts(request, response) : serve(request, response)
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
