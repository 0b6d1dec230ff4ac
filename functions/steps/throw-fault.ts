import { Fault, type FaultCode, type Step } from 'sallyport'

interface Options {
  /** The fields that are to blame, as constants: 'applicant.income'. The sender sees those of PAYLOAD_INVALID and REJECTED. */
  readonly paths?: readonly string[]
  /** Of REJECTED alone, shown to the sender: upper-case words joined by underscores, at most 40 characters. */
  readonly reason?: string
}

/** Ends the run with a fault of the table. REJECTED is the one for a rule of the pipeline's own, told apart by its reason. */
export const throwFault = <T>(code: FaultCode, { paths = [], reason }: Options = {}): Step<T, never> => {
  const made = (): Fault => new Fault(code, paths, undefined, reason)
  // A reason that is none is a mistake of the definition, and found there.
  made()
  return {
    kind: 'throw-fault',
    config: { code, paths, reason },
    needs: [],
    run() {
      throw made()
    },
  }
}
