import type { Step, TextPath } from 'sallyport'

interface Options<T> {
  /** Text fields that stand readable in the line. */
  readonly reveals?: readonly TextPath<T>[]
}

/** Writes one line, redacted like every other: what stands under a sensitive name comes out as `***`. */
export const log = <T>(fields: (payload: T) => { readonly [name: string]: unknown }, { reveals }: Options<T> = {}): Step<T, T> => ({
  kind: 'log',
  config: {},
  needs: [],
  reveals: reveals as readonly string[] | undefined,
  run(payload, io) {
    io.log(fields(payload))
    return payload
  },
})
