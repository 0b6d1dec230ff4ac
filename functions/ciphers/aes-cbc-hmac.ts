import { hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'
import { accountNeed, type Account, type Io, type Opener, type Sealer, type Where } from 'sallyport'
import { keysOf as sharedKeys, type SecretKey } from '../accounts/secret-key.ts'
import { bytesIn } from './fields/encoding.ts'
import { a128CbcHs256, a256CbcHs512 } from './jwe/aes-cbc-hmac.ts'
import { opener } from './opener.ts'
import { bound, knownContext } from './parts/context.ts'

interface Options {
  /** 512 bits: AES-256 and HMAC-SHA-512. 256 bits: AES-128 and HMAC-SHA-256. */
  readonly key: Account<SecretKey<512>> | Account<SecretKey>
  /**
   * What the sealed text is for, where another pipeline opens it: it opens under the same words alone.
   * @default - the name of the pipeline
   */
  readonly context?: string
}

const version = 2

/**
 * AES-CBC, authenticated by HMAC over what was encrypted (RFC 7518 section 5.2), where a policy rules GCM out, as base64url of
 * `version (1) ‖ key id (32) ‖ IV (16) ‖ ciphertext ‖ tag (32, or 16 with 256 bits)`: 97 bytes more than the plaintext at most.
 * The MAC is checked before anything is decrypted. Two keys and the key id are derived from the shared one, and the id commits
 * to it. Version, key id, context and the path of the field are bound as associated data. Random IVs allow 2^48 blocks of 16
 * bytes with one key. Fields and payloads. Throws a TypeError for a key of another size.
 */
export const aesCbcHmac = ({ key, context }: Options): Opener & Sealer => {
  knownContext('aesCbcHmac', context)
  const encryption = [a256CbcHs512, a128CbcHs256].find(({ bytes }) => bytes * 8 === key?.how?.bits)
  if (encryption === undefined) throw new TypeError("aesCbcHmac, key: write account('name', secretKey({ bits: 512 })), or 256 bits")
  const { enc, bytes: length } = encryption
  const tagLength = length / 2
  const load = async (io: Io): Promise<Keys> => keysOf(await io.material<KeyObject>(key), enc, length)
  // The algorithm takes text in which each character is a byte.
  const associated = (head: Buffer, io: Io, where?: Where): string => Buffer.concat([head, Buffer.from(bound(context, io, where))]).toString('latin1')
  return {
    mediaType: 'application/octet-stream',
    async seal(plain, io, where?: Where) {
      const { id, content } = await load(io)
      const head = Buffer.concat([Buffer.of(version), id])
      const { iv, ciphertext, tag } = encryption.encrypt(content, plain, associated(head, io, where))
      return { sealed: Buffer.concat([head, iv, ciphertext, tag]).toString('base64url') }
    },
    ...opener({
      cipher: 'aes-cbc-hmac',
      config: { key, context, algorithm: enc },
      needs: [accountNeed(key)],
      async open({ sealed }, io, where) {
        const all = sharedKeys(await io.material<KeyObject>(key)).map((each) => keysOf(each, enc, length))
        const bytes = bytesIn('base64url', sealed)
        const head = bytes.subarray(0, 33)
        if (bytes.length < 33 + 16 + 16 + tagLength || head[0] !== version) throw new Error('not sealed here')
        const content = all.find(({ id }) => timingSafeEqual(head.subarray(1), id))?.content
        if (content === undefined) throw new Error('not sealed with this key')
        const encrypted = { iv: bytes.subarray(33, 49), ciphertext: bytes.subarray(49, -tagLength), tag: bytes.subarray(-tagLength) }
        return encryption.decrypt(content, encrypted, associated(head, io, where))
      },
    }),
  }
}

/** From the shared one, HKDF-SHA-256 (RFC 5869): what is shown as an id, and the two keys of the algorithm side by side. */
interface Keys { readonly id: Buffer; readonly content: Buffer }
const derived = new WeakMap<KeyObject, Keys>()
function keysOf(shared: KeyObject, enc: string, length: number): Keys {
  let keys = derived.get(shared)
  if (keys === undefined) {
    const expand = (what: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', shared, '', `sallyport aes-cbc-hmac ${enc} ${what}`, bytes))
    keys = { id: expand('key id', 32), content: expand('encryption', length) }
    derived.set(shared, keys)
  }
  return keys
}
