import { Fault, ledgerNeeds, textAt, type AskedKey, type Identifier, type KeyPath, type Step } from 'sallyport'

/** One identifier: what it is made of, and who counts it. */
interface Key<T> {
  /** The field that identifies the message, or several that do so together; every payload has them. */
  readonly by: KeyPath<T> | readonly [KeyPath<T>, KeyPath<T>, ...KeyPath<T>[]]
  /** How it is brought to one spelling, and its key; without it, as written and under the realm's own key. */
  readonly as?: Identifier
  /**
   * `realm`: what one pipeline accepted, no other takes that names the same identifier in its realm scope; wants `as`.
   * @default 'pipeline'
   */
  readonly scope?: 'pipeline' | 'realm'
}

interface Terms {
  /**
   * How long an accepted identifier is remembered: from a minute (1 / 1440) to ten years.
   * @default 7
   */
  readonly days?: number
  /**
   * The sender's `Idempotency-Key` is claimed as well: the same key with another payload is refused by KEY_REUSED. `required`:
   * a message without one is refused by KEY_MISSING. `optional`: then the fields alone count.
   */
  readonly idempotencyKey?: 'required' | 'optional'
  /** Keeps the first reply, sealed, up to 64 KB, and gives it again where the same `Idempotency-Key` comes again. */
  readonly replay?: true
}

type Options<T> =
  | Key<T> & Terms
  /** Several identifiers: refused if any of them was accepted. */
  | Terms & { readonly keys: readonly [Key<T>, ...Key<T>[]] }
  /** The sender's `Idempotency-Key` alone. */
  | Terms & { readonly idempotencyKey: 'required' | 'optional' }

/** A transaction of DynamoDB has a hundred items, and after rotations each identifier is several. */
const mostKeys = 8

/**
 * Refuses a message whose identifier was accepted before, is being worked on, or whose fate is not known. One identifier: two
 * conditional writes a message that is accepted, one that is refused; several, or an `Idempotency-Key`: two transactions, and one.
 * Only keyed digests are stored. At most once per identifier and retention; what a partner may have done without answering is
 * never repeated, unless every send of the pipeline carries `once`. Throws DUPLICATE, IN_PROGRESS, IN_DOUBT, KEY_MISSING,
 * KEY_REUSED, UNAVAILABLE; at the end of the run UNCONFIRMED.
 */
export function deduplicate<T>(options: Options<T>): Step<T, T> {
  const { days = 7, idempotencyKey, replay } = options
  const keys: readonly Key<T>[] = 'keys' in options ? options.keys : 'by' in options ? [options] : []
  const who = `deduplicate${keys.length === 0 ? '' : ` by ${keys.map(({ by }) => typeof by === 'string' ? by : (by as readonly string[]).join(' + ')).join(', ')}`}`
  if (!(days >= 1 / 1_440 && days <= 3_660)) throw new TypeError(`${who}: days is between a minute and ten years`)
  if (keys.length > mostKeys) throw new TypeError(`${who}: at most ${mostKeys} keys are claimed at once`)
  if (keys.length === 0 && idempotencyKey === undefined) throw new TypeError(`${who}: say by which field, or that the sender gives an idempotencyKey`)
  if (replay && idempotencyKey === undefined) throw new TypeError(`${who}: replay gives a reply to the same Idempotency-Key again; say idempotencyKey: 'required' or 'optional'`)
  for (const { scope, as } of keys) if (scope === 'realm' && as === undefined) throw new TypeError(`${who}: across pipelines it is the identifier that counts; give the scope 'realm' an identifier in as`)
  return {
    kind: 'deduplicate',
    config: { ...'keys' in options ? { keys: options.keys } : 'by' in options ? { by: options.by, as: options.as, scope: options.scope } : {}, days, idempotencyKey, replay },
    needs: ledgerNeeds(keys.map(({ as }) => as), { message: idempotencyKey !== undefined, replay: replay === true }),
    claims: true,
    async run(payload, io) {
      if (idempotencyKey === 'required' && io.origin === undefined) throw new Fault('KEY_MISSING')
      const asked = keys.map(({ by, as, scope }): AskedKey => ({
        by: by as string, as, realm: scope === 'realm' ? true : undefined,
        value: typeof by === 'string' ? textAt(payload, by) : (by as readonly string[]).map((path) => textAt(payload, path)),
      }))
      if (asked.length > 0 || io.origin !== undefined) await io.claim({ keys: asked, days, payload, ...idempotencyKey !== undefined && { message: {} }, replay })
      return payload
    },
  }
}
