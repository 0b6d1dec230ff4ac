import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { exchange } from '../../../layers/runtime/send.ts'

const servers: Server[] = []
async function partner(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => { for (const server of servers.splice(0)) { server.closeAllConnections(); server.close() } })

const post = (origin: string, { path = '/x', timeout = 2_000 } = {}) => exchange(origin, path, 'POST', {}, Buffer.from('{}'), timeout)

test('gives status and body', async () => {
  const origin = await partner((_, response) => response.writeHead(201).end('{"a":1}'))
  const { status, body } = await post(origin)
  expect([status, body.toString()]).toStrictEqual([201, '{"a":1}'])
})

test('says how long the answer may be used', async () => {
  expect((await post(await partner((_, response) => response.writeHead(200, { 'cache-control': 'max-age=60' }).end()))).cacheControl).toBe('max-age=60')
  expect((await post(await partner((_, response) => response.end()))).cacheControl).toBeUndefined()
})

test('a closed port: nothing was sent', async () => {
  await expect(post('http://127.0.0.1:9')).rejects.toMatchObject({ why: 'nothing-sent' })
})

test('a partner that hears and says nothing: silent, after the timeout', async () => {
  const origin = await partner(() => {})
  await expect(post(origin, { timeout: 100 })).rejects.toMatchObject({ why: 'silent' })
})

test('a partner that acts and drops the connection: silent', async () => {
  const origin = await partner((request) => { request.resume().on('end', () => request.socket.destroy()) })
  await expect(post(origin)).rejects.toMatchObject({ why: 'silent' })
})

test('a redirect is an answer, not a way elsewhere', async () => {
  let elsewhere = 0
  const other = await partner((_, response) => { elsewhere++; response.end() })
  const origin = await partner((_, response) => response.writeHead(307, { location: `${other}/x` }).end())
  expect((await post(origin)).status).toBe(307)
  expect(elsewhere).toBe(0)
})

test('a reply over 1 MB is cut off', async () => {
  const origin = await partner((_, response) => response.end(Buffer.alloc(1024 * 1024 + 1)))
  await expect(post(origin)).rejects.toMatchObject({ why: 'too-large' })
})

test('a path cannot leave the origin', async () => {
  await expect(post('http://127.0.0.1:9', { path: '//evil.example/x' })).rejects.toThrow(TypeError)
})

test('a connection that breaks behind the request is silence, and the request is not repeated', async () => {
  let requests = 0
  const origin = await partner((request, response) => {
    requests++
    // The second request on a connection is cut without an answer.
    if ((request.socket as { used?: boolean }).used) request.socket.destroy()
    else response.end('{}')
    ;(request.socket as { used?: boolean }).used = true
  })
  await post(origin)
  await expect(post(origin)).rejects.toMatchObject({ why: 'silent' })
  expect(requests).toBe(2)
})

test('a connection that the partner closed while it was idle is not used again', async () => {
  const origin = await partner((_, response) => { response.writeHead(200, { 'keep-alive': 'timeout=60' }).end('{}') })
  await post(origin)
  for (const server of servers) server.closeIdleConnections()
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  expect((await post(origin)).status).toBe(200)
})
