import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readMode, type Mode } from './partners/mode.ts'

export interface Control {
  readonly url: string
  stop(): Promise<void>
}

export interface Controlled {
  /** Names of the partners. */
  readonly partners: () => readonly string[]
  readonly behave: (name: string, mode: Mode) => Promise<void>
  /** Lets a partner know a credential that was entered: the headers in which it will come. */
  readonly learn: (name: string, headers: Readonly<Record<string, string>>) => Promise<void>
  /** Replaces the plan of faults; undefined where the endpoint is not ours. */
  readonly plan: ((faults: string) => Promise<{ readonly status: number; readonly body: string }>) | undefined
  readonly health: () => object
  /** Invokes a function of ours that is no pipeline, by its short name; undefined where there is none. */
  readonly invoke?: (name: string, event: object) => Promise<object> | undefined
  /** Rotates a key of ours, as `sallyport keys rotate` asks; gives what the function `keys` says. */
  readonly rotate: (key: string) => Promise<object>
  /** Invokes what a schedule would, by the name of its rule or function; undefined where there is none. */
  readonly schedule?: (name: string) => Promise<object> | undefined
}

interface Said {
  readonly status: number
  readonly body: string
}

const said = (status: number, value: object): Said => ({ status, body: JSON.stringify(value) })
const refused = (status: number, message: string): Said => said(status, { message })
const bodyLimit = 6 * 1024 * 1024

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= bodyLimit) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError('the body is not JSON')
  }
}

function readHeaders(value: unknown): Readonly<Record<string, string>> {
  if (typeof value === 'object' && value !== null && Object.values(value).every((header) => typeof header === 'string')) return value as Record<string, string>
  throw new TypeError('the body is no object of headers')
}

/** The port by which tests and readers of the README make things go wrong. Loopback only. */
export async function startControl(controlled: Controlled): Promise<Control> {
  async function answer(request: IncomingMessage): Promise<Said> {
    const text = await textOf(request)
    const route = `${request.method} ${request.url}`
    const [, partner, credential] = /^PUT \/partners\/([a-z0-9-]+)(\/credential)?$/.exec(route) ?? []
    // A page in a browser has no business here.
    if (request.headers.origin !== undefined) return refused(403, 'not for browsers')
    if (route === 'GET /health') return said(200, controlled.health())
    if (route === 'PUT /faults') return controlled.plan ? controlled.plan(text) : refused(404, 'faults are for our own stand-ins: AWS_ENDPOINT_URL is set')
    const rotated = /^POST \/keys\/([a-z0-9-]+)\/rotate$/.exec(route)?.[1]
    if (rotated !== undefined) return said(200, await controlled.rotate(rotated))
    const called = /^POST \/functions\/([a-z0-9-]+)$/.exec(route)?.[1]
    if (called !== undefined) {
      const ran = controlled.invoke?.(called, parsed(text) as object)
      return ran === undefined ? refused(404, `no function of ours is ${called}`) : said(200, await ran)
    }
    const due = /^POST \/schedules\/([A-Za-z0-9._-]+)$/.exec(route)?.[1]
    if (due !== undefined) {
      const ran = controlled.schedule?.(due)
      return ran === undefined ? refused(404, `no schedule of the template is ${due}, by its rule or its function`) : said(200, await ran)
    }
    if (partner === undefined) return refused(404, 'there are PUT /partners/NAME, PUT /faults, POST /keys/NAME/rotate, POST /functions/NAME, POST /schedules/NAME and GET /health')
    if (!controlled.partners().includes(partner)) return refused(404, `there is no partner ${partner}: ${controlled.partners().join(', ')}`)
    await (credential === undefined ? controlled.behave(partner, readMode(parsed(text))) : controlled.learn(partner, readHeaders(parsed(text))))
    return said(200, {})
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request)
      .catch((error: Error) => (error instanceof TypeError ? refused(400, error.message) : refused(500, error.message)))
      .then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}
