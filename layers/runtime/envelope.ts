import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'

/**
 * A sealed record carries all that opens it but the KMS key:
 * `version (1) ‖ length of the wrapped key (2, big-endian) ‖ wrapped key ‖ key id (32) ‖ IV (12) ‖ ciphertext ‖ tag (16)`.
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV (8.2.2) and a 128-bit tag. The key id is derived from the data key
 * and commits to it: no record opens under two keys. Associated data: everything before the IV, then the binding.
 */
const version = 1
const sizes = { begin: 3, id: 32, iv: 12, tag: 16 } as const
const shortest = sizes.begin + sizes.id + sizes.iv + sizes.tag

/** What is sealed is bound to where it stands and what it is for: moved elsewhere, or relabelled, it does not open. */
export type Binding = readonly (string | number | null)[]

/** A data key in memory: what is derived from it, and the form in which KMS takes it back. */
export class DataKey {
  /** All that stands before the IV: the same in every record that it seals. */
  readonly head: Buffer
  #encryption: KeyObject | undefined

  /** HKDF-SHA-256 (RFC 5869) makes two keys of the 32 bytes, which are then overwritten: one that is shown as an id, one that encrypts. */
  constructor(plain: Uint8Array, wrapped: Uint8Array) {
    if (plain.length !== 32) throw new TypeError('a data key has 32 bytes')
    const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', plain, '', info, 32))
    const encryption = expand('sallyport store 1 encryption')
    const begin = Buffer.alloc(sizes.begin)
    begin.writeUInt8(version)
    begin.writeUInt16BE(wrapped.length, 1)
    this.head = Buffer.concat([begin, wrapped, expand('sallyport store 1 key id')])
    this.#encryption = createSecretKey(encryption)
    for (const bytes of [plain, encryption]) bytes.fill(0)
  }

  /** Throws an Error once it was forgotten. */
  get encryption(): KeyObject {
    if (this.#encryption === undefined) throw closed()
    return this.#encryption
  }

  /** OpenSSL overwrites its copy when nobody refers to it any more. */
  forget(): void {
    this.#encryption = undefined
  }
}

export function seal({ head, encryption }: DataKey, plain: Uint8Array, binding: Binding): Buffer {
  const iv = randomBytes(sizes.iv)
  const cipher = createCipheriv('aes-256-gcm', encryption, iv, { authTagLength: sizes.tag }).setAAD(associated(head, binding))
  const ciphertext = cipher.update(plain)
  // GCM keeps nothing back for the end.
  cipher.final()
  return Buffer.concat([head, iv, ciphertext, cipher.getAuthTag()])
}

/** The wrapped data key of a sealed record, as a part of it: who keeps it copies it. Throws what {@link open} throws. */
export function wrappedIn(sealed: Uint8Array): Buffer {
  const bytes = asBuffer(sealed)
  return bytes.subarray(sizes.begin, headLength(bytes) - sizes.id)
}

/** Throws an Error without a word about why: another key, another binding, a changed byte. */
export function open({ head, encryption }: DataKey, sealed: Uint8Array, binding: Binding): Buffer {
  const bytes = asBuffer(sealed)
  const length = headLength(bytes)
  if (length !== head.length || !timingSafeEqual(bytes.subarray(0, length), head)) throw closed()
  const body = length + sizes.iv
  return decipher(encryption, { iv: bytes.subarray(length, body), ciphertext: bytes.subarray(body, -sizes.tag), tag: bytes.subarray(-sizes.tag) }, associated(head, binding))
}

/** AES-256-GCM alone. Throws the same Error. */
export function decipher(key: KeyObject, { iv, ciphertext, tag }: { readonly iv: Uint8Array; readonly ciphertext: Uint8Array; readonly tag: Uint8Array }, aad: Uint8Array): Buffer {
  try {
    const opening = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: sizes.tag }).setAAD(aad).setAuthTag(tag)
    const plain = opening.update(ciphertext)
    // What it gives is nothing: it throws where the tag is another.
    opening.final()
    return plain
  } catch {
    throw closed()
  }
}

const closed = (): Error => new Error('a sealed record does not open')

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/** How many bytes stand before the IV. */
function headLength(bytes: Buffer): number {
  if (bytes.length < shortest || bytes.readUInt8() !== version) throw closed()
  const wrapped = bytes.readUInt16BE(1)
  if (bytes.length < shortest + wrapped) throw closed()
  return sizes.begin + wrapped + sizes.id
}

/** As JSON, since two texts run together could be a third. */
const associated = (head: Uint8Array, binding: Binding): Buffer => Buffer.concat([head, Buffer.from(JSON.stringify(['sallyport', ...binding]))])
