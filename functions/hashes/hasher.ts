import type { Io, Need, Normalizer, Where } from 'sallyport'

/** What `verifyHash` says of a value and a stored hash. */
export interface Verdict {
  readonly matches: boolean
  /** It matches, and was made with other settings than are asked for today: hash the value anew and store that. */
  readonly rehash: boolean
}

/** What is hashed: text fields, in one spelling; a file of the working folder, into a new field; with neither the whole payload. */
export interface Hashing {
  readonly fields?: readonly string[] | undefined
  readonly normalize?: Normalizer | undefined
  readonly file?: string | undefined
  readonly into?: string | undefined
}

/** A way to hash bytes: a value, made by a function of this folder. */
export interface Hasher<Name extends string = string> {
  readonly hash: Name
  /** Whether nobody can compute it without a key. What has few possible values must not be hashed without one. */
  readonly keyed: boolean
  /** What may be shown of it: its name, `keyed`, its options. `salted`: slowly, and each value with a random salt of its own. */
  readonly config: object
  readonly needs: readonly Need[]
  /** Throws PAYLOAD_INVALID, with the path, for bytes that it does not take; ACCOUNT_UNAVAILABLE; OUT_OF_TIME. */
  readonly run: (bytes: Uint8Array, io: Io, where?: Where) => Promise<string>
  /** In constant time. Undefined: the text is no hash of this kind, or one that costs more than is done here. */
  readonly verify: (bytes: Uint8Array, text: string, io: Io, where?: Where) => Promise<Verdict | undefined>
  /** The file at an absolute path, in constant memory. Throws OUT_OF_TIME; STEP_FAILED where there is none. */
  readonly runFile?: ((path: string, io: Io) => Promise<string>) | undefined
  /**
   * What the step `hash` does: a payload with what is named in it hashed, or `{ hash }` of the whole. Here, so that only pipelines
   * with a hasher bundle it. Throws a TypeError for a definition that cannot be.
   */
  readonly replace: (what: Hashing) => (payload: unknown, io: Io) => Promise<unknown>
}
