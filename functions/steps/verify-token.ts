import { accept, asFault, Fault, ledgerNeeds, textAt, type KeyPath, type Sealed, type Signed, type StandardSchema, type Step } from 'sallyport'
import type { Claims, TokenVerifier } from '../signatures/jwt.ts'

interface Options<Said> {
  /** `jwt({ by, issuer, audience, maxLifetime })`. */
  readonly by: TokenVerifier
  /** Takes each token once: its `jti` is claimed in the ledger of this pipeline, for as long as it could come again. */
  readonly once?: true
  /** What the claims have to be beside those that every token has; they are given as the schema gives them back. */
  readonly schema?: StandardSchema<unknown, Said>
}
interface Field<T, Into extends string> {
  /** The text field with the token; every payload has it. */
  readonly token: KeyPath<T>
  /** A new field for its claims; without it they are looked at and left. */
  readonly into?: Into
}

/**
 * Lets through a payload with a token that is taken. Throws TOKEN_INVALID for every other one alike, PAYLOAD_INVALID where
 * there is no text, UNAVAILABLE, ACCOUNT_UNAVAILABLE; with `once` also DUPLICATE, IN_PROGRESS, IN_DOUBT, at the end UNCONFIRMED.
 */
export function verifyToken<T extends object, const Into extends string = never, Said = Claims>(options: Options<Said> & Field<T, Into>): Step<T, [Into] extends [never] ? T : T & { readonly [Name in Into]: Said }>
/** Gives the claims of a token that is the payload, and throws as the other; a token that was sealed is bytes when it comes. */
export function verifyToken<Said = Claims>(options: Options<Said>): Step<Signed | Sealed | Uint8Array, Said>
export function verifyToken({ by, once, schema, into, ...rest }: Options<unknown> & { readonly token?: unknown; readonly into?: string }): Step<never, unknown> {
  const { token: field } = rest as { readonly token?: string }
  if (into !== undefined && (field === undefined || !/^[A-Za-z]\w{0,63}$/.test(into))) throw new TypeError('verifyToken, into: write the name of a new field, letters and digits, and token: the field with the token')
  // The ledger counts in days.
  const days = Math.max(by.span, 60) / 86_400
  return {
    kind: 'verify-token',
    config: { ...by.config, token: field, once, schema: schema?.['~standard'].vendor, into },
    needs: once ? [...by.needs, ...ledgerNeeds([undefined])] : by.needs,
    claims: once,
    async run(payload: object, io) {
      const claims = await by.check({ signed: field === undefined ? textOf(payload as Signed | Sealed | Uint8Array) : textAt(payload, field) }, io, once === true)
      const said = schema === undefined ? claims : await fitting(schema, claims)
      // Another issuer may count alike.
      if (once) await io.claim({ keys: [{ by: 'jti', as: undefined, value: JSON.stringify([by.issuer, claims.jti]) }], days, payload: field === undefined ? claims : payload })
      return field === undefined ? said : into === undefined ? payload : { ...payload, [into]: said }
    },
  }
}

/** What the issuer says is no payload of the sender's. */
async function fitting(schema: StandardSchema<unknown, unknown>, claims: Claims): Promise<unknown> {
  try {
    return await accept(schema, claims, 'PAYLOAD_INVALID')
  } catch (error) {
    const { code, paths } = asFault(error)
    throw code === 'PAYLOAD_INVALID' ? new Fault('TOKEN_INVALID', paths) : error
  }
}

/** A body of application/jose is text that only a cipher or a signature can read: the trigger does not look which. */
const textOf = (payload: Signed | Sealed | Uint8Array): string =>
  payload instanceof Uint8Array ? Buffer.from(payload).toString() : 'signed' in payload ? payload.signed : payload.sealed
