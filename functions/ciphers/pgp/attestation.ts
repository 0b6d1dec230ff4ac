import { isUtf8 } from 'node:buffer'
import type { ReadableStream } from 'node:stream/web'
import { createMessage, readSignature, verify, type Key } from 'openpgp'
import { refuse } from './bytes.ts'
import { policies, policy } from './policy.ts'

/** Milliseconds by which the clock of who signed may be ahead of ours. */
const ahead = 60_000

/**
 * Ends well if one of the signatures, given as packets, is over these bytes and by one of the keys, which was fit to sign when
 * it was made and is now: neither expired nor revoked. Throws whatever it throws.
 */
export async function attested(binary: Uint8Array | ReadableStream<Uint8Array>, signatures: readonly Buffer[], keys: readonly Key[], date: Date): Promise<void> {
  const fitting = signatures.filter((packet) => packet[afterHead + 1] !== ofText || isPlainText(binary))
  if (fitting.length === 0) refuse()
  const signature = await readSignature({ binarySignature: Buffer.concat(fitting), config: policy })
  const message = await createMessage({ binary: binary as Uint8Array })
  const { data, signatures: results } = await verify({ message, signature, verificationKeys: [...keys], format: 'binary', date: new Date(date.getTime() + ahead), config: policy })
  if (!(binary instanceof Uint8Array)) await drained(data)
  await Promise.any(results.map(async ({ keyID, verified }) => {
    await verified
    await Promise.any(keys.map((key) => key.getSigningKey(keyID, date, undefined, policies)))
  }))
}

/** openpgp hashes a flow as it is read, and puts itself before its reader alone: the flow cannot be iterated. */
async function drained(flow: unknown): Promise<void> {
  const reader = (flow as ReadableStream).getReader()
  while (!(await reader.read()).done);
}

/** Where the body of a framed packet begins: version, then type (RFC 9580 section 5.2.3). */
const afterHead = 6
const ofText = 1

/**
 * A signature of a text (RFC 9580 section 5.2.1.2) is over what openpgp decodes of it: bytes that are no UTF-8, and a byte
 * order mark, could be changed unnoticed. Line ends can, by that section. Files are not read as texts.
 */
const isPlainText = (binary: Uint8Array | ReadableStream<Uint8Array>): boolean =>
  binary instanceof Uint8Array && isUtf8(binary) && !(binary[0] === 0xef && binary[1] === 0xbb && binary[2] === 0xbf)
