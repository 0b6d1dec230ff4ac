import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Principal } from '../aws/principals.ts'
import type { Failed, Outcome } from '../lambda/function.ts'
import { authorize } from './authorize.ts'
import { httpEvent, type Api } from './event.ts'
import { own, readReply, refusals, type Reply } from './reply.ts'
import { bodyLimit, headerLimit, headerSize, joinedHeaders, readBody, target } from './request.ts'
import { matcher, type Route } from './route.ts'

export interface GatewaySettings {
  readonly api: Api
  readonly routes: readonly Route[]
  readonly principals: (accessKeyId: string) => Principal | undefined
  readonly invoke: (functionName: string, event: string) => Promise<Outcome>
  /** An HTTP API waits 30 seconds for its integration. */
  readonly integrationSeconds?: number
  /** Seconds a client has for its headers, and for the whole request. */
  readonly clientSeconds?: { readonly headers: number; readonly request: number }
}

/** How long what a client still sends after a refusal is thrown away, so that it can read the refusal. */
const drainMs = 2_000

const requestId = (): string => randomBytes(11).toString('base64')

function write(response: ServerResponse, reply: Reply, id: string, close: boolean): void {
  const { status, headers, body } = reply
  const empty = status === 204 || status === 304
  response.writeHead(status, {
    ...empty ? Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type')) : headers,
    'apigw-requestid': id,
    ...empty ? {} : { 'content-length': body.length },
    ...close ? { connection: 'close' } : {},
  })
  response.end(empty ? undefined : body)
}

function refuseAndDrain(request: IncomingMessage, response: ServerResponse, reply: Reply, id: string): void {
  request.on('data', () => { /* dropped */ })
  request.resume()
  write(response, reply, id, true)
  setTimeout(() => request.socket.destroy(), drainMs).unref()
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), seconds * 1000) })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What the client sees of an invocation that failed. A timeout of the function is its failure; only the gateway's own is a 503. */
const failures: Readonly<Record<Failed['reason'], Reply>> = {
  handler: refusals.failed,
  timeout: refusals.failed,
  exit: refusals.failed,
  init: refusals.failed,
  'response-size': refusals.failed,
  // Lambda refuses the event before the function sees it. That API Gateway hands on the 413 is reported by users, not documented.
  'request-size': refusals.tooLarge,
  stopped: refusals.unavailable,
}

/** The HTTP server that stands for API Gateway's HTTP API. It listens when told to, and takes other routes while it runs. */
export interface Gateway extends Server {
  replace(routes: readonly Route[]): void
}

export function gateway(settings: GatewaySettings): Gateway {
  const { api, routes, principals, invoke, integrationSeconds = 30, clientSeconds = { headers: 10, request: 30 } } = settings

  let route = matcher(routes)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = requestId()
    const refuse = (reply: Reply): void => refuseAndDrain(request, response, reply, id)
    // The limit is documented, what a client gets then is not: 431 is what the status code is for.
    if (headerSize(request) > headerLimit) return refuse(refusals.headersTooLarge)
    const parts = target(request.url ?? '/')
    if (parts === undefined) return refuse(refusals.badRequest)
    const method = request.method ?? 'GET'
    const found = route(method, parts.path)
    if (found === undefined) return refuse(refusals.notFound)
    if (Number(request.headers['content-length'] ?? 0) > bodyLimit) return refuse(refusals.tooLarge)

    if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
    const body = await readBody(request, bodyLimit)
    if (body === undefined) return refuse(refusals.tooLarge)
    const received = {
      method, ...parts, body,
      headers: joinedHeaders(request.rawHeaders),
      sourceIp: request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '',
      protocol: `HTTP/${request.httpVersion}`,
    }
    const now = new Date()
    const { route: taken } = found
    const caller = taken.auth === 'AWS_IAM' ? authorize(received, found, api, principals, now) : undefined
    if (taken.auth === 'AWS_IAM' && caller === undefined) return write(response, refusals.forbidden, id, false)

    const event = JSON.stringify(httpEvent(received, taken.key, api, caller, id, now, found.parameters))
    const outcome = await within(integrationSeconds, invoke(taken.function, event))
    if (outcome === undefined) return write(response, refusals.unavailable, id, false)
    if (!outcome.ok) return write(response, failures[outcome.reason], id, false)
    write(response, readReply(outcome.payload) ?? refusals.failed, id, false)
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => { /* the client went away */ })
    handle(request, response).catch(() => {
      if (response.headersSent || request.socket.destroyed) response.destroy()
      else write(response, refusals.failed, requestId(), true)
    })
  }
  const server = createServer({ maxHeaderSize: 32 * 1024, keepAliveTimeout: 60_000, connectionsCheckingInterval: 1_000 }, listener)
  server.headersTimeout = clientSeconds.headers * 1000
  server.requestTimeout = clientSeconds.request * 1000
  server.on('checkContinue', listener)
  server.on('checkExpectation', listener)
  // CONNECT asks for a tunnel, which nobody here digs.
  server.on('connect', (_request, socket: Socket) => close(socket, refusals.badRequest))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else if (error.code === 'HPE_HEADER_OVERFLOW') close(socket, refusals.headersTooLarge)
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') close(socket, own(408, 'Request Timeout'))
    else close(socket, refusals.badRequest)
  })
  return Object.assign(server, { replace(fresh: readonly Route[]) { route = matcher(fresh) } })
}

const phrases: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' }

/** A refusal to something that is no HTTP request. */
function close(socket: Socket, { status, body }: Reply): void {
  socket.on('error', () => { /* it is gone */ })
  socket.end(`HTTP/1.1 ${status} ${phrases[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`)
}
