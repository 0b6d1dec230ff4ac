import { createHash, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * What a partner remembers of the credentials it gave out: digests. They are drawn at random, so these say nothing.
 * There may be several: a run with another endpoint has secrets of its own.
 */
export interface Remembered {
  /** Whether it has given one out, now or at an earlier start. */
  known(): boolean
  /** Gives out another: headers that a request may carry from now on. */
  learn(headers: Readonly<Record<string, string>>): void
  admits(headers: IncomingHttpHeaders): boolean
}

/** Header names to digests of their values. */
type Wanted = Readonly<Record<string, string>>

const most = 20
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function remembered(file: string): Remembered {
  let all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as readonly Wanted[] : []
  const meets = (headers: IncomingHttpHeaders, wanted: Wanted): boolean => Object.entries(wanted).every(([name, expected]) => {
    const given = headers[name]
    return typeof given === 'string' && timingSafeEqual(digest(given), Buffer.from(expected, 'hex'))
  })
  return {
    known: () => all.length > 0,
    learn(headers) {
      const wanted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), digest(value).toString('hex')]))
      all = [...all, wanted].slice(-most)
      writeFileSync(file, JSON.stringify(all), { mode: 0o600 })
    },
    admits: (headers) => all.some((wanted) => meets(headers, wanted)),
  }
}
