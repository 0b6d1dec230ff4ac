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
  /** Of bytes at once, or piece by piece, which is what files take. `under`: a version of a key of ours; of a shared key how many changes back. */
  readonly digest: { readonly of: (bytes: Uint8Array, io: Io, under?: number) => Promise<Uint8Array> } | { readonly start: (io: Io, under?: number) => Running | Promise<Running> }
  /** The version of a key of ours: it stands before the digest. */
  readonly version?: ((io: Io) => Promise<number>) | undefined
  /** How many keys a shared one had before. */
  readonly former?: ((io: Io) => Promise<number>) | undefined
}

/** A hasher that is fast and has no salt. A digest does not say how it was made, so that only this one's verify. */
export function digesting<Name extends string>({ hash, keyed, config, needs = [], output = 'hex', digest, version, former }: Parts<Name>): Hasher<Name> {
  if (!['hex', 'base64', 'base64url'].includes(output)) throw new TypeError(`${hash}, output: write hex, base64 or base64url`)
  const text = (bytes: Uint8Array, under: number | undefined): string => `${version === undefined ? '' : `${under}.`}${Buffer.from(bytes).toString(output)}`
  const runUnder = async (bytes: Uint8Array, io: Io, under: number | undefined): Promise<string> => {
    if ('of' in digest) return text(await digest.of(bytes, io, under), under)
    const running = await digest.start(io, under)
    running.update(bytes)
    return text(running.digest(), under)
  }
  const run = async (bytes: Uint8Array, io: Io): Promise<string> => runUnder(bytes, io, await version?.(io))
  return made({
    hash, keyed, config: { ...config, output }, needs, run,
    runFile: 'of' in digest ? undefined : async (path, io) => {
      const under = await version?.(io)
      return text(await readThrough(path, await digest.start(io, under), io), under)
    },
    async verify(bytes, given, io) {
      const written = await version?.(io) ?? 0
      const stored = Buffer.from(output === 'hex' ? given.toLowerCase() : given)
      // A digest under a key of ours says the version; one under a shared key may be of each that the account holds.
      const first = version === undefined ? 0 : Number(/^([1-9]\d{0,5})\./.exec(given)?.[1] ?? written)
      const last = first + (await former?.(io) ?? 0)
      for (let under = first; under <= last; under++) {
        const right = Buffer.from(await runUnder(bytes, io, under))
        if (right.length === stored.length && timingSafeEqual(right, stored)) return { matches: true, rehash: under !== written }
      }
      return { matches: false, rehash: false }
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
