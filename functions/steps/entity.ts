import { accountNeed, envelopeKeyOf, Fault, hashKeyNeeds, ledgerKey, outcomesTable, rerunsKey, textAt, type Account, type Identifier, type KeyPath, type Request, type Step } from 'sallyport'

interface Options<T> {
  /** The field that names what a message is about; every payload has it. */
  readonly by: KeyPath<T>
  /** Of a sensitive one: a failure record has its keyed digest, and the text sealed, which only a rerun opens. */
  readonly as?: Identifier
  /**
   * Days for which a record is kept.
   * @default 30
   */
  readonly days?: number
  /** From where a rerun reads the message again, by a request that changes nothing. Without it somebody gives the payload again. */
  readonly source?: {
    readonly from: Account
    readonly request: (entity: string) => Request & { readonly method: 'GET' }
  }
}

/**
 * Says what a message is about, and that the pipeline keeps a record of each failure: without a payload, by this name, so that
 * `sallyport rerun` can run it again. No AWS call for a message that goes well; one write, and on a cold start the keys of the
 * digests, for one that fails. A sender's own mistakes are its reply, and leave a record only where nobody waits for one.
 */
export const entity = <T>({ by, as, days = 30, source }: Options<T>): Step<T, T> => {
  if (!(Number.isInteger(days) && days >= 1 && days <= 365)) throw new TypeError(`entity by ${by as string}: days is a whole number, 1 to 365`)
  if (as?.key.kind === 'unkeyed') throw new TypeError(`entity by ${by as string}: an identifier that is digested without a key hides nothing; give it a hashKey, or leave as out`)
  return {
    kind: 'entity',
    config: { by, as, days, source: source?.from.name },
    needs: [
      { resource: outcomesTable, actions: ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'] },
      ...hashKeyNeeds(ledgerKey),
      ...as?.key.kind === 'hash-key' && as.key.name !== ledgerKey.name ? hashKeyNeeds(as.key).slice(1) : [],
      ...as === undefined ? [] : [{ resource: envelopeKeyOf(rerunsKey), actions: ['kms:GenerateDataKey'] }],
      ...source === undefined ? [] : [accountNeed(source.from)],
    ],
    entity: { as, days, source },
    run(payload, io) {
      const name = textAt(payload, by as string)
      // As long as an index takes it, with the pipeline before it.
      if (Buffer.byteLength(name) > 512) throw new Fault('PAYLOAD_INVALID', [by as string])
      io.entity(name)
      return payload
    },
  }
}
