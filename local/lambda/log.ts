import { createWriteStream } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** CloudWatch Logs cuts an event here. */
const longest = 256 * 1024

/** The stand-in for CloudWatch Logs: one file, one JSON object a line. */
export interface Log {
  /** Takes what a function process writes: JSON lines as they are, other text wrapped. */
  follow(name: string, output: Readable): void
  /** A line of Lambda's own, such as that a task timed out. */
  platform(name: string, text: string): void
  close(): Promise<void>
}

function isObject(line: string): boolean {
  if (!line.startsWith('{')) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

export function log(path: string): Log {
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  file.on('error', () => { /* a full disk must not end the gateway */ })
  const wrapped = (name: string, text: string): string => JSON.stringify({ function: name, text })
  const write = (name: string, line: string): void => {
    if (line.trim() !== '') file.write((isObject(line) ? line : wrapped(name, line)) + '\n')
  }
  return {
    follow(name, output) {
      const decoder = new StringDecoder('utf8')
      let rest = ''
      output.on('data', (chunk: Buffer) => {
        const lines = (rest + decoder.write(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) write(name, line.slice(0, longest))
        if (rest.length > longest) {
          write(name, rest.slice(0, longest))
          rest = ''
        }
      })
      output.on('close', () => write(name, rest))
    },
    platform(name, text) {
      file.write(wrapped(name, text) + '\n')
    },
    close: () => new Promise((resolve) => { file.end(resolve) }),
  }
}
