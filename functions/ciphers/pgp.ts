import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { createMessage, encrypt } from 'openpgp'
import { accountNeed, Fault, isFault, type Account, type Io, type Opener, type Sealer } from 'sallyport'
import type { PgpPrivateKey, PgpPublicKey } from '../accounts/pgp-key.ts'
import { written } from './files/written.ts'
import { opener } from './opener.ts'
import { isBinary, unarmored } from './pgp/armor.ts'
import { attested } from './pgp/attestation.ts'
import type { Chunks } from './pgp/bytes.ts'
import { privateKeys, publicKeys, sealingKey, signingKey } from './pgp/keys.ts'
import { openMessage } from './pgp/message.ts'
import { policy } from './pgp/policy.ts'
import { bytesOf } from './pgp/text.ts'

interface Sealing {
  /** Whose key it is sealed to. */
  readonly to: Account<PgpPublicKey>
  /** A key of ours that signs what is sealed; inside, so that only the reader sees who signed. */
  readonly signBy?: Account<PgpPrivateKey>
  /** Text with lines, as it is; or without armor: base64 of the binary form, and the binary form in files. */
  readonly armor?: boolean
}

interface Opening {
  readonly key: Account<PgpPrivateKey>
  /** Who must have signed it. Without this whoever has our public key may have sealed it: signatures are not looked at. */
  readonly signedBy?: Account<PgpPublicKey>
}

const mebibytes64 = 64 * 1_048_576
/** How many times its size a file may hold, where that is more than 64 MiB: text seldom packs to less than a twentieth. */
const expansion = 32

/**
 * OpenPGP (RFC 9580, and 4880 before it): AES with integrity protection for one reader. `to` seals, and signs with `signBy`;
 * `key` opens, in armor or without, and with `signedBy` only what that partner signed. Keys, session keys and signatures are
 * read by openpgp; packets and ciphertext of what is opened here, on node:crypto: packets must be bounded before they are
 * read, and openpgp 6.3 takes minutes for 4 MiB of empty ones. Messages without integrity protection, other ciphers than AES,
 * BZip2, EAX, passwords, and signatures over SHA-1 are refused. What is packed may become 64 MiB, in files 32 times the file
 * if that is more. OpenPGP cannot bind the field that a text stands in.
 */
export const pgp = <Use extends Sealing | Opening>(use: Use): [Use] extends [Opening] ? Opener : Sealer =>
  ('key' in use ? opening(use) : sealing(use)) as [Use] extends [Opening] ? Opener : Sealer

const opening = ({ key, signedBy }: Opening): Opener => opener({
  cipher: 'pgp',
  config: { key, signedBy },
  needs: [accountNeed(key), ...signedBy === undefined ? [] : [accountNeed(signedBy)]],
  async open({ sealed }, io) {
    const bytes = await bytesOf(sealed, 'MESSAGE')
    const plain: Uint8Array[] = []
    const date = new Date(io.now())
    const signatures = await openMessage(() => [bytes], await privateKeys(io, key), { most: mebibytes64, write: (part) => { plain.push(part) } }, date)
    const all = Buffer.concat(plain)
    if (signedBy !== undefined) await attested(all, signatures, await publicKeys(io, signedBy), date)
    return all
  },
  openFile: async (files, io) => written(files, async (file, out) => {
    const { size } = await file.stat()
    const first = (await file.read(Buffer.alloc(1), 0, 1, 0)).buffer[0]
    const chunks = (): Chunks => isBinary(first) ? contents(file, io) : unarmored(contents(file, io), 'MESSAGE')
    const date = new Date(io.now())
    const signatures = await openMessage(chunks, await privateKeys(io, key), { most: Math.max(mebibytes64, size * expansion), write: (part) => out.writeFile(part) }, date)
    if (signedBy !== undefined) await attested(stream(contents(out, io)), signatures, await publicKeys(io, signedBy), date)
  }),
})

const sealing = ({ to, signBy, armor = true }: Sealing): Sealer => {
  const options = async (io: Io) => {
    const date = new Date(io.now())
    return { encryptionKeys: await sealingKey(io, to), ...signBy && { signingKeys: await signingKey(io, signBy) }, date, config: policy }
  }
  return {
    cipher: 'pgp',
    config: { to, signBy, armor },
    needs: [accountNeed(to), ...signBy === undefined ? [] : [accountNeed(signBy)]],
    mediaType: 'application/pgp-encrypted',
    async seal(plain, io) {
      const given = await options(io)
      return ours(async () => {
        const message = await createMessage({ binary: plain, date: given.date })
        return { sealed: armor ? await encrypt({ ...given, message, format: 'armored' }) : Buffer.from(await encrypt({ ...given, message, format: 'binary' })).toString('base64') }
      })
    },
    async sealFile(files, io) {
      const given = await options(io)
      await ours(() => written(files, async (file, out) => {
        const message = await createMessage({ binary: stream(contents(file, io)), date: given.date })
        const sealed = armor ? await encrypt({ ...given, message, format: 'armored' }) : await encrypt({ ...given, message, format: 'binary' })
        for await (const part of sealed as AsyncIterable<string | Uint8Array>) await out.writeFile(part)
      }))
    },
  }
}

/** Of a foreign error nothing is kept. */
async function ours<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isFault(error) && error.code === 'OUT_OF_TIME' ? error : new Fault('STEP_FAILED')
  }
}

const stream = (chunks: AsyncIterable<Buffer>): ReadableStream<Uint8Array> => Readable.toWeb(Readable.from(chunks, { objectMode: false }))

/** What a file holds, from its beginning, for as long as there is time. */
async function* contents(file: FileHandle, io: Io): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    if (io.now() > io.deadline) throw new Fault('OUT_OF_TIME')
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(65_536), 0, 65_536, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
