/** Padding to whole blocks as PKCS#7 has it (RFC 5652 section 6.3): so many bytes of so many. */
export const padded = (plain: Uint8Array, block: number): Buffer => {
  const count = block - plain.length % block
  return Buffer.concat([plain, Buffer.alloc(count, count)])
}

/**
 * What was padded. All of the last block is looked at, whatever it holds, so that the time says little of what was wrong.
 * Throws an Error.
 */
export function unpadded(bytes: Buffer, block: number): Buffer {
  const count = bytes.at(-1) ?? 0
  let wrong = Number(count === 0) | Number(count > block) | bytes.length % block
  for (let i = 1; i <= block; i++) wrong |= Number(i <= count) * ((bytes.at(-i) ?? 0) ^ count)
  if (wrong !== 0) throw new Error('not padded')
  return bytes.subarray(0, bytes.length - count)
}
