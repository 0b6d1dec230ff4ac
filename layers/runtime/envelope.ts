import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'

/**
 * A sealed record carries all that opens it but the KMS key:
 * `version (1) ‖ length of the wrapped key (2, big-endian) ‖ wrapped key ‖ key id (32) ‖ IV (12) ‖ ciphertext ‖ tag (16)`.
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV (8.2.2) and a 128-bit tag. The key id is derived from the data key
 * and commits to it: no record opens under two keys. Associated data: everything before the IV, then the binding.
 */
const version = 1
const sizes = { head: 3, id: 32, iv: 12, tag: 16 } as const

/** What is sealed is bound to where it stands and what it is for: moved elsewhere, or relabelled, it does not open. */
export type Binding = readonly (string | number | null)[]

/** A data key in memory: what is derived from it, and the form in which KMS takes it back. */
export class DataKey {
  readonly id: Buffer
  readonly wrapped: Uint8Array
  #encryption: KeyObject | undefined

  /** HKDF-SHA-256 (RFC 5869) makes two keys of the 32 bytes, which are then overwritten: one that is shown as an id, one that encrypts. */
  constructor(plain: Uint8Array, wrapped: Uint8Array) {
    if (plain.length !== 32) throw new TypeError('a data key has 32 bytes')
    const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', plain, '', info, 32))
    const encryption = expand('sallyport store 1 encryption')
    this.id = expand('sallyport store 1 key id')
    this.wrapped = wrapped
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

export function seal({ id, encryption, wrapped }: DataKey, plain: Uint8Array, binding: Binding): Buffer {
  const head = Buffer.alloc(sizes.head)
  head.writeUInt8(version)
  head.writeUInt16BE(wrapped.length, 1)
  const clear = Buffer.concat([head, wrapped, id])
  const iv = randomBytes(sizes.iv)
  const cipher = createCipheriv('aes-256-gcm', encryption, iv, { authTagLength: sizes.tag })
  cipher.setAAD(associated(clear, binding))
  return Buffer.concat([clear, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The wrapped data key of a sealed record, as a part of it: who keeps it copies it. Throws what {@link open} throws. */
export const wrappedIn = (sealed: Uint8Array): Buffer => split(sealed).wrapped

/** Throws an Error without a word about why: another key, another binding, a changed byte. */
export function open({ id, encryption }: DataKey, sealed: Uint8Array, binding: Binding): Buffer {
  const parts = split(sealed)
  if (!timingSafeEqual(parts.id, id)) throw closed()
  return decipher(encryption, parts, associated(parts.clear, binding))
}

/** AES-256-GCM alone. Throws the same Error. */
export function decipher(key: KeyObject, { iv, ciphertext, tag }: { readonly iv: Uint8Array; readonly ciphertext: Uint8Array; readonly tag: Uint8Array }, aad: Uint8Array): Buffer {
  try {
    const opening = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: sizes.tag })
    opening.setAAD(aad).setAuthTag(tag)
    return Buffer.concat([opening.update(ciphertext), opening.final()])
  } catch {
    throw closed()
  }
}

const closed = (): Error => new Error('a sealed record does not open')

function split(sealed: Uint8Array) {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const shortest = sizes.head + sizes.id + sizes.iv + sizes.tag
  if (bytes.length < shortest || bytes.readUInt8() !== version) throw closed()
  const length = bytes.readUInt16BE(1)
  if (bytes.length < shortest + length) throw closed()
  const clear = sizes.head + length + sizes.id
  return {
    clear: bytes.subarray(0, clear),
    wrapped: bytes.subarray(sizes.head, sizes.head + length),
    id: bytes.subarray(sizes.head + length, clear),
    iv: bytes.subarray(clear, clear + sizes.iv),
    ciphertext: bytes.subarray(clear + sizes.iv, -sizes.tag),
    tag: bytes.subarray(-sizes.tag),
  }
}

/** As JSON, since two texts run together could be a third. */
const associated = (clear: Uint8Array, binding: Binding): Buffer => Buffer.concat([clear, Buffer.from(JSON.stringify(['sallyport', ...binding]))])
