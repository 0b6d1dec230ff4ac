import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { home } from '../../infra/home.ts'
import type { LambdaFunction } from './function.ts'
import { environment, type Surroundings } from './environment.ts'
import type { Log } from './log.ts'
import type { Invocation, Report, RuntimeApi } from './runtime-api.ts'

const shim = join(home, 'local/lambda/shim.cjs')
/** The package brings a copy: installed on its own, the client would compile the addon that we do without. */
const copy = join(home, 'local/lambda/client/index.mjs')
const client = existsSync(copy) ? copy : join(home, 'node_modules/aws-lambda-ric/index.mjs')

/** One execution environment: a process that runs the official Lambda client. */
export interface FunctionProcess {
  /** Hands over an invocation; only when it is idle. */
  give(invocation: Invocation, report: (report: Report) => void): void
  kill(): void
  readonly pid: number | undefined
}

/** Starts one. `idle`: it waits for work. `gone`: it has ended, with Lambda's words for how. */
export function startProcess(
  fn: LambdaFunction, surroundings: Surroundings, api: RuntimeApi, log: Log,
  on: { idle(): void; gone(how: string): void }, inspect?: number,
): FunctionProcess {
  const token = randomBytes(16).toString('hex')
  let give: ((invocation: Invocation, report: (report: Report) => void) => void) | undefined
  api.admit(token, (hand) => {
    give = hand
    on.idle()
  })
  // Lambda, too, gives the heap a share of the function's memory.
  const heap = `--max-old-space-size=${Math.floor(fn.memoryMb * 0.9)}`
  const child = spawn(process.execPath, [heap, ...inspect === undefined ? [] : [`--inspect=127.0.0.1:${inspect}`, '--enable-source-maps'], '--require', shim, client], {
    cwd: fn.code,
    env: { ...environment(fn, surroundings, api.address), SALLYPORT_PROCESS: token },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => { /* it has ended; 'close' tells */ })
  log.follow(fn.name, child.stdout)
  log.follow(fn.name, child.stderr)
  let over = false
  const ended = (how: string): void => {
    if (over) return
    over = true
    api.dismiss(token)
    on.gone(how)
  }
  child.on('error', () => ended('Runtime failed to start'))
  child.on('exit', (code, signal) => ended(signal === null ? `Runtime exited with ${code === 0 ? 'code 0' : `error: exit status ${code}`}` : `Runtime exited with error: signal: ${signal}`))
  return {
    give(invocation, report) {
      const hand = give
      give = undefined
      hand?.(invocation, report)
    },
    kill: () => { child.kill('SIGKILL') },
    pid: child.pid,
  }
}
