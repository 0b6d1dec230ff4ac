import type { Effect, FaultCode, Step } from 'sallyport'

/** What `instead` is given. `payload` is what the step was given; `effect` is what its own sends had done by then. */
export interface Rescued<T> {
  readonly payload: T
  readonly fault: { readonly code: FaultCode; readonly paths: readonly string[]; readonly effect: Effect }
}

interface Options<T, R> {
  /** The faults that do not end the run; every other one does. */
  readonly on: readonly [FaultCode, ...FaultCode[]]
  /** What happens then. */
  readonly instead: Step<Rescued<NoInfer<T>>, R>
}

/**
 * Goes on after a fault of the step. The run's end decides for the ledger: a good one confirms every claim, those of the
 * rescued step too, also after an effect `unknown`; `instead` can end the run with `throwFault` where that would be wrong.
 * When the time of the run is over, nothing is rescued: `instead` is not started.
 */
export const rescue = <T, U, R>(step: Step<T, U>, { on, instead }: Options<T, R>): Step<T, U | R> => ({
  kind: 'rescue',
  config: { on },
  needs: [],
  steps: [step, instead],
  async run(payload, io) {
    const end = await io.attempt(step, payload)
    if (end.ok) return end.payload
    const { fault: { code, paths }, effect } = end
    if (!on.includes(code)) throw end.fault
    return io.step(instead, { payload, fault: { code, paths, effect } })
  },
})
