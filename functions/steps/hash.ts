import { changeAt, hashKeyNeed, type Hashed, type Identifier, type Step, type TextPath } from 'sallyport'

interface Options<Field, Name extends string> {
  /** Text fields, in lists too: 'applicant.ssn', 'cards[*].pan'. */
  readonly fields: readonly Field[]
  /** How they are brought to one spelling, and the key. */
  readonly as: Identifier<Name>
}

/**
 * Replaces each named field by `1.` and its HMAC-SHA-256 (RFC 2104): equal values stay equal and cannot be read back.
 * Another digest than the ledger's, since each purpose has a key of its own. Absent and null fields stay so.
 */
export const hash = <T, const Field extends TextPath<T>, Name extends string>({ fields, as }: Options<Field, Name>): Step<T, Hashed<T, Field, Name>> => ({
  kind: 'hash',
  config: { fields, as },
  needs: as.key.kind === 'hash-key' ? [hashKeyNeed(as.key)] : [],
  async run(payload, io) {
    const digest = await io.digest(as, 'hash')
    return (fields as readonly string[]).reduce<unknown>((changed, field) => changeAt(changed, field, digest), payload) as Hashed<T, Field, Name>
  },
})
