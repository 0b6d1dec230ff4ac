import type { EventSource } from './event-source.ts'
import type { LambdaFunction } from './function.ts'
import { readQueue, type QueueReader, type Reading } from './queue-reader.ts'

/** The readers of all queues of a run. */
export interface QueueReaders {
  /** Reads these from now on; one that has not changed goes on as it is. Nothing is read before `start`. */
  replace(sources: readonly EventSource[], functions: readonly LambdaFunction[]): void
  start(): void
  stop(): void
}

export function queueReaders(reading: Reading): QueueReaders {
  const readers = new Map<string, { readonly reader: QueueReader; readonly shape: string }>()
  let wanted: readonly { readonly source: EventSource; readonly credentials: LambdaFunction['credentials'] }[] = []
  let started = false

  function settle(): void {
    const ids = new Set(wanted.map(({ source }) => source.id))
    for (const [id, { reader }] of readers) if (!ids.has(id) && readers.delete(id)) reader.stop()
    for (const { source, credentials } of wanted) {
      const shape = JSON.stringify([source, credentials])
      const before = readers.get(source.id)
      if (before?.shape === shape) continue
      before?.reader.stop()
      readers.set(source.id, { shape, reader: readQueue(source, credentials, reading) })
    }
  }

  return {
    replace(sources, functions) {
      wanted = sources.flatMap((source) => {
        const fn = functions.find(({ name }) => name === source.function)
        return fn ? [{ source, credentials: fn.credentials }] : []
      })
      if (started) settle()
    },
    start() {
      started = true
      settle()
    },
    stop() {
      started = false
      wanted = []
      settle()
    },
  }
}
