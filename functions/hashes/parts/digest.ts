import { timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Fault, isFault, type Io, type Need } from 'sallyport'
import type { Hasher } from '../hasher.ts'
import { made } from './made.ts'

/** How a digest is written: hex in lower case, base64 with padding, base64url without. */
export type Output = 'hex' | 'base64' | 'base64url'

/** A digest that is being computed: a Hash or Hmac of node:crypto. */
interface Running {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: () => Uint8Array
}

interface Parts<Name extends string> {
  readonly hash: Name
  readonly keyed: boolean
  readonly config: object
  readonly needs?: readonly Need[]
  readonly output: Output | undefined
  /** Of bytes at once, or piece by piece, which is what files take. */
  readonly digest: { readonly of: (bytes: Uint8Array, io: Io) => Promise<Uint8Array> } | { readonly start: (io: Io) => Running | Promise<Running> }
}

/** A hasher that is fast and has no salt. A digest does not say how it was made, so that only this one's verify. */
export function digesting<Name extends string>({ hash, keyed, config, needs = [], output = 'hex', digest }: Parts<Name>): Hasher<Name> {
  if (!['hex', 'base64', 'base64url'].includes(output)) throw new TypeError(`${hash}, output: write hex, base64 or base64url`)
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString(output)
  const run = async (bytes: Uint8Array, io: Io): Promise<string> => {
    if ('of' in digest) return text(await digest.of(bytes, io))
    const running = await digest.start(io)
    running.update(bytes)
    return text(running.digest())
  }
  return made({
    hash, keyed, config: { ...config, output }, needs, run,
    runFile: 'of' in digest ? undefined : async (path, io) => text(await readThrough(path, await digest.start(io), io)),
    async verify(bytes, given, io) {
      const right = Buffer.from(await run(bytes, io))
      const stored = Buffer.from(output === 'hex' ? given.toLowerCase() : given)
      return { matches: right.length === stored.length && timingSafeEqual(right, stored), rehash: false }
    },
  })
}

async function readThrough(path: string, running: Running, io: Io): Promise<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) {
      if (io.now() >= io.deadline) throw new Fault('OUT_OF_TIME')
      running.update(chunk as Buffer)
    }
    return running.digest()
  } catch (error) {
    // What the file system says quotes the path.
    throw isFault(error) ? error : new Fault('STEP_FAILED')
  }
}

/** The name of an algorithm in node:crypto. Throws a TypeError that lists the names for one that is not of the table. */
export function known<Name extends string>(hash: string, names: Readonly<Record<Name, string>>, algorithm: Name): string {
  if (!Object.hasOwn(names, algorithm)) throw new TypeError(`${hash}, algorithm: write ${Object.keys(names).join(', ').replace(/, ([^,]*)$/, ' or $1')}`)
  return names[algorithm]
}
