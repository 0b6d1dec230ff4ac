import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'

/** Sizes of a shared key, in bits. */
export type KeyBits = 128 | 192 | 256 | 384 | 512

/**
 * A symmetric key, shared with a partner. The secret: `{"secretKey": "…"}` in base64url without padding, or with
 * `"encoding"` beside it: `hex`, `base64`, `base64url` or `utf8` (the bytes of the text are the key). With a change of the
 * key `"previous": ["…"]` holds up to eight others, the one that comes, five minutes before it is the first, and those that were:
 * what they sealed still opens, what they signed holds,
 * and what they hashed is verified; not by the modes of `ciphers/legacy` that are not authenticated, where nothing says which it was.
 */
export interface SecretKey<Bits extends KeyBits = 256> extends Material<'secret-key', KeyObject> {
  readonly bits: Bits
}

const sizes: readonly number[] = [128, 192, 256, 384, 512] satisfies readonly KeyBits[]

/** A shared key of exactly so many bits. Throws a TypeError for a size that no algorithm here takes. */
export function secretKey<const Bits extends KeyBits = 256>({ bits = 256 as Bits }: { readonly bits?: Bits } = {}): SecretKey<Bits> {
  if (!sizes.includes(bits)) throw new TypeError('secret-key account, bits: write 128, 192, 256, 384 or 512')
  return { signIn: 'secret-key', bits, read: (secret) => read(secret, bits) }
}

function read(secret: string, bits: KeyBits): KeyObject {
  const { previous = [], ...given } = JSON.parse(secret) as { readonly previous?: unknown }
  const texts = Array.isArray(previous) && previous.length <= 8 ? previous as readonly unknown[] : [undefined]
  const [key, ...older] = [secret, ...texts.map((secretKey) => JSON.stringify({ ...given, secretKey }))].map(keyBytes).map((bytes) => one(bytes, bits)) as [KeyObject, ...KeyObject[]]
  former.set(key, older)
  return key
}

const former = new WeakMap<KeyObject, readonly KeyObject[]>()
/** A shared key and those that it had before, the newest first: for what can tell by the text which of them sealed it. */
export const keysOf = (key: KeyObject): readonly [KeyObject, ...KeyObject[]] => [key, ...former.get(key) ?? []]

function one(bytes: Buffer | undefined, bits: KeyBits): KeyObject {
  if (bytes?.length !== bits / 8) throw new TypeError(`secret-key account: {"secretKey": ${bits / 8} bytes in base64url}, or with "encoding": hex, base64, base64url or utf8`)
  return createSecretKey(bytes)
}

/** What the decoders of Node pass over is told by the alphabet. */
const alphabets: Readonly<Record<string, RegExp>> = {
  base64url: /^[A-Za-z0-9_-]*$/,
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  hex: /^(?:[0-9a-fA-F]{2})*$/,
  utf8: /^/,
}

/** The bytes of `{"secretKey", "encoding"}`; undefined where the text is not in its encoding. */
export function keyBytes(secret: string): Buffer | undefined {
  const { secretKey, encoding = 'base64url' } = JSON.parse(secret) as { secretKey?: unknown; encoding?: unknown }
  if (typeof secretKey !== 'string' || typeof encoding !== 'string' || !Object.hasOwn(alphabets, encoding) || alphabets[encoding]?.test(secretKey) !== true) return undefined
  // A single character of base64url behind whole groups holds no byte.
  return encoding === 'base64url' && secretKey.length % 4 === 1 ? undefined : Buffer.from(secretKey, encoding as BufferEncoding)
}
