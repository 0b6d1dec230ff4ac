import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of this package: its sources, or what they were compiled to. */
export const home = fileURLToPath(new URL('..', import.meta.url))

/** A file of ours by its path without an ending: `.ts` in the repository, `.js` in the package. */
export const source = (path: string): string => join(home, `${path}${extname(fileURLToPath(import.meta.url))}`)

/** Every `node_modules` in which what we depend on may lie, the nearest first: in the package, beside it, or further up. */
export function modules(): string[] {
  const found: string[] = []
  for (let folder = home; dirname(folder) !== folder; folder = dirname(folder)) {
    const here = join(folder, 'node_modules')
    if (existsSync(here)) found.push(here)
  }
  return found
}
