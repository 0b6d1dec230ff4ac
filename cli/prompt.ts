import type { Readable } from 'node:stream'
import { Refused } from './usage.ts'

/** Everything that is piped in. */
export async function whole(input: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of input as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Asks on the terminal for one line that is not shown. */
export async function hidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  // Before the question: what is typed at once must not be shown either.
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stderr.write(`${question}: `)
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = ''
      stdin.on('data', (keys: string) => {
        for (const key of keys) {
          if (key === '\r' || key === '\n') return resolve(line)
          if (key === '\u0003' || key === '\u0004') return reject(new Refused('nothing was entered'))
          line = key === '\u007f' || key === '\b' ? line.slice(0, -1) : line + key
        }
      }).resume()
    })
  } finally {
    stdin.removeAllListeners('data')
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}
