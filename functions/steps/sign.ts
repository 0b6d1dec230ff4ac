import { canonical, Fault, textAt, type KeyPath, type Signed, type Signer, type Step } from 'sallyport'

interface Options<T, Into extends string> {
  /** A field of the payload for the signature, detached; what stood there goes. */
  readonly into: Into
  /** The text field that is signed, in UTF-8; every payload has it. Without it the payload, without the field for the signature. */
  readonly of?: KeyPath<T>
}

/** Of each member of a union for itself. */
type With<T, Field extends string> = T extends unknown ? Omit<T, Field> & { readonly [Name in Field]: string } : never

/** Replaces the payload by text that holds it, as JSON, and a signature over it; bytes as they are. */
export function sign(signer: Signer): Step<unknown, Signed>
/**
 * Signs the payload, in the one form of RFC 8785 so that its members may change their order on the way, or one text of it,
 * and puts the signature into a field. Throws PAYLOAD_INVALID for a payload without fields.
 */
export function sign<T extends object, const Into extends string>(signer: Signer, options: Options<T, Into>): Step<T, With<T, Into>>
export function sign({ signature, config, needs, mediaType, sign, detach }: Signer, options: { readonly into?: string; readonly of?: unknown } = {}): Step<unknown, unknown> {
  const { into, of } = options as { readonly into?: string; readonly of?: string }
  if (into !== undefined && !/^[A-Za-z]\w{0,63}$/.test(into)) throw new TypeError('sign, into: write the name of a field, letters and digits')
  if (into === undefined && (sign === undefined || of !== undefined)) throw new TypeError(`sign by ${signature}: write into: the name of a field for the detached signature`)
  return {
    kind: 'sign',
    config: { signature, ...config, into, of },
    needs,
    async run(payload, io) {
      if (into === undefined) return { ...await sign?.(payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload)), io), mediaType }
      if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || payload instanceof Uint8Array) throw new Fault('PAYLOAD_INVALID', ['$'])
      const { [into]: _before, ...rest } = payload as Record<string, unknown>
      return { ...rest, [into]: await detach(Buffer.from(of === undefined ? canonical(rest) : textAt(rest, of)), io) }
    },
  }
}
