import type { Clock } from './clock.ts'
import { Fault, type FaultCode } from './fault.ts'

/** Ends what would not end by itself, with a fault. One timer for all parts of a run: it is set on when a part was over in time. */
export class Countdown {
  readonly #clock: Clock
  #timer: unknown
  #until = 0
  #end: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `until` in epoch milliseconds. */
  within<T>(until: number, late: FaultCode, run: () => Promise<T>): Promise<T> {
    this.#until = until
    if (this.#timer === undefined) this.#set()
    return new Promise((resolve, reject) => {
      this.#end = () => reject(new Fault(late))
      run().then(resolve, reject)
    })
  }

  #set(): void {
    this.#timer = this.#clock.after(Math.max(0, this.#until - this.#clock.now()), () => {
      this.#timer = undefined
      if (this.#until > this.#clock.now()) this.#set()
      else this.#end()
    })
  }

  stop(): void {
    this.#clock.cancel(this.#timer)
  }
}
