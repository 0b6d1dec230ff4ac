import type { Clock } from 'sallyport'

interface Timer {
  readonly at: number
  readonly run: () => void
  /** Whether somebody waits for it, and time goes on to it by itself. */
  readonly awaited: boolean
}

/** A clock that stands still: time passes by `tick`, and to the next moment that a run waits for when it does nothing else. */
export class StillClock implements Clock {
  readonly #start: number
  #now: number
  #timers: Timer[] = []
  #busy = 0
  #moving = false

  constructor(start: number) {
    this.#start = this.#now = start
  }

  readonly now = (): number => this.#now
  readonly elapsed = (): number => this.#now - this.#start
  readonly jitter = (): number => 0
  readonly after = (ms: number, run: () => void): Timer => this.#set(ms, run, false)
  readonly cancel = (timer: unknown): void => {
    this.#timers = this.#timers.filter((each) => each !== timer)
  }
  readonly wait = (ms: number): Promise<void> => new Promise((resolve) => {
    this.#set(ms, resolve, true)
    this.#move()
  })

  /** Lets milliseconds pass. */
  tick(ms: number): void {
    this.#pass(this.#now + ms)
  }

  /** Time stands still while this is under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work
    } finally {
      this.#busy--
    }
  }

  #set(ms: number, run: () => void, awaited: boolean): Timer {
    const timer = { at: this.#now + Math.max(0, ms), run, awaited }
    this.#timers.push(timer)
    return timer
  }

  /** Whatever can be done at this moment is done first: a turn of the event loop lies between. */
  #move(): void {
    if (this.#moving) return
    this.#moving = true
    setImmediate(() => {
      this.#moving = false
      if (!this.#timers.some(({ awaited }) => awaited)) return
      // One moment after the other: what a timer ends before then goes on at its own time.
      if (this.#busy === 0) this.#pass(Math.min(...this.#timers.map(({ at }) => at)))
      this.#move()
    })
  }

  #pass(until: number): void {
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.cancel(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = Math.max(this.#now, until)
  }
}
