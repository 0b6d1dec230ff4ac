import { Fault, ledgerNeeds, mostItems, textAt, type AskedKey, type Identifier, type KeyPath, type Step } from 'sallyport'

/** One identifier: what it is made of, and who counts it. */
interface Key<T> {
  /** The field that identifies the message; every payload has it. */
  readonly by: KeyPath<T>
  /** Fields that identify it only together with that one. */
  readonly with?: readonly [KeyPath<T>, ...KeyPath<T>[]]
  /** How it is brought to one spelling, and its key; without it, as written and under the realm's own key. */
  readonly as?: Identifier
  /**
   * `realm`: what one pipeline accepted, no other takes that names the same identifier in its realm scope; wants `as`, and the same `days` of all.
   * @default 'pipeline'
   */
  readonly scope?: 'pipeline' | 'realm'
}

interface Options<T> {
  /** The field that identifies the message; every payload has it. */
  readonly by?: KeyPath<T>
  /** Fields that identify it only together with that one. */
  readonly with?: readonly [KeyPath<T>, ...KeyPath<T>[]]
  /** How it is brought to one spelling, and its key; without it, as written and under the realm's own key. */
  readonly as?: Identifier
  /**
   * `realm`: what one pipeline accepted, no other takes that names the same identifier in its realm scope; wants `as`, and the same `days` of all.
   * @default 'pipeline'
   */
  readonly scope?: 'pipeline' | 'realm'
  /** Several identifiers, instead of `by`: refused if any of them was accepted. */
  readonly keys?: readonly [Key<T>, ...Key<T>[]]
  /**
   * How long an accepted identifier is remembered: from a minute (1 / 1440) to ten years.
   * @default 7
   */
  readonly days?: number
  /**
   * The sender's `Idempotency-Key` is claimed as well, or alone: the same key with another payload is refused by KEY_REUSED.
   * `required`: a message without one is refused by KEY_MISSING. `optional`: then the fields alone count. Of a queue or an
   * event, the message's own id stands for it.
   */
  readonly idempotencyKey?: 'required' | 'optional'
  /**
   * Keeps the first reply, sealed, and gives it again where the same `Idempotency-Key` comes again. A payload over 64 KB is refused
   * by PAYLOAD_TOO_LARGE before anything is sent; with what partners add to it, 128 KB are kept, and of a larger one nothing.
   */
  readonly replay?: true
}

const mostKeys = 8
/** Of a transaction of DynamoDB. */
const mostInOne = 100

/**
 * Refuses a message whose identifier was accepted before, is being worked on, or whose fate is not known. One identifier: two
 * conditional writes a message that is accepted, one that is refused; several, or an `Idempotency-Key`: two transactions, and one.
 * Only keyed digests are stored. At most once per identifier and retention; what a partner may have done without answering is
 * never repeated, unless every send of the pipeline carries `once`. Throws DUPLICATE, IN_PROGRESS, IN_DOUBT, KEY_MISSING,
 * KEY_REUSED, UNAVAILABLE; at the end of the run UNCONFIRMED.
 */
export function deduplicate<T>(options: Options<T>): Step<T, T> {
  const { by, as, with: others, scope, days = 7, idempotencyKey, replay } = options
  const keys: readonly Key<T>[] = options.keys ?? (by === undefined ? [] : [{ by, ...others && { with: others }, ...as && { as }, ...scope && { scope } }])
  const who = `deduplicate${keys.length === 0 ? '' : ` by ${keys.map(pathsOf).map((paths) => paths.join(' + ')).join(', ')}`}`
  if (options.keys !== undefined && (by !== undefined || others !== undefined || as !== undefined || scope !== undefined)) throw new TypeError(`${who}: keys say each what they are made of; leave by, with, as and scope out beside them`)
  if (!(days >= 1 / 1_440 && days <= 3_660)) throw new TypeError(`${who}: days is between a minute and ten years`)
  if (keys.length > mostKeys) throw new TypeError(`${who}: at most ${mostKeys} keys are claimed at once`)
  if (keys.length === 0 && idempotencyKey === undefined) throw new TypeError(`${who}: say by which field, or that the sender gives an idempotencyKey`)
  if (replay && idempotencyKey === undefined) throw new TypeError(`${who}: replay gives a reply to the same Idempotency-Key again; say idempotencyKey: 'required' or 'optional'`)
  const items = mostItems([...keys.map(({ as }) => as), ...idempotencyKey === undefined ? [] : [undefined]], days)
  if (items > mostInOne) throw new TypeError(`${who}: with its keys renewed by rotateDays a claim can have ${items} items, and DynamoDB takes ${mostInOne} at once; renew them less often, or remember for fewer days`)
  for (const { scope, as } of keys) if (scope === 'realm' && as === undefined) throw new TypeError(`${who}: across pipelines it is the identifier that counts; give the scope 'realm' an identifier in as`)
  return {
    kind: 'deduplicate',
    config: { keys: options.keys, by, with: others, as, scope, days, idempotencyKey, replay },
    needs: ledgerNeeds(keys.map(({ as }) => as), { message: idempotencyKey !== undefined, replay: replay === true }),
    claims: true,
    ...idempotencyKey !== undefined && { claimsMessage: true as const },
    ...idempotencyKey === 'required' && { wantsKey: true as const },
    async run(payload, io) {
      if (idempotencyKey === 'required' && io.origin === undefined) throw new Fault('KEY_MISSING')
      const asked = keys.map((key): AskedKey => {
        const [path, ...more] = pathsOf(key)
        const { as, scope } = key
        return {
          as, realm: scope === 'realm' ? true : undefined,
          ...more.length === 0 ? { by: path, value: textAt(payload, path) } : { by: [path, ...more], value: [path, ...more].map((each) => textAt(payload, each)) },
        }
      })
      if (asked.length > 0 || io.origin !== undefined) await io.claim({ keys: asked, days, payload, ...idempotencyKey !== undefined && { message: {} }, replay })
      return payload
    },
  }
}

const pathsOf = <T>({ by, with: others = [] as never }: Key<T>): readonly [string, ...string[]] => [by as string, ...others as readonly string[]]
