import { createHash } from 'node:crypto'
import type { Value } from './mark.ts'
import { stripped, views, type View } from './views.ts'

/** How a value stands somewhere, the worst first. */
export const statuses = ['READABLE', 'sealed', 'digest', 'absent'] as const
export type Status = (typeof statuses)[number]

/** A value in a content: as what, and in which encoding. */
export interface Sighting {
  readonly status: Exclude<Status, 'absent'>
  readonly how: string
}

/** What was made of a value on purpose: the text of a keyed digest, or the bytes that a cipher gave. */
export interface Made {
  readonly digests: ReadonlyMap<string, string>
  readonly sealed: readonly Buffer[]
}
export const nothing: Made = { digests: new Map(), sealed: [] }

const digitsOf = (text: string): string => text.replaceAll(/\D+/g, '')
const quoted = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]/gu, (c) => String.raw`\u{${c.codePointAt(0)?.toString(16)}}`)

/** From so many letters and digits on a value is found wherever they stand in order; a shorter one as a whole word. */
const long = 8
/** Parts of a value that are looked for one by one. */
const part = 4

/** Bytes of a sealed text that are too few to be told from others. */
const fewest = 6

/** A mark, and all forms in which it is looked for. */
export class Sought {
  readonly value: Value
  readonly #text: string
  readonly #stripped: string
  readonly #digits: string
  readonly #word: RegExp
  readonly #hashes: readonly Hash[]
  readonly #cuts: readonly (readonly [string, string])[] = []

  constructor(value: Value) {
    this.value = value
    this.#text = String(value)
    this.#stripped = stripped(this.#text)
    this.#digits = digitsOf(this.#text)
    const forms = [...new Set([this.#text, this.#stripped])].map(quoted).join('|')
    this.#word = new RegExp(String.raw`(?<![\p{L}\p{N}]|\d\.)(?:${forms})(?![\p{L}\p{N}])`, 'iu')
    this.#hashes = [...hashes(new Set([this.#text, this.#text.toLowerCase(), this.#stripped, this.#digits]))]
    const letters = Array.from(this.#stripped)
    if (letters.length >= long) {
      this.#cuts = letters.slice(part, letters.length - part + 1).map((_, i) => [letters.slice(0, part + i).join(''), letters.slice(part + i).join('')])
    }
  }

  /** Whether it can be told from other text at all. */
  get isTelling(): boolean {
    return this.#stripped.length >= 3
  }

  /** In whichever ways it stands in a content: each status once, with the plainest encoding. */
  in(content: string | Uint8Array, { digests, sealed }: Made = nothing): Sighting[] {
    return this.among(views(content), { digests, sealed })
  }

  /** The same of views that were read before. */
  among(all: Iterable<View>, { digests, sealed }: Made = nothing): Sighting[] {
    const found = new Map<Status, Sighting>()
    const note = (status: Sighting['status'], how: readonly string[]): void => {
      if (!found.has(status)) found.set(status, { status, how: how.join(' in ') })
    }
    const large = sealed.filter(({ length }) => length >= fewest)
    for (const { text, simple, bytes, how, joined } of all) {
      // Innermost first, as one would say it: base64 in JSON.
      const order = [...how].reverse()
      if (joined) {
        if (this.#stripped.length >= long && simple.includes(this.#stripped)) note('READABLE', order)
        continue
      }
      if (this.stands(text, simple)) note('READABLE', order)
      else if (this.#digits.length > long && digitsOf(text).includes(this.#digits)) note('READABLE', ['in neighbouring digits', ...order])
      const hashed = this.#hashed(text)
      if (hashed !== undefined) note('READABLE', [`digest without a key (${hashed})`, ...order])
      for (const [digest, purpose] of digests) if (text.includes(digest)) note('digest', [`keyed digest (${purpose})`, ...order])
      if (bytes !== undefined) for (const each of large) if (bytes.includes(each)) note('sealed', order)
    }
    return [...found.values()]
  }

  /** Which parts stand in a view by themselves. */
  parts({ text, simple, joined }: View): Set<string> {
    const found = new Set<string>()
    if (this.#cuts.length === 0 || joined || text.length > 200_000) return found
    for (const cut of this.#cuts) for (const each of cut) if (simple.includes(each) && alone(text, each)) found.add(each)
    return found
  }

  /** Whether two of these parts make it whole. */
  isWhole(found: ReadonlySet<string>): boolean {
    return this.#cuts.some(([head, tail]) => found.has(head) && found.has(tail))
  }

  /** Whether it stands in a text as it is, or with other separators. */
  stands(text: string, simple = stripped(text)): boolean {
    if (this.#stripped.length < long) return this.#word.test(text)
    return text.includes(this.#text) || simple.includes(this.#stripped)
  }

  /** The name of a digest that anybody can compute, if there is one. */
  #hashed(text: string): string | undefined {
    if (text.length < 16) return undefined
    const lower = text.toLowerCase()
    return this.#hashes.find(([, digest, hex]) => (hex ? lower : text).includes(digest))?.[0]
  }
}

/** Whether a part stands in a text with nothing of its kind around it, whatever separates its characters. */
function alone(text: string, each: string): boolean {
  const spaced = Array.from(each).map(quoted).join(String.raw`[^\p{L}\p{N}]{0,3}`)
  const kind = (c: string): string => /\p{Nd}/u.test(c) ? String.raw`\p{Nd}` : String.raw`\p{L}`
  return new RegExp(`(?<!${kind(each[0] ?? '')})${spaced}(?!${kind(each.at(-1) ?? '')})`, 'iu').test(text)
}

/** The algorithm, the digest in one of its forms, and whether that is hex. */
type Hash = readonly [algorithm: string, digest: string, hex: boolean]

function* hashes(texts: ReadonlySet<string>): Generator<Hash> {
  for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512']) {
    for (const text of texts) {
      if (text.length < 3) continue
      const digest = createHash(algorithm).update(text).digest()
      const name = algorithm.toUpperCase().replace(/^SHA/, 'SHA-')
      yield [name, digest.toString('hex'), true]
      for (const form of [digest.toString('base64').replaceAll('=', ''), digest.toString('base64url'), digest.toString('latin1')]) yield [name, form, false]
    }
  }
}
