import type { Json } from './field.ts'

const mask = '***'

/** Masked whatever a realm says: what carries credentials in HTTP and in our own accounts. */
const always = [
  'authorization', 'proxyAuthorization', 'cookie', 'setCookie', 'password', 'passwd', 'passphrase', 'secret', 'secretKey', 'clientSecret',
  'token', 'accessToken', 'refreshToken', 'idToken', 'apiKey', 'xApiKey', 'privateKey', 'secretAccessKey', 'sessionToken',
]

/** `card_number`, `cardNumber` and `Card-Number` are one name. */
export const plainName = (name: string): string => name.replace(/[\s_.-]/g, '').toLowerCase()

/** What to do with a member by its name: show it, mask its value, or mask the name, which can be data too. */
type Showing = 'show' | 'mask' | 'rename'

/** A bounded memory of names: they come from senders. */
class Names {
  readonly #listed: ReadonlySet<string>
  readonly #known = new Map<string, Showing>()
  constructor(listed: Iterable<string>) {
    this.#listed = new Set([...listed].map(plainName))
  }
  of(name: string): Showing {
    let showing = this.#known.get(name)
    if (showing === undefined) {
      if (this.#known.size > 5_000) this.#known.clear()
      showing = this.#listed.has(plainName(name)) ? 'mask' : detect(name) === name ? 'show' : 'rename'
      this.#known.set(name, showing)
    }
    return showing
  }
}

/** Card numbers (13 to 19 digits that begin with 2 to 6 and pass Luhn, spaces and hyphens allowed), US social security numbers, and JWTs. */
const cards = /(?<![\d.])[2-6](?:[ -]?\d){12,18}(?!\d)/g
const socials = /(?<!\d)\d{3}[-. ]\d{2}[-. ]\d{4}(?!\d)/g
const tokens = /eyJ[\w-]{5,}(?:\.[\w-]*){1,4}/g

/** ISO/IEC 7812-1 annex B. */
export function luhn(text: string): boolean {
  let sum = 0
  let double = false
  for (let i = text.length - 1; i >= 0; i--) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) continue
    const weighted = double ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
    double = !double
  }
  return sum % 10 === 0
}

const detect = (text: string): string =>
  text.replace(cards, (found) => luhn(found) ? mask : found).replace(socials, mask).replace(tokens, mask)

/** Whether a text is worth a closer look: an assignment, the beginning of JSON or of a JWT, four digits close together. */
const telling = /[=:{[J]|\d[-. ]?\d[-. ]?\d[-. ]?\d/
/** What most lines hold and nothing can hide in. */
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/
const plain = (text: string): boolean => text.length < 5 || !telling.test(text) || text.length < 25 && moment.test(text)

/** What JSON writes otherwise than it is. */
// oxlint-disable-next-line no-control-regex
const special = /["\\\u0000-\u001f\ud800-\udfff]/

/** Objects and lists that one line may hold; what is beyond is masked. */
const most = 10_000

/** Values that a log must not show, each with its form inside JSON text. */
export type Known = Map<string, string>

export const knownOf = (values: unknown): Known => add(new Map(), values)

function add(known: Known, value: unknown): Known {
  if (typeof value === 'string') {
    if (value.length >= 6) known.set(value, special.test(value) ? JSON.stringify(value).slice(1, -1) : value)
  } else if (typeof value === 'number') add(known, String(value))
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) add(known, part)
  return known
}

/** In a query string, a header line or prose: `ssn=…`, `"ssn": …`, `Authorization: Bearer …`. */
const assignment = /([^\s=:&?;,"'{}()[\]]{1,64})("?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|[^&,;\r\n"}\]]+)/g

/**
 * What stands between a pipeline and its log: masks by name at any depth, then what stood under a sensitive name or was
 * loaded as a secret in this invocation wherever it comes again, then what looks like a card number, an SSN or a token.
 */
export class Redactor {
  readonly #names: Names
  readonly #values: Known = new Map()
  #left = most
  /** What was loaded before and is shared by many invocations. */
  #shared: readonly Known[] = []
  /** One per pipeline; `forInvocation` gives each run values of its own. */
  constructor(names: Iterable<string> | Names) {
    this.#names = names instanceof Names ? names : new Names([...always, ...names])
  }
  forInvocation(): Redactor {
    return new Redactor(this.#names)
  }

  /** Meets a name with its value as it is read, and remembers the value if the name is sensitive. */
  readonly meet = (name: string, value: Json): void => {
    if (this.#names.of(name) === 'mask') this.learn(value)
  }

  /** Remembers a value and, of a structure, every value in it. Under six characters only names can mask. */
  learn(value: unknown): void {
    add(this.#values, value)
  }

  know(values: Known): void {
    if (!this.#shared.includes(values)) this.#shared = [...this.#shared, values]
  }

  /**
   * One log line as JSON, redacted. `own` holds the runtime's words and counts, and no field can stand in their place.
   * What cannot be read, such as a getter that throws, is left out whole: its words may quote a value.
   */
  line(fields: Readonly<Record<string, unknown>>, own?: Readonly<Record<string, unknown>>): string {
    try {
      this.#left = most
      const shown = this.#show(fields, 0) as Record<string, unknown>
      const named: Record<string, unknown> = own === undefined ? shown : { ...own, ...shown }
      for (const name in own) named[name] = own[name]
      const text = JSON.stringify(named)
      return this.#met(text) ? JSON.stringify(this.#withoutValues(named)) : text
    } catch {
      return JSON.stringify({ ...own, unprintable: true })
    }
  }

  /** Free text, redacted. */
  text(text: string): string {
    return this.#withoutValue(plain(text) ? text : this.#look(text))
  }

  /** By name and by shape. Copy on write: what holds nothing sensitive is shared. */
  #show(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return plain(value) ? value : this.#look(value)
    if (typeof value === 'number') return value > 1e11 && detect(String(value)) === mask ? mask : value
    if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
    // Bounded in depth and in all: what refers to itself twice would double at every level.
    if (depth > 64 || --this.#left < 0) return mask
    if (Array.isArray(value)) {
      let list: unknown[] | undefined
      for (let i = 0; i < value.length; i++) {
        const shown = this.#show(value[i], depth + 1)
        if (shown !== value[i]) (list ??= [...value as unknown[]])[i] = shown
      }
      return list ?? value
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      if (value instanceof Error) return about(value)
      if (value instanceof Uint8Array) return `[${value.length} bytes]`
      if (value instanceof Map || value instanceof Set) return `[${value.constructor.name} of ${value.size}]`
    }
    const members = value as Readonly<Record<string, unknown>>
    let copy: Record<string, unknown> | undefined
    for (const name in members) {
      const member = members[name]
      const showing = this.#names.of(name)
      // Most members are short text, numbers or flags under a name that may be shown.
      if (showing === 'show' && (typeof member === 'string' ? plain(member) : typeof member === 'boolean' || typeof member === 'number' && member <= 1e11)) continue
      const shown = showing === 'mask' ? member === undefined || member === null ? member : mask : this.#show(member, depth + 1)
      if (shown === member && showing !== 'rename') continue
      copy ??= { ...members }
      if (showing === 'rename') delete copy[name]
      copy[showing === 'rename' ? detect(name) : name] = shown
    }
    return copy ?? value
  }

  /** JSON inside a string, names with values in a query string or header line, and shapes. */
  #look(given: string): string {
    const looked = this.#looked(given)
    // A shape that is masked within a value that was met would leave the rest of it.
    const text = looked === given ? given : this.#withoutValue(given)
    return text === given ? looked : this.#looked(text)
  }

  #looked(text: string): string {
    const first = text.charCodeAt(0)
    if ((first === 0x7b || first === 0x5b) && text.length < 1_000_000) {
      try {
        const inner: unknown = JSON.parse(text)
        const shown = this.#show(inner, 1)
        return shown === inner ? text : JSON.stringify(shown)
      } catch {
        // Not JSON after all: read as text below.
      }
    }
    return detect(text.replace(assignment, (whole, name: string, sign: string) => this.#names.of(name) === 'mask' || this.#names.of(name.slice(name.lastIndexOf('.') + 1)) === 'mask' ? name + sign + mask : whole))
  }

  /** Whether a value that was met stands in a line. */
  #met(text: string): boolean {
    for (const escaped of this.#values.values()) if (text.includes(escaped)) return true
    for (const known of this.#shared) for (const escaped of known.values()) if (text.includes(escaped)) return true
    return false
  }

  #withoutValues(value: unknown): unknown {
    if (typeof value === 'string') return this.#withoutValue(value)
    if (typeof value === 'number') return [this.#values, ...this.#shared].some((known) => known.has(String(value))) ? mask : value
    if (Array.isArray(value)) return value.map((item) => this.#withoutValues(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [this.#withoutValue(name), this.#withoutValues(member)]))
  }

  #withoutValue(text: string): string {
    let masked = text
    for (const known of [this.#values, ...this.#shared]) for (const value of known.keys()) if (masked.includes(value)) masked = masked.replaceAll(value, mask)
    return masked
  }
}

/** Of an error only what cannot quote a value: its kind, our code, and where it was thrown. */
export function about(error: Error): { error: string; code?: string; at?: string[] } {
  const code = (error as { code?: unknown }).code
  const { stack, message } = error
  // Behind the message alone: a line of it could look like a frame.
  const behind = typeof stack === 'string' && stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : ''
  const frames = behind.split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 5).map((line) => line.trim())
  return { error: error.constructor.name, ...typeof code === 'string' && /^[A-Z][A-Z_]{2,40}$/.test(code) && { code }, ...frames.length > 0 && { at: frames } }
}
