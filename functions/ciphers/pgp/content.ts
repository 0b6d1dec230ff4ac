import { Readable } from 'node:stream'
import { createInflate, createInflateRaw } from 'node:zlib'
import { Bytes, refuse, whole, type Chunks } from './bytes.ts'
import { framed, packets, tags } from './packets.ts'

/** Where what a message holds goes to, piece by piece; to be believed only when all of it was read. */
export interface Sink {
  /** Bytes that may be given at most: more is refused before it is made. */
  readonly most: number
  readonly write: (part: Uint8Array) => void | Promise<void>
}

const mostSignatures = 8
/** A signature of RSA with 16384 bits and all that is certified with it stays below; nested ones are read by recursion. */
const longestSignature = 16_384
const longestOnePass = 512
/** Markers and padding, at most in one place. */
const longestFiller = 65_536

/**
 * Reads the inside of a message (RFC 9580 section 10.3): one literal, compressed once at most, with signatures around it.
 * Gives the signatures, as packets, which are over the bytes that went to the sink. ZIP and ZLIB are unpacked, BZip2 is not.
 */
export async function content(plain: Chunks, sink: Sink, compressed = false): Promise<readonly Buffer[]> {
  const signatures: Buffer[] = []
  /** Signatures that were announced and are yet to come, behind the literal. */
  let announced = 0
  let done = false
  let inner: readonly Buffer[] | undefined
  for await (const { tag, body } of packets(new Bytes(plain))) {
    if (tag === tags.marker || tag === tags.padding) await whole(body, longestFiller)
    else if (tag === tags.signature) {
      if ((done && --announced < 0) || signatures.length === mostSignatures) refuse()
      signatures.push(framed(tag, await whole(body, longestSignature)))
    } else if (tag === tags.onePassSignature && !done) {
      if (++announced > mostSignatures) refuse()
      await whole(body, longestOnePass)
    } else if (tag === tags.literal && !done) {
      done = true
      await literal(new Bytes(body), sink)
    } else if (tag === tags.compressed && !done && !compressed) {
      done = true
      inner = await unpacked(new Bytes(body), sink)
      // Signed first and packed then is what everybody writes; the other way round is not read.
      if (announced > 0 || signatures.length > 0) refuse()
    } else refuse()
  }
  if (!done || announced > 0) refuse()
  return inner ?? signatures
}

/** RFC 9580 section 5.9: format, name and date are nobody's word, since no signature covers them. */
async function literal(bytes: Bytes, { most, write }: Sink): Promise<void> {
  await bytes.byte()
  await bytes.take(await bytes.byte())
  await bytes.take(4)
  let length = 0
  for await (const part of bytes.rest()) {
    length += part.length
    if (length > most) refuse()
    await write(part)
  }
}

/** RFC 9580 section 5.6. What comes out is counted as it comes: zlib gives 64 KiB at a time, so no more is made than that. */
async function unpacked(bytes: Bytes, sink: Sink): Promise<readonly Buffer[]> {
  const algorithm = await bytes.byte()
  if (algorithm === 0) return content(bytes.rest(), sink, true)
  const inflate = algorithm === 1 ? createInflateRaw({ chunkSize: 65_536 }) : algorithm === 2 ? createInflate({ chunkSize: 65_536 }) : refuse()
  const input = Readable.from(bytes.rest(), { objectMode: false })
  // A broken input must end the reading of what is unpacked, or it would wait for ever.
  input.once('error', (error) => inflate.destroy(error))
  try {
    return await content(input.pipe(inflate) as AsyncIterable<Buffer>, sink, true)
  } finally {
    input.destroy()
    inflate.destroy()
    await bytes.drain()
  }
}

/** Detached signatures: one packet or a few, and nothing else. */
export async function signaturesOf(bytes: Buffer): Promise<readonly Buffer[]> {
  const signatures: Buffer[] = []
  for await (const { tag, body } of packets(new Bytes([bytes]))) {
    if (tag !== tags.signature || signatures.length === mostSignatures) refuse()
    signatures.push(framed(tag, await whole(body, longestSignature)))
  }
  return signatures
}
