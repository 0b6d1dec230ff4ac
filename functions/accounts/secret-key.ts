import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'

/** A symmetric key of 256 bits, shared with a partner. The secret: `{"secretKey": 43 characters of base64url}`. */
export type SecretKey = Material<'secret-key', KeyObject>

export const secretKey = (): SecretKey => ({ signIn: 'secret-key', read })

function read(secret: string): KeyObject {
  const { secretKey } = JSON.parse(secret) as { secretKey?: unknown }
  if (typeof secretKey !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(secretKey)) throw new TypeError('secret-key account: {"secretKey": 32 bytes as 43 characters of base64url}')
  return createSecretKey(secretKey, 'base64url')
}
