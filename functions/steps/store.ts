import { pickAt, storeNeeds, textAt, textsAt, type Identifier, type KeyPath, type Step, type Store, type TextPath } from 'sallyport'

interface Options<T> {
  /** A table or bucket of the realm. */
  readonly in: Store
  /** The field that identifies the record; every payload has it. */
  readonly by: KeyPath<T>
  /** How it is brought to one spelling, and its key; without it, as written and under the realm's own key. */
  readonly as?: Identifier
  /** What is stored of the payload, text fields, in lists too; without them all of it. */
  readonly fields?: readonly TextPath<T>[]
  /** Text fields that stay readable beside the record, for whoever may read the table. In a bucket none can. */
  readonly reveals?: readonly TextPath<T>[]
}

/**
 * Stores the payload, or some fields of it, sealed, under a keyed digest of its identifier; the payload passes through.
 * One write a record, and a KMS call only when a new data key is drawn. The same content again changes nothing, so that
 * the same message may come twice. Throws STORED_OTHERWISE, PAYLOAD_TOO_LARGE (over 400 KB in a table), UNAVAILABLE.
 */
export const store = <T>({ in: to, by, as, ...paths }: Options<T>): Step<T, T> => {
  const { fields, reveals } = paths as { readonly fields?: readonly string[]; readonly reveals?: readonly string[] }
  if (reveals !== undefined && to.on !== 'dynamodb') throw new TypeError(`store in ${to.name}: a bucket shows nothing readable; reveals is for a table`)
  return {
    kind: 'store',
    config: { in: to, by, as, fields },
    needs: storeNeeds(to, as),
    reveals,
    async run(payload, io) {
      await io.store(to, {
        as, value: textAt(payload, by as string),
        content: fields === undefined ? payload : pickAt(payload, fields),
        revealed: reveals && revealed(payload, reveals),
      })
      return payload
    },
  }
}

/** The text at each path, or the texts where it goes through a list; what is absent is left out. */
function revealed(payload: unknown, paths: readonly string[]): Record<string, string | readonly string[]> {
  return Object.fromEntries(paths.flatMap((path) => {
    const texts = textsAt(payload, path)
    const [first] = texts
    return first === undefined ? [] : [[path, path.includes('[*]') ? texts : first]]
  }))
}
