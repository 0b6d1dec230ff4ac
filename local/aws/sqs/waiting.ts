import type { World } from '../operation.ts'
import type { Store } from '../store.ts'

// Of each store, those who wait for a queue to change.
const waiting = new WeakMap<Store, Set<() => void>>()

/** Lets everyone who waits look again. */
export function wake({ store }: World): void {
  const all = [...waiting.get(store) ?? []]
  waiting.get(store)?.clear()
  for (const look of all) look()
}

/** Resolves when something was sent, after so many milliseconds, or when the caller has gone away. */
export function change({ store }: World, ms: number, gone: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const all = waiting.get(store) ?? new Set()
    waiting.set(store, all)
    const look = (): void => {
      clearTimeout(timer)
      all.delete(look)
      gone?.removeEventListener('abort', look)
      resolve()
    }
    const timer = setTimeout(look, Math.max(1, ms))
    all.add(look)
    gone?.addEventListener('abort', look)
    if (gone?.aborted) look()
  })
}
