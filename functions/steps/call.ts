import { accept, accountNeed, asFault, Fault, textAt, type Account, type OncePath, type Request, type Sealer, type StandardSchema, type Step, type TextPath } from 'sallyport'

interface Options<T, R, U> {
  readonly to: Account
  /** What the partner must reply; a reply is as foreign as what a sender sends. */
  readonly reply: StandardSchema<unknown, R>
  /** The field that travels as `Idempotency-Key`; needs `idempotency` of the account. */
  readonly once?: OncePath<T>
  /** Seals the body for the one who shall read it. */
  readonly seal?: Sealer
  /** Text fields that the partner gets readably. */
  readonly reveals?: readonly TextPath<T>[]
  readonly request: (payload: T) => Request
  /** Makes the next payload; without it the payload passes through. */
  readonly merge?: (payload: T, reply: R) => U
}

/**
 * Calls a partner with a stored credential, at the origin that the account's constant fixes; no redirects.
 * One request; a second one only with a credential that was rotated meanwhile, after a 401 that says that nothing was done.
 * Throws PARTNER_UNREACHABLE (nothing was sent), PARTNER_SILENT, PARTNER_REFUSED, PARTNER_FAILED, REPLY_INVALID,
 * ACCOUNT_UNAVAILABLE, OUT_OF_TIME.
 */
export const call = <T, R, U = T>({ to, reply, once, seal, reveals, request, merge }: Options<T, R, U>): Step<T, U> => {
  if (once !== undefined && to.how.idempotency === undefined) {
    throw new TypeError(`call to ${to.name}: once needs the account to say how long the partner remembers a key: idempotency: { hours }`)
  }
  return {
    kind: 'call',
    config: { to, once, seal: seal && { cipher: seal.cipher, ...seal.config }, reply: reply['~standard'].vendor },
    needs: [accountNeed(to), ...seal?.needs ?? []],
    reveals: reveals as readonly string[] | undefined,
    sends: [{ to, once: once as string | undefined }],
    async run(payload, io) {
      const { body, ...rest } = request(payload)
      const sealed = seal && { body: await seal.seal(Buffer.from(JSON.stringify(body ?? null)), io), mediaType: seal.mediaType }
      const bytes = await io.send(to, { ...rest, ...!sealed && { body }, sealed, once: once === undefined ? undefined : textAt(payload, once as string) })
      const answer = await accept(reply, read(bytes, io.json), 'REPLY_INVALID')
      return merge ? merge(payload, answer) : payload as unknown as U
    },
  }
}

/** An empty reply is null to the schema; what is not JSON is the partner's fault, not the sender's. */
function read(bytes: Uint8Array, json: (bytes: Uint8Array) => unknown): unknown {
  if (bytes.length === 0) return null
  try {
    return json(bytes)
  } catch (error) {
    throw asFault(error).code === 'PAYLOAD_UNREADABLE' ? new Fault('REPLY_INVALID') : error
  }
}
