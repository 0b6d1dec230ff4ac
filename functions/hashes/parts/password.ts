import { timingSafeEqual } from 'node:crypto'
import { Fault, type Where } from 'sallyport'
import type { Hasher } from '../hasher.ts'
import { inTurn } from './in-turn.ts'
import { made } from './made.ts'

/** Values of one payload that are hashed slowly: together they end within the time of a message. */
const most = 10
/** Bytes of a password. What is longer is a document, and a fast hash is for it. */
const longestPassword = 4_096
/** Characters of a stored hash. */
const longestStored = 512

/** A stored hash that was read: how to compute its tag from a password. Its cost is within the ceilings. */
export interface Stored {
  readonly tag: Uint8Array
  /** It was made with other settings than are asked for. */
  readonly due: boolean
  readonly derive: (bytes: Uint8Array) => Promise<Uint8Array>
}

interface Parts<Name extends string> {
  readonly hash: Name
  readonly config: object
  readonly salted?: boolean
  /** Bytes that it reads of a password: more are an error. */
  readonly longest?: number
  /** Whether it makes a hash of these bytes; what others made of them is verified. */
  readonly takes?: (bytes: Uint8Array) => boolean
  /** The text to be stored. */
  readonly make: (bytes: Uint8Array) => Promise<string>
  /** Undefined: not of this family, or beyond its ceilings. No work is done before. */
  readonly read: (text: string) => Stored | undefined
}

/** A hasher that is slow on purpose. */
export function hardening<Name extends string>({ hash, config, salted = true, longest = longestPassword, takes = () => true, make, read }: Parts<Name>): Hasher<Name> {
  const refuseUnless = (fits: boolean, where: Where | undefined): void => {
    if (!fits) throw new Fault('PAYLOAD_INVALID', [where?.field ?? '$'])
  }
  return made({
    hash, keyed: false, config: { salted, ...config }, needs: [], most,
    async run(bytes, io, where) {
      refuseUnless(bytes.length <= longest && takes(bytes), where)
      return inTurn(io, () => make(bytes))
    },
    async verify(bytes, text, io, where) {
      const stored = text.length > longestStored ? undefined : read(text)
      if (stored === undefined) return undefined
      refuseUnless(bytes.length <= longest, where)
      const tag = await inTurn(io, () => stored.derive(bytes))
      const matches = tag.length === stored.tag.length && timingSafeEqual(tag, stored.tag)
      return { matches, rehash: matches && stored.due }
    },
  })
}

/** A whole number within limits, by its option. Throws a TypeError. */
export function within(option: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) throw new TypeError(`${option}: write a whole number from ${least} to ${most}`)
}
