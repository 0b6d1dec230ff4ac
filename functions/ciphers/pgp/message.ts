import type { PrivateKey } from 'openpgp'
import { Bytes, refuse, whole, type Chunks } from './bytes.ts'
import { content, type Sink } from './content.ts'
import { packets, tags } from './packets.ts'
import { protectionOf, type Protection, type SessionKey } from './protection.ts'
import { sessionKeys } from './session-keys.ts'

const mostReaders = 32
/** A session key wrapped by RSA of 16384 bits takes 2 KiB. */
const longestWrapped = 4_096

/** Session keys, wrapped for each reader, as bodies of packets; and what they open. */
interface Parts {
  readonly wrapped: readonly Buffer[]
  readonly protection: Protection
  readonly ciphertext: AsyncIterable<Buffer>
}

/** Reads an encrypted message (RFC 9580 section 10.3): `work` reads the ciphertext to its end. */
async function scan<T>(chunks: Chunks, work: (parts: Parts) => Promise<T>): Promise<T> {
  const wrapped: Buffer[] = []
  let result: { readonly of: T } | undefined
  for await (const { tag, body } of packets(new Bytes(chunks))) {
    if (tag === tags.marker || tag === tags.padding) await whole(body, 65_536)
    else if (result !== undefined) refuse()
    // Opening by a password is not offered: its reader is somebody else.
    else if (tag === tags.symmetricKeyEncryptedSessionKey) await whole(body, longestWrapped)
    else if (tag === tags.publicKeyEncryptedSessionKey) {
      if (wrapped.push(await whole(body, longestWrapped)) > mostReaders) refuse()
    } else if (tag === tags.integrityProtected || tag === tags.aeadEncrypted) {
      const bytes = new Bytes(body)
      const protection = await protectionOf(tag, bytes)
      result = { of: await work({ wrapped, protection, ciphertext: bytes.rest() }) }
    } else refuse()
  }
  return (result ?? refuse()).of
}

/**
 * Opens a message, which is read once or twice; what it holds goes to the sink, and is authentic when this has ended well.
 * Nothing that is not authentic is parsed, unpacked or given to the sink. Gives the signatures, as packets, unverified.
 */
export async function openMessage(chunks: () => Chunks, keys: readonly PrivateKey[], sink: Sink, date: Date): Promise<readonly Buffer[]> {
  const first = await scan(chunks(), async ({ wrapped, protection, ciphertext }): Promise<{ readonly key: SessionKey } | { readonly signatures: readonly Buffer[] }> => {
    const candidates = await sessionKeys(wrapped, keys, protection, date)
    if (protection.choose !== undefined) return { key: await protection.choose(candidates, ciphertext) }
    return { signatures: await content(protection.plain(candidates, ciphertext), sink) }
  })
  if ('signatures' in first) return first.signatures
  return scan(chunks(), async ({ protection, ciphertext }) => content(protection.plain([first.key], ciphertext), sink))
}
