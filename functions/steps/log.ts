import type { Step } from 'sallyport'

/** Writes one line, redacted like every other: what stands under a sensitive name comes out as `***`. */
export const log = <T>(fields: (payload: T) => { readonly [name: string]: unknown }): Step<T, T> => ({
  kind: 'log',
  config: {},
  needs: [],
  run(payload, io) {
    io.log(fields(payload))
    return payload
  },
})
