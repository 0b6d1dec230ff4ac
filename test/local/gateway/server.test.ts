import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watchPrincipals } from '../../../local/aws/principals.ts'
import { gateway } from '../../../local/gateway/server.ts'
import { supervise, type Supervisor } from '../../../local/lambda/supervisor.ts'
import { signed } from '../../../local/signed-fetch.ts'
import { fixture, scratch } from '../lambda/functions.ts'

const folder = scratch()
const admin = { accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin-secret', arn: 'arn:aws:iam::000000000000:user/administrator', policies: [{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }] }
const guest = {
  accessKeyId: 'LKIAGUEST', secretAccessKey: 'guest-secret', arn: 'arn:aws:iam::000000000000:role/guest',
  policies: ['POST/guests', 'POST/guests/own'].map((route) => ({ Statement: { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `arn:aws:execute-api:us-east-1:000000000000:api-id/$default/${route}` } })),
}
const bounded = { ...admin, accessKeyId: 'LKIABOUND', arn: 'arn:aws:iam::000000000000:role/bounded', boundary: { Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*' } } }

let supervisor: Supervisor
let server: Server
let url: string
const file = join(folder, 'principals.json')

beforeAll(async () => {
  writeFileSync(file, JSON.stringify([admin, guest, bounded]))
  supervisor = await supervise([fixture({ name: 'http', handler: 'index.http' }), fixture({ name: 'hasty', handler: 'index.http', timeoutSeconds: 1 })], { region: 'us-east-1', account: '000000000000', endpoint: 'http://127.0.0.1:9', log: join(folder, 'log') })
  const known = watchPrincipals(file)
  server = gateway({
    api: { id: 'api-id', account: '000000000000', region: 'us-east-1' },
    routes: [
      { key: 'POST /payments', auth: 'AWS_IAM', function: 'http' }, { key: 'POST /guests', auth: 'AWS_IAM', function: 'http' }, { key: 'POST /open', auth: 'NONE', function: 'http' },
      { key: 'POST /guests/{id}', auth: 'AWS_IAM', function: 'http' }, { key: 'GET /loans/{id}/state', auth: 'NONE', function: 'http' },
      { key: 'ANY /any', auth: 'AWS_IAM', function: 'http' }, { key: 'GET /hasty', auth: 'NONE', function: 'hasty' }, { key: 'GET /broken', auth: 'NONE', function: 'nobody' },
    ],
    principals: (accessKeyId) => known().get(accessKeyId), invoke: (name, event) => supervisor.invoke(name, event),
    integrationSeconds: 2, clientSeconds: { headers: 1, request: 2 },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await supervisor.stop()
})

const order = (what: object): RequestInit => ({ method: 'POST', headers: { 'x-do': JSON.stringify(what) } })
const sign = async (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}, who = admin, service = 'execute-api'): Promise<Response> =>
  fetch(`${url}${path}`, signed(`${url}${path}`, { method: 'POST', body: '', ...init } as { method: string; body: string; headers?: Record<string, string> }, { ...who, region: 'us-east-1', service }))
const message = async (response: Response): Promise<unknown> => ({ status: response.status, type: response.headers.get('content-type'), body: await response.json() })
const own = (status: number, text: string): unknown => ({ status, type: 'application/json', body: { message: text } })

/** Sends bytes and reads all that comes back. */
async function raw(text: string, endless = false): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => { /* reset after the answer */ })
  socket.write(text)
  if (!endless) socket.end()
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

describe('routes', () => {
  it('reaches a function with the event', async () => {
    const response = await fetch(`${url}/open?a=1`, { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain', cookie: 'c=1' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('apigw-requestid')).toMatch(/^[A-Za-z0-9+/]{15}=$/)
    expect(await response.json()).toMatchObject({ version: '2.0', routeKey: 'POST /open', rawPath: '/open', rawQueryString: 'a=1', body: 'hello', cookies: ['c=1'], requestContext: { http: { method: 'POST', sourceIp: '127.0.0.1' }, stage: '$default', apiId: 'api-id' } })
  })
  it('answers 404 itself where there is no route, also for another method', async () => {
    expect(await message(await fetch(`${url}/nothing`))).toEqual(own(404, 'Not Found'))
    expect(await message(await fetch(`${url}/open`))).toEqual(own(404, 'Not Found'))
  })
  it('matches the decoded path', async () => {
    expect(await (await fetch(`${url}/%6Fpen`, { method: 'POST' })).json()).toMatchObject({ rawPath: '/open' })
  })
  it('hands over the parameter of a path, decoded', async () => {
    expect(await (await fetch(`${url}/loans/a%20b%C3%A9/state?x=1`)).json()).toMatchObject({ routeKey: 'GET /loans/{id}/state', rawPath: '/loans/a bé/state', pathParameters: { id: 'a bé' } })
  })
  it('passes everything else to $default where there is one', async () => {
    const other = gateway({ api: { id: 'a', account: '0', region: 'r' }, routes: [{ key: '$default', auth: 'NONE', function: 'http' }], principals: () => undefined, invoke: (name, event) => supervisor.invoke(name, event) })
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}/x`
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH']) expect(await (await fetch(at, { method })).json()).toMatchObject({ routeKey: '$default', requestContext: { http: { method } } })
    const head = await fetch(at, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    other.closeAllConnections()
    other.close()
  })
  it('does not start with a route that it could only guess at', () => {
    expect(() => gateway({ api: { id: 'a', account: '0', region: 'r' }, routes: [{ key: 'GET /{id+}', auth: 'NONE', function: 'f' }], principals: () => undefined, invoke: async () => ({ ok: true, payload: '' }) })).toThrow('route GET /{id+}: the local gateway knows plain paths, and paths with one {parameter} that is a whole segment')
  })
})

describe('AWS_IAM', () => {
  it('admits a signed call whose policies allow it, and says who it was', async () => {
    const response = await sign('/payments', { body: '{}', headers: { 'content-type': 'application/json' } })
    expect(await response.json()).toMatchObject({ body: '{}', requestContext: { authorizer: { iam: { accessKey: 'LKIAADMIN', userArn: admin.arn } } } })
  })
  it.each([
    ['unsigned', async () => fetch(`${url}/payments`, { method: 'POST' })],
    ['signed with another secret', async () => sign('/payments', {}, { ...admin, secretAccessKey: 'other' })],
    ['signed with an unknown key', async () => sign('/payments', {}, { ...admin, accessKeyId: 'LKIANOBODY' })],
    ['signed for another service', async () => sign('/payments', {}, admin, 's3')],
    ['with a body that was not signed', async () => {
      const init = signed(`${url}/payments`, { method: 'POST', body: 'a' }, { ...admin, region: 'us-east-1', service: 'execute-api' })
      return fetch(`${url}/payments`, { ...init, body: 'b' })
    }],
    ['of somebody without permission', async () => sign('/payments', {}, guest)],
    ['of somebody beyond the boundary', async () => sign('/payments', {}, bounded)],
    ['signed long ago', async () => fetch(`${url}/payments`, signed(`${url}/payments`, { method: 'POST', body: '' }, { ...admin, region: 'us-east-1', service: 'execute-api' }, new Date(Date.now() - 600_000)))],
  ])('refuses a call %s, in the gateway’s own words', async (_, send) => {
    expect(await message(await send())).toEqual(own(403, 'Forbidden'))
  })
  it('asks for exactly the route', async () => {
    expect((await sign('/guests', {}, guest)).status).toBe(200)
    expect((await sign('/any', {}, guest)).status).toBe(403)
  })
  it('asks for a route with a parameter by the path of the request', async () => {
    expect(await (await sign('/guests/own', {}, guest)).json()).toMatchObject({ routeKey: 'POST /guests/{id}', pathParameters: { id: 'own' } })
    expect((await sign('/guests/others', {}, guest)).status).toBe(403)
  })
  it('ignores a signature on an open route', async () => {
    expect((await sign('/open', {}, { ...admin, secretAccessKey: 'wrong' })).status).toBe(200)
  })
  it('reads the principals again when they change', async () => {
    expect((await sign('/payments', {}, { ...admin, accessKeyId: 'LKIALATER' })).status).toBe(403)
    writeFileSync(file, JSON.stringify([admin, guest, bounded, { ...admin, accessKeyId: 'LKIALATER' }]))
    expect((await sign('/payments', {}, { ...admin, accessKeyId: 'LKIALATER' })).status).toBe(200)
  })
})

describe('functions that fail', () => {
  it.each([
    ['throws', { fail: true }], ['replies a malformed header', { reply: { statusCode: 200, headers: { a: 'b\nc' } } }], ['replies a status that is none', { reply: { statusCode: 'x' } }],
  ])('is a 500 when it %s', async (_, what) => {
    const response = await fetch(`${url}/open`, order(what))
    expect(await message(response)).toEqual(own(500, 'Internal Server Error'))
  })
  it('is a 500 when it runs out of its own time, 503 when the gateway stops waiting', async () => {
    expect(await message(await fetch(`${url}/hasty`, { headers: { 'x-do': '{"sleep":1500}' } }))).toEqual(own(500, 'Internal Server Error'))
    expect(await message(await fetch(`${url}/open`, order({ sleep: 2500 })))).toEqual(own(503, 'Service Unavailable'))
  })
  it('is a 500 when there is no such function', async () => {
    expect(await message(await fetch(`${url}/broken`))).toEqual(own(500, 'Internal Server Error'))
  })
  it('keeps several cookies apart, and sends no body with 204', async () => {
    const response = await fetch(`${url}/open`, order({ reply: { statusCode: 204, cookies: ['a=1', 'b=2'], body: 'x' } }))
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.has('content-length')).toBe(false)
    expect(await response.text()).toBe('')
  })
})

describe('sizes', () => {
  it('refuses a body over 10 MB, announced or not', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1, 'x')
    expect(await message(await fetch(`${url}/open`, { method: 'POST', body }))).toEqual(own(413, 'Request Entity Too Large'))
    const stream = new ReadableStream({ start: (c) => { c.enqueue(body); c.close() } })
    expect(await message(await fetch(`${url}/open`, { method: 'POST', body: stream, duplex: 'half' }))).toEqual(own(413, 'Request Entity Too Large'))
  })
  it('refuses an event over the 6 MB of Lambda: base64 brings a body of 4.8 MB there, text does not', async () => {
    const body = Buffer.alloc(4_800_000, 'x')
    expect(await message(await fetch(`${url}/open`, { method: 'POST', body, headers: { 'content-type': 'application/jose' } }))).toEqual(own(413, 'Request Entity Too Large'))
    expect((await fetch(`${url}/open`, { method: 'POST', body, headers: { 'content-type': 'text/plain', 'x-do': '{"reply":{"statusCode":200}}' } })).status).toBe(200)
  })
  it('refuses headers over 10,240 bytes', async () => {
    expect((await fetch(`${url}/open`, { method: 'POST', headers: { big: 'x'.repeat(10_240) } })).status).toBe(431)
    expect(await raw(`GET / HTTP/1.1\r\nhost: a\r\nbig: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
    expect((await fetch(`${url}/open`, { method: 'POST', headers: { big: 'x'.repeat(9_000), 'x-do': '{"reply":{"statusCode":200}}' } })).status).toBe(200)
  })
  it('waits for the body when the client asks first', async () => {
    const text = await raw('POST /open HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi', true)
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(text).toContain('"body":"hi"')
    expect(await raw(`POST /open HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  })
})

describe('connections', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n'], ['two lengths', 'POST /open HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['a length and chunks', 'POST /open HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'], ['a broken escape', 'GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n'], ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n'],
  ])('answers 400 to %s and closes', async (_, text) => {
    expect(await raw(text, true)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*onnection: close/)
  })
  it('serves several requests on one connection', async () => {
    const one = 'POST /open HTTP/1.1\r\nhost: a\r\nx-do: {"reply":{"statusCode":200,"body":"ok"}}\r\ncontent-length: 0\r\n\r\n'
    const text = await raw(one + one + one.replace('host', 'connection: close\r\nhost'), true)
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
  })
  it('does not wait for ever for a slow client', async () => {
    expect(await raw('POST /open HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab', true)).toMatch(/^HTTP\/1\.1 408 /)
  }, 40_000)
  it('goes on when a client leaves in the middle', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('POST /open HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\nab')
    await once(socket, 'connect')
    socket.destroy()
    expect((await fetch(`${url}/open`, order({ reply: { statusCode: 200 } }))).status).toBe(200)
  })
})
