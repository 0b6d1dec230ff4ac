import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync, deflateSync } from 'node:zlib'
import { encryptSessionKey, readKey, type PublicKey } from 'openpgp'
import type { Io } from 'sallyport'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgp } from '../../../functions/ciphers/pgp.ts'
import { ioWith, literal, newPair, ours, packet, sealedPackets, type Pair } from './pgp-keys.ts'

/** Messages that are put together here, packet by packet, for what no program writes. */

const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', paths: [], message: 'DECRYPTION_FAILED' })
const text = 'grüße, 078-05-1120\r\n'
const opener = pgp({ key: ours })
const none = Buffer.alloc(0)

let pair: Pair
let io: Io
let publicKey: PublicKey
beforeAll(async () => {
  pair = await newPair()
  publicKey = await readKey({ armoredKey: pair.publicKey })
  io = ioWith({ theirs: pair.publicKey, ours: pair.privateKey })
})

const opened = async (message: Uint8Array): Promise<string> => Buffer.from(await opener.open({ sealed: Buffer.from(message).toString('base64') }, io)).toString()
const inside = async (inner: Uint8Array): Promise<string> => opened(await sealedPackets(inner, publicKey))

type Symmetric = 'aes128' | 'aes192' | 'aes256' | 'cast5'
/** The session key for our reader, in a packet of version 3, or of version 6 where it is for AEAD. */
const wrapped = async (key: Buffer, algorithm: Symmetric, aeadAlgorithm?: 'gcm' | 'ocb'): Promise<Buffer> =>
  Buffer.from(await encryptSessionKey({ data: key, algorithm, ...aeadAlgorithm && { aeadAlgorithm }, encryptionKeys: publicKey, format: 'binary' }))

/** RFC 9580 section 5.13.1, with the digest's packet, or what stands in its place. */
function detected(key: Buffer, plain: Uint8Array, { prefix = Buffer.alloc(18, 7), head = Buffer.of(0xd3, 0x14), digest }: { readonly prefix?: Buffer; readonly head?: Buffer; readonly digest?: Buffer } = {}): Buffer {
  const before = Buffer.concat([prefix, plain, head])
  const cipher = createCipheriv(`aes-${key.length * 8}-cfb`, key, Buffer.alloc(16))
  return packet(18, Buffer.concat([Buffer.of(1), cipher.update(Buffer.concat([before, digest ?? createHash('sha1').update(before).digest()]))]))
}

const eight = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
interface Aead { readonly key: Buffer; readonly mode: 2 | 3; readonly tag?: number; readonly version?: number; readonly cipher?: number; readonly chunk?: number }
interface Chunks {
  readonly head: Buffer
  /** The nth chunk, with its tag; the last tag says how many bytes there were. */
  readonly seal: (index: number, plain: Uint8Array, total?: number) => Buffer
}
const bitsOf = (cipher: number): number => ({ 7: 128, 8: 192, 9: 256 })[cipher] ?? 256
const chunked = (bits: number, mode: 2 | 3, key: Buffer, nonce: Buffer, associated: Buffer, plain: Uint8Array): Buffer => {
  const cipher = createCipheriv(`aes-${bits}-${mode === 2 ? 'ocb' : 'gcm'}` as 'aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(associated)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}
/** RFC 9580 section 5.13.2. */
function salted({ key, mode, tag = 18, version = 2, cipher = 9, chunk = 0 }: Aead): Chunks {
  const [head, salt, bytes] = [Buffer.of(0xc0 | tag, version, cipher, mode, chunk), Buffer.alloc(32, 5), bitsOf(cipher) / 8]
  const derived = Buffer.from(hkdfSync('sha256', key, salt, head, bytes + (mode === 2 ? 7 : 4)))
  return {
    head: Buffer.concat([head.subarray(1), salt]),
    seal: (index, plain, total) => chunked(bitsOf(cipher), mode, derived.subarray(0, bytes), Buffer.concat([derived.subarray(bytes), eight(index)]), total === undefined ? head : Buffer.concat([head, eight(total)]), plain),
  }
}
/** LibrePGP section 5.16. */
function counted({ key, mode, tag = 20, version = 1, cipher = 9, chunk = 0 }: Aead): Chunks {
  const [head, start] = [Buffer.of(0xc0 | tag, version, cipher, mode, chunk), Buffer.alloc(mode === 2 ? 15 : 12, 0xa5)]
  return {
    head: Buffer.concat([head.subarray(1), start]),
    seal: (index, plain, total) => chunked(bitsOf(cipher), mode, key, Buffer.concat([start.subarray(0, -8), eight(start.readBigUInt64BE(start.length - 8) ^ BigInt(index))]), Buffer.concat([head, eight(index), total === undefined ? none : eight(total)]), plain),
  }
}
const cut = (plain: Buffer, size: number): Buffer[] => Array.from({ length: Math.ceil(plain.length / size) }, (_, i) => plain.subarray(i * size, (i + 1) * size))
/** All of a plaintext, in chunks of 64 bytes. */
const all = ({ head, seal }: Chunks, plain: Buffer, size = 64): Buffer => {
  const parts = cut(plain, size)
  return Buffer.concat([head, ...parts.map((part, i) => seal(i, part)), seal(parts.length, none, plain.length)])
}

const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const half = key.subarray(0, 16)

describe('packets', () => {
  test('a literal whose length is spelt in each of the ways, and in pieces', async () => {
    const body = literal(text).subarray(6)
    const [begin, rest] = [body.subarray(0, 1), body.subarray(1)]
    const spelt: readonly Buffer[] = [
      Buffer.concat([Buffer.of(0xcb, body.length), body]),
      Buffer.concat([Buffer.of(0xcb, 192, 8), body, Buffer.alloc(200 - body.length, 120)]),
      Buffer.concat([Buffer.of(0xac, body.length), body]),
      Buffer.concat([Buffer.of(0xad, 0, body.length), body]),
      Buffer.concat([Buffer.of(0xae, 0, 0, 0, body.length), body]),
      Buffer.concat([Buffer.of(0xaf), body]),
      Buffer.concat([Buffer.of(0xcb, 0xe0), begin, Buffer.of(rest.length), rest]),
      Buffer.concat([Buffer.of(0xcb, 0xe0), begin, Buffer.of(0xe2), rest.subarray(0, 4), Buffer.of(255, 0, 0, 0, rest.length - 4), rest.subarray(4)]),
    ]
    for (const [i, inner] of spelt.entries()) {
      expect(await inside(inner)).toBe(i === 1 ? `${text}${'x'.repeat(200 - body.length)}` : text)
    }
  })
  test('64 pieces of a literal may be small, and then one in 256 bytes', async () => {
    // The first piece is 128 bytes, 6 of them the head of the literal; the next are 64 times two; so many are for 256 bytes.
    const pieces = (more: number): Buffer => Buffer.concat([
      Buffer.of(0xcb, 0xe7), Buffer.of(0x62, 0, 0, 0, 0, 0), Buffer.alloc(122, 120),
      ...Array.from({ length: 64 }, () => Buffer.of(0xe1, 120, 120)), ...Array.from({ length: more }, () => Buffer.of(0xe0, 120)), Buffer.of(0),
    ])
    expect(await inside(pieces(1))).toBe('x'.repeat(251))
    await expect(inside(pieces(2))).rejects.toThrow(failed)
  })
  test('a literal whose head is cut off is not an empty one', async () => {
    expect(await inside(literal(''))).toBe('')
    for (const head of [[], [0x62], [0x62, 0], [0x62, 0, 0, 0, 0], [0x62, 5, 97, 98], [0x62, 9, 97, 98, 0, 0, 0, 0]]) await expect(inside(packet(11, Buffer.from(head)))).rejects.toThrow(failed)
  })
  test('markers and padding stand where they like, and hold 64 KiB at most', async () => {
    for (const tag of [10, 21]) {
      for (const filler of [none, Buffer.alloc(65_536)]) {
        expect(await inside(Buffer.concat([packet(tag, filler), literal(text), packet(tag, filler)]))).toBe(text)
        const message = Buffer.concat([await wrapped(key, 'aes256'), packet(tag, filler), detected(key, literal(text)), packet(tag, filler)])
        expect(await opened(message)).toBe(text)
      }
      await expect(inside(Buffer.concat([packet(tag, Buffer.alloc(65_537)), literal(text)]))).rejects.toThrow(failed)
      await expect(inside(Buffer.concat([literal(text), packet(tag, Buffer.alloc(65_537))]))).rejects.toThrow(failed)
      await expect(opened(Buffer.concat([packet(tag, Buffer.alloc(65_537)), await wrapped(key, 'aes256'), detected(key, literal(text))]))).rejects.toThrow(failed)
    }
  })
  test('a signature holds 16 KiB at most, its announcement 512 bytes', async () => {
    const signed = (announced: number, signature: number): Promise<string> => inside(Buffer.concat([packet(4, Buffer.alloc(announced, 3)), literal(text), packet(2, Buffer.alloc(signature, 4))]))
    expect(await signed(512, 16_384)).toBe(text)
    await expect(signed(513, 16_384)).rejects.toThrow(failed)
    await expect(signed(512, 16_385)).rejects.toThrow(failed)
    expect(await inside(Buffer.concat([packet(2, Buffer.alloc(16_384, 4)), literal(text)]))).toBe(text)
    await expect(inside(Buffer.concat([packet(2, Buffer.alloc(16_385, 4)), literal(text)]))).rejects.toThrow(failed)
  })
  test('a wrapped session key holds 4 KiB at most, and 32 readers have one', async () => {
    const [ours, sealed] = [await wrapped(key, 'aes256'), detected(key, literal(text))]
    for (const tag of [1, 3]) {
      expect(await opened(Buffer.concat([packet(tag, Buffer.alloc(4_096, 9)), ours, sealed]))).toBe(text)
      await expect(opened(Buffer.concat([packet(tag, Buffer.alloc(4_097, 9)), ours, sealed]))).rejects.toThrow(failed)
    }
    const others = (count: number): Buffer[] => Array.from({ length: count }, () => packet(1, Buffer.of(9)))
    expect(await opened(Buffer.concat([...others(31), ours, sealed]))).toBe(text)
    await expect(opened(Buffer.concat([...others(32), ours, sealed]))).rejects.toThrow(failed)
  })
  test('what stands behind the end of what is packed is passed over', async () => {
    for (const behind of [1, 200_000]) for (const [algorithm, bytes] of [[1, deflateRawSync(literal(text))], [2, deflateSync(literal(text))]] as const) {
      expect(await inside(packet(8, Buffer.concat([Buffer.of(algorithm), bytes, Buffer.alloc(behind, 1)])))).toBe(text)
    }
  })
  test('64 MiB come out of what is packed', async () => {
    const sealed = await sealedPackets(packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(Buffer.alloc(64 * 1_048_576)), { level: 1 })])), publicKey)
    expect((await opener.open({ sealed: sealed.toString('base64') }, io)).length).toBe(64 * 1_048_576)
  })
  test('signatures stand before the literal, or are announced there and stand behind it', async () => {
    const [announced, signature, packed] = [packet(4, Buffer.alloc(13, 3)), packet(2, Buffer.alloc(20, 4)), packet(8, Buffer.concat([Buffer.of(0), literal(text)]))]
    const parts: Readonly<Record<string, Buffer>> = { a: announced, s: signature, l: literal(text), c: packed, C: packet(8, Buffer.concat([Buffer.of(0), packed])), e: none }
    const made = (order: string): Promise<string> => inside(Buffer.concat(order.split('').map((part) => parts[part] as Buffer)))
    for (const order of ['l', 'c', 'als', 'aalss', 'sl', 'sals', 'ssssssssl', 'aaaaaaaalssssssss']) expect(await made(order), order).toBe(text)
    for (const order of [
      'e', 'a', 's', 'as', 'al', 'ls', 'aals', 'alss', 'las', 'lals', 'll', 'sll', 'lc', 'cl', 'cc', 'C', 'ac', 'acs', 'sc', 'cs', 'ca', 'cas',
      'sssssssssl', 'aaaaaaaaalsssssssss', 'ssssssssals',
    ]) await expect(made(order), order).rejects.toThrow(failed)
  })
  test('what is packed in chunks of which one is changed is refused, and waits for nothing', async () => {
    // Random bytes do not pack: the second chunk of many is far from the end of what is packed.
    const packed = packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(randomBytes(200_000)))]))
    const message = all(salted({ key, mode: 3, chunk: 8 }), packed, 16_384)
    const session = await wrapped(key, 'aes256', 'gcm')
    expect((await opener.open({ sealed: Buffer.concat([session, packet(18, message)]).toString('base64') }, io)).length).toBe(200_000)
    for (const at of [100, 20_000, 100_000, 190_000]) await expect(opened(Buffer.concat([session, packet(18, message.with(at, 1 ^ (message[at] as number)))]))).rejects.toThrow(failed)
  })
  test('what is packed says so, by ZIP or ZLIB', async () => {
    for (const [tag, algorithm, bytes] of [[60, 0, literal(text)], [18, 0, literal(text)], [8, 3, deflateSync(literal(text))], [8, 4, deflateRawSync(literal(text))], [8, 2, deflateRawSync(literal(text))], [8, 1, deflateSync(literal(text))]] as const) {
      await expect(inside(packet(tag, Buffer.concat([Buffer.of(algorithm), bytes])))).rejects.toThrow(failed)
    }
  })
  test('of what is sealed there is one, and nothing but filling behind it', async () => {
    const [third, sixth] = [await wrapped(key, 'aes256'), await wrapped(key, 'aes256', 'gcm')]
    for (const [session, sealed] of [[third, detected(key, literal(text))], [sixth, packet(18, all(salted({ key, mode: 3 }), literal(text)))], [third, packet(20, all(counted({ key, mode: 2 }), literal(text)))]] as const) {
      expect(await opened(Buffer.concat([session, sealed]))).toBe(text)
      for (const behind of [sealed, session, packet(3, Buffer.alloc(9, 4)), packet(60, none), literal(text), packet(2, Buffer.alloc(9, 4)), none]) {
        const opening = opened(Buffer.concat([session, sealed, behind]))
        if (behind === none) expect(await opening).toBe(text)
        else await expect(opening).rejects.toThrow(failed)
      }
      for (const before of [literal(text), packet(2, Buffer.alloc(9, 4)), packet(60, none), packet(9, Buffer.alloc(60))]) await expect(opened(Buffer.concat([before, session, sealed]))).rejects.toThrow(failed)
    }
  })
  test('a text of 6 MiB is read, and not a longer one', async () => {
    const session = await wrapped(key, 'aes256')
    const spare = session.length + detected(key, literal('')).length
    const sized = (bytes: number): Buffer => Buffer.concat([session, detected(key, literal(Buffer.alloc(bytes - spare, 120)))])
    expect(sized(4_718_592).toString('base64')).toHaveLength(6 * 1_048_576)
    expect(await opened(sized(4_718_592))).toBe('x'.repeat(4_718_592 - spare))
    await expect(opened(sized(4_718_593))).rejects.toThrow(failed)
  })
})

describe('armor', () => {
  const [begin, end] = ['-----BEGIN PGP MESSAGE-----', '-----END PGP MESSAGE-----']
  let body: string
  let padded: string
  beforeAll(async () => {
    const sized = async (rest: number): Promise<string> => {
      const session = await wrapped(key, 'aes256')
      for (let more = 0; ; more++) {
        const message = Buffer.concat([session, packet(10, Buffer.alloc(more)), detected(key, literal(text))])
        if (message.length % 3 === rest) return message.toString('base64')
      }
    }
    body = await sized(0)
    padded = await sized(1)
    expect(padded.endsWith('==')).toBe(true)
  })
  const lines = (text: string, length: number): string => text.match(new RegExp(`.{1,${length}}`, 'g'))?.join('\n') ?? ''
  const read = async (sealed: string): Promise<string> => Buffer.from(await opener.open({ sealed }, io)).toString()
  const made = (body: string, headers = ''): string => `${begin}\n${headers}\n${body}\n${end}\n`

  test('in lines of any length, with blank ones, with blanks at their ends and a checksum that is not looked at', async () => {
    for (const one of [body, padded]) {
      // A line that begins with what fills up a group would be the checksum.
      for (const length of one === body ? [1, 3, 5, 64, 1_024] : [4, 64, 1_024]) expect(await read(made(lines(one, length))), `${length}`).toBe(text)
      for (const spelt of [
        made(lines(one, 64)).trimEnd(), made(`${lines(one, 64)}\n=AAAA`), made(`${lines(one, 64)}\n=`), made(`\n${lines(one, 64).replaceAll('\n', ' \t\n\n')}\n`), made(lines(one, 64)).replaceAll('\n', '\r\n'),
        ` \n\n${made(lines(one, 64))} \n\n`, made(lines(one, 64)).replaceAll('-----\n', '----- \t\n'), made(lines(one, 64), 'Version: 1\nComment:\nX-Any-9: : -\n'), made(`${lines(one, 64)}\n=${'x'.repeat(1_023)}`),
      ]) expect(await read(spelt), spelt).toBe(text)
    }
  })
  test('of another form it is refused', async () => {
    const whole = lines(body, 64)
    for (const spelt of [
      made(''), made(`${whole}\n=AAAA\n=AAAA`), made(`${whole}\n=AAAA\nAAAA`), made(`${whole}\n=AAAA\n\n`), made(`=AAAA\n${whole}`), made(`${whole}A`), made(whole.slice(0, -1)), made(`${whole}\nAA`),
      made(`${lines(padded, 64)}\nAAAA`), made(`${lines(padded, 64)}=`), made(`${whole}=`), made(`${whole}====`), made(`=${whole}`), made(padded.slice(0, -1)), made(padded.slice(0, -2)),
      ...['*', ' ', '-', '_', ':', '\u0000', '\u00e9', '\u0141'].map((other) => made(`${body.slice(0, 9)}${other}${body.slice(9, 80)}`)),
      ...['*', ' ', '_', '\u00e9'].map((other) => made(whole.replace('\n', `${other}x\n`))), made(`*${whole}`), made(`****${whole}`), made(`${whole}*`), made(whole.replaceAll('\n', '\n****')), made(whole.replaceAll('\n', '****\n')), made(whole.replaceAll('A', '\u0141')), made(whole.replace('\n', '*\n')), made(whole.replace('\n', '\n*')), made(whole.replace('\n', '\n ')),
      made(whole, 'Version 1\n'), made(whole, ': 1\n'), made(whole, '*: 1\n'), made(whole, ' Version: 1\n'), made(whole, 'Version*: 1\n'), made(whole, 'x'),
      `x${made(whole)}`, ` ${made(whole)}`, `x\n${made(whole)}`, `${made(whole)}x`, `${made(whole)}\nx`, `${made(whole)}${made(whole)}`, made(whole).replace(end, ''), made(whole).replace(end, '-'), made(whole).replace(end, `${end}x`), made(whole).replace(end, ` ${end}`),
      made(whole).replace(end, '-----END PGP SIGNATURE-----'), made(`${whole}\n=AAAA`).replace(end, '-----END PGP SIGNATURE-----'), made(whole).replace('BEGIN PGP MESSAGE', 'BEGIN PGP SIGNATURE'), `${begin}\n`, `${begin}\n\n`, `${begin}\n\n${whole}`, `${begin}\n${whole}\n${end}`, begin,
    ]) await expect(read(spelt), spelt).rejects.toThrow(failed)
  })
  test('a line of 1,024 characters, 4 KiB of headers, and no more', async () => {
    const headers = (length: number): string => `${'Comment: 89\n'.repeat(300)}Comment: ${'x'.repeat(length - 3_600 - 10)}\n`
    // With the first line, which has 28 characters, and the blank one.
    expect(await read(made(body, headers(4_096 - 29)))).toBe(text)
    await expect(read(made(body, headers(4_096 - 28)))).rejects.toThrow(failed)
    await expect(read(`${'\n'.repeat(4_096)}${made(body)}`)).rejects.toThrow(failed)
    await expect(read(made(body, `Comment: ${'x'.repeat(1_016)}\n`))).rejects.toThrow(failed)
    expect(await read(made(body, `Comment: ${'x'.repeat(1_015)}\n`))).toBe(text)
    const long = Buffer.concat([await wrapped(key, 'aes256'), detected(key, literal('x'.repeat(1_000)))]).toString('base64')
    expect(await read(made(lines(long, 1_024)))).toBe('x'.repeat(1_000))
    await expect(read(made(lines(long, 1_025)))).rejects.toThrow(failed)
    expect(await read(made(body).trimEnd() + ' '.repeat(1_024 - end.length))).toBe(text)
    await expect(read(made(body).trimEnd() + ' '.repeat(1_025 - end.length))).rejects.toThrow(failed)
    await expect(read(made(`${body}\n=${'x'.repeat(1_024)}`))).rejects.toThrow(failed)
  })
})

describe('a session key is of the version and of the length that the message asks for', () => {
  test('version 3 before a digest inside, version 6 before AEAD', async () => {
    const [third, sixth] = [await wrapped(key, 'aes256'), await wrapped(key, 'aes256', 'gcm')]
    const [first, second] = [detected(key, literal(text)), packet(18, all(salted({ key, mode: 3 }), literal(text)))]
    expect(await opened(Buffer.concat([third, first]))).toBe(text)
    expect(await opened(Buffer.concat([sixth, second]))).toBe(text)
    expect(await opened(Buffer.concat([third, sixth, first]))).toBe(text)
    expect(await opened(Buffer.concat([third, sixth, second]))).toBe(text)
    await expect(opened(Buffer.concat([sixth, first]))).rejects.toThrow(failed)
    await expect(opened(Buffer.concat([third, second]))).rejects.toThrow(failed)
    await expect(opened(second)).rejects.toThrow(failed)
    await expect(opened(first)).rejects.toThrow(failed)
  })
  test('as long as its algorithm asks, which is AES', async () => {
    expect(await opened(Buffer.concat([await wrapped(half, 'aes128'), detected(half, literal(text))]))).toBe(text)
    for (const algorithm of ['aes192', 'aes256', 'cast5'] as const) await expect(opened(Buffer.concat([await wrapped(half, algorithm), detected(half, literal(text))]))).rejects.toThrow(failed)
  })
  test('as long as the cipher that the message names', async () => {
    for (const [cipher, bytes] of [[7, 16], [8, 24], [9, 32]] as const) {
      expect(await opened(Buffer.concat([await wrapped(key.subarray(0, bytes), 'aes256', 'gcm'), packet(18, all(salted({ key: key.subarray(0, bytes), mode: 3, cipher }), literal(text)))]))).toBe(text)
    }
    for (const cipher of [8, 9]) await expect(opened(Buffer.concat([await wrapped(half, 'aes128', 'gcm'), packet(18, all(salted({ key: half, mode: 3, cipher }), literal(text)))]))).rejects.toThrow(failed)
  })
})

describe('AEAD, chunk by chunk', () => {
  const plain = literal('x'.repeat(180))
  const long = 'x'.repeat(180)
  const sixth = (): Promise<Buffer> => wrapped(key, 'aes256', 'gcm')
  const third = (): Promise<Buffer> => wrapped(key, 'aes256')
  const salt = (chunks: Partial<Aead> = {}): Chunks => salted({ key, mode: 3, ...chunks })
  const count = (chunks: Partial<Aead> = {}): Chunks => counted({ key, mode: 2, ...chunks })
  const [a, b, c] = cut(plain, 64) as [Buffer, Buffer, Buffer]

  test('of either form, in either mode that is offered, with chunks of every size', async () => {
    for (let chunk = 0; chunk <= 16; chunk++) {
      for (const mode of [2, 3] as const) expect(await opened(Buffer.concat([await sixth(), packet(18, all(salt({ mode, chunk }), plain, 2 ** (chunk + 6)))]))).toBe(long)
      expect(await opened(Buffer.concat([await third(), packet(20, all(count({ chunk }), plain, 2 ** (chunk + 6)))]))).toBe(long)
    }
    await expect(opened(Buffer.concat([await sixth(), packet(18, all(salt({ chunk: 17 }), plain, 2 ** 23))]))).rejects.toThrow(failed)
    await expect(opened(Buffer.concat([await third(), packet(20, all(count({ chunk: 17 }), plain, 2 ** 23))]))).rejects.toThrow(failed)
  })
  test('as many bytes as fill their chunks, one more and one less', async () => {
    for (const size of [1, 56, 57, 58, 59, 120, 121, 122, 123]) {
      const content = 'x'.repeat(size)
      expect(await opened(Buffer.concat([await sixth(), packet(18, all(salt(), literal(content)))]))).toBe(content)
      expect(await opened(Buffer.concat([await third(), packet(20, all(count(), literal(content)))]))).toBe(content)
    }
  })
  test('of another version, of one form in the packet of the other, and GCM where it is not defined', async () => {
    for (const [tag, chunks] of [[18, salt({ version: 3 })], [18, salt({ version: 0 })], [20, salt({ tag: 20, version: 2 })], [20, salt({ tag: 20, version: 1 })]] as const) {
      await expect(opened(Buffer.concat([await sixth(), await third(), packet(tag, all(chunks, plain))]))).rejects.toThrow(failed)
    }
    for (const [tag, chunks] of [[20, count({ version: 2 })], [20, count({ version: 0 })], [20, count({ mode: 3 })], [18, count({ tag: 18, version: 3 })], [18, count({ tag: 18, version: 1 })]] as const) {
      await expect(opened(Buffer.concat([await sixth(), await third(), packet(tag, all(chunks, plain))]))).rejects.toThrow(failed)
    }
  })
  test.each([['salted', 18, salt(), sixth], ['counted', 20, count(), third]] as const)('chunks in another order, too few, too many, or with another last tag: %s', async (_, tag, { head, seal }, session) => {
    const ends = [seal(3, none, plain.length), seal(2, none, 128)]
    const sealed = async (...parts: readonly Buffer[]): Promise<string> => opened(Buffer.concat([await session(), packet(tag, Buffer.concat([head, ...parts]))]))
    expect(await sealed(seal(0, a), seal(1, b), seal(2, c), ends[0] as Buffer)).toBe(long)
    for (const parts of [
      [seal(1, b), seal(0, a), seal(2, c), ends[0]], [seal(0, a), seal(2, c), ends[0]], [seal(0, a), seal(1, b), ends[0]], [seal(0, a), seal(1, b), seal(1, b), seal(2, c), ends[0]],
      [seal(0, a), seal(1, b), seal(2, c)], [seal(0, a), seal(1, b), seal(2, c), ends[1]], [seal(0, a), seal(1, b), seal(2, c), seal(3, none, plain.length + 1)],
      [seal(0, a), seal(1, b), seal(2, c), seal(4, none, plain.length)], [seal(0, a), seal(1, b), seal(2, c), ends[0]?.subarray(0, 15)], [ends[0]], [ends[0]?.subarray(0, 15)], [],
    ]) await expect(sealed(...parts.map((part) => part ?? none))).rejects.toThrow(failed)
  })
  test('of two session keys one opens all of a message, whichever it is', async () => {
    const other = Buffer.alloc(32, 9)
    const [one, two] = [salt(), salt({ key: other })]
    const both = [await sixth(), await wrapped(other, 'aes256', 'gcm')]
    expect(await opened(Buffer.concat([...both, packet(18, all(one, plain))]))).toBe(long)
    expect(await opened(Buffer.concat([...both, packet(18, all(two, plain))]))).toBe(long)
    for (const [x, y] of [[one, two], [two, one]] as const) {
      await expect(opened(Buffer.concat([...both, packet(18, Buffer.concat([x.head, x.seal(0, a), y.seal(1, b), y.seal(2, c), y.seal(3, none, plain.length)]))]))).rejects.toThrow(failed)
      await expect(opened(Buffer.concat([...both, packet(18, Buffer.concat([x.head, x.seal(0, a), x.seal(1, b), x.seal(2, c), y.seal(3, none, plain.length)]))]))).rejects.toThrow(failed)
    }
  })
})

describe('a digest inside', () => {
  test('of another packet, of another text, cut off or none', async () => {
    const session = await wrapped(key, 'aes256')
    expect(await opened(Buffer.concat([session, detected(key, literal(text))]))).toBe(text)
    for (const sealed of [
      detected(key, literal(text), { head: Buffer.of(0xd3, 0x15) }), detected(key, literal(text), { head: Buffer.of(0xd2, 0x14) }), detected(key, literal(text), { head: none }),
      detected(key, literal(text), { digest: Buffer.alloc(20) }), detected(key, literal(text), { digest: none }), detected(key, none, { prefix: none, head: none, digest: none }),
      detected(key, none, { prefix: Buffer.alloc(17) }), detected(key, none),
    ]) await expect(opened(Buffer.concat([session, sealed]))).rejects.toThrow(failed)
  })
  test('of two session keys the one that fits opens', async () => {
    const [one, two] = [await wrapped(key, 'aes256'), await wrapped(half, 'aes128')]
    for (const fitting of [key, half]) for (const order of [[one, two], [two, one]]) expect(await opened(Buffer.concat([...order, detected(fitting, literal(text))]))).toBe(text)
  })

  let folder: string
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'pgp-packets-')) })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
  const at = (name: string): string => join(folder, name)
  /** Opens a file; `asked` hears of every look at the clock, of which there is one before each piece that is read. */
  const reading = (file: string, asked: () => void): Promise<void> | undefined =>
    opener.openFile?.({ from: at(file), to: at('opened') }, ioWith({ ours: pair.privateKey }, Date.now(), { now: () => (asked(), Date.now()) }))
  test('a file that changes between its two readings releases nothing but what was authentic', async () => {
    const sealed = Buffer.concat([await wrapped(key, 'aes256'), detected(key, literal(text))])
    // A bit within the text, which the digest stands 22 bytes behind.
    const changed = sealed.with(sealed.length - 30, 1 ^ (sealed.at(-30) as number))
    let refused = 0
    for (let when = 1; when <= 6; when++) {
      writeFileSync(at('sealed'), sealed)
      let looks = 0
      await reading('sealed', () => { if (++looks === when) writeFileSync(at('sealed'), changed) })?.then(
        () => { expect(readFileSync(at('opened'), 'utf8')).toBe(text) },
        (error: unknown) => { refused++; expect(error).toStrictEqual(failed) })
    }
    expect(refused).toBeGreaterThanOrEqual(3)
  })
  test('all of a file is read before it is refused, be its session key ours or not', async () => {
    const content = detected(key, literal(Buffer.alloc(1_048_576)), { digest: Buffer.alloc(20) })
    const stranger = (await readKey({ armoredKey: (await newPair()).publicKey }))
    const theirs = Buffer.from(await encryptSessionKey({ data: key, algorithm: 'aes256', encryptionKeys: stranger, format: 'binary' }))
    const looks: number[] = []
    for (const session of [await wrapped(key, 'aes256'), await wrapped(half, 'aes256'), theirs]) {
      writeFileSync(at('sealed'), Buffer.concat([session, content]))
      let count = 0
      await expect(reading('sealed', () => { count++ })).rejects.toThrow(failed)
      looks.push(count)
    }
    expect(looks[0]).toBeGreaterThan(16)
    expect(looks).toStrictEqual([looks[0], looks[0], looks[0]])
  })
})
