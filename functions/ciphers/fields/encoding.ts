/** How bytes are written as text: base64url without padding, base64 with padding, hex in lower case. */
export type Encoding = 'base64url' | 'base64' | 'hex'

const encodings: readonly unknown[] = ['base64url', 'base64', 'hex'] satisfies readonly Encoding[]
/** Characters of a text: a body of 4 MiB in base64. */
const most = 6 * 1024 * 1024

/** Throws a TypeError that names the option for what is no encoding. */
export function knownEncoding(option: string, encoding: Encoding): Encoding {
  if (!encodings.includes(encoding)) throw new TypeError(`${option}: write base64url, base64 or hex`)
  return encoding
}

/**
 * The bytes of a text. Node's decoder passes over what is not of the encoding; two spellings of one text must not both open,
 * but hex may be all in upper case, as some partners write it. Throws an Error.
 */
export function bytesIn(encoding: Encoding, text: unknown): Buffer {
  // Of an object that has a length, node would make as many bytes.
  if (typeof text !== 'string' || text.length > most) throw new Error('not in its encoding')
  const bytes = Buffer.from(text, encoding)
  const written = bytes.toString(encoding)
  if (written !== text && !(encoding === 'hex' && written.toUpperCase() === text)) throw new Error('not in its encoding')
  return bytes
}
