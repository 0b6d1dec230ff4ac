import type { Inspect, LambdaFunction, Outcome } from './function.ts'
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
  readonly inspect?: Inspect
}

/** Stands for the Lambda service: runs functions by name. */
export interface Supervisor {
  /** Throws a sentence for a name that no function has. */
  invoke(name: string, event: string): Promise<Outcome>
  /** Runs these functions from now on. One that has changed ends what it began, in the processes that it had. */
  replace(functions: readonly LambdaFunction[]): void
  /** Processes of a function that are alive. */
  size(name: string): number
  stop(): Promise<void>
}

export async function supervise(functions: readonly LambdaFunction[], settings: SupervisorSettings): Promise<Supervisor> {
  const { region, account, concurrency = 8, initSeconds = 30, inspect } = settings
  const api = await runtimeApi()
  const log = openLog(settings.log)
  const poolOf = (given: LambdaFunction): Pool => {
    const inspected = inspect !== undefined && (given.name === inspect.function || given.name.endsWith(`-${inspect.function}`))
    // Whoever looks at a line for an hour shall not be timed out.
    const fn = inspected ? { ...given, timeoutSeconds: 3_600 } : given
    const made = pool(fn, {
      region, account, concurrency: inspected ? 1 : concurrency, initSeconds,
      start: (on) => startProcess(fn, settings, api, log, on, inspected ? inspect.port : undefined),
      forget: (id) => api.forget(id),
      note: (text) => log.platform(fn.name, text),
    })
    // So that a debugger can be attached before the first message.
    if (inspected) made.warm()
    return made
  }
  const shape = (fn: LambdaFunction): string => JSON.stringify(fn)
  const pools = new Map<string, { readonly pool: Pool; readonly shape: string }>()
  const replace = (wanted: readonly LambdaFunction[]): void => {
    const names = new Set(wanted.map(({ name }) => name))
    for (const [name, old] of pools) if (!names.has(name) && pools.delete(name)) old.pool.drain()
    for (const fn of wanted) {
      const old = pools.get(fn.name)
      if (old?.shape === shape(fn)) continue
      pools.set(fn.name, { pool: poolOf(fn), shape: shape(fn) })
      old?.pool.drain()
    }
  }
  replace(functions)
  const named = (name: string): Pool => {
    const found = pools.get(name)?.pool
    if (found === undefined) throw new Error(`there is no function ${name} in the template`)
    return found
  }
  return {
    async invoke(name, event) {
      const target = named(name)
      if (Buffer.byteLength(event) > payloadLimit) return { ok: false, reason: 'request-size', message: `Request must be smaller than ${payloadLimit} bytes for the InvokeFunction operation` }
      return target.invoke(event)
    },
    replace,
    size: (name) => named(name).size,
    async stop() {
      for (const { pool } of pools.values()) pool.stop()
      api.close()
      await log.close()
    },
  }
}
