/** Runs what may be cut short: Ctrl-C, or being asked to end, sets the signal, and the verb leaves in order. */
export async function orderly(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const asked = new AbortController()
  const abort = (): void => asked.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, abort)
  try {
    return await run(asked.signal)
  } finally {
    for (const signal of signals) process.off(signal, abort)
  }
}
