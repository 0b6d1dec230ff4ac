import type { LambdaFunction, Outcome } from './function.ts'
import { payloadLimit } from './function.ts'
import type { Surroundings } from './environment.ts'
import { log as openLog } from './log.ts'
import { pool, type Pool } from './pool.ts'
import { startProcess } from './process.ts'
import { runtimeApi } from './runtime-api.ts'

export interface SupervisorSettings extends Surroundings {
  readonly account: string
  /** The file that stands for CloudWatch Logs. */
  readonly log: string
  readonly concurrency?: number
  /** Lambda allows 10 seconds; eight processes that start at once on two cores may take longer. */
  readonly initSeconds?: number
}

/** Stands for the Lambda service: runs functions by name. */
export interface Supervisor {
  /** Throws a sentence for a name that no function has. */
  invoke(name: string, event: string): Promise<Outcome>
  /** Processes of a function that are alive. */
  size(name: string): number
  stop(): Promise<void>
}

export async function supervise(functions: readonly LambdaFunction[], settings: SupervisorSettings): Promise<Supervisor> {
  const { region, account, concurrency = 8, initSeconds = 30 } = settings
  const api = await runtimeApi()
  const log = openLog(settings.log)
  const pools = new Map<string, Pool>(functions.map((fn) => [fn.name, pool(fn, {
    region, account, concurrency, initSeconds,
    start: (on) => startProcess(fn, settings, api, log, on),
    forget: (id) => api.forget(id),
    note: (text) => log.platform(fn.name, text),
  })]))
  const named = (name: string): Pool => {
    const found = pools.get(name)
    if (found === undefined) throw new Error(`there is no function ${name} in the template`)
    return found
  }
  return {
    async invoke(name, event) {
      const target = named(name)
      if (Buffer.byteLength(event) > payloadLimit) return { ok: false, reason: 'request-size', message: `Request must be smaller than ${payloadLimit} bytes for the InvokeFunction operation` }
      return target.invoke(event)
    },
    size: (name) => named(name).size,
    async stop() {
      for (const each of pools.values()) each.stop()
      api.close()
      await log.close()
    },
  }
}
