import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Holder {
  readonly pid: number
  /** When the process started, in ticks since boot: a pid alone may have come to be another process. */
  readonly since: string
}

function since(pid: number): string | undefined {
  try {
    // The name of a process may hold spaces and brackets: fields are counted from behind the last one.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Who is running on a state folder, if anybody. */
export function holder(dir: string): number | undefined {
  try {
    const { pid, since: then } = JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')) as Holder
    return since(pid) === then ? pid : undefined
  } catch {
    return undefined
  }
}

/** Runs on a state folder or on one inside it. */
export function holders(dir: string): number[] {
  const folders = existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name)) : []
  return [dir, ...folders].map(holder).filter((pid) => pid !== undefined)
}

/** Claims a state folder for this process; gives back the way to let go. Throws a sentence while another run is on it. */
export function lock(dir: string): () => void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, 'lock')
  const content = JSON.stringify({ pid: process.pid, since: since(process.pid) } satisfies { pid: number; since: string | undefined })
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, content, { flag: 'wx', mode: 0o600 })
      return () => rmSync(file, { force: true })
    } catch (error) {
      const other = holder(dir)
      if (other !== undefined || attempt === 3 || (error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Error(`another run (process ${other ?? 'unknown'}) is using ${dir}: stop it first`, { cause: error })
      }
      rmSync(file, { force: true })
    }
  }
}
