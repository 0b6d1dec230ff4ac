import type { Kept } from './claims.ts'
import { Countdown } from './countdown.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { repliesKey } from './keys.ts'
import { openKept, sealEnvelope } from './sealing.ts'

/** Bytes of a payload whose reply is kept, and of the reply: as much again is what partners may add to it. An item has 400 KB. */
const largest = { payload: 64 * 1024, reply: 128 * 1024 } as const
/** Milliseconds that the confirm waits for the reply to be sealed, and never more than half of those that are left to it. */
const sealing = 1_000

/**
 * How the first replies of a pipeline are kept: sealed, each for its own item. Before anything is sent the payload is measured and
 * the key is there. `until`: epoch milliseconds at which the confirm must have been written. Throws PAYLOAD_TOO_LARGE, UNAVAILABLE;
 * opening UNAVAILABLE, STORED_UNREADABLE.
 */
export async function firstReplies(environment: Environment, pipeline: string, payload: unknown, until: number): Promise<Kept> {
  const { clock } = environment
  const binding = (id: string) => [pipeline, 'reply', id]
  const seal = (id: string, text: Buffer): Promise<Uint8Array> => sealEnvelope(environment, repliesKey, pipeline, text, binding(id))
  if (Buffer.byteLength(JSON.stringify(payload)) > largest.payload) throw new Fault('PAYLOAD_TOO_LARGE')
  await seal('', Buffer.alloc(0))
  return {
    async seal(id, reply) {
      const time = new Countdown(clock)
      // Confirmed without it, whatever is the matter: whoever asks again is told that it is a duplicate.
      try {
        const text = Buffer.from(JSON.stringify(reply ?? null))
        if (text.length > largest.reply) return undefined
        const now = clock.now()
        return await time.within(now + Math.min(sealing, (until - now) / 2), 'UNAVAILABLE', () => seal(id, text))
      } catch {
        return undefined
      } finally {
        time.stop()
      }
    },
    open: (id, sealed) => openKept(environment, repliesKey, pipeline, sealed, binding(id)),
  }
}
