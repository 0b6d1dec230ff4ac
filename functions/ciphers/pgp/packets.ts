import { refuse, type Bytes } from './bytes.ts'

/** RFC 9580 section 5. */
export const tags = {
  publicKeyEncryptedSessionKey: 1, signature: 2, symmetricKeyEncryptedSessionKey: 3, onePassSignature: 4, compressed: 8, marker: 10, literal: 11,
  integrityProtected: 18, aeadEncrypted: 20, padding: 21,
} as const

/** The body is read to its end before the next packet is asked for. */
export interface Packet {
  readonly tag: number
  readonly body: AsyncIterable<Buffer>
}

/** In one sequence: a message for 32 readers has 33, one with 8 signatures 17. */
const most = 64
/** RFC 9580 section 4.2.1.4: what may come in pieces, and without a length in the old format. */
const streamed = new Set<number>([tags.compressed, tags.literal, tags.integrityProtected, tags.aeadEncrypted])

/** The packets of a sequence (RFC 9580 section 4.2), bounded in number and in how small their pieces are. */
export async function* packets(bytes: Bytes): AsyncGenerator<Packet> {
  for (let count = 0; ; count++) {
    const first = (await bytes.upTo(1))[0]
    if (first === undefined) return
    if (count === most || (first & 0x80) === 0) refuse()
    const fresh = (first & 0x40) !== 0
    const tag = fresh ? first & 0x3f : first >> 2 & 0x0f
    let read = false
    const body = finished(fresh ? pieces(bytes, streamed.has(tag)) : old(bytes, first & 3, streamed.has(tag)), () => { read = true })
    yield { tag, body }
    if (!read) refuse()
  }
}

async function* finished<T>(body: AsyncIterable<T>, end: () => void): AsyncGenerator<T> {
  yield* body
  end()
}

async function* exactly(bytes: Bytes, length: number): AsyncGenerator<Buffer> {
  for (let left = length; left > 0;) {
    const part = await bytes.some(Math.min(left, 65_536))
    if (part.length === 0) refuse()
    left -= part.length
    yield part
  }
}

/** RFC 9580 section 4.2.2. */
async function* old(bytes: Bytes, type: number, streamed: boolean): AsyncGenerator<Buffer> {
  if (type < 3) return yield* exactly(bytes, (await bytes.take(1 << type)).readUIntBE(0, 1 << type))
  if (!streamed) refuse()
  yield* bytes.rest()
}

/** RFC 9580 section 4.2.1. Pieces smaller than 256 bytes on average would cost more than what they hold. */
async function* pieces(bytes: Bytes, streamed: boolean): AsyncGenerator<Buffer> {
  let total = 0
  for (let count = 0; ; count++) {
    const first = await bytes.byte()
    if (first < 192) return yield* exactly(bytes, first)
    if (first < 224) return yield* exactly(bytes, (first - 192 << 8) + await bytes.byte() + 192)
    if (first === 255) return yield* exactly(bytes, (await bytes.take(4)).readUInt32BE())
    const length = 2 ** (first & 0x1f)
    if (!streamed || count > 64 + total / 256) refuse()
    total += length
    yield* exactly(bytes, length)
  }
}

/** A packet in the new format: what is handed to openpgp, which reads nothing that was not bounded here. */
export function framed(tag: number, body: Buffer): Buffer {
  const head = Buffer.alloc(6)
  head[0] = 0xc0 | tag
  head[1] = 255
  head.writeUInt32BE(body.length, 2)
  return Buffer.concat([head, body])
}
