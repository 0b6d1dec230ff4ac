import { faults, leaves, type FaultCode, type Step } from 'sallyport'

/** The faults of which the table says that sending again makes sense; within one run, time that has run out does not come back. */
type Passing = Exclude<{ [Code in FaultCode]: (typeof faults)[Code]['retry'] extends true ? Code : never }[FaultCode], 'OUT_OF_TIME'>
const passes = (code: FaultCode): code is Passing => faults[code].retry && code !== 'OUT_OF_TIME'

/** Milliseconds left of the run without which no attempt is begun: it would end as OUT_OF_TIME and hide the fault before it. */
const least = 100

interface Options {
  /** The faults after which it is tried again; without it, all that pass by themselves. */
  readonly on?: readonly [Passing, ...Passing[]]
  /** Attempts in all, 2 to 10. */
  readonly times?: number
  /** Milliseconds: the most that is waited after the first attempt. Doubles with each. */
  readonly first?: number
  /** Milliseconds: what the doubling ends at. */
  readonly cap?: number
  /** Seconds from the start in which attempts may begin; the run's own end bounds it anyway. */
  readonly within?: number
}

/**
 * Tries a step again after a fault that passes by itself, and only where repeating is safe: no partner can have acted in
 * the attempt, or what was sent carried `once`, and no step of your own has `io.acted`. The key has to be in the payload
 * that the step is given: one made inside is another one each time.
 * Waits as long as the fault asks (`retryAfter`), and at least between 0 and min(cap, first · 2ⁿ) milliseconds: exponential
 * backoff with full jitter (AWS Architecture Blog, 2015). A wait that would end too late is not begun.
 * Throws what the last attempt threw.
 */
export const retry = <T, U>(step: Step<T, U>, { on, times = 3, first = 200, cap = 5_000, within }: Options = {}): Step<T, U> => {
  const lasting = on?.filter((code) => !passes(code)) ?? []
  if (lasting.length > 0) throw new TypeError(`retry on ${lasting.join(', ')}: that does not pass by itself`)
  if (!(Number.isInteger(times) && times >= 2 && times <= 10)) throw new TypeError('retry: times is 2 to 10 attempts in all')
  if (!(first > 0 && cap >= first)) throw new TypeError('retry: first and cap are milliseconds, cap at least first')
  if (within !== undefined && !(within > 0)) throw new TypeError('retry: within is a number of seconds')
  if ([...leaves(step)].some(({ claims }) => claims)) throw new TypeError('retry: a second attempt would meet the claim of the first: put the step that claims before it')
  return {
    kind: 'retry',
    config: { on, times, first, cap, within },
    needs: [],
    steps: [step],
    async run(payload, io) {
      const until = Math.min(io.deadline - least, within === undefined ? Infinity : io.now() + within * 1_000)
      for (let attempt = 1; ; attempt++) {
        const end = await io.attempt(step, payload)
        if (end.ok) return end.payload
        const { fault, repeatable } = end
        const meant = passes(fault.code) && (on?.includes(fault.code) ?? true)
        if (!meant || attempt === times || !repeatable) throw fault
        const longest = Math.min(cap, first * 2 ** (attempt - 1))
        const wait = Math.max((fault.retryAfter ?? 0) * 1_000, scattered(`${io.id} ${attempt} ${io.now()}`, longest))
        if (io.now() + wait > until) throw fault
        await io.wait(wait)
      }
    },
  }
}

/** A whole number from 0 to `most` that looks random and is the same for the same text: FNV-1a, 32 bits. */
function scattered(text: string, most: number): number {
  let hash = 0x811c9dc5
  for (const sign of text) hash = Math.imul(hash ^ sign.charCodeAt(0), 0x01000193)
  return (hash >>> 0) % (Math.floor(most) + 1)
}
