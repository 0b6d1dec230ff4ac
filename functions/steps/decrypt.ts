import type { Opener, Sealed, Step } from 'sallyport'

/** Opens a sealed payload. Throws DECRYPTION_FAILED for whatever does not open, and says no more. */
export const decrypt = (cipher: Opener): Step<Sealed, Uint8Array> => ({
  kind: 'decrypt',
  config: { cipher: cipher.cipher, ...cipher.config },
  needs: cipher.needs,
  run: (sealed, io) => cipher.open(sealed, io),
})
