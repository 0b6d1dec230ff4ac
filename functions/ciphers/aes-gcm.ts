import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { accountNeed, Fault, isFault, type Account, type Opener, type Sealed, type Sealer } from 'sallyport'
import type { SecretKey } from '../accounts/secret-key.ts'

interface Options {
  readonly key: Account<SecretKey>
  /** What the sealed text is for: it opens under the same words alone. */
  readonly context: string
}

const version = 1

/**
 * AES-256-GCM (NIST SP 800-38D) with a shared key, as base64url of
 * `version (1) ‖ key id (32) ‖ IV (12) ‖ ciphertext ‖ tag (16)`: 61 bytes more than the plaintext.
 * The key id is derived from the key and commits to it: no ciphertext opens under two keys. Version, key id and context are
 * bound as associated data. Random IVs allow 2^32 seals with one key; make a new key long before.
 */
export const aesGcm = ({ key, context }: Options): Opener & Sealer => {
  if (context.trim() === '') throw new TypeError('aesGcm: say in `context` what the sealed text is for')
  return {
    cipher: 'aes-gcm',
    config: { key, context },
    needs: [accountNeed(key)],
    mediaType: 'application/octet-stream',
    seal: async (plain, io) => seal(plain, await io.material(key), context),
    async open(sealed, io) {
      const secret = await io.material(key)
      try {
        return open(sealed, secret, context)
      } catch (error) {
        throw isFault(error) ? error : new Fault('DECRYPTION_FAILED')
      }
    },
  }
}

/** Two keys from the shared one, HKDF-SHA-256 (RFC 5869): one that is shown as an id, one that encrypts. */
interface Keys { readonly id: Buffer; readonly encryption: KeyObject }
const derived = new WeakMap<KeyObject, Keys>()
function keysOf(shared: KeyObject): Keys {
  let keys = derived.get(shared)
  if (keys === undefined) {
    const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', shared, '', info, 32))
    keys = { id: expand('sallyport aes-gcm 1 key id'), encryption: createSecretKey(expand('sallyport aes-gcm 1 encryption')) }
    derived.set(shared, keys)
  }
  return keys
}

const associated = (head: Buffer, context: string): Buffer => Buffer.concat([head, Buffer.from(context)])

function seal(plain: Uint8Array, shared: KeyObject, context: string): Sealed {
  const { id, encryption } = keysOf(shared)
  const head = Buffer.concat([Buffer.of(version), id])
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', encryption, iv, { authTagLength: 16 })
  cipher.setAAD(associated(head, context))
  return { sealed: Buffer.concat([head, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url') }
}

function open({ sealed }: Sealed, shared: KeyObject, context: string): Uint8Array {
  const { id, encryption } = keysOf(shared)
  const bytes = Buffer.from(sealed, 'base64url')
  const head = bytes.subarray(0, 33)
  if (bytes.toString('base64url') !== sealed || bytes.length < 61 || head[0] !== version || !head.subarray(1).equals(id)) throw new Fault('DECRYPTION_FAILED')
  const decipher = createDecipheriv('aes-256-gcm', encryption, bytes.subarray(33, 45), { authTagLength: 16 })
  decipher.setAAD(associated(head, context)).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(45, -16)), decipher.final()])
}
