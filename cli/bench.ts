import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { home } from '../infra/home.ts'
import { Refused } from './usage.ts'

/** Runs bench/index.ts, which reads the options itself. */
export async function bench(args: string[]): Promise<number> {
  const file = join(home, 'bench/index.ts')
  if (!existsSync(file)) throw new Refused('bench/index.ts is missing')
  const { bench } = await import(pathToFileURL(file).href) as { bench: (args: string[]) => Promise<number> }
  return bench(args)
}
