import { accept, loadNeeds, textAt, type Identifier, type KeyPath, type StandardSchema, type Step, type Store } from 'sallyport'

interface Options<T, S, U> {
  /** The table or bucket in which it was stored. */
  readonly from: Store
  /** The field that identifies the record; every payload has it. */
  readonly by: KeyPath<T>
  /** As when it was stored: another spelling or key is another record. */
  readonly as?: Identifier
  /** What is stored, as this pipeline reads it: an older version of the definition may have stored it. */
  readonly schema: StandardSchema<unknown, S>
  /** Makes the next payload; without it, what is stored is the next payload. */
  readonly merge?: (payload: T, stored: S) => U
}

/**
 * Loads what `store` stored under the same identifier. One consistent read, and a KMS call for a data key not seen before.
 * Throws NOT_STORED for what is not there or has expired, STORED_UNREADABLE for what does not open or fit, UNAVAILABLE.
 */
export const load = <T, S, U = S>({ from, by, as, schema, merge }: Options<T, S, U>): Step<T, U> => ({
  kind: 'load',
  config: { from, by, as, schema: schema['~standard'].vendor },
  needs: loadNeeds(from, as),
  async run(payload, io) {
    const stored = await accept(schema, await io.load(from, { as, value: textAt(payload, by as string) }), 'STORED_UNREADABLE')
    return merge ? merge(payload, stored) : stored as unknown as U
  },
})
