import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { World } from '../operation.ts'
import { secretOf, type Key } from './keys.ts'

/**
 * Symmetric ciphertexts: magic (2 bytes), key UUID (16), backing key number (4), IV (12), ciphertext, tag (16).
 * The header and the encryption context are authenticated. Real ones look different: nobody may read into them.
 */
const magic = Buffer.from([0x01, 0x53])
const headerSize = 22
const ivSize = 12
const tagSize = 16

/** One refusal for every reason. */
export const invalidCiphertext = (): Failure => new Failure('InvalidCiphertextException', '')

// Sorted and length-prefixed: the order of the pairs does not matter, and no two contexts give the same bytes.
function contextBytes(context: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(context)
    .map(([key, value]) => [Buffer.from(key), Buffer.from(value)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b))
    .flat()
  return Buffer.concat(parts.flatMap((part) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    return [length, part]
  }))
}

/** Encrypts under the newest backing key of a symmetric key. */
export function seal(key: Key, plain: Buffer, context: Readonly<Record<string, string>>, world: World): Buffer {
  const secret = secretOf(key, world)
  if (!secret) throw new Failure('KMSInternalException', 'The key has no material', {}, 500)
  const number = Buffer.alloc(4)
  number.writeUInt32BE(key.backing)
  const header = Buffer.concat([magic, Buffer.from(key.id.replaceAll('-', ''), 'hex'), number])
  const iv = randomBytes(ivSize)
  const cipher = createCipheriv('aes-256-gcm', secret, iv, { authTagLength: tagSize })
    .setAAD(Buffer.concat([header, contextBytes(context)]))
  return Buffer.concat([header, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The UUID of the key that a ciphertext names. Throws `InvalidCiphertextException`. */
export function keyIdIn(blob: Buffer): string {
  if (blob.length < headerSize + ivSize + tagSize || !blob.subarray(0, magic.length).equals(magic)) throw invalidCiphertext()
  const hex = blob.toString('hex', 2, 18)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Decrypts with the backing key that the ciphertext names. Throws `InvalidCiphertextException`. */
export function open(key: Key, blob: Buffer, context: Readonly<Record<string, string>>, world: World): Buffer {
  const header = blob.subarray(0, headerSize)
  const secret = secretOf(key, world, header.readUInt32BE(18))
  if (!secret) throw invalidCiphertext()
  try {
    const plain = createDecipheriv('aes-256-gcm', secret, blob.subarray(headerSize, headerSize + ivSize), { authTagLength: tagSize })
      .setAAD(Buffer.concat([header, contextBytes(context)]))
      .setAuthTag(blob.subarray(-tagSize))
    return Buffer.concat([plain.update(blob.subarray(headerSize + ivSize, -tagSize)), plain.final()])
  } catch {
    throw invalidCiphertext()
  }
}
