import { enums, generateKey, Message, PacketList, type PartialConfig, type PublicKey } from 'openpgp'
import { account, type Io } from 'sallyport'
import { pgpPrivateKey, pgpPublicKey, type ArmoredKeys } from '../../../functions/accounts/pgp-key.ts'
import { fakeIo } from '../../fake-io.ts'
import { vector } from '../../vectors.ts'

export const theirs = account('theirs', pgpPublicKey())
export const ours = account('ours', pgpPrivateKey())
export const stranger = account('stranger', pgpPublicKey())

export interface Texts { readonly theirs?: string | undefined; readonly ours?: string | undefined; readonly stranger?: string | undefined; readonly passphrase?: string | undefined }

/** An `io` whose accounts hold these keys, each read once, at a time of its own. */
export function ioWith({ theirs, ours, stranger, passphrase }: Texts, now: number = Date.now(), doors: Partial<Io> = {}): Io {
  const read = new Map<string, ArmoredKeys>()
  if (theirs !== undefined) read.set('theirs', pgpPublicKey().read(JSON.stringify({ pgpPublicKey: theirs })))
  if (stranger !== undefined) read.set('stranger', pgpPublicKey().read(JSON.stringify({ pgpPublicKey: stranger })))
  if (ours !== undefined) read.set('ours', pgpPrivateKey().read(JSON.stringify({ pgpPrivateKey: ours, passphrase })))
  return fakeIo({ now: () => now, deadline: now + 60_000, material: ({ name }) => Promise.resolve(read.get(name) as never), ...doors })
}

export interface Pair { readonly privateKey: string; readonly publicKey: string }
export const newPair = async (options: Partial<Parameters<typeof generateKey>[0]> = {}, config: PartialConfig = {}): Promise<Pair> =>
  generateKey({ userIDs: [{ email: 'somebody@example.com' }], ...options, date: options.date ?? new Date(Date.now() - 60_000), format: 'armored', config })

/** A message that holds these packets, whatever they are, sealed by openpgp. */
export async function sealedPackets(inner: Uint8Array, to: PublicKey): Promise<Buffer> {
  const packets = new PacketList() as PacketList<never> & { write: () => Uint8Array }
  packets.write = () => inner
  const parts: Buffer[] = []
  const bytes = (await new Message(packets).encrypt([to])).write() as Uint8Array | Iterable<Uint8Array> & { getReader?: unknown }
  if (bytes instanceof Uint8Array) return Buffer.from(bytes)
  for await (const part of bytes as unknown as AsyncIterable<Uint8Array>) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

export const packet = (tag: number, body: Uint8Array): Buffer => {
  const head = Buffer.of(0xc0 | tag, 255, 0, 0, 0, 0)
  head.writeUInt32BE(body.length, 2)
  return Buffer.concat([head, body])
}
export const literal = (text: string | Uint8Array): Buffer => packet(enums.packet.literalData, Buffer.concat([Buffer.of(0x62, 0, 0, 0, 0, 0), typeof text === 'string' ? Buffer.from(text) : text]))

/** The armor in a published file, without what stands around it. */
export function armorOf(path: string): string {
  const text = vector(path).toString('latin1')
  return text.slice(text.indexOf('-----BEGIN PGP'), text.lastIndexOf('-----') + 5)
}
