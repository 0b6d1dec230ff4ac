import { NoAnswer, type Answer, type Exchange } from 'sallyport'
import { answerOf } from '../local/partners/answers.ts'
import type { StillClock } from './clock.ts'

/** One request as a partner received it. */
export interface Received {
  readonly method: string
  readonly path: string
  /** Lower-case names; our credential is among them. */
  readonly headers: Readonly<Record<string, string>>
  /** What the JSON of the body holds, opened if it was sealed to a key of the world; else its text, or undefined. */
  readonly body: unknown
  /** Whether it was sealed and could be opened. */
  readonly sealed: boolean
}

/**
 * What a partner does: answers (a number is a status), after `delay` milliseconds; acts and stays `silent`; breaks the
 * connection behind the request (`drop`); or is `unreachable`, so that not a byte is sent.
 */
export type Reaction = number | 'silent' | 'drop' | 'unreachable' | {
  readonly status?: number
  /** Sent as JSON; text and bytes as they are. */
  readonly body?: unknown
  /** How long the answer may be used, as its header says it: of published keys. */
  readonly cacheControl?: string
  /** Longer than the account's timeout: it acted, and the answer comes too late. */
  readonly delay?: number
}

/** The same reaction always, or one for each request. */
export type Partner = Reaction | ((request: Received) => Reaction | Promise<Reaction>)

const host = '.partner.invalid'
export const originOf = (name: string): string => `https://${name}${host}`
const nameOf = (origin: string): string => new URL(origin).hostname.slice(0, -host.length)

const bytesOf = (body: unknown): Uint8Array => body === undefined ? new Uint8Array()
  : body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

/** The partners of a world. One that is given no reaction answers as those of the local run do, and a repeated `Idempotency-Key` alike. */
export class Partners {
  readonly #reactions: Readonly<Record<string, Partner>>
  readonly #clock: StillClock
  readonly #open: (token: string) => Promise<Uint8Array | undefined>
  readonly #published: (name: string, path: string) => unknown
  readonly #remembered = new Map<string, Reaction>()

  /** `open` gives what a JWE holds, or undefined where no key of the world opens it; `published` what everybody may read at a path. */
  constructor(reactions: Readonly<Record<string, Partner>>, clock: StillClock, open: (token: string) => Promise<Uint8Array | undefined>, published: (name: string, path: string) => unknown) {
    this.#reactions = reactions
    this.#clock = clock
    this.#open = open
    this.#published = published
  }

  exchange(told: (name: string, received: Received, body: Uint8Array) => void): Exchange {
    return async (origin, path, method, headers, body, timeout) => {
      const name = nameOf(origin)
      const given = Object.hasOwn(this.#reactions, name) ? this.#reactions[name] : undefined
      if (given === 'unreachable') throw new NoAnswer('nothing-sent')
      const received = await this.#read(path, method, headers, body)
      const reaction = typeof given === 'function' ? await given(received) : given ?? this.#usual(name, received)
      if (reaction === 'unreachable') throw new NoAnswer('nothing-sent')
      told(name, received, body ?? new Uint8Array())
      return this.#react(reaction, timeout)
    }
  }

  async #react(reaction: Exclude<Reaction, 'unreachable'>, timeout: number): Promise<Answer> {
    if (reaction === 'drop') throw new NoAnswer('silent')
    const { status = 200, body, cacheControl, delay = 0 } = typeof reaction === 'number' ? { status: reaction } : reaction === 'silent' ? { delay: timeout } : reaction
    if (delay > 0) await this.#clock.wait(Math.min(delay, timeout))
    if (delay >= timeout) throw new NoAnswer('silent')
    return { status, body: bytesOf(body), cacheControl }
  }

  async #read(path: string, method: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined): Promise<Received> {
    const text = Buffer.from(body ?? []).toString()
    const opened = headers['content-type'] === 'application/jose' ? await this.#open(text) : undefined
    const plain = opened === undefined ? text : Buffer.from(opened).toString()
    return { method, path, headers, body: json(plain), sealed: opened !== undefined }
  }

  #usual(name: string, { method, path, headers, body }: Received): Reaction {
    const set = method === 'GET' ? this.#published(name, path) : undefined
    if (set !== undefined) return { body: set }
    const key = headers['idempotency-key']
    const before = key === undefined ? undefined : this.#remembered.get(`${name} ${key}`)
    const reaction = before ?? { status: 201, body: answerOf(name, method, path, Buffer.from(JSON.stringify(body ?? null))) }
    if (key !== undefined) this.#remembered.set(`${name} ${key}`, reaction)
    return reaction
  }
}

function json(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
