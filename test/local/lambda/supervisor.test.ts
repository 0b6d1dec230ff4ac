import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../local/lambda/function.ts'
import { supervise, type Supervisor } from '../../../local/lambda/supervisor.ts'
import { fixture, layer, scratch } from './functions.ts'

const folder = scratch()
const log = join(folder, 'log.jsonl')
const settings = { region: 'us-east-1', account: '000000000000', endpoint: 'http://127.0.0.1:9', log }
let supervisor: Supervisor

const call = async (name: string, event: object): Promise<Outcome> => supervisor.invoke(name, JSON.stringify(event))
async function value<T>(name: string, event: object): Promise<T> {
  const outcome = await call(name, event)
  if (!outcome.ok) throw new Error(outcome.message)
  return JSON.parse(outcome.payload) as T
}

beforeAll(async () => {
  supervisor = await supervise([
    fixture({ layers: [layer(folder)] }),
    fixture({ name: 'hasty', timeoutSeconds: 1 }),
    fixture({ name: 'crowd', timeoutSeconds: 2 }),
    fixture({ name: 'broken', handler: 'broken.handler' }),
    fixture({ name: 'missing', handler: 'index.nothing' }),
  ], settings)
})
afterAll(() => supervisor.stop())

describe('what a function finds', () => {
  it('has the environment of Lambda and the template, and nothing of ours', async () => {
    process.env['SECRET_OF_THE_DEVELOPER'] = 'x'
    const found = await value<Record<string, string>>('fixture', { do: 'environment' })
    expect(found).toMatchObject({
      OF_THE_TEMPLATE: 'yes', AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'fixture', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_ACCESS_KEY_ID: 'LKIAFIXTURE', AWS_ENDPOINT_URL: 'http://127.0.0.1:9', _HANDLER: 'index.handler', TZ: ':UTC',
    })
    for (const name of ['SECRET_OF_THE_DEVELOPER', 'SALLYPORT_PROCESS', 'NODE_OPTIONS', 'USER']) expect(found).not.toHaveProperty(name)
  })

  it('starts in its own folder and finds its layer through NODE_PATH', async () => {
    const { cwd, layered } = await value<{ cwd: string; layered: number }>('fixture', { do: 'paths' })
    expect(cwd).toMatch(/test\/local\/lambda\/fixture$/)
    expect(layered).toBe(42)
  })

  it('is told its request id, its ARN and how long it may run', async () => {
    const first = await value<{ id: string; arn: string; remaining: number }>('fixture', { do: 'context' })
    const second = await value<{ id: string }>('fixture', { do: 'context' })
    expect(first.arn).toBe('arn:aws:lambda:us-east-1:000000000000:function:fixture')
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(second.id).not.toBe(first.id)
    expect(first.remaining).toBeGreaterThan(8_000)
    expect(first.remaining).toBeLessThanOrEqual(10_000)
  })

  it('reuses the process while it is warm', async () => {
    const pids = new Set<number>()
    for (let i = 0; i < 5; i++) pids.add((await value<{ pid: number }>('fixture', { do: 'sleep', ms: 0 })).pid)
    expect(pids.size).toBe(1)
  })
})

describe('what goes wrong', () => {
  it('fails the invocation by what the handler threw, without its words, and keeps the process', async () => {
    const { pid } = await value<{ pid: number }>('fixture', { do: 'sleep', ms: 0 })
    const outcome = await call('fixture', { do: 'fail' })
    expect(outcome).toEqual({ ok: false, reason: 'handler', message: 'TypeError' })
    // Whether it is asked next depends on how soon it asks for work again; that it lives, and answers, does not.
    await expect.poll(async () => (await value<{ pid: number }>('fixture', { do: 'sleep', ms: 0 })).pid, { timeout: 20_000 }).toBe(pid)
    expect(alive(pid)).toBe(true)
  })

  it('kills a process at its timeout, even one that never yields, and starts another', async () => {
    const { pid } = await value<{ pid: number }>('hasty', { do: 'sleep', ms: 0 })
    const started = Date.now()
    const outcome = await call('hasty', { do: 'spin' })
    expect(outcome).toMatchObject({ ok: false, reason: 'timeout' })
    expect(outcome.ok ? '' : outcome.message).toMatch(/^[0-9a-f-]{36} Task timed out after 1\.00 seconds$/)
    expect(Date.now() - started).toBeGreaterThanOrEqual(990)
    expect(Date.now() - started).toBeLessThan(3_000)
    await expect.poll(() => alive(pid)).toBe(false)
    expect((await value<{ pid: number }>('hasty', { do: 'sleep', ms: 0 })).pid).not.toBe(pid)
  })

  it('fails the invocation of a process that ends, and starts another', async () => {
    expect(await call('fixture', { do: 'exit', code: 3 })).toEqual({ ok: false, reason: 'exit', message: 'Runtime exited with error: exit status 3' })
    expect(await value('fixture', { do: 'echo', still: 'here' })).toEqual({ do: 'echo', still: 'here' })
  })

  it('fails every invocation of a function that cannot be loaded, and does not hang', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => call('broken', {})))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, reason: 'init' })
    expect(await call('missing', {})).toMatchObject({ ok: false, reason: 'init' })
  })

  it('refuses an event, and a reply, over 6 MB', async () => {
    expect(await supervisor.invoke('fixture', JSON.stringify({ do: 'echo', x: 'x'.repeat(6_291_556) }))).toMatchObject({ ok: false, reason: 'request-size' })
    expect(await call('fixture', { do: 'large', bytes: 6_291_555 })).toMatchObject({ ok: false, reason: 'response-size' })
    expect(await call('fixture', { do: 'large', bytes: 6_291_554 })).toMatchObject({ ok: true })
  })

  it('says which function there is none of', async () => {
    await expect(supervisor.invoke('nobody', '{}')).rejects.toThrow('there is no function nobody in the template')
  })
})

describe('many at once', () => {
  it('runs eight at most, each alone in its process; the others wait without losing their time', async () => {
    const runs = await Promise.all(Array.from({ length: 24 }, () => value<{ pid: number; started: number; ended: number }>('crowd', { do: 'sleep', ms: 900 })))
    // Three waves of 0.9 s: the last would be past the timeout of 2 s, were it counted from the call.
    expect(new Set(runs.map(({ pid }) => pid)).size).toBeLessThanOrEqual(8)
    expect(supervisor.size('crowd')).toBe(8)
    for (const a of runs) for (const b of runs) if (a !== b && a.pid === b.pid) expect(a.ended <= b.started || b.ended <= a.started).toBe(true)
  })
})

it('logs JSON lines as they are, wraps other text, and notes timeouts', async () => {
  await call('fixture', { do: 'print' })
  const lines = (): unknown[] => readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown)
  await expect.poll(lines).toEqual(expect.arrayContaining([{ a: 1 }, { function: 'fixture', text: 'plain text' }, { function: 'fixture', text: 'to stderr' }]))
  expect(lines()).toContainEqual({ function: 'hasty', text: expect.stringMatching(/Task timed out after 1\.00 seconds$/) as string })
})

it('gives no event to a stranger on this machine', async () => {
  const { AWS_LAMBDA_RUNTIME_API: api } = await value<Record<string, string>>('fixture', { do: 'environment' })
  const stolen = await fetch(`http://${api}/2018-06-01/runtime/invocation/next`)
  expect(stolen.status).toBe(403)
  const forged = await fetch(`http://${api}/2018-06-01/runtime/invocation/${crypto.randomUUID()}/response`, { method: 'POST', body: '{}' })
  expect(forged.status).toBe(400)
})

it('leaves no process behind when it is killed', async () => {
  const script = join(folder, 'killed.ts')
  const home = new URL('../../../local/lambda/supervisor.ts', import.meta.url).href
  writeFileSync(script, `
    import { supervise } from ${JSON.stringify(home)}
    const supervisor = await supervise([${JSON.stringify(fixture())}], ${JSON.stringify({ ...settings, log: join(folder, 'killed.jsonl') })})
    const outcome = await supervisor.invoke('fixture', JSON.stringify({ do: 'sleep', ms: 0 }))
    console.log(JSON.parse(outcome.payload).pid)
  `)
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = await once(parent.stdout, 'data') as [Buffer]
  const pid = Number(chunk.toString())
  expect(alive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await expect.poll(() => alive(pid)).toBe(false)
})

function alive(pid: number): boolean {
  try {
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
