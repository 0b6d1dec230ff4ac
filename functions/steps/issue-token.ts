import { pickAt, textAt, type Json, type KeyPath, type Signed, type Step, type TextPath } from 'sallyport'
import type { TokenIssuer } from '../signatures/jwt.ts'

interface Options<T> {
  /** `jwt({ by, issuer, audience, lifetime })`. */
  readonly by: TokenIssuer
  /** The text field that is the `sub`; every payload has it. */
  readonly subject?: KeyPath<T>
  /** Text fields that become claims, each in its place: everybody who sees the token can read them. */
  readonly claims?: readonly TextPath<T>[]
}
interface Into<Field extends string> {
  /** A field of the payload for the token; what stood there goes. */
  readonly into: Field
}

/** Of each member of a union for itself. */
type With<T, Field extends string> = T extends unknown ? Omit<T, Field> & { readonly [Name in Field]: string } : never

/** Claims that are not the payload's to say (RFC 7519 section 4.1). */
const registered = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']

/** Makes a token and puts it into a field of the payload. Nothing of the payload is in it but what is named. Throws UNAVAILABLE, ACCOUNT_UNAVAILABLE. */
export function issueToken<T extends object, const Field extends string>(options: Options<T> & Into<Field>): Step<T, With<T, Field>>
/** Replaces the payload by a token. Nothing of the payload is in it but what is named. Throws UNAVAILABLE, ACCOUNT_UNAVAILABLE. */
export function issueToken<T>(options: Options<T>): Step<T, Signed>
export function issueToken({ by, into, ...fields }: { readonly by: TokenIssuer; readonly into?: string; readonly subject?: unknown; readonly claims?: readonly unknown[] }): Step<never, unknown> {
  const { subject, claims = [] } = fields as { readonly subject?: string; readonly claims?: readonly string[] }
  if (into !== undefined && !/^[A-Za-z]\w{0,63}$/.test(into)) throw new TypeError('issueToken, into: write the name of a field, letters and digits')
  const taken = claims.find((path) => registered.includes(/^[^.[]*/.exec(path)?.[0] ?? ''))
  if (taken !== undefined) throw new TypeError(`issueToken, claims: ${taken} is not the payload's to say; write subject for sub, and issuer, audience and lifetime in jwt({ … })`)
  return {
    kind: 'issue-token',
    config: { ...by.config, subject, claims, into },
    needs: by.needs,
    reveals: [...subject === undefined ? [] : [subject], ...claims],
    async run(payload, io) {
      const sub = subject === undefined ? undefined : textAt(payload, subject)
      const token = await by.issue({ ...claims.length > 0 && pickAt(payload, claims) as Record<string, Json>, sub }, io)
      return into === undefined ? token : { ...payload as object, [into]: token.signed }
    },
  }
}
