import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { signed } from '../../local/signed-fetch.ts'
import type { Run } from '../../local/run.ts'
import { drawLoan } from './client.ts'
import { children } from './processes.ts'

let dir: string
let run: ChildProcess
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-orphans-'))
  run = fork(fileURLToPath(new URL('stay.ts', import.meta.url)), [dir], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  await once(run, 'message')
})
afterEach(() => {
  run.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const descendants = (pid: number): number[] => children(pid).flatMap((child) => [child, ...descendants(child)])
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^\S+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

test.each(['SIGTERM', 'SIGKILL'] as const)('%s of the run: three seconds later there is no process of it left', async (signal) => {
  const { gateway, aws } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as Run
  const url = `${gateway}/loan-applications`
  const reply = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(drawLoan()) }, { ...aws, service: 'execute-api' }))
  expect(reply.status).toBe(201)
  const family = descendants(run.pid as number)
  // Partners, stand-ins, gateway, and at least one function.
  expect(family.length).toBeGreaterThanOrEqual(4)
  run.kill(signal)
  await after(3_000)
  expect([run.pid as number, ...family].filter(alive)).toStrictEqual([])
})
