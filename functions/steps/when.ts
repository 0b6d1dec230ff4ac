import type { Step } from 'sallyport'

/** A test with a name is shown in the manifest; a bare function is not. */
type Test<T> = ((payload: T) => boolean) | { readonly name: string; readonly run: (payload: T) => boolean }

/**
 * Runs `then` on a payload that passes the test, `otherwise` on any other; without `otherwise` that one passes through.
 * The manifest shows both branches, and the pipeline may do what either needs.
 */
export const when = <T, U, V = T>(test: Test<T>, then: Step<T, U>, otherwise?: Step<T, V>): Step<T, U | V> => {
  const passes = typeof test === 'function' ? test : test.run
  return {
    kind: 'when',
    config: typeof test === 'function' ? {} : { test: test.name },
    needs: [],
    steps: otherwise ? [then, otherwise] : [then],
    run(payload, io) {
      if (passes(payload)) return io.step(then, payload)
      return otherwise ? io.step(otherwise, payload) : payload as unknown as V
    },
  }
}
