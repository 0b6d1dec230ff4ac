import { canonical, textAt, type KeyPath, type Sealed, type Signed, type Step, type Verifier } from 'sallyport'

interface Options<T> {
  /** The field with the detached signature; every payload has it. */
  readonly in: KeyPath<T>
  /** The text field that was signed, in UTF-8; every payload has it. Without it the payload, without the field of the signature. */
  readonly of?: KeyPath<T>
}

/** Gives what was signed, as bytes; signed text that was sealed is bytes when it comes. Throws SIGNATURE_INVALID for whatever does not hold, and says no more. */
export function verify(verifier: Verifier): Step<Signed | Sealed | Uint8Array, Uint8Array>
/**
 * Lets through what has a signature over it: the payload in the one form of RFC 8785, or one text of it. It passes with the
 * signature. Throws SIGNATURE_INVALID for whatever does not hold, PAYLOAD_INVALID where there is no text in a field.
 */
export function verify<T extends object>(verifier: Verifier, options: Options<T>): Step<T, T>
export function verify({ signature, config, needs, verify, attest }: Verifier, options: { readonly in?: unknown; readonly of?: unknown } = {}): Step<never, unknown> {
  const { in: field, of } = options as { readonly in?: string; readonly of?: string }
  if (field === undefined && (verify === undefined || of !== undefined)) throw new TypeError(`verify by ${signature}: write in: the field with the detached signature`)
  if (field !== undefined && of === undefined && /[.[]/.test(field)) throw new TypeError('verify, in: write a field of the payload itself, or of: the text that was signed')
  return {
    kind: 'verify',
    config: { signature, ...config, in: field, of },
    needs,
    async run(payload: object, io) {
      if (field === undefined) return verify?.({ signed: textOf(payload as Signed | Sealed | Uint8Array) }, io)
      const given = textAt(payload, field)
      const { [field]: _signature, ...rest } = payload as Record<string, unknown>
      await attest(Buffer.from(of === undefined ? canonical(rest) : textAt(payload, of)), given, io)
      return payload
    },
  }
}

/** A body of application/jose is text that only a cipher or a signature can read: the trigger does not look which. */
const textOf = (payload: Signed | Sealed | Uint8Array): string =>
  payload instanceof Uint8Array ? Buffer.from(payload).toString() : 'signed' in payload ? payload.signed : payload.sealed
