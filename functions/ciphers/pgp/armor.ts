import { refuse, type Chunks } from './bytes.ts'

const dash = 45
const lineFeed = 10
/** RFC 9580 section 6.2.2 allows headers; who writes more than this writes no header. */
const longestHead = 4_096
const longestLine = 1_024

/**
 * The bytes inside ASCII armor (RFC 9580 section 6.2) of one kind, such as `MESSAGE`. Nothing stands before or behind but
 * blank lines. The CRC-24 is passed over, as section 6.1 asks: what is inside is authenticated or refused.
 */
export async function* unarmored(chunks: Chunks, kind: string): AsyncGenerator<Buffer> {
  const [begin, end] = [`-----BEGIN PGP ${kind}-----`, `-----END PGP ${kind}-----`]
  let state: 'before' | 'head' | 'body' | 'checksum' | 'after' = 'before'
  let read = 0
  let text = ''
  /** A line of the body: base64, the checksum or the end; the characters that make no whole group of four stay for the next. */
  let left = ''
  let padded = false
  for await (const chunk of lines(chunks)) {
    for (const line of chunk) {
      if (line.length > longestLine) refuse()
      if (state === 'body') {
        if (line.charCodeAt(0) === dash || line.startsWith('=')) {
          if (left !== '') refuse()
          if (text !== '') yield Buffer.from(text, 'base64')
          text = ''
          state = line.startsWith('=') ? 'checksum' : line === end ? 'after' : refuse()
        } else if (line !== '') {
          // Padding ends the text, or two spellings of it would be one message.
          if (padded || !/^[A-Za-z0-9+/]+={0,2}$/.test(line)) refuse()
          padded = line.endsWith('=')
          const groups = left + line
          const whole = groups.length - groups.length % 4
          text += groups.slice(0, whole)
          left = groups.slice(whole)
        }
      } else if (state === 'before' || state === 'head') {
        read += line.length + 1
        if (read > longestHead) refuse()
        if (state === 'before' && line !== '') state = line === begin ? 'head' : refuse()
        else if (state === 'head' && line === '') state = 'body'
        else if (state === 'head' && !/^[A-Za-z0-9-]+: ?/.test(line)) refuse()
      } else if (state === 'checksum') {
        state = line === end ? 'after' : refuse()
      } else if (line !== '') refuse()
    }
    if (text !== '') {
      yield Buffer.from(text, 'base64')
      text = ''
    }
  }
  if (state !== 'after') refuse()
}

/** The lines that end in each chunk, without what ends them and without blanks at their ends. */
async function* lines(chunks: Chunks): AsyncGenerator<string[]> {
  let held = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([held, chunk])
    const last = bytes.lastIndexOf(lineFeed)
    held = bytes.subarray(last + 1)
    if (held.length > longestLine) refuse()
    if (last >= 0) yield bytes.toString('latin1', 0, last).split('\n').map((line) => line.trimEnd())
  }
  if (held.length > 0) yield [held.toString('latin1').trimEnd()]
}

/** Binary OpenPGP begins with a byte that no text has: bit 7 of a packet's first byte is set (RFC 9580 section 4.2). */
export const isBinary = (first: number | undefined): boolean => first !== undefined && first >= 0x80
