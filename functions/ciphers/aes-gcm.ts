import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import { accountNeed, type Account, type Io, type Opener, type Sealer } from 'sallyport'
import { keysOf as sharedKeys, type SecretKey } from '../accounts/secret-key.ts'
import { bytesIn } from './fields/encoding.ts'
import { openFile, sealFile } from './files/chunked.ts'
import { opener } from './opener.ts'
import { bound, knownContext } from './parts/context.ts'
import { through } from './parts/through.ts'

interface Options {
  readonly key: Account<SecretKey>
  /**
   * What the sealed text is for, where another pipeline opens it: it opens under the same words alone.
   * @default - the name of the pipeline
   */
  readonly context?: string
}

const version = 1

/**
 * AES-256-GCM (NIST SP 800-38D) with a shared key, as base64url of
 * `version (1) ‖ key id (32) ‖ IV (12) ‖ ciphertext ‖ tag (16)`: 61 bytes more than the plaintext.
 * The key id is derived from the key and commits to it: no ciphertext opens under two keys. Version, key id, context and the
 * path of the field are bound as associated data. Random IVs allow 2^32 seals with one key; make a new key long before.
 * Fields, payloads, and files in constant memory (files/chunked.ts).
 */
export const aesGcm = ({ key, context }: Options): Opener & Sealer => {
  knownContext('aesGcm', context)
  const keys = async (io: Io): Promise<Keys> => keysOf(await io.material(key))
  const all = async (io: Io): Promise<Keys[]> => sharedKeys(await io.material(key)).map(keysOf)
  return {
    mediaType: 'application/octet-stream',
    seal: async (plain, io, where) => ({ sealed: seal(plain, await keys(io), bound(context, io, where)).toString('base64url') }),
    sealFile: async (files, io) => sealFile(files, async (plain) => seal(plain, await keys(io), bound(context, io, {}, 'file'))),
    ...opener({
      cipher: 'aes-gcm',
      config: { key, context },
      needs: [accountNeed(key)],
      open: async ({ sealed }, io, where) => open(bytesIn('base64url', sealed), await all(io), bound(context, io, where)),
      openFile: async (files, io) => openFile(files, async (sealed) => open(sealed, await all(io), bound(context, io, {}, 'file'))),
    }),
  }
}

/** Two keys from the shared one, HKDF-SHA-256 (RFC 5869): one that is shown as an id, behind the version, and one that encrypts. */
interface Keys { readonly head: Buffer; readonly encryption: KeyObject }
const derived = new WeakMap<KeyObject, Keys>()
function keysOf(shared: KeyObject): Keys {
  let keys = derived.get(shared)
  if (keys === undefined) {
    const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', shared, '', info, 32))
    keys = { head: Buffer.concat([Buffer.of(version), expand('sallyport aes-gcm 1 key id')]), encryption: createSecretKey(expand('sallyport aes-gcm 1 encryption')) }
    derived.set(shared, keys)
  }
  return keys
}

const associated = (head: Uint8Array, what: string): Buffer => Buffer.concat([head, Buffer.from(what)])

function seal(plain: Uint8Array, { head, encryption }: Keys, what: string): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', encryption, iv, { authTagLength: 16 }).setAAD(associated(head, what))
  return Buffer.concat([head, iv, through(cipher, plain), cipher.getAuthTag()])
}

function open(sealed: Uint8Array, keys: readonly Keys[], what: string): Uint8Array {
  if (sealed.length < 61) throw new Error('not sealed here')
  const start = sealed.subarray(0, 33)
  const key = keys.find(({ head }) => timingSafeEqual(start, head))
  if (key === undefined) throw new Error('not sealed with this key')
  const decipher = createDecipheriv('aes-256-gcm', key.encryption, sealed.subarray(33, 45), { authTagLength: 16 })
  return through(decipher.setAAD(associated(key.head, what)).setAuthTag(sealed.subarray(-16)), sealed.subarray(45, -16))
}
