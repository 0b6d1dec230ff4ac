import { readJson, type Kept } from 'sallyport'
import { publicKey, type ReadersKey } from '../public-key.ts'

/** The readers' keys of a JWK Set, and how long the set may be used: at most an hour, and a day while its address does not answer. */
export interface KeySet extends Kept {
  readonly keys: readonly ReadersKey[]
}

/** Seconds for which a set may be used after it was fresh, while its address does not answer: a day. */
const longestStale = 86_400
/** Characters of a name. */
export const longestName = 128
export const isName = (kid: unknown): kid is string => typeof kid === 'string' && kid.length > 0 && kid.length <= longestName
/** Bytes of a set. */
const largest = 65_536
/** Seconds for which a set is fresh at most. */
const longest = 3_600
/** Keys of a set, of which more are not looked at. */
const most = 64

/**
 * A JWK Set (RFC 7517 section 5) as it was answered: of its keys those to which we would seal, with a `kid` that no other
 * has. Keys of other kinds, weak ones and those for signatures are passed over, as section 5 wants it. `cacheControl` is
 * the header of the answer (RFC 9111 section 5.2.2). Throws a TypeError where it is no set, over 64 KB, or holds a key that is not public.
 */
export function readKeySet(bytes: Uint8Array, cacheControl = ''): KeySet {
  const given = members(bytes)
  const named = new Map<string, ReadersKey | undefined>()
  for (const { kid, key } of given.map(read)) {
    if (kid === undefined) continue
    // Two keys of one name: nobody can say which is meant.
    named.set(kid, named.has(kid) ? undefined : key)
  }
  return { keys: [...named.values()].filter((key) => key !== undefined), ...lifetime(cacheControl) }
}

/** The key of this name; without a name the only one there is of a type. Undefined where there is none, or several. */
export function chooseKey({ keys }: KeySet, wanted: { readonly kid?: string; readonly type?: ReadersKey['type'] } = {}): ReadersKey | undefined {
  const [only, ...others] = keys.filter(({ kid, type }) => (wanted.kid ?? kid) === kid && (wanted.type ?? type) === type)
  return others.length === 0 ? only : undefined
}

type Jwk = Readonly<Record<string, unknown>>

function members(bytes: Uint8Array): readonly Jwk[] {
  try {
    const { keys } = (bytes.length <= largest ? readJson(bytes) : {}) as { keys?: unknown }
    if (Array.isArray(keys) && keys.length <= most && keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))) return keys as Jwk[]
  } catch {
    // What the reader says of it is for a sender.
  }
  throw new TypeError(`key-set account: the address answers with a JWK Set of at most ${largest} bytes and ${most} keys`)
}

const reader = publicKey()

function read(jwk: Jwk): { readonly kid?: string; readonly key?: ReadersKey | undefined } {
  if ('d' in jwk || 'k' in jwk) throw new TypeError('key-set account: a key of the set is not public, and so is no secret any more; tell its owner')
  const { kid } = jwk
  if (!isName(kid)) return {}
  try {
    return { kid, key: publicKeyOf(jwk) }
  } catch {
    return { kid, key: undefined }
  }
}

const publicKeyOf = (jwk: Jwk): ReadersKey => reader.read(JSON.stringify({ publicKey: jwk }))

/** Seconds by `max-age`, none by `no-store` or `no-cache`; without a word five minutes. What must be validated anew is not used when it is stale. */
function lifetime(cacheControl: string): Kept {
  const words = cacheControl.toLowerCase().split(',').map((word) => word.trim())
  if (words.includes('no-store') || words.includes('no-cache')) return { fresh: 0, stale: 0 }
  const age = words.map((word) => /^max-age="?(\d{1,10})"?$/.exec(word)?.[1]).find((seconds) => seconds !== undefined)
  return { fresh: Math.min(age === undefined ? 300 : Number(age), longest), stale: words.includes('must-revalidate') ? 0 : longestStale }
}
