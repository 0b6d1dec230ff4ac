import type { Sealed, Sealer, Step } from 'sallyport'

/** Seals the whole payload, bytes as they are and anything else as JSON, for the one reader that the cipher names. */
export const encrypt = (cipher: Sealer): Step<unknown, Sealed> => ({
  kind: 'encrypt',
  config: { cipher: cipher.cipher, ...cipher.config },
  needs: cipher.sealNeeds ?? cipher.needs,
  run: async (payload, io) => ({ ...await cipher.seal(payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload)), io), mediaType: cipher.mediaType }),
})
