import { createDecipheriv, createHash, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'
import { Bytes, refuse, type Chunks } from './bytes.ts'
import { tags } from './packets.ts'

/** A session key and the AES that it is of, by its length: 16, 24 or 32 bytes. */
export type SessionKey = Buffer

/** How a message is protected, read from the beginning of its packet. */
export interface Protection {
  /** Version of the packets that hold its session key (RFC 9580 section 10.3.2.1). */
  readonly wrapping: 3 | 6
  /** Bytes of the key, where the packet says it; the session key says it otherwise. */
  readonly keyLength: number | undefined
  /**
   * Where integrity is known only at the end: the one candidate that opens it. All of the ciphertext is read, for all
   * candidates alike, so that neither a result nor the time shows which of them was wrong, and why.
   */
  readonly choose?: (candidates: readonly SessionKey[], ciphertext: Chunks) => Promise<SessionKey>
  /** The plaintext, by the one candidate that opens its beginning; throws where it is not authentic, at the latest at its end. */
  readonly plain: (candidates: readonly SessionKey[], ciphertext: Chunks) => AsyncGenerator<Buffer>
}

/** RFC 9580 section 9.3. Bytes of the key by the number of the cipher: AES alone. */
const keyLengths: Readonly<Record<number, number>> = { 7: 16, 8: 24, 9: 32 }
/** RFC 9580 section 9.6, by number, with the bytes of the nonce. EAX is not in node:crypto. */
const modes: Readonly<Record<number, { readonly name: 'ocb' | 'gcm'; readonly nonce: number }>> = { 2: { name: 'ocb', nonce: 15 }, 3: { name: 'gcm', nonce: 12 } }
const tagLength = 16

/** Reads the head of a packet that holds encrypted data. What has no integrity protection (tag 9) never comes here. */
export async function protectionOf(tag: number, bytes: Bytes): Promise<Protection> {
  const version = await bytes.byte()
  if (tag === tags.integrityProtected && version === 1) return detected
  const [cipher, mode, chunk] = await bytes.take(3) as unknown as readonly [number, number, number]
  const length = keyLengths[cipher] ?? refuse()
  const { name, nonce } = modes[mode] ?? refuse()
  // RFC 9580 section 5.13.2: chunks of 4 MiB at most.
  if (chunk > 16) refuse()
  const head = Buffer.of(0xc0 | tag, version, cipher, mode, chunk)
  const size = 2 ** (chunk + 6)
  if (tag === tags.integrityProtected && version === 2) {
    const salt = await bytes.take(32)
    return authenticated(6, length, size, (key) => {
      const derived = Buffer.from(hkdfSync('sha256', key, salt, head, length + nonce - 8))
      const counter = Buffer.alloc(8)
      return {
        decipher: decipherer(name, derived.subarray(0, length)),
        nonce: (index) => (counter.writeBigUInt64BE(index), Buffer.concat([derived.subarray(length), counter])),
        associated: () => head,
      }
    })
  }
  // LibrePGP section 5.16, as GnuPG 2.3 and later write it to keys that say so. OCB alone.
  if (tag !== tags.aeadEncrypted || version !== 1 || name !== 'ocb') refuse()
  const start = await bytes.take(nonce)
  const low = start.readBigUInt64BE(nonce - 8)
  return authenticated(3, length, size, (key) => {
    const counted = (index: bigint): Buffer => {
      const counter = Buffer.alloc(8)
      counter.writeBigUInt64BE(index)
      return counter
    }
    return {
      decipher: decipherer(name, key),
      nonce: (index) => Buffer.concat([start.subarray(0, nonce - 8), counted(low ^ index)]),
      associated: (index) => Buffer.concat([head, counted(index)]),
    }
  })
}

type Decipherer = (nonce: Buffer, associated: Buffer, tag: Buffer) => { update(part: Buffer): Buffer; final(): Buffer }

function decipherer(mode: 'ocb' | 'gcm', key: Buffer): Decipherer {
  const secret = createSecretKey(key)
  return (nonce, associated, tag) => {
    const decipher = createDecipheriv(`aes-${key.length * 8}-${mode}` as 'aes-256-gcm', secret, nonce, { authTagLength: tagLength })
    return decipher.setAAD(associated).setAuthTag(tag)
  }
}

/** The AEAD of one message, set up with its key. */
interface Aead {
  readonly decipher: Decipherer
  readonly nonce: (index: bigint) => Buffer
  readonly associated: (index: bigint) => Buffer
}

/** Chunks that are each authentic before they are given, and a last tag over how many bytes there were (RFC 9580 section 5.13.2). */
const authenticated = (wrapping: 3 | 6, keyLength: number, size: number, aead: (key: SessionKey) => Aead): Protection => ({
  wrapping, keyLength,
  async* plain(candidates, ciphertext) {
    const bytes = new Bytes(ciphertext)
    const length = Buffer.alloc(8)
    let total = 0n
    let index = 0n
    let chosen: Aead | undefined
    const opened = (part: Buffer, more?: Buffer): Buffer => {
      if (part.length < tagLength) refuse()
      if (chosen !== undefined) return openedBy(chosen, index, part, more)
      for (const candidate of candidates.map(aead)) {
        try {
          const plain = openedBy(candidate, index, part, more)
          chosen = candidate
          return plain
        } catch {
          // Of several keys that a message may be sealed to, one is right.
        }
      }
      return refuse()
    }
    let held = await bytes.upTo(size + 2 * tagLength)
    while (held.length > tagLength) {
      // A whole chunk, or the last one; behind it always stands the last tag.
      const part = held.subarray(0, Math.min(size + tagLength, held.length - tagLength))
      const plain = opened(part)
      total += BigInt(plain.length)
      index++
      const rest = held.subarray(part.length)
      held = Buffer.concat([rest, await bytes.upTo(size + 2 * tagLength - rest.length)])
      yield plain
    }
    length.writeBigUInt64BE(total)
    opened(held, length)
  },
})

function openedBy({ decipher, nonce, associated }: Aead, index: bigint, part: Buffer, more: Buffer = Buffer.alloc(0)): Buffer {
  const open = decipher(nonce(index), Buffer.concat([associated(index), more]), part.subarray(-tagLength))
  return Buffer.concat([open.update(part.subarray(0, -tagLength)), open.final()])
}

const blockLength = 16
/** The packet that holds the digest: its head, and 20 bytes of SHA-1 (RFC 9580 section 5.13.1). */
const detectionLength = 22
const zero = Buffer.alloc(blockLength)

/** One deciphering of a message of version 1: CFB with a digest inside, which shows at the end whether it was changed. */
class Detected {
  readonly #decipher
  readonly #hash = createHash('sha1')
  #held: Buffer = Buffer.alloc(0)
  constructor(key: SessionKey) {
    this.#decipher = createDecipheriv(`aes-${key.length * 8}-cfb`, createSecretKey(key), zero)
  }
  /** The next plaintext, random prefix included; what may be the digest's packet is held back. */
  update(part: Uint8Array): Buffer {
    const all = Buffer.concat([this.#held, this.#decipher.update(part)])
    const plain = all.subarray(0, Math.max(0, all.length - detectionLength))
    this.#held = all.subarray(plain.length)
    this.#hash.update(plain)
    return plain
  }
  get intact(): boolean {
    if (this.#held.length < detectionLength) return false
    const head = this.#held.subarray(0, 2)
    const digest = this.#hash.update(head).digest()
    return timingSafeEqual(digest, this.#held.subarray(2)) && head[0] === 0xd3 && head[1] === 0x14
  }
}

/** RFC 9580 section 5.13.1. */
const detected: Protection = {
  wrapping: 3,
  keyLength: undefined,
  async choose(candidates, ciphertext) {
    const tried = candidates.map((key) => ({ key, message: new Detected(key) }))
    for await (const part of ciphertext) for (const { message } of tried) message.update(part)
    const intact = tried.filter(({ message }) => message.intact)
    return intact[0]?.key ?? refuse()
  },
  async* plain([key = refuse()], ciphertext) {
    const message = new Detected(key)
    let prefix = blockLength + 2
    for await (const part of ciphertext) {
      const plain = message.update(part)
      const skipped = Math.min(prefix, plain.length)
      prefix -= skipped
      if (plain.length > skipped) yield plain.subarray(skipped)
    }
    if (prefix > 0 || !message.intact) refuse()
  },
}
