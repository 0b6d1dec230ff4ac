import { randomBytes } from 'node:crypto'
import { decryptSessionKeys, readMessage, type PrivateKey } from 'openpgp'
import { refuse } from './bytes.ts'
import { framed, tags } from './packets.ts'
import { opening } from './policy.ts'
import type { Protection, SessionKey } from './protection.ts'

const lengths: Readonly<Record<string, number>> = { aes128: 16, aes192: 24, aes256: 32 }

/**
 * What may be the session key, by our private keys; `wrapped` holds bodies of packets of tag 1 (RFC 9580 section 5.1). With
 * RSA there are always candidates, some or all of them random, so that padding is no oracle.
 */
export async function sessionKeys(wrapped: readonly Buffer[], keys: readonly PrivateKey[], { wrapping, keyLength }: Protection, date: Date): Promise<readonly SessionKey[]> {
  const fitting = wrapped.filter((body) => body[0] === wrapping)
  if (fitting.length === 0) refuse()
  // Of version 6, openpgp 6.3 finds no key by RSA when it is to be constant in time. OpenSSL hides wrong padding by itself.
  const config = { ...opening, constantTimePKCS1Decryption: wrapping === 3 }
  const message = await readMessage({ binaryMessage: Buffer.concat(fitting.map((body) => framed(tags.publicKeyEncryptedSessionKey, body))), config })
  try {
    const found = await decryptSessionKeys({ message, decryptionKeys: [...keys], date, config })
    const candidates = found.filter(({ data, algorithm }) => (algorithm === null || data.length === lengths[algorithm]) && (keyLength === undefined || data.length === keyLength))
    if (candidates.length > 0) return candidates.map(({ data }) => Buffer.from(data))
  } catch {
    // Goes on as if a key had been found.
  }
  return [randomBytes(keyLength ?? 32)]
}
