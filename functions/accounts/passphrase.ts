import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Material } from 'sallyport'

/** Words from which a key is derived: for `pbe`. */
export type Passphrase = Material<'passphrase', KeyObject>

/**
 * A passphrase, shared with a partner. The secret: `{"passphrase": "…"}`, 12 to 1,024 characters, no control characters; its
 * key is its UTF-8 in the normal form NFC (RFC 8265 section 4.2). Whoever has what it sealed can try passphrases at leisure:
 * let a generator make it, six words of a list of 7,776 or 16 random characters.
 */
export const passphrase = (): Passphrase => ({ signIn: 'passphrase', read })

function read(secret: string): KeyObject {
  const { passphrase: text } = JSON.parse(secret) as { passphrase?: unknown }
  // oxlint-disable-next-line no-control-regex
  if (typeof text !== 'string' || !/^[^\u0000-\u001f\u007f]{12,1024}$/u.test(text) || !text.isWellFormed()) throw new TypeError('passphrase account: {"passphrase": 12 to 1024 characters, no control characters}')
  return createSecretKey(Buffer.from(text.normalize('NFC')))
}
