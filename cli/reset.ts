import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { holders } from '../local/lock.ts'
import { localFolder } from './folders.ts'
import { readOptions, Refused } from './usage.ts'

/** Empties `.local/`, unless a run is on it. */
export async function reset(args: string[]): Promise<number> {
  readOptions({ args, options: {} })
  const [pid] = holders(localFolder)
  if (pid !== undefined) throw new Refused(`a run is using .local (process ${pid}): stop it first`)
  if (existsSync(localFolder)) for (const name of readdirSync(localFolder)) rmSync(join(localFolder, name), { recursive: true, force: true })
  process.stdout.write('.local is empty\n')
  return 0
}
