import type { Clock } from './clock.ts'

/** What is not done until then, in epoch milliseconds, or fails, is left alone: undefined. */
export async function soon<T>(clock: Clock, until: number, work: () => Promise<T>): Promise<T | undefined> {
  let timer: unknown
  const late = new Promise<undefined>((resolve) => { timer = clock.after(Math.max(0, until - clock.now()), () => resolve(undefined)) })
  try {
    return await Promise.race([work(), late])
  } catch {
    return undefined
  } finally {
    clock.cancel(timer)
  }
}
