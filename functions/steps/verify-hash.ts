import { Fault, textAt, type KeyPath, type Normalizer, type OncePath, type Step } from 'sallyport'
import type { Hasher, Verdict } from '../hashes/hasher.ts'

interface Options<T, Into extends string> {
  /** The field with the plain value; every payload has it. */
  readonly value: KeyPath<T>
  /** The field with the stored hash; every payload has it. */
  readonly hash: OncePath<T>
  /** How it was hashed. A password hash of the same family with other settings is verified with its own, within the ceilings. */
  readonly by: Hasher
  /** How the value is brought to one spelling, as it was when it was hashed. */
  readonly normalize?: Normalizer
  /** A new field for what comes out; without it, a mismatch ends the pipeline. */
  readonly into?: Into
}

/**
 * Whether a value is the one that was hashed, compared in constant time; the payload passes through, with `into` holding
 * `{ matches, rehash }`. Throws HASH_MISMATCH with the value's path, and not where there is an `into`; PAYLOAD_INVALID for a
 * value that the hasher does not take, and with the hash's path for a text that is no hash of its family or costs more than is done here.
 */
export const verifyHash = <T, const Into extends string = never>({ value, hash, by, normalize, into }: Options<T, Into>): Step<T, [Into] extends [never] ? T : T & { readonly [Name in Into]: Verdict }> => {
  if (into !== undefined && !/^[A-Za-z]\w{0,63}$/.test(into)) throw new TypeError('verifyHash, into: write the name of a new field, letters and digits')
  const [field, stored] = [value, hash] as string[] as [string, string]
  return {
    kind: 'verify-hash',
    config: { value, hash, by: by.config, normalize, into },
    needs: by.needs,
    async run(payload, io) {
      const text = textAt(payload, field)
      const verdict = await by.verify(Buffer.from(normalize?.run(text) ?? text), textAt(payload, stored), io, { field })
      if (verdict === undefined) throw new Fault('PAYLOAD_INVALID', [stored])
      if (into === undefined && !verdict.matches) throw new Fault('HASH_MISMATCH', [field])
      return (into === undefined ? payload : { ...payload, [into]: verdict }) as never
    },
  }
}
