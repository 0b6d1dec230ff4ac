import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

/** What tells the time and lets it pass. A test's own stands still until it is moved. */
export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds from some moment on, never set back. */
  readonly elapsed: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Whole milliseconds from 0 to below `ms`, so that those who wait at once do not come back at once. */
  readonly jitter: (ms: number) => number
  /** Runs something in `ms` and gives what `cancel` takes. */
  readonly after: (ms: number, run: () => void) => unknown
  readonly cancel: (timer: unknown) => void
}

/** The machine's. */
export const system: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  wait: (ms) => pause(ms),
  jitter: (ms) => randomInt(ms),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer as NodeJS.Timeout),
}
