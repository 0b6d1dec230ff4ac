import { join } from 'node:path'
import type { GatewayConfig, GatewayNotice, GatewayOrder, Runs } from './gateway/config.ts'
import { keepChild } from './kept-child.ts'
import type { Outcome } from './lambda/function.ts'
import { writeWhole } from './write-whole.ts'

/** The process with the HTTP API and the functions. */
export interface GatewayProcess {
  readonly pid: number
  invoke(name: string, event: object): Promise<Outcome>
  /** Runs other functions behind other routes; what is under way ends where it is. */
  reload(runs: Runs): Promise<void>
  /** Opens the HTTP port, the same again after a restart. */
  listen(port: number): Promise<number>
  stop(): Promise<void>
}

const lostOutcome: Outcome = { ok: false, reason: 'stopped', message: 'the gateway process has ended' }

export async function startGateway(config: GatewayConfig, { dir, started, failed, note = () => undefined }: {
  readonly dir: string
  readonly started: (pid: number) => void
  readonly failed: (why: string) => void
  /** Told what a reader should know, such as a queue that a role may not read. */
  readonly note?: (sentence: string) => void
}): Promise<GatewayProcess> {
  const file = join(dir, 'gateway.json')
  writeWhole(file, JSON.stringify(config))
  const waiting = new Map<number, (outcome: Outcome) => void>()
  let listening: ((result: { port: number } | { refused: string }) => void) | undefined
  let port: number | undefined
  let count = 0
  let reloaded: (() => void) | undefined

  function heard(notice: GatewayNotice): void {
    if ('invoked' in notice) {
      waiting.get(notice.invoked.id)?.(notice.invoked.outcome)
      waiting.delete(notice.invoked.id)
    } else if ('note' in notice) note(notice.note)
    else if ('reloaded' in notice) reloaded?.()
    else if ('port' in notice || 'refused' in notice) listening?.(notice)
  }

  async function open(send: (order: GatewayOrder) => void, wanted: number): Promise<number> {
    const result = await new Promise<{ port: number } | { refused: string }>((resolve) => {
      listening = resolve
      send({ listen: { port: wanted } })
    })
    if ('refused' in result) throw new Error(result.refused === 'EADDRINUSE' ? `port ${wanted} is taken: set PORT to a free one` : `port ${wanted} cannot be opened (${result.refused})`)
    return result.port
  }

  const child = await keepChild<GatewayOrder, GatewayNotice>({ title: 'the gateway', script: 'gateway/main', env: { ...config.extra, SALLYPORT_GATEWAY: file }, output: join(dir, 'processes.log'), notice: heard }, {
    async started(fresh) {
      if (port !== undefined) await open((order) => fresh.send(order), port)
      started(fresh.pid)
    },
    lost() {
      for (const settle of waiting.values()) settle(lostOutcome)
      waiting.clear()
      listening?.({ refused: 'it ended' })
      reloaded?.()
    },
    failed,
  })
  return {
    get pid() {
      return child.pid
    },
    invoke: (name, event) => new Promise((resolve) => {
      const id = ++count
      waiting.set(id, resolve)
      child.send({ invoke: { id, function: name, event: JSON.stringify(event) } })
    }),
    async reload(runs) {
      // Also for a gateway that is started again.
      writeWhole(file, JSON.stringify({ ...config, ...runs }))
      await new Promise<void>((resolve) => {
        reloaded = resolve
        child.send({ reload: runs })
      })
    },
    async listen(wanted) {
      port = await open((order) => child.send(order), wanted)
      return port
    },
    stop: () => child.stop(),
  }
}
