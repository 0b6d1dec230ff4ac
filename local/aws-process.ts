import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { keepChild } from './kept-child.ts'
import type { Place } from './template/template.ts'

/** The stand-ins for DynamoDB, KMS and Secrets Manager, in a process of their own. */
export interface AwsProcess {
  readonly url: string
  readonly pid: number
  /** Replaces the plan of faults. Gives back what the stand-in answered. */
  plan(faults: string): Promise<{ readonly status: number; readonly body: string }>
  stop(): Promise<void>
}

export async function startAws(settings: Place & {
  readonly dir: string
  readonly principals: string
  readonly calls: string
  readonly requests?: string
  /** It was started, for the first time or again. */
  readonly started: (pid: number) => void
  readonly failed: (why: string) => void
}): Promise<AwsProcess> {
  const { dir, principals, calls, requests, region, account, started, failed } = settings
  const token = randomBytes(16).toString('hex')
  // Taken again after a restart, since the functions know it.
  let port = 0
  const config = (): string => JSON.stringify({ dir: join(dir, 'aws'), port, calls, principals, region, account, token, ...requests !== undefined && { requests } })
  // Read at each start: the second knows the port of the first.
  const env = { get SALLYPORT_AWS() { return config() } }
  const child = await keepChild<never, { port: number }>({ title: 'the stand-in for AWS', script: 'aws/main', env, output: join(dir, 'processes.log') }, {
    async started({ first, pid }) {
      port = first.port
      started(pid)
    },
    failed,
  })
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    get pid() {
      return child.pid
    },
    async plan(body) {
      const response = await fetch(`${url}/_local/faults`, { method: 'PUT', body, headers: { 'x-sallyport-token': token, 'content-type': 'application/json' } })
      return { status: response.status, body: await response.text() }
    },
    stop: () => child.stop(),
  }
}
