import type { Kept } from './claims.ts'
import { Countdown } from './countdown.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { repliesKey } from './keys.ts'
import { openEnvelope, sealEnvelope } from './sealing.ts'

/** Bytes of a payload whose reply is kept, and of the reply: as much again is what partners may add to it. An item has 400 KB. */
const largest = { payload: 64 * 1024, reply: 128 * 1024 } as const
/** Milliseconds that the confirm waits for the reply to be sealed. */
const sealing = 1_000

/**
 * How the first replies of a pipeline are kept: sealed, each for its own item. Before anything is sent the payload is measured and
 * the key is there. Throws PAYLOAD_TOO_LARGE, UNAVAILABLE; opening UNAVAILABLE, DECRYPTION_FAILED.
 */
export async function firstReplies(environment: Environment, pipeline: string, payload: unknown): Promise<Kept> {
  const binding = (id: string) => [pipeline, 'reply', id]
  const seal = (id: string, text: Buffer): Promise<Uint8Array> => sealEnvelope(environment, repliesKey, pipeline, text, binding(id))
  if (Buffer.byteLength(JSON.stringify(payload)) > largest.payload) throw new Fault('PAYLOAD_TOO_LARGE')
  await seal('', Buffer.alloc(0))
  return {
    async seal(id, reply) {
      const text = Buffer.from(JSON.stringify(reply ?? null))
      // Confirmed without it: whoever asks again is told that it is a duplicate.
      if (text.length > largest.reply) return undefined
      const time = new Countdown(environment.clock)
      try {
        return await time.within(environment.clock.now() + sealing, 'UNAVAILABLE', () => seal(id, text))
      } catch {
        return undefined
      } finally {
        time.stop()
      }
    },
    open: async (id, sealed) => JSON.parse(Buffer.from(await openEnvelope(environment, repliesKey, pipeline, sealed, binding(id))).toString()) as unknown,
  }
}
