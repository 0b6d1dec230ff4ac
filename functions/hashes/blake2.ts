import { blake2b as computeB, blake2s as computeS } from 'hash-wasm'
import { Fault } from 'sallyport'
import { digesting, type Output } from './parts/digest.ts'
import { formerOf, macKey, macKeyNeeds, refuseNoKey, versionOf, type MacKey } from './parts/mac-key.ts'
import type { Hasher } from './hasher.ts'

interface Options {
  /** Keyed as RFC 7693 section 2.9 does it, with a key of up to 64 bytes (blake2b) or 32 (blake2s). */
  readonly key?: MacKey
  /** Length of the digest: a multiple of 8. */
  readonly bits?: number
  readonly output?: Output
}

/** BLAKE2b (RFC 7693): 128 to 512 bits, 512 unless said otherwise. Without a key it is for what has too many values to try. */
export const blake2b = (options: Options = {}): Hasher<'blake2b'> => blake2('blake2b', 512, computeB, options)
/** BLAKE2s (RFC 7693): 128 to 256 bits, 256 unless said otherwise. Without a key it is for what has too many values to try. */
export const blake2s = (options: Options = {}): Hasher<'blake2s'> => blake2('blake2s', 256, computeS, options)

/** On hash-wasm: node:crypto has BLAKE2 with neither a key nor another length. */
function blake2<Name extends string>(hash: Name, most: number, compute: typeof computeB, { key, bits = most, output }: Options): Hasher<Name> {
  if (!(Number.isInteger(bits) && bits >= 128 && bits <= most && bits % 8 === 0)) throw new TypeError(`${hash}, bits: write a multiple of 8 from 128 to ${most}`)
  if (key !== undefined) refuseNoKey(hash, key)
  return digesting({
    hash, keyed: key !== undefined, config: { key, bits }, needs: key === undefined ? [] : macKeyNeeds(key), output, version: versionOf(key, `${hash} ${bits}`), former: formerOf(key),
    digest: {
      async of(bytes, io, under) {
        const secret = key === undefined ? undefined : (await macKey(key, io, `${hash} ${bits}`, under)).export()
        if (secret !== undefined && secret.length > most / 8) throw new Fault('ACCOUNT_UNAVAILABLE')
        return Buffer.from(await compute(bytes, bits, secret), 'hex')
      },
    },
  })
}
