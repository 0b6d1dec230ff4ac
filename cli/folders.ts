import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pipeline } from 'sallyport'
import { definitionsOf } from '../local/definitions.ts'
import { Refused } from './usage.ts'

/** The repository. */
export const home = fileURLToPath(new URL('..', import.meta.url))
/** All state of the local run. */
export const localFolder = join(home, '.local')
export const examples = join(home, 'functions/pipelines')

/** A folder as the user named it: npm runs scripts in the repository, wherever it was called. */
export function folderOf(given: string | undefined): string {
  if (given === undefined) return examples
  const here = resolve(given)
  const called = process.env['INIT_CWD']
  return existsSync(here) || called === undefined ? here : resolve(called, given)
}

/** The pipelines of a folder, as values. */
export async function pipelinesOf(folder: string): Promise<readonly Pipeline[]> {
  try {
    return await definitionsOf(folder)
  } catch (error) {
    throw new Refused((error as Error).message, { cause: error })
  }
}
