import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'
import { keyBytes } from '../accounts/secret-key.ts'
import type { Hasher } from './hasher.ts'
import { digesting, type Output } from './parts/digest.ts'
import { formerOf, macKey, macKeyNeeds, refuseNoKey, versionOf, type MacKey } from './parts/mac-key.ts'

interface Unkeyed { readonly output?: Output }

/** MD5 (RFC 1321), 16 bytes: two inputs of one digest are made in seconds. Only to compare with what others made long ago. */
export const md5 = ({ output }: Unkeyed = {}): Hasher<'md5'> =>
  digesting({ hash: 'md5', keyed: false, config: {}, output, digest: { start: () => createHash('md5') } })

/** SHA-1 (FIPS 180-4), 20 bytes: two inputs of one digest can be bought. Only to compare with what others made long ago. */
export const sha1 = ({ output }: Unkeyed = {}): Hasher<'sha1'> =>
  digesting({ hash: 'sha1', keyed: false, config: {}, output, digest: { start: () => createHash('sha1') } })

/** HMAC with SHA-1 (RFC 2202), 20 bytes, for a partner that has nothing newer: the collisions of SHA-1 do not reach it. */
export function hmacSha1({ key, output }: { readonly key: MacKey; readonly output?: Output }): Hasher<'hmac-sha-1'> {
  refuseNoKey('hmacSha1', key)
  return digesting({
    hash: 'hmac-sha-1', keyed: true, config: { key }, needs: macKeyNeeds(key), output, version: versionOf(key, 'hmac sha-1'), former: formerOf(key),
    digest: { start: async (io, under) => createHmac('sha1', await macKey(key, io, 'hmac sha-1', under)) },
  })
}

/** What `shortKey` gives. */
export type ShortKey = Material<'short-key', KeyObject>

/**
 * A shared key of 1 to 128 bytes, for partners whose HMAC key has no size of `secretKey`: some platforms take one of
 * five bytes, which can be tried through in a day. The secret: as that of `secretKey`, with `"encoding"`.
 */
export const shortKey = (): ShortKey => ({ signIn: 'short-key', read: readShort })

function readShort(secret: string): KeyObject {
  const bytes = keyBytes(secret)
  if (bytes === undefined || bytes.length < 1 || bytes.length > 128) throw new TypeError('short-key account: {"secretKey": 1 to 128 bytes in base64url}, or with "encoding": hex, base64, base64url or utf8')
  return createSecretKey(bytes)
}
