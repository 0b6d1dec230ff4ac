import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Inside the package, so that it finds itself by name as a user's project would. */
export const projects = join(root, '.local/guide')

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** The first line of a whole file is a comment with its path. */
  readonly path: string | undefined
  /** What the block behind it shows, if that is text: what a command prints. */
  readonly output: string | undefined
}
export interface Page {
  readonly file: string
  /** Its project: those of the guide grow from page to page. */
  readonly folder: string
  readonly text: string
  readonly blocks: readonly Block[]
}

function* blocksOf(text: string): Generator<Block> {
  const found = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  for (const [i, { 0: { length }, 1: language = '', 2: inner = '', index }] of found.entries()) {
    const next = found[i + 1]
    const between = next && text.slice(index + length, next.index).trim()
    yield {
      language, text: inner, path: /^(?:\/\/|#) ([\w./-]+\.(?:ts|mjs))\n/.exec(inner)?.[1],
      output: next?.[1] === 'text' && between === '' ? next[2] : undefined,
    }
  }
}

const page = (file: string, folder: string): Page => {
  const text = readFileSync(join(root, file), 'utf8')
  return { file, folder: join(projects, folder), text, blocks: [...blocksOf(text)] }
}

export const readme = page('README.md', '00')
/** In the order in which they are read. */
export const guide: readonly Page[] = globSync('docs/guide/*.md', { cwd: root }).sort().map((file, i) => page(file, String(i + 1).padStart(2, '0')))
