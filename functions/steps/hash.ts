import { changeAt, hashKeyNeeds, type Digest, type Hashed, type Identifier, type Normalizer, type Step, type TextPath } from 'sallyport'
import type { Hasher, Hashing } from '../hashes/hasher.ts'

interface Fields<Field> {
  /** Text fields, in lists too: 'applicant.ssn', 'cards[*].pan'. */
  readonly fields: readonly Field[]
}

interface As<Name extends string> {
  /** How they are brought to one spelling, and the key. */
  readonly as: Identifier<Name>
  readonly by?: undefined
  readonly normalize?: undefined
}

interface By<Name extends string> {
  /** How to hash: a value of `sallyport/hashes`. */
  readonly by: Hasher<Name>
  /** How they are brought to one spelling; as written without it. */
  readonly normalize?: Normalizer
  readonly as?: undefined
}

interface File<Name extends string, Into extends string> {
  /** Its name in the working folder of the execution. */
  readonly file: string
  readonly by: Hasher<Name>
  /** A new field for the hash. */
  readonly into: Into
}

interface Whole<Name extends string> {
  readonly by: Hasher<Name>
  readonly fields?: undefined
  readonly file?: undefined
  readonly as?: undefined
  readonly normalize?: undefined
}

/** What `hash` leaves of a whole payload. */
export interface Hash<Name extends string = string> {
  readonly hash: Digest<Name>
}

/** Replaces the payload by `{ hash }`: of its bytes, of a text in UTF-8, or of its JSON text without spaces, members in the order they have. */
export function hash<Name extends string>(options: Whole<Name>): Step<unknown, Hash<Name>>
/** Hashes a file in constant memory, by a hasher that is not for passwords; the payload passes through with the hash in a new field. Throws STEP_FAILED where there is no file. */
export function hash<T extends object, Name extends string, const Into extends string>(options: File<Name, Into>): Step<T, T & { readonly [Field in Into]: Digest<Name> }>
/**
 * Replaces each named field by `1.` and its HMAC-SHA-256 (RFC 2104): equal values stay equal and cannot be read back.
 * Another digest than the ledger's, since each purpose has a key of its own. With `by`, by what that makes of its UTF-8.
 * Absent and null fields stay so; nothing of the plain values is kept. Throws PAYLOAD_INVALID, PAYLOAD_TOO_LARGE (more values than a slow hasher takes).
 */
export function hash<T, const Field extends TextPath<T>, Name extends string>(options: Fields<Field> & (As<Name> | By<Name>)): Step<T, Hashed<T, Field, Name>>
export function hash({ as, by, ...what }: Hashing & (As<string> | By<string>)): Step<unknown, unknown> {
  if (by !== undefined) return { kind: 'hash', config: { ...what, by: by.config }, needs: by.needs, run: by.replace(what) }
  const fields = what.fields as readonly string[]
  return {
    kind: 'hash',
    config: { fields, as },
    needs: as.key.kind === 'hash-key' ? hashKeyNeeds(as.key) : [],
    async run(payload, io) {
      const digest = await io.digest(as, 'hash')
      return fields.reduce<unknown>((changed, field) => changeAt(changed, field, digest), payload)
    },
  }
}
