import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync, deflateSync } from 'node:zlib'
import { armor, createMessage, decrypt, encrypt, enums, Message, PacketList, readKey, readMessage, readPrivateKey, revokeKey, sign, SymmetricallyEncryptedDataPacket, type PublicKey } from 'openpgp'
import type { Io } from 'sallyport'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgpPrivateKey, pgpPublicKey } from '../../../functions/accounts/pgp-key.ts'
import { pgp } from '../../../functions/ciphers/pgp.ts'
import { cpu } from '../../cpu.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'
import { armorOf, ioWith, literal, newPair, ours, packet, sealedPackets, stranger, theirs, type Pair } from './pgp-keys.ts'

const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', paths: [], message: 'DECRYPTION_FAILED' })
const unavailable = expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' })
const text = 'grüße, 078-05-1120\r\n'
const plain = Buffer.from(text)
const opener = pgp({ key: ours })
const strict = pgp({ key: ours, signedBy: theirs })

let pair: Pair
let other: Pair
let io: Io
let publicKey: PublicKey
let folder: string
beforeAll(async () => {
  pair = await newPair()
  other = await newPair()
  publicKey = await readKey({ armoredKey: pair.publicKey })
  io = ioWith({ theirs: pair.publicKey, ours: pair.privateKey, stranger: other.publicKey })
  folder = mkdtempSync(join(tmpdir(), 'pgp-'))
})
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

const at = (name: string): string => join(folder, name)
const asText = async (opening: Promise<Uint8Array>): Promise<string> => Buffer.from(await opening).toString()
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

describe('opens what it sealed, and what openpgp sealed; seals what openpgp opens', () => {
  test.each<[string, () => Promise<Pair>]>([
    ['Curve25519', async () => newPair()],
    ['version 6 with AEAD', async () => newPair({ type: 'curve25519' }, { v6Keys: true, aeadProtect: true })],
    ['version 6 with OCB', async () => newPair({ type: 'curve25519' }, { v6Keys: true, aeadProtect: true, preferredAEADAlgorithm: enums.aead.ocb })],
    ['Curve448', async () => newPair({ type: 'curve448' }, { v6Keys: true })],
    ['P-256', async () => newPair({ type: 'ecc', curve: 'nistP256' })],
    ['P-521', async () => newPair({ type: 'ecc', curve: 'nistP521' })],
    ['RSA', async () => newPair({ type: 'rsa', rsaBits: 2048 })],
    ['RSA of version 6 with AEAD', async () => newPair({ type: 'rsa', rsaBits: 2048 }, { v6Keys: true, aeadProtect: true })],
    ['a locked key', async () => newPair({ passphrase: 'correct horse' })],
  ])('%s', async (kind, make) => {
    const keys = await make()
    const own = ioWith({ theirs: keys.publicKey, ours: keys.privateKey, ...kind === 'a locked key' && { passphrase: 'correct horse' } })
    for (const armor of [true, false]) {
      const sealed = await pgp({ to: theirs, signBy: ours, armor }).seal(plain, own)
      expect(sealed.sealed.startsWith('-----BEGIN PGP MESSAGE-----\n')).toBe(armor)
      expect(await asText(strict.open(sealed, own))).toBe(text)
      if (kind === 'a locked key') continue
      const message = armor ? await readMessage({ armoredMessage: sealed.sealed }) : await readMessage({ binaryMessage: Buffer.from(sealed.sealed, 'base64') })
      const read = await decrypt({ message, decryptionKeys: await readPrivateKey({ armoredKey: keys.privateKey }), verificationKeys: await readKey({ armoredKey: keys.publicKey }), expectSigned: true, format: 'binary' })
      expect(Buffer.from(read.data).toString()).toBe(text)
    }
    const theirsSealed = await encrypt({ message: await createMessage({ binary: plain }), encryptionKeys: await readKey({ armoredKey: keys.publicKey }) })
    expect(await asText(opener.open({ sealed: theirsSealed }, own))).toBe(text)
  })

  test('nothing, one byte and 4 MiB', async () => {
    for (const size of [0, 1, 4 * 1_048_576]) {
      const bytes = Buffer.alloc(size, 7)
      expect(Buffer.from(await strict.open(await pgp({ to: theirs, signBy: ours, armor: false }).seal(bytes, io), io)).equals(bytes)).toBe(true)
    }
  })
  test('without lines, with blank ones, with headers, with CR LF and with a wrong CRC the armor is the same', async () => {
    const { sealed } = await pgp({ to: theirs }).seal(plain, io)
    for (const spelt of [sealed.replaceAll('\n', '\r\n'), `\n\n${sealed}\n\n`, sealed.replace('\n', '\nVersion: 1\nComment: a - b\n'), sealed.replace(/\n=.{4}\n/, '\n=AAAA\n'), sealed.replace(/\n=.{4}\n/, '\n')]) {
      expect(await asText(opener.open({ sealed: spelt }, io))).toBe(text)
    }
  })
  test('packed as ZIP and as ZLIB, once', async () => {
    for (const [algorithm, bytes] of [[0, literal(text)], [1, deflateRawSync(literal(text))], [2, deflateSync(literal(text))]] as const) {
      const sealed = base64(await sealedPackets(packet(8, Buffer.concat([Buffer.of(algorithm), bytes])), publicKey))
      expect(await asText(opener.open({ sealed }, io))).toBe(text)
    }
  })
  test('of several keys in an account all open, and the first seals and signs', async () => {
    const [first, second] = [await readPrivateKey({ armoredKey: other.privateKey }), await readPrivateKey({ armoredKey: pair.privateKey })]
    const both = Buffer.concat([first.write(), second.write()])
    const rotated = ioWith({ ours: armor(enums.armor.privateKey, both), theirs: pair.publicKey, stranger: other.publicKey })
    expect(await asText(opener.open(await pgp({ to: theirs }).seal(plain, io), rotated))).toBe(text)
    expect(await asText(opener.open(await pgp({ to: stranger }).seal(plain, io), rotated))).toBe(text)
    expect(await asText(pgp({ key: ours, signedBy: stranger }).open(await pgp({ to: theirs, signBy: ours }).seal(plain, rotated), rotated))).toBe(text)
  })
  test('asks for the secrets of its accounts alone, and says whose', () => {
    expect(strict.needs.map(({ resource, actions }) => [resource.name, ...actions])).toStrictEqual([['ours', 'secretsmanager:GetSecretValue'], ['theirs', 'secretsmanager:GetSecretValue']])
    expect(pgp({ to: theirs, signBy: ours }).needs.map(({ resource }) => resource.name)).toStrictEqual(['theirs', 'ours'])
    expect(pgp({ to: theirs }).mediaType).toBe('application/pgp-encrypted')
    expect(pgp({ to: theirs }).needs).toHaveLength(1)
    expect(opener.needs).toHaveLength(1)
    expect(pgp({ to: theirs })).toMatchObject({ cipher: 'pgp', config: { to: theirs, signBy: undefined, armor: true } })
    expect(pgp({ to: theirs, signBy: ours, armor: false })).toMatchObject({ cipher: 'pgp', config: { to: theirs, signBy: ours, armor: false } })
    expect(strict).toMatchObject({ cipher: 'pgp', config: { key: ours, signedBy: theirs } })
  })
})

describe('whatever does not open ends in one and the same fault', () => {
  const sealed = async (inner: Uint8Array): Promise<string> => base64(await sealedPackets(inner, publicKey))
  const ciphertext = async (): Promise<Buffer> => sealedPackets(literal(text), publicKey)
  const byOpenpgp = async (options: object = {}, config: object = {}): Promise<string> =>
    encrypt({ message: await createMessage({ binary: plain }), encryptionKeys: publicKey, config, ...options })
  test.each<[string, () => Promise<string> | string]>([
    ['empty', () => ''],
    ['not a message', () => 'hello'],
    ['spaces in base64', async () => base64(await ciphertext()).replace('A', 'A ')],
    ['base64 without its padding, or with more', async () => `${base64(await ciphertext())}=`],
    ['another kind of armor', async () => (await byOpenpgp()).replaceAll('MESSAGE', 'SIGNATURE')],
    ['armor with text before', async () => `hello\n${await byOpenpgp()}`],
    ['armor with text behind', async () => `${await byOpenpgp()}hello`],
    ['armor without end', async () => (await byOpenpgp()).slice(0, -30)],
    ['two armors', async () => (await byOpenpgp()) + (await byOpenpgp())],
    ['armor with padding within', async () => (await byOpenpgp()).replace(/\n([^\n]{4})/, '\n$1=\n')],
    ['a literal that is not sealed', () => base64(literal(text))],
    ['two messages', async () => base64(Buffer.concat([await ciphertext(), await ciphertext()]))],
    ['a message for somebody else', async () => byOpenpgp({ encryptionKeys: await readKey({ armoredKey: other.publicKey }) })],
    ['a message for a password', async () => encrypt({ message: await createMessage({ binary: plain }), passwords: 'password' })],
    ['no literal', async () => sealed(packet(10, Buffer.from('PGP')))],
    ['two literals', async () => sealed(Buffer.concat([literal(text), literal(text)]))],
    ['an unknown packet', async () => sealed(Buffer.concat([packet(60, Buffer.alloc(3)), literal(text)]))],
    ['bytes behind the literal', async () => sealed(Buffer.concat([literal(text), Buffer.of(0)]))],
    ['a packet that begins without the first bit', async () => base64((await ciphertext()).with(0, 0x41))],
    ['a literal that begins without the first bit', async () => sealed(literal(text).with(0, 0x4b))],
    ['a marker without a length', async () => sealed(Buffer.concat([literal(text), Buffer.of(0xab), Buffer.from('PGP')]))],
    ['a marker in pieces', async () => sealed(Buffer.concat([literal(text), Buffer.of(0xca, 0xe0), Buffer.from('P'), Buffer.of(2), Buffer.from('GP')]))],
    ['a truncated literal', async () => sealed(literal(text).subarray(0, -1))],
    ['packed twice', async () => sealed(packet(8, Buffer.concat([Buffer.of(2), deflateSync(packet(8, Buffer.concat([Buffer.of(2), deflateSync(literal(text))])))])))],
    ['packed as BZip2', async () => sealed(packet(8, Buffer.concat([Buffer.of(3), Buffer.from('BZh9')])))],
    ['packed, and cut off', async () => sealed(packet(8, Buffer.concat([Buffer.of(2), deflateSync(literal(text)).subarray(0, -8)])))],
    ['packed, and broken', async () => sealed(packet(8, Buffer.of(2, 1, 2, 3, 4, 5, 6, 7, 8)))],
    ['packed to more than 64 MiB', async () => sealed(packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(Buffer.alloc(64 * 1_048_576 + 1)), { level: 1 })])))],
    ['a signature that was announced and does not come', async () => sealed(Buffer.concat([packet(4, Buffer.alloc(13, 3)), literal(text)]))],
    ['a signature that was not announced', async () => sealed(Buffer.concat([literal(text), packet(2, Buffer.alloc(20, 4))]))],
    ['ElGamal', () => base64(Buffer.concat([packet(1, Buffer.concat([Buffer.of(3), Buffer.alloc(8), Buffer.of(16), Buffer.alloc(20)])), packet(18, Buffer.alloc(60, 1))]))],
    ['without integrity protection', async () => {
      const message = await createMessage({ binary: plain })
      const found = await readMessage({ binaryMessage: await ciphertext() })
      const old = new SymmetricallyEncryptedDataPacket() as unknown as { packets: unknown; encrypt: (algorithm: number, key: Uint8Array) => Promise<void> }
      old.packets = message.packets
      await old.encrypt(enums.symmetric.aes256, Buffer.alloc(32, 1))
      const list = new PacketList()
      list.push(found.packets[0] as never, old as never)
      return base64(await new Message(list).write() as Uint8Array)
    }],
  ])('%s', async (_, make) => {
    await expect(opener.open({ sealed: await make() }, io)).rejects.toThrow(failed)
  })

  test.each([['version 1', {}], ['AEAD', { v6Keys: true, aeadProtect: true }]] as const)('any flipped byte and any truncation: %s', async (_, config) => {
    const keys = await newPair({ type: 'curve25519' }, config)
    const own = ioWith({ ours: keys.privateKey, theirs: keys.publicKey })
    const bytes = Buffer.from((await pgp({ to: theirs, armor: false }).seal(Buffer.from('x'), own)).sealed, 'base64')
    // What of a changed byte still opens is no other message: lengths of packets can be spelt in several ways.
    let opened = 0
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes)
      flipped[i] = (flipped[i] as number) ^ 1
      await opener.open({ sealed: base64(flipped) }, own).then((plain) => {
        opened++
        expect(Buffer.from(plain).toString()).toBe('x')
      }, (error: unknown) => { expect(error).toStrictEqual(failed) })
      await expect(opener.open({ sealed: base64(bytes.subarray(0, i)) }, own)).rejects.toThrow(failed)
    }
    // Which of the reader's keys is meant is a hint: of version 6, all of the fingerprint but the 8 bytes that openpgp looks at.
    expect(opened).toBeLessThanOrEqual(27)
  })
  test('a message that is not signed, or by somebody else, where a signature is required', async () => {
    await expect(strict.open(await pgp({ to: theirs }).seal(plain, io), io)).rejects.toThrow(failed)
    const byOther = ioWith({ theirs: pair.publicKey, ours: other.privateKey })
    await expect(strict.open(await pgp({ to: theirs, signBy: ours }).seal(plain, byOther), io)).rejects.toThrow(failed)
    expect(await asText(opener.open(await pgp({ to: theirs, signBy: ours }).seal(plain, byOther), io))).toBe(text)
  })
  test('a signature over SHA-1, and one that is not over this text', async () => {
    const signingKeys = await readPrivateKey({ armoredKey: pair.privateKey })
    const signature = async (binary: Uint8Array, config: object): Promise<Buffer> => Buffer.from(await sign({ message: await createMessage({ binary }), signingKeys, detached: true, format: 'binary', config }))
    const good = await signature(plain, {})
    expect(await asText(strict.open({ sealed: await sealed(Buffer.concat([good, literal(text)])) }, io))).toBe(text)
    await expect(strict.open({ sealed: await sealed(Buffer.concat([await signature(Buffer.from('other'), {}), literal(text)])) }, io)).rejects.toThrow(failed)
    await expect(strict.open({ sealed: await sealed(Buffer.concat([...Array.from({ length: 9 }, () => good), literal(text)])) }, io)).rejects.toThrow(failed)
  })
})

describe('our own trouble is told apart', () => {
  test('a key that is expired, revoked, locked, weak or none', async () => {
    const long = new Date(Date.now() - 100_000_000)
    const expired = await newPair({ date: long, keyExpirationTime: 3_600 })
    const { publicKey: revoked } = await revokeKey({ key: await readPrivateKey({ armoredKey: pair.privateKey }), format: 'armored' })
    for (const key of [expired.publicKey, revoked]) await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: key }))).rejects.toThrow(unavailable)
    await expect(pgp({ to: theirs, signBy: ours }).seal(plain, ioWith({ theirs: pair.publicKey, ours: expired.privateKey }))).rejects.toThrow(unavailable)
    // What was sealed before always opens.
    expect(await asText(opener.open(await pgp({ to: theirs }).seal(plain, ioWith({ theirs: expired.publicKey }, +long + 60_000)), ioWith({ ours: expired.privateKey })))).toBe(text)
    const sealed = await pgp({ to: theirs, signBy: ours }).seal(plain, io)
    await expect(strict.open(sealed, ioWith({ ours: pair.privateKey, theirs: revoked }))).rejects.toThrow(failed)
    const locked = await newPair({ passphrase: 'x' })
    await expect(opener.open(sealed, ioWith({ ours: locked.privateKey, passphrase: 'y' }))).rejects.toThrow(unavailable)
    const weak = await newPair({ type: 'rsa', rsaBits: 1024 }, { minRSABits: 1024 })
    await expect(opener.open(sealed, ioWith({ ours: weak.privateKey }))).rejects.toThrow(unavailable)
    await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: weak.publicKey }))).rejects.toThrow(unavailable)
    await expect(opener.open(sealed, ioWith({ ours: `${pair.privateKey.slice(0, 200)}\n-----END PGP PRIVATE KEY BLOCK-----` }))).rejects.toThrow(unavailable)
  })
  test('a key that is locked and has no passphrase, one that is not for this, and one of which a part is weak', async () => {
    const sealed = await pgp({ to: theirs, signBy: ours }).seal(plain, io)
    const locked = await newPair({ passphrase: 'x' })
    await expect(opener.open(sealed, ioWith({ ours: locked.privateKey }))).rejects.toThrow(unavailable)
    const signs = await newPair({ subkeys: [] })
    await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: signs.publicKey }))).rejects.toThrow(unavailable)
    expect(await asText(strict.open(await pgp({ to: theirs, signBy: ours }).seal(plain, ioWith({ theirs: pair.publicKey, ours: signs.privateKey })), ioWith({ ours: pair.privateKey, theirs: signs.publicKey })))).toBe(text)
    const weak = await newPair({ type: 'rsa', rsaBits: 2048, subkeys: [{ rsaBits: 2048 }, { rsaBits: 1024 }] } as never, { minRSABits: 1024 })
    await expect(opener.open(sealed, ioWith({ ours: weak.privateKey }))).rejects.toThrow(unavailable)
    await expect(strict.open(sealed, ioWith({ ours: pair.privateKey, theirs: weak.publicKey }))).rejects.toThrow(unavailable)
    await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: weak.publicKey }))).rejects.toThrow(unavailable)
  })
  test.each([['SHA-1', enums.hash.sha1], ['MD5', enums.hash.md5], ['RIPEMD-160', enums.hash.ripemd]] as const)('a key that is certified by itself over %s', async (kind, hash) => {
    const none = { rejectHashAlgorithms: new Set<number>(), rejectMessageHashAlgorithms: new Set<number>() }
    const keys = await newPair({ type: 'rsa', rsaBits: 2048 }, { ...none, preferredHashAlgorithm: hash, nonDeterministicSignaturesViaNotation: false })
    const encryptionKeys = await readKey({ armoredKey: keys.publicKey })
    expect(encryptionKeys.users[0]?.selfCertifications[0]?.hashAlgorithm).toBe(hash)
    await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: keys.publicKey }))).rejects.toThrow(unavailable)
    await expect(pgp({ to: theirs, signBy: ours }).seal(plain, ioWith({ theirs: pair.publicKey, ours: keys.privateKey }))).rejects.toThrow(unavailable)
    // What others sealed to a key of ours opens, if it is SHA-1 alone: that endangers nothing.
    const opening = opener.open({ sealed: await encrypt({ message: await createMessage({ binary: plain }), encryptionKeys, config: none }) }, ioWith({ ours: keys.privateKey }))
    if (kind === 'SHA-1') expect(await asText(opening)).toBe(text)
    else await expect(opening).rejects.toThrow(failed)
  })
  const privates = async (pairs: readonly Pair[]): Promise<string> => armor(enums.armor.privateKey, Buffer.concat(await Promise.all(pairs.map(async ({ privateKey }) => (await readPrivateKey({ armoredKey: privateKey })).write()))))
  const publics = async (pairs: readonly Pair[]): Promise<string> => armor(enums.armor.publicKey, Buffer.concat(await Promise.all(pairs.map(async ({ publicKey }) => (await readKey({ armoredKey: publicKey })).write()))))
  test('one weak key among those of an account', async () => {
    const weak = await newPair({ type: 'rsa', rsaBits: 1024 }, { minRSABits: 1024 })
    const sealed = await pgp({ to: theirs, signBy: ours }).seal(plain, io)
    for (const pairs of [[pair, weak], [weak, pair]]) {
      await expect(opener.open(sealed, ioWith({ ours: await privates(pairs) }))).rejects.toThrow(unavailable)
      await expect(strict.open(sealed, ioWith({ ours: pair.privateKey, theirs: await publics(pairs) }))).rejects.toThrow(unavailable)
      await expect(pgp({ to: theirs }).seal(plain, ioWith({ theirs: await publics(pairs) }))).rejects.toThrow(unavailable)
    }
  })
  test('more than eight keys in an account', async () => {
    const more = await Promise.all(Array.from({ length: 7 }, async () => newPair()))
    const ninth = await newPair()
    const sealed = await pgp({ to: theirs, signBy: ours }).seal(plain, io)
    const [eight, nine] = [[...more, pair], [...more, pair, ninth]]
    expect(await asText(strict.open(sealed, ioWith({ ours: await privates(eight), theirs: await publics(eight) })))).toBe(text)
    await expect(strict.open(sealed, ioWith({ ours: await privates(nine), theirs: pair.publicKey }))).rejects.toThrow(unavailable)
    await expect(strict.open(sealed, ioWith({ ours: pair.privateKey, theirs: await publics(nine) }))).rejects.toThrow(unavailable)
  })
  test('an account of another kind', () => {
    expect(() => pgpPublicKey().read(JSON.stringify({ pgpPublicKey: pair.privateKey }))).toThrow(TypeError)
    expect(() => pgpPrivateKey().read(JSON.stringify({ pgpPrivateKey: pair.publicKey }))).toThrow(TypeError)
    expect(() => pgpPrivateKey().read(JSON.stringify({ pgpPrivateKey: pair.privateKey + pair.privateKey }))).toThrow(TypeError)
    expect(() => pgpPrivateKey().read(JSON.stringify({ pgpPrivateKey: pair.privateKey, passphrase: 1 }))).toThrow(TypeError)
  })
})

describe('files', () => {
  const size = 3 * 1_048_576 + 5
  const large = Buffer.alloc(size)
  for (let i = 0; i < size; i++) large[i] = i * 31 + (i >> 8)
  test.each([[true, 'in armor'], [false, 'without armor']])('are sealed and opened: armor %s', async (armor) => {
    writeFileSync(at('plain'), large)
    await pgp({ to: theirs, signBy: ours, armor }).sealFile?.({ from: at('plain'), to: at(`sealed-${armor}`) }, io)
    await strict.openFile?.({ from: at(`sealed-${armor}`), to: at(`opened-${armor}`) }, io)
    expect(readFileSync(at(`opened-${armor}`)).equals(large)).toBe(true)
    const sealed = readFileSync(at(`sealed-${armor}`))
    expect(Buffer.from(await strict.open({ sealed: armor ? sealed.toString() : sealed.toString('base64') }, io)).equals(large)).toBe(true)
  })
  test('one that is changed at its end, cut off or not signed leaves nothing behind', async () => {
    const v6 = await newPair({ type: 'curve25519' }, { v6Keys: true, aeadProtect: true })
    writeFileSync(at('plain'), large)
    for (const keys of [pair, v6]) {
      const own = ioWith({ theirs: keys.publicKey, ours: keys.privateKey })
      await pgp({ to: theirs, armor: false }).sealFile?.({ from: at('plain'), to: at('sealed') }, own)
      const sealed = readFileSync(at('sealed'))
      const names = readdirSync(folder)
      await expect(strict.openFile?.({ from: at('sealed'), to: at('never') }, own)).rejects.toThrow(failed)
      for (const bad of [sealed.with(sealed.length - 1, 1 ^ (sealed.at(-1) as number)), sealed.subarray(0, -1), sealed.subarray(0, 2_000_000), Buffer.alloc(0)]) {
        writeFileSync(at('sealed'), bad)
        await expect(opener.openFile?.({ from: at('sealed'), to: at('never') }, own)).rejects.toThrow(failed)
      }
      expect(readdirSync(folder)).toStrictEqual(names)
    }
  })
  test('and time that has run out ends the reading, at its last moment not yet', async () => {
    writeFileSync(at('plain'), large)
    const now = Date.now()
    const [late, just] = [1, 0].map((past) => ioWith({ theirs: pair.publicKey, ours: pair.privateKey }, now, { deadline: now - past })) as [Io, Io]
    await expect(pgp({ to: theirs }).sealFile?.({ from: at('plain'), to: at('late') }, late)).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
    await pgp({ to: theirs }).sealFile?.({ from: at('plain'), to: at('just') }, just)
    await expect(opener.openFile?.({ from: at('just'), to: at('late') }, late)).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
    await opener.openFile?.({ from: at('just'), to: at('opened') }, just)
    expect(readFileSync(at('opened')).equals(large)).toBe(true)
    expect(readdirSync(folder)).not.toContain('late')
  })
  test('one that is not there', async () => {
    await expect(pgp({ to: theirs }).sealFile?.({ from: at('nowhere'), to: at('late') }, io)).rejects.toMatchObject({ code: 'STEP_FAILED', message: 'STEP_FAILED' })
    await expect(opener.openFile?.({ from: at('nowhere'), to: at('late') }, io)).rejects.toThrow(failed)
  })
  test('what is packed may become no more than 64 MiB, or 32 times as much as it is', async () => {
    const mebibyte = 1_048_576
    const noise = Buffer.alloc(3 * mebibyte)
    for (let i = 0; i < noise.length; i += 4) noise.writeInt32LE(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(i >> 3, 0x85ebca6b), i)
    const packed = async (size: number, random = 0): Promise<void> => {
      writeFileSync(at('packed'), await sealedPackets(packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(Buffer.concat([noise.subarray(0, random), Buffer.alloc(size - random)])), { level: 1 })])), publicKey))
    }
    await packed(64 * mebibyte + 1)
    await expect(opener.openFile?.({ from: at('packed'), to: at('unpacked') }, io)).rejects.toThrow(failed)
    await packed(72 * mebibyte, noise.length)
    expect(statSync(at('packed')).size).toBeGreaterThan(72 / 32 * mebibyte)
    await opener.openFile?.({ from: at('packed'), to: at('unpacked') }, io)
    expect(statSync(at('unpacked')).size).toBe(72 * mebibyte)
  })
  test('a signature of a text, which a file is not read as', async () => {
    const signature = Buffer.from(await sign({ message: await createMessage({ text }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }), detached: true, format: 'binary' }))
    const sealed = await sealedPackets(Buffer.concat([signature, literal(text)]), publicKey)
    writeFileSync(at('of-text'), sealed)
    expect(await asText(strict.open({ sealed: base64(sealed) }, io))).toBe(text)
    await opener.openFile?.({ from: at('of-text'), to: at('opened') }, io)
    expect(readFileSync(at('opened'), 'utf8')).toBe(text)
    await expect(strict.openFile?.({ from: at('of-text'), to: at('opened') }, io)).rejects.toThrow(failed)
  })
  test.each([['sealed', 'sealFile', 'STEP_FAILED', 'plain', 100_250], ['opened', 'openFile', 'DECRYPTION_FAILED', 'whole', 100_400]] as const)('where the disk is full within the last piece it fails, and nothing is left of what is %s', async (_, work, code, from, size) => {
    writeFileSync(at('plain'), large.subarray(0, size))
    await pgp({ to: theirs, armor: false }).sealFile?.({ from: at('plain'), to: at('whole') }, io)
    const here = (path: string): string => new URL(`../../../functions/${path}`, import.meta.url).pathname
    const program = `import { account } from 'sallyport'
      import { pgpPrivateKey, pgpPublicKey } from '${here('accounts/pgp-key.ts')}'
      import { pgp } from '${here('ciphers/pgp.ts')}'
      const material = ({ how }) => Promise.resolve(how.read(${JSON.stringify(JSON.stringify({ pgpPrivateKey: pair.privateKey, pgpPublicKey: pair.publicKey }))}))
      const io = { now: () => Date.now(), deadline: Infinity, material }
      const cipher = { ...pgp({ to: account('theirs', pgpPublicKey()), armor: false }), ...pgp({ key: account('ours', pgpPrivateKey()) }) }
      console.log(await cipher.${work}({ from: '${at(from)}', to: '${at('partly')}' }, io).then(() => 'whole', ({ code }) => code))`
    // 98 blocks of 1,024 bytes: the system takes a part of the last piece, and says so by a number alone.
    expect(execFileSync('bash', ['-c', 'ulimit -f 98; exec "$0" --input-type=module -e "$1"', process.execPath, program], { cwd: here(''), encoding: 'utf8' })).toBe(`${code}\n`)
    expect(readdirSync(folder).filter((name) => name.startsWith('partly'))).toStrictEqual([])
  })
})

describe('no message costs more than its size', () => {
  const repeated = (part: readonly number[], bytes: number): Buffer => Buffer.alloc(bytes - bytes % part.length, Buffer.from(part))
  const mebibyte = 1_048_576
  test.each<[string, () => Buffer]>([
    ['two million markers', () => repeated([0xd5, 0], 4 * mebibyte)],
    ['two million unknown packets', () => repeated([0xc0 | 40, 0], 4 * mebibyte)],
    ['pieces of one byte', () => Buffer.concat([Buffer.of(0xcb), repeated([0xe0, 0x62], 4 * mebibyte)])],
    ['ten thousand signatures', () => repeated([0xc2, 4, 4, 0, 1, 8], 64 * 1_024)],
    ['64 MiB of markers, packed', () => packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(repeated([0xd5, 0], 64 * mebibyte), { level: 1 })]))],
    ['pieces of one byte, packed', () => packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.concat([Buffer.of(0xcb), repeated([0xe0, 0x62], 64 * mebibyte)]), { level: 1 })]))],
    ['200 MiB of a literal, packed', () => packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(Buffer.alloc(200 * mebibyte)), { level: 1 })]))],
  ])('%s', async (_, make) => {
    const sealed = base64(await sealedPackets(make(), publicKey))
    const [start, before] = [cpu(), process.memoryUsage().arrayBuffers]
    await expect(opener.open({ sealed }, io)).rejects.toThrow(failed)
    expect(cpu() - start).toBeLessThan(2_000)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * mebibyte)
  })
  test('nor what stands before the ciphertext', async () => {
    for (const before of [repeated([0xc1, 0], 4 * mebibyte), repeated([0xc3, 0], 4 * mebibyte), Buffer.concat(Array.from({ length: 33 }, () => packet(1, Buffer.concat([Buffer.of(3), Buffer.alloc(8), Buffer.of(1, 8), Buffer.alloc(260, 255)]))))]) {
      const start = cpu()
      await expect(opener.open({ sealed: base64(Buffer.concat([before, packet(18, Buffer.alloc(100, 1))])) }, io)).rejects.toThrow(failed)
      expect(cpu() - start).toBeLessThan(1_000)
    }
  })
})

interface Case { readonly type: string; readonly decryptKey: string; readonly verifyKey?: string; readonly passphrase: string; readonly textcontent: string }
withVectors('openpgp-rpgp', 'published messages', () => {
  const root = 'openpgp-rpgp'
  const year2025 = Date.UTC(2025, 0, 1)
  const skipped: Record<string, number> = {}
  const skip = (reason: string, count = 1): void => { skipped[reason] = (skipped[reason] ?? 0) + count }
  let run = 0
  /** What we refuse by policy, by what it is made of. */
  const refused: Readonly<Record<string, string>> = {
    'camellia128-001': 'Camellia', 'camellia192-001': 'Camellia', 'camellia256-001': 'Camellia',
    'gnupg-v1-001': 'RSA of 1024 bits', 'gnupg-v1-002': 'DSA and ElGamal', 'gnupg-v1-003': 'RSA of 1024 bits',
    'gnupg-v1-4-11-001': 'Triple DES', 'gnupg-v2-0-17-001': 'Triple DES', 'gnupg-v2-10-001': 'Triple DES', 'pgp-10-0-001': 'Triple DES',
    'gnupg-v1-4-11-005': 'Blowfish or Twofish', 'gnupg-v2-0-17-005': 'Blowfish or Twofish', 'gnupg-v2-10-006': 'Blowfish or Twofish',
    'gnupg-v1-4-11-006': 'CAST5', 'gnupg-v2-0-17-006': 'CAST5', 'gnupg-v2-10-007': 'CAST5', 'pgp-10-0-006': 'CAST5', 'pgp-10-0-007': 'IDEA',
    'gnupg-v2-1-5-001': 'a private key that openpgp does not unlock',
  }
  const opens = (folder: string, message: string, { decryptKey, verifyKey, passphrase }: Pick<Case, 'decryptKey' | 'verifyKey' | 'passphrase'>): Promise<Uint8Array> => {
    const own = ioWith({ ours: armorOf(`${folder}/${decryptKey}`), theirs: verifyKey === undefined ? undefined : armorOf(`${folder}/${verifyKey}`), ...passphrase !== '' && { passphrase } }, year2025)
    return (verifyKey === undefined ? opener : strict).open({ sealed: armorOf(`${folder}/${message}`) }, own)
  }

  const interop = `${root}/openpgp-interop/testcases/messages`
  for (const name of vectorNames(interop).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))) {
    run++
    const reason = refused[name]
    test(`interop ${name}: ${reason === undefined ? 'opens' : `refused, ${reason}`}`, async () => {
      const given = JSON.parse(vector(`${interop}/${name}.json`).toString()) as Case
      const opening = opens(interop, `${name}.asc`, given)
      if (reason === undefined) expect(Buffer.from(await opening).toString()).toBe(given.textcontent)
      else await expect(opening).rejects.toMatchObject({ name: 'Fault' })
    })
  }
  for (const key of vectorNames(`${root}/rfc9580`).filter((name) => name !== 'README')) {
    for (const name of vectorNames(`${root}/rfc9580/${key}`).filter((name) => name.startsWith('enc-'))) {
      run++
      test(`rfc9580 ${key} ${name} opens`, async () => {
        expect(Buffer.from(await opens(`${root}/rfc9580/${key}`, name, { decryptKey: 'tsk.asc', passphrase: '' })).toString()).toBe('hello world\n')
      })
    }
  }
  const bob = '../draft-bre-openpgp-samples-00/bob.sec.asc'
  for (const [folder, name, decryptKey, content] of [
    ['gnupg', 'msg_to_bob.asc', bob, 'foo\n'], ['sigs', 'unknown_hash.sig.asc', bob, 'Encrypted, signed message.'], ['sigs', 'unknown_one_pass.sig.asc', bob, 'Encrypted, signed message.'],
  ] as const) {
    run++
    test(`${folder} ${name} opens, and is not signed by anybody known`, async () => {
      expect(Buffer.from(await opens(`${root}/${folder}`, name, { decryptKey, passphrase: '' })).toString()).toBe(content)
      await expect(opens(`${root}/${folder}`, name, { decryptKey, verifyKey: '../draft-bre-openpgp-samples-00/bob.pub.asc', passphrase: '' })).rejects.toThrow(failed)
    })
  }
  run += 2
  test('gnupg msg_to_bob_multi_chunk.asc: 64 bytes a chunk, as GnuPG 2.4 writes them', async () => {
    expect((await opens(`${root}/gnupg`, 'msg_to_bob_multi_chunk.asc', { decryptKey: bob, passphrase: '' })).length).toBeGreaterThan(64)
  })
  test('openpgpjs x25519 opens', async () => {
    const given = JSON.parse(vector(`${root}/openpgpjs/x25519.json`).toString()) as Case
    expect(Buffer.from(await opens(`${root}/openpgpjs`, 'x25519.asc', given)).toString()).toBe(given.textcontent)
  })
  run++
  test('pgp6 hello.msg is refused: key of version 3, no integrity protection', async () => {
    await expect(opens(`${root}/pgp6`, 'hello.msg', { decryptKey: 'alice.sec.asc', passphrase: '' })).rejects.toMatchObject({ name: 'Fault' })
  })
  test('bytes that broke others break nothing', async () => {
    for (const name of vectorNames(`${root}/fuzz`)) {
      const bytes = vector(`${root}/fuzz/${name}`)
      for (const sealed of [bytes.toString('base64'), bytes.toString('latin1')]) await expect(opener.open({ sealed }, io)).rejects.toThrow(failed)
    }
  })
  skip('sealed by a password, which is not offered', 6)
  skip('a key alone', vectorNames(`${root}/openpgp-interop/testcases/keys`).filter((name) => name.endsWith('.json')).length)
  for (const reason of Object.values(refused)) skip(`refused: ${reason}`)
  test('counted', () => {
    console.log(`OpenPGP messages: ${run} run, of which ${Object.keys(refused).length + 1} must be refused; ${JSON.stringify(skipped)}`)
    expect(run).toBe(53)
  })
})
