import { setTimeout as pause } from 'node:timers/promises'
import { startChild, type Child, type ChildSettings } from './child.ts'

/** A child that is started again when it ends unasked. */
export interface Kept<Order> {
  readonly pid: number
  send(order: Order): void
  stop(): Promise<void>
}

const attempts = 5

/**
 * Keeps a child running. `started` is called with each new one, the first included; `lost` when one has ended.
 * When it cannot be started again, `failed` is told why and nothing more is tried.
 */
export async function keepChild<Order, Notice>(
  settings: Omit<ChildSettings<Notice>, 'gone'>,
  { started, lost = () => undefined, failed }: { readonly started: (child: Child<Order, Notice>) => Promise<void>; readonly lost?: () => void; readonly failed: (why: string) => void },
): Promise<Kept<Order>> {
  let current: Child<Order, Notice> | undefined
  let stopped = false

  async function start(): Promise<void> {
    const child = await startChild<Order, Notice>({ ...settings, gone: () => {
      lost()
      void again()
    } })
    current = child
    if (stopped) return child.stop()
    await started(child)
  }

  async function again(attempt = 1): Promise<void> {
    if (stopped) return
    try {
      await start()
    } catch (error) {
      if (attempt === attempts) return failed((error as Error).message)
      await pause(200 * attempt)
      await again(attempt + 1)
    }
  }

  await start()
  return {
    get pid() {
      return current?.pid ?? 0
    },
    send: (order) => current?.send(order),
    async stop() {
      stopped = true
      await current?.stop()
    },
  }
}
