import { join } from 'node:path'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { startGateway, type GatewayProcess } from '../../../local/gateway-process.ts'
import { fixture, scratch } from '../lambda/functions.ts'

const dir = scratch()
let gateway: GatewayProcess | undefined
afterAll(() => gateway?.stop())

const alive = (pid: number): boolean => {
  try {
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

it('is started again on the same port when it is killed, and takes its functions with it, busy ones too', async () => {
  writeFileSync(join(dir, 'principals.json'), '[]')
  const pids: number[] = []
  gateway = await startGateway({
    api: { id: 'a', account: '000000000000', region: 'us-east-1' }, routes: [{ key: '$default', auth: 'NONE', function: 'http' }],
    functions: [fixture({ name: 'http', handler: 'index.http' }), fixture()], endpoint: 'http://127.0.0.1:9', principals: join(dir, 'principals.json'), log: join(dir, 'log.jsonl'),
  }, { dir, started: (pid) => pids.push(pid), failed: (why) => { throw new Error(why) } })
  // It holds keys.
  expect(statSync(join(dir, 'gateway.json')).mode & 0o777).toBe(0o600)
  const port = await gateway.listen(0)
  const url = `http://127.0.0.1:${port}`
  expect((await fetch(url)).status).toBe(200)
  const { payload } = await gateway.invoke('fixture', { do: 'sleep', ms: 0 }) as { payload: string }
  const { pid } = JSON.parse(payload) as { pid: number }
  const busy = gateway.invoke('fixture', { do: 'spin' })
  await new Promise((resolve) => { setTimeout(resolve, 100) })

  process.kill(pids[0] ?? 0, 'SIGKILL')
  expect(await busy).toEqual({ ok: false, reason: 'stopped', message: 'the gateway process has ended' })
  await expect.poll(() => fetch(url).then(({ status }) => status, () => 0), { timeout: 10_000 }).toBe(200)
  expect(pids).toHaveLength(2)
  expect(gateway.pid).toBe(pids[1])
  expect(alive(pid)).toBe(false)
  await gateway.stop()
  expect(pids.map(alive)).toEqual([false, false])
})

it('says which port is taken', async () => {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as { port: number }
  const other = await startGateway({ api: { id: 'a', account: '0', region: 'r' }, routes: [], functions: [], endpoint: '', principals: join(dir, 'principals.json'), log: join(dir, 'log.jsonl') }, { dir, started: () => undefined, failed: () => undefined })
  await expect(other.listen(port)).rejects.toThrow(`port ${port} is taken: set PORT to a free one`)
  await other.stop()
  server.close()
})
