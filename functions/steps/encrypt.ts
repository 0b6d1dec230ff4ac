import type { Sealed, Sealer, Signed, Step } from 'sallyport'

/** Seals the whole payload, bytes and signed text as they are (RFC 7519 section 11.2) and anything else as JSON, for the one reader that the cipher names. */
export const encrypt = (cipher: Sealer): Step<unknown, Sealed> => ({
  kind: 'encrypt',
  config: { cipher: cipher.cipher, ...cipher.config },
  needs: cipher.sealNeeds ?? cipher.needs,
  run: async (payload, io) => ({ ...await cipher.seal(bytesOf(payload), io), mediaType: cipher.mediaType }),
})

const bytesOf = (payload: unknown): Uint8Array => payload instanceof Uint8Array ? payload : Buffer.from(isSigned(payload) ? payload.signed : JSON.stringify(payload))
/** As `sign` makes it, and nothing else in it: a sender could add its members to a payload, and would choose what is sealed. */
const isSigned = (payload: unknown): payload is Signed => typeof payload === 'object' && payload !== null && Object.keys(payload).length === 2 && 'signed' in payload && typeof payload.signed === 'string' && 'mediaType' in payload
