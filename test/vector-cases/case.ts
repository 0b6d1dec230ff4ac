/** Members of a published object, of which nobody has said that they have the types they should. */
export type Fields = Readonly<Record<string, unknown>>

/** A case as it is published, without what says how it ends: its suite, the group's parameters and keys, and its own. */
export interface Case {
  /** Name of the suite's file, of its algorithm or of its schema, in lower case and without anything but letters and digits. */
  readonly suite: string
  readonly group: Fields
  readonly test: Fields
}

/** Why a case was not run. Its parameters alone decide that, never what comes out. */
export interface Skipped { readonly skipped: string }

/** What came out of a case that was accepted, or why it was not run. One that is refused throws. */
export type Outcome = Uint8Array | Skipped

/** Runs the cases of one family of suites. */
export type Run = (given: Case) => Outcome | Promise<Outcome>

export const skipped = (why: string): Skipped => ({ skipped: why })
export const notOffered = /* @__PURE__ */ skipped('algorithm not offered')

/** An accepted case that has nothing to show: a signature that holds. */
export const held = /* @__PURE__ */ Buffer.alloc(0)

/** A case that is refused. */
export const refused = (): never => { throw new Error('refused') }

/** The line holds no case of its suite: something is missing, or of another type. */
export class NotACase extends Error {}

const notACase = (): never => { throw new NotACase() }

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export const members = (fields: Fields, name: string): Fields => {
  const value = fields[name]
  return isFields(value) ? value : notACase()
}

export const text = (fields: Fields, name: string): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : notACase()
}

export const number = (fields: Fields, name: string): number => {
  const value = fields[name]
  return typeof value === 'number' ? value : notACase()
}

/** Of hex, which is how all bytes are published. */
export const bytes = (fields: Fields, name: string): Buffer => {
  const hex = text(fields, name)
  const decoded = Buffer.from(hex, 'hex')
  return decoded.length * 2 === hex.length ? decoded : notACase()
}

/** A token is text; some are published as the object that its JSON form is. */
export const asText = (token: unknown): string => typeof token === 'string' ? token : JSON.stringify(token) ?? notACase()
