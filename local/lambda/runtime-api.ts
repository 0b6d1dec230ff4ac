import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { payloadLimit } from './function.ts'

/** One invocation as it is handed to a process. */
export interface Invocation {
  readonly id: string
  readonly event: string
  readonly arn: string
  /** Epoch milliseconds at which Lambda would end it. */
  readonly deadline: number
}

/** What the Runtime API reports of one invocation: the reply, the error's JSON, or that the reply was too large. */
export type Report = { readonly response: string } | { readonly error: string } | { readonly tooLarge: true }

export interface RuntimeApi {
  /** `127.0.0.1:port`, the value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  /** Registers a process by its secret; `ready` is called each time it asks for work, with the way to give it some. */
  admit(token: string, ready: (give: (invocation: Invocation, report: (report: Report) => void) => void) => void): void
  dismiss(token: string): void
  /** Forgets an invocation whose process is gone. */
  forget(id: string): void
  close(): void
}

const version = '/2018-06-01/runtime'

async function body(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString()
}

/**
 * The Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for every process of a supervisor.
 * `next` needs the process' secret, so that nobody else on this machine can take an event; request ids cannot be guessed.
 */
export async function runtimeApi(): Promise<RuntimeApi> {
  const ready = new Map<string, (give: (invocation: Invocation, report: (report: Report) => void) => void) => void>()
  const running = new Map<string, (report: Report) => void>()

  const answer = (response: ServerResponse, status: number, content: object = {}): void => {
    const text = JSON.stringify(content)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
  }

  const next = (request: IncomingMessage, response: ServerResponse): void => {
    const token = request.headers['x-sallyport-process']
    const free = typeof token === 'string' ? ready.get(token) : undefined
    if (free === undefined) return answer(response, 403)
    free((invocation, report) => {
      running.set(invocation.id, report)
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(invocation.event),
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(invocation.deadline),
        'lambda-runtime-invoked-function-arn': invocation.arn,
      }).end(invocation.event)
    })
  }

  const ended = async (id: string, kind: 'response' | 'error', request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const content = await body(request, payloadLimit)
    const report = running.get(id)
    if (report === undefined) return answer(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    running.delete(id)
    if (content === undefined) {
      answer(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: `Exceeded maximum allowed payload size (${payloadLimit} bytes).` })
      return report({ tooLarge: true })
    }
    answer(response, 202, { status: 'OK' })
    report(kind === 'response' ? { response: content } : { error: content })
  }

  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const end = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path)
    if (request.method === 'GET' && path === `${version}/invocation/next`) next(request, response)
    else if (request.method === 'POST' && end) ended(decodeURIComponent(end[1] ?? ''), end[2] as 'response' | 'error', request, response).catch(() => response.destroy())
    // The process ends after this call, which is what the supervisor acts on; the error itself is in the log.
    else if (request.method === 'POST' && path === `${version}/init/error`) request.resume().on('end', () => answer(response, 202, { status: 'OK' }))
    else answer(response, 404)
  })
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.timeout = 0
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    admit: (token, free) => { ready.set(token, free) },
    dismiss: (token) => { ready.delete(token) },
    forget: (id) => { running.delete(id) },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
