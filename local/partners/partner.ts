import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { answerOf } from './answers.ts'
import { remembered } from './credential.ts'
import { well, type Mode } from './mode.ts'

/** One partner: a small HTTP server that checks its credential, does what it is asked, and writes down what it received. */
export interface Partner {
  readonly name: string
  readonly port: number
  /** The file with one line per request. */
  readonly received: string
  hasCredential(): boolean
  learn(headers: Readonly<Record<string, string>>): void
  behave(mode: Mode): Promise<void>
  close(): Promise<void>
}

interface Said {
  readonly status: number
  readonly body: string
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const json = (status: number, value: unknown): Said => ({ status, body: JSON.stringify(value) })

interface PartnerSettings {
  readonly name: string
  readonly folder: string
  readonly port?: number | undefined
  /** Keys that everybody may read there, as a JWK Set. */
  readonly publishes?: { readonly path: string; readonly keys: readonly unknown[] } | undefined
}

export async function startPartner({ name, folder, port = 0, publishes }: PartnerSettings): Promise<Partner> {
  const received = join(folder, `${name}.jsonl`)
  const credential = remembered(join(folder, `${name}.credential.json`))
  /** Replies by Idempotency-Key, as a partner remembers them. */
  const done = new Map<string, Said>()
  let mode = well
  appendFileSync(received, '', { mode: 0o600 })

  function send(response: ServerResponse, { status, body }: Said): void {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const { method = '', url: path = '', headers } = request
    const published = method === 'GET' && path === publishes?.path ? json(200, { keys: publishes.keys }) : undefined
    if (published === undefined && !credential.admits(headers)) return send(response, json(401, { error: 'unknown credential' }))
    const key = headers['idempotency-key']
    const before = typeof key === 'string' ? done.get(key) : undefined
    const { mode: how, ms, reply } = mode
    const refuses = how === '500' || how === '400'
    const acted = !refuses && before === undefined
    // What it received is written before anything is answered: a reply that gets lost leaves a line.
    appendFileSync(received, `${JSON.stringify({ method, path, headers, body: body.toString('base64'), at: new Date().toISOString(), acted })}\n`, { mode: 0o600 })
    if (refuses) return send(response, json(Number(how), { error: 'told to' }))

    const said = before ?? published ?? json(201, reply ?? answerOf(name, method, path, body))
    if (typeof key === 'string') done.set(key, said)
    if (how === 'drop') return void request.socket.destroy()
    if (how === 'nonsense') return send(response, { status: 200, body: '<html>no JSON at all' })
    if (how === 'slow') await new Promise((resolve) => { setTimeout(resolve, ms).unref() })
    send(response, said)
  }

  let server: Server | undefined
  const listen = (on: number): Promise<number> => new Promise((resolve, reject) => {
    const fresh = createServer((request, response) => { handle(request, response).catch(() => request.socket.destroy()) })
    fresh.keepAliveTimeout = 60_000
    fresh.once('error', reject)
    fresh.listen(on, '127.0.0.1', () => {
      server = fresh
      resolve((fresh.address() as AddressInfo).port)
    })
  })
  const hangUp = (): Promise<void> => new Promise((resolve) => {
    if (server === undefined) return resolve()
    server.close(() => resolve())
    server.closeAllConnections()
    server = undefined
  })
  const own = await listen(port).catch((error: NodeJS.ErrnoException) => {
    if (port === 0 || error.code !== 'EADDRINUSE') throw error
    return listen(0)
  })

  return {
    name, port: own, received,
    hasCredential: () => credential.known(),
    learn: (headers) => credential.learn(headers),
    async behave(next) {
      mode = next
      if (next.mode === 'refuse') await hangUp()
      else if (server === undefined) await listen(own)
    },
    close: hangUp,
  }
}
