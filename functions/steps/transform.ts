import type { Step } from 'sallyport'

/** Makes the next payload from this one. Not in the manifest, since it is a function: what it sends is in the steps after it. */
export const transform = <T, U>(change: (payload: T) => U | Promise<U>): Step<T, U> => ({
  kind: 'transform',
  config: {},
  needs: [],
  run: (payload) => change(payload),
})
