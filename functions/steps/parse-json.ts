import type { Json, Step } from 'sallyport'

/**
 * Reads bytes as JSON and refuses what two readers could read differently: see `readJson`.
 * Throws PAYLOAD_UNREADABLE.
 */
export const parseJson = (): Step<Uint8Array, Json> => ({
  kind: 'parse-json',
  config: {},
  needs: [],
  run: (bytes, io) => io.json(bytes),
})
