import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { localFolder } from '../folders.ts'
import { tail } from '../tail.ts'
import { Refused } from '../usage.ts'
import { lineOf, type Line } from './line.ts'
import type { Source } from './source.ts'
import { isWanted } from './wanted.ts'

/** The local run keeps one file before the one it writes to. */
const file = join(localFolder, 'log.jsonl')
const files = [`${file}.old`, file]
const where = '.local/log.jsonl'

/** Whole lines: one without its end is still being written. */
const whole = (path: string): string[] => existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).filter((text) => text !== '') : []

/** Reads lines one after the other: what a line does not say of itself is known from those before it. */
function reader(): (text: string) => Line {
  const functions = new Map<string, string>()
  let at: number | undefined
  return (text) => {
    const line = lineOf(text)
    at = line.at ?? at
    if (line.id !== undefined && line.function !== undefined) functions.set(line.id, line.function)
    return { ...line, at, function: line.function ?? (line.id === undefined ? undefined : functions.get(line.id)) }
  }
}

/** The log of the local run: the one that runs, or the last one. */
export const local = (): Source => ({
  where,
  async read(wanted) {
    const texts = files.flatMap(whole)
    if (texts.length === 0) throw new Refused(`${where} has no lines yet: npx sallyport start writes it, and --stage STAGE names a deployment in AWS`)
    const lines = texts.map(reader())
    // A print of a pipeline does not name it; the end of its execution, which comes later, does.
    const functions = new Map(lines.map((line) => [line.id, line.function]))
    return lines.map((line) => line.function === undefined && line.id !== undefined ? { ...line, function: functions.get(line.id) } : line)
      .filter((line) => isWanted(line, wanted)).slice(-(wanted.limit ?? 0))
  },
  follow(wanted, each, signal) {
    const read = reader()
    for (const text of files.flatMap(whole)) read(text)
    const stop = tail(file, (text) => {
      const line = read(text)
      if (isWanted(line, wanted)) each(line)
    })
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        stop()
        resolve()
      })
    })
  },
})
