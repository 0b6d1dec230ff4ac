import { Fault } from 'sallyport'

/** What is not as it should be. Nobody is told which of the checks it was. */
export const refuse = (): never => { throw new Fault('DECRYPTION_FAILED') }

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

const asBuffer = (chunk: Uint8Array): Buffer => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)

/** A flow of bytes that is read as it is needed. */
export class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)
  constructor(chunks: Chunks) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /** Between one byte and `most` of them; none at the end. */
  async some(most: number): Promise<Buffer> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return this.#held
      this.#held = asBuffer(value)
    }
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    return part
  }

  /** `length` bytes, or fewer if the end comes first. */
  async upTo(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let left = length
    while (left > 0) {
      const part = await this.some(left)
      if (part.length === 0) break
      parts.push(part)
      left -= part.length
    }
    return parts.length === 1 ? parts[0] as Buffer : Buffer.concat(parts)
  }

  /** Exactly `length` bytes. */
  async take(length: number): Promise<Buffer> {
    const part = await this.upTo(length)
    return part.length === length ? part : refuse()
  }

  async byte(): Promise<number> {
    return (await this.take(1))[0] as number
  }

  /** Reads to the end, for nothing. */
  async drain(): Promise<void> {
    while ((await this.some(65_536)).length > 0);
  }

  /** Everything that is left. */
  async* rest(): AsyncGenerator<Buffer> {
    for (let part = await this.some(65_536); part.length > 0; part = await this.some(65_536)) yield part
  }
}

/** All of it in one piece, which is not larger than `most` bytes. */
export async function whole(chunks: Chunks, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > most) refuse()
    parts.push(chunk)
  }
  return parts.length === 1 ? asBuffer(parts[0] as Uint8Array) : Buffer.concat(parts)
}
