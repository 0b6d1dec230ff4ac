import { hashKeyNeeds, ledgerKey, ledgerTable, textAt, type Identifier, type KeyPath, type Step } from 'sallyport'

interface Options<T> {
  /** The field that identifies the message; every payload has it. */
  readonly by: KeyPath<T>
  /** How it is brought to one spelling, and its key; without it, as written and under the realm's own key. */
  readonly as?: Identifier
  /** How long an accepted identifier is remembered. */
  readonly days?: number
}

/**
 * Refuses an identifier that was accepted before, is being worked on, or whose fate is not known. Two conditional writes
 * per accepted message, one per refused one; only a keyed digest is stored. At most once per identifier and retention;
 * what a partner may have done without answering is never repeated, unless every send of the pipeline carries `once`.
 * Throws DUPLICATE, IN_PROGRESS, IN_DOUBT, UNAVAILABLE; at the end of the run UNCONFIRMED.
 */
export const deduplicate = <T>({ by, as, days = 7 }: Options<T>): Step<T, T> => {
  if (!(days >= 1 / 1_440 && days <= 3_660)) throw new TypeError(`deduplicate by ${by as string}: days is between a minute and ten years`)
  return {
    kind: 'deduplicate',
    config: { by, as, days },
    needs: [
      { resource: ledgerTable, actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'] },
      ...hashKeyNeeds(as?.key.kind === 'hash-key' ? as.key : ledgerKey),
    ],
    claims: true,
    async run(payload, io) {
      await io.claim({ by: by as string, as, value: textAt(payload, by as string), days, payload })
      return payload
    },
  }
}
