import { partner, type Origins, type Published } from 'sallyport'
import { chooseKey, isName, longestName, readKeySet, type KeySet } from './key/set.ts'
import type { ReadersKey } from './public-key.ts'

export type { KeySet } from './key/set.ts'

/** Somebody's public keys for encryption, at an address of theirs. */
export interface KeySetAddress extends Published<'key-set', KeySet> {
  readonly kid?: string
  /** The key to seal to, for ways of sealing of which the first is liked best. */
  readonly choose: (set: KeySet, fitting: readonly ((key: ReadersKey) => boolean)[]) => ReadersKey | undefined
}

interface Options {
  readonly origin: Origins
  /** Segments of letters, digits and `-._~`. */
  readonly path?: `/${string}`
  /** The one key to seal to. Without it the first that fits: whoever publishes several keys for encryption opens by all of them, as in a rotation. */
  readonly kid?: string
}

/**
 * A JWK Set (RFC 7517 section 5) that a partner publishes: `jwe({ to: account('bank-keys', keySet({ origin: { prod: 'https://…' } })) })`.
 * It has no secret. The address stands in the definition and no answer leads elsewhere; it is asked without a credential, within
 * 5 seconds, and its answer has at most 64 KB and 64 keys. The answer is used as long as its `Cache-Control` says, 5 minutes
 * where it does not say and an hour at most, and up to a day while the address fails, if it does not forbid that. Throws a TypeError.
 */
export function keySet({ origin: given, path = '/.well-known/jwks.json', kid }: Options): KeySetAddress {
  const { origin } = partner('key-set', { origin: given })
  if (!/^(\/[\w.~-]+)+$/.test(path) || path.length > 256 || path.split('/').some((part) => /^\.+$/.test(part))) throw new TypeError('key-set account, path: write a path of plain segments, as /.well-known/jwks.json')
  if (kid !== undefined && !isName(kid)) throw new TypeError(`key-set account, kid: 1 to ${longestName} characters`)
  return {
    signIn: 'key-set', origin, path, ...kid !== undefined && { kid }, read: readKeySet,
    choose(set, fitting) {
      for (const fits of fitting) {
        const keys = set.keys.filter(fits)
        const key = kid === undefined ? keys[0] : chooseKey({ ...set, keys }, { kid })
        if (key !== undefined) return key
      }
      return undefined
    },
  }
}
