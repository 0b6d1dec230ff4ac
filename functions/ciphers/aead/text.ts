/** Characters of base64url that are read at most: a body of 4 MiB. */
const most = 6 * 1024 * 1024

/** Node's decoder passes over what is not base64url; two spellings of one text must not both open. Throws an Error. */
export function bytesOf(text: string): Buffer {
  if (typeof text !== 'string' || text.length > most) throw new Error('not base64url')
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw new Error('not base64url')
  return bytes
}
