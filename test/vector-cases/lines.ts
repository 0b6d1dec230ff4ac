/** Bytes of a line, of which more are not read: published cases have a hundredth of that. */
const longest = 16 * 1024 * 1024

/**
 * The lines of a stream of bytes, in UTF-8, as they come: never more than one of them is held. A line that is too long is
 * given as an empty one. The last one need not end. (node:readline splits at U+2028 too, which JSON may hold.)
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let size = 0
  const line = (): string => {
    const text = size > longest ? '' : Buffer.concat(parts).toString('utf8')
    parts = []
    size = 0
    return text
  }
  const add = (part: Uint8Array): void => {
    size += part.length
    if (size > longest) parts = []
    else if (part.length > 0) parts.push(part)
  }
  for await (const chunk of stream) {
    let from = 0
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, to))
      yield line()
      from = to + 1
    }
    add(chunk.subarray(from))
  }
  if (size > 0) yield line()
}
