import { createHash } from 'node:crypto'

/**
 * The spellings in which a secret could leave: as it is, escaped, in hex and base64 at each of the three alignments, and
 * as a digest that anybody can compute.
 */
export function spellings(name: string, secret: string | Buffer): Map<string, Buffer> {
  const raw = Buffer.from(secret)
  const found = new Map<string, Buffer>([[`${name}, raw`, raw], [`${name}, hex`, Buffer.from(raw.toString('hex'))], [`${name}, HEX`, Buffer.from(raw.toString('hex').toUpperCase())]])
  if (typeof secret === 'string') {
    const escaped = JSON.stringify(secret).slice(1, -1)
    if (escaped !== secret) found.set(`${name}, escaped`, Buffer.from(escaped))
    if (encodeURIComponent(secret) !== secret) found.set(`${name}, percent-encoded`, Buffer.from(encodeURIComponent(secret)))
    found.set(`${name}, UTF-16`, Buffer.from(secret, 'utf16le'))
  }
  // Whole groups of three bytes stand in base64 wherever the text around begins.
  for (const lead of [0, 1, 2]) {
    const part = raw.subarray((3 - lead) % 3)
    const whole = part.subarray(0, part.length - part.length % 3)
    if (whole.length < 6) continue
    found.set(`${name}, base64 at ${lead}`, Buffer.from(whole.toString('base64')))
    found.set(`${name}, base64url at ${lead}`, Buffer.from(whole.toString('base64url')))
  }
  for (const algorithm of ['md5', 'sha1', 'sha256', 'sha384', 'sha512', 'sha3-256']) {
    const digest = createHash(algorithm).update(raw).digest()
    for (const encoding of ['hex', 'base64', 'base64url'] as const) found.set(`${name}, ${algorithm} in ${encoding}`, Buffer.from(digest.toString(encoding).replace(/=+$/, '')))
    found.set(`${name}, ${algorithm} as bytes`, digest)
  }
  return found
}

/** Which of the spellings stand in some bytes. */
export const seenIn = (bytes: Buffer, all: ReadonlyMap<string, Buffer>): string[] => [...all].filter(([, spelling]) => bytes.includes(spelling)).map(([name]) => name)
