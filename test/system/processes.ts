import { readdirSync, readFileSync } from 'node:fs'
import { run } from './client.ts'

/** Processes that a process started, by their parent in /proc. */
export function children(parent: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === parent
    } catch {
      return false
    }
  })
}

/** Ends every function process: the next message of each meets a new execution environment. */
export async function coldStart(): Promise<void> {
  for (const pid of children(run().pids.gateway)) process.kill(pid, 'SIGKILL')
  await new Promise((resolve) => { setTimeout(resolve, 300) })
}
