import { deflateRawSync } from 'node:zlib'
import { armor, createCleartextMessage, createMessage, enums, readKey, readMessage, readPrivateKey, readSignature, revokeKey, sign, verify } from 'openpgp'
import type { Io } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { pgp } from '../../../functions/signatures/pgp.ts'
import { cpu } from '../../cpu.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'
import { armorOf, ioWith, literal, newPair, ours, packet, theirs, type Pair } from '../ciphers/pgp-keys.ts'

const invalid = expect.objectContaining({ code: 'SIGNATURE_INVALID', paths: [], message: 'SIGNATURE_INVALID' })
const unavailable = expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' })
const text = 'pay 12.50 to grüße\n'
const plain = Buffer.from(text)
const signer = pgp({ key: ours })
const verifier = pgp({ signedBy: theirs })
const asText = async (verifying: Promise<Uint8Array> | undefined): Promise<string> => Buffer.from(await verifying ?? []).toString()

let pair: Pair
let other: Pair
let io: Io
beforeAll(async () => {
  pair = await newPair()
  other = await newPair()
  io = ioWith({ theirs: pair.publicKey, ours: pair.privateKey })
})
const byOpenpgp = async (options: object = {}): Promise<string> =>
  sign({ message: await createMessage({ binary: plain }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }), ...options })

describe('signs what openpgp verifies, and verifies what openpgp signed', () => {
  test.each<[string, () => Promise<Pair>]>([
    ['Ed25519', async () => newPair()],
    ['version 6', async () => newPair({ type: 'curve25519' }, { v6Keys: true })],
    ['Ed448', async () => newPair({ type: 'curve448' }, { v6Keys: true })],
    ['P-384', async () => newPair({ type: 'ecc', curve: 'nistP384' })],
    ['RSA', async () => newPair({ type: 'rsa', rsaBits: 2048 })],
  ])('%s', async (_, make) => {
    const keys = await make()
    const own = ioWith({ theirs: keys.publicKey, ours: keys.privateKey })
    const verificationKeys = await readKey({ armoredKey: keys.publicKey })
    const signed = await signer.sign?.(plain, own) ?? { signed: '' }
    expect(signed.signed.startsWith('-----BEGIN PGP MESSAGE-----\n')).toBe(true)
    expect(await asText(verifier.verify?.(signed, own))).toBe(text)
    const read = await verify({ message: await readMessage({ armoredMessage: signed.signed }), verificationKeys, expectSigned: true, format: 'binary' })
    expect(Buffer.from(read.data).toString()).toBe(text)

    const detached = await signer.detach(plain, own)
    expect(detached.startsWith('-----BEGIN PGP SIGNATURE-----\n')).toBe(true)
    await verifier.attest(plain, detached, own)
    await verify({ message: await createMessage({ binary: plain }), signature: await readSignature({ armoredSignature: detached }), verificationKeys, expectSigned: true, format: 'binary' })
    await expect(verifier.attest(Buffer.from('pay 99.50'), detached, own)).rejects.toThrow(invalid)

    const signingKeys = await readPrivateKey({ armoredKey: keys.privateKey })
    expect(await asText(verifier.verify?.({ signed: await byOpenpgp({ signingKeys }) }, own))).toBe(text)
    expect(await asText(verifier.verify?.({ signed: Buffer.from(await sign({ message: await createMessage({ binary: plain }), signingKeys, format: 'binary' })).toString('base64') }, own))).toBe(text)
    await verifier.attest(plain, await byOpenpgp({ signingKeys, detached: true }), own)
  })
  test('clear text, with lines that begin with dashes and end with blanks', async () => {
    const message = await createCleartextMessage({ text: '- one\n-- two \t\n\nthree' })
    const signed = (await sign({ message, signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }) })).replaceAll('\r\n', '\n')
    expect(await asText(verifier.verify?.({ signed }, io))).toBe('- one\n-- two\n\nthree')
    expect(await asText(verifier.verify?.({ signed: signed.replaceAll('\n', '\r\n') }, io))).toBe('- one\n-- two\n\nthree')
    for (const changed of [signed.replace('three', 'four'), signed.replace('\n\n', '\n\nmore\n'), signed.replace('Hash: SHA512', 'Hash: SHA512\nPay: 99'), `more\n${signed}`, `${signed}\nmore`, signed.replace('- -- two', '-- two')]) {
      await expect(verifier.verify?.({ signed: changed }, io)).rejects.toThrow(invalid)
    }
  })
  test('clear text whose form is not exact', async () => {
    const signed = (await sign({ message: await createCleartextMessage({ text: 'one\ntwo' }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }) })).replaceAll('\r\n', '\n')
    expect(signed.startsWith('-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\none\ntwo\n-----BEGIN PGP SIGNATURE-----\n')).toBe(true)
    const headers = (lines: string): string => signed.replace('Hash: SHA512\n', lines)
    for (const spelt of [
      signed, headers(''), headers('Hash: SHA256, SHA-512\n'), headers('Hash: SHA512\nHash: SHA256\n'), headers(`Hash: ${'x'.repeat(200)}\n`),
      signed.replace('MESSAGE-----', 'MESSAGE----- \t'), signed.replace('one', 'one \t '), signed.replace('one', '- one'), `${signed}\n\n`,
    ]) expect(await asText(verifier.verify?.({ signed: spelt }, io)), spelt).toBe('one\ntwo')
    for (const spelt of [
      signed.replace('MESSAGE-----', 'MESSAGE-----x'), signed.replace('-----BEGIN', ' -----BEGIN'), headers('Hash:\n'), headers('Hash: \n'), headers('Hash:SHA512\n'), headers(' Hash: SHA512\n'), headers('hash: SHA512\n'), headers('Hash: SHA512;\n'),
      headers(`Hash: ${'x'.repeat(201)}\n`), headers('Hash: SHA512 \u00e9\n'), headers('Comment: x\n'), headers('Hash: SHA512\n\n'), signed.replace('\n\n', '\n'), signed.replace('\n\n', '\n \n'), signed.replace('one', '-one'),
      signed.replace('one', '-'), signed.replace('one', '-- one'), signed.replace('one', '-\tone'), signed.replace('one', ' one'), signed.replace('one\n', 'one\n\n'), signed.replace('two\n', 'two\n\n'),
      signed.slice(0, signed.indexOf('-----BEGIN PGP SIGNATURE')), signed.replace('SIGNATURE-----\n', 'SIGNATURE----- x\n'), signed.replace('-----BEGIN PGP SIGNATURE-----\n', '-----BEGIN PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE-----\n'),
      '-----BEGIN PGP SIGNED MESSAGE-----', '-----BEGIN PGP SIGNED MESSAGE-----\n', '-----BEGIN PGP SIGNED MESSAGE-----\n\n', '-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----', '-----BEGIN PGP SIGNED MESSAGE-----\n-----BEGIN PGP SIGNATURE-----\n\n',
    ]) await expect(verifier.verify?.({ signed: spelt }, io), spelt).rejects.toThrow(invalid)
  })
  test('clear text of blanks alone', async () => {
    const signed = (await sign({ message: await createCleartextMessage({ text: '\n \n\t' }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }) })).replaceAll('\r\n', '\n')
    expect(await asText(verifier.verify?.({ signed }, io))).toBe('\n\n')
    const [before, behind] = [signed.indexOf('\n\n') + 2, signed.indexOf('-----BEGIN PGP SIGNATURE')]
    expect(await asText(verifier.verify?.({ signed: `${signed.slice(0, before)}\n  \n \t\n${signed.slice(behind)}` }, io))).toBe('\n\n')
  })
  test('clear text of 6 MiB, and not of more', async () => {
    const signingKeys = await readPrivateKey({ armoredKey: pair.privateKey })
    const made = async (length: number): Promise<string> => (await sign({ message: await createCleartextMessage({ text: 'x'.repeat(length) }), signingKeys })).replaceAll('\r\n', '\n')
    const spare = (await made(1)).length - 1
    const largest = await made(6 * 1_048_576 - spare)
    expect(largest).toHaveLength(6 * 1_048_576)
    expect((await verifier.verify?.({ signed: largest }, io))?.length).toBe(6 * 1_048_576 - spare)
    await expect(verifier.verify?.({ signed: `${largest}\n` }, io)).rejects.toThrow(invalid)
  })
  test('a partner\'s keys are several, and one of them signed', async () => {
    const both = armor(enums.armor.publicKey, Buffer.concat([(await readKey({ armoredKey: other.publicKey })).write(), (await readKey({ armoredKey: pair.publicKey })).write()]))
    expect(await asText(verifier.verify?.({ signed: await byOpenpgp() }, ioWith({ theirs: both })))).toBe(text)
    const third = await newPair()
    await expect(verifier.verify?.({ signed: await byOpenpgp({ signingKeys: await readPrivateKey({ armoredKey: third.privateKey }) }) }, ioWith({ theirs: both }))).rejects.toThrow(invalid)
  })
  test('of several signatures one has to hold', async () => {
    const by = async ({ privateKey }: Pair): Promise<Uint8Array> => sign({ message: await createMessage({ binary: plain }), signingKeys: await readPrivateKey({ armoredKey: privateKey }), detached: true, format: 'binary' })
    for (const signers of [[pair, other], [other, pair], [pair]]) await verifier.attest(plain, Buffer.concat(await Promise.all(signers.map(by))).toString('base64'), io)
    await expect(verifier.attest(plain, Buffer.concat([await by(other), await by(other)]).toString('base64'), io)).rejects.toThrow(invalid)
    const eight = await Promise.all(Array.from({ length: 8 }, async () => by(pair)))
    await verifier.attest(plain, Buffer.concat(eight).toString('base64'), io)
    await expect(verifier.attest(plain, Buffer.concat([...eight, await by(pair)]).toString('base64'), io)).rejects.toThrow(invalid)
    await expect(verifier.attest(plain, Buffer.concat([await by(pair), literal(text)]).toString('base64'), io)).rejects.toThrow(invalid)
    await expect(verifier.attest(plain, Buffer.concat([await by(pair), packet(10, Buffer.from('PGP'))]).toString('base64'), io)).rejects.toThrow(invalid)
    await expect(verifier.attest(plain, '', io)).rejects.toThrow(invalid)
  })
  test('the clock of who signed may be a minute ahead', async () => {
    const now = Math.floor(Date.now() / 1_000) * 1_000
    for (const [ahead, holds] of [[60_000, true], [61_000, false]] as const) {
      const attesting = verifier.attest(plain, await byOpenpgp({ detached: true, date: new Date(now + ahead) }), ioWith({ theirs: pair.publicKey }, now))
      if (holds) await attesting
      else await expect(attesting).rejects.toThrow(invalid)
    }
  })
  test('asks for the secrets of its accounts alone', () => {
    expect(signer.needs).toMatchObject([{ resource: { name: 'ours' }, actions: ['secretsmanager:GetSecretValue'] }])
    expect(signer).toMatchObject({ signature: 'pgp', config: { key: ours }, mediaType: 'application/pgp-signature' })
    expect(verifier).toMatchObject({ signature: 'pgp', config: { signedBy: theirs } })
    expect(verifier.needs).toMatchObject([{ resource: { name: 'theirs' }, actions: ['secretsmanager:GetSecretValue'] }])
  })
})

describe('whatever does not hold ends in one and the same fault', () => {
  const detached = async (binary: Uint8Array, config: object = {}, options: object = {}): Promise<Buffer> =>
    Buffer.from(await sign({ message: await createMessage({ binary }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }), detached: true, format: 'binary', config, ...options }))
  test.each<[string, () => Promise<string> | string]>([
    ['empty', () => ''],
    ['no message', () => 'hello'],
    ['a text that is not signed', () => literal(text).toString('base64')],
    ['signed by somebody else', async () => byOpenpgp({ signingKeys: await readPrivateKey({ armoredKey: other.privateKey }) })],
    ['another text', async () => Buffer.concat([await detached(plain), literal('other')]).toString('base64')],
    ['two texts', async () => Buffer.concat([await detached(plain), literal(text), literal(text)]).toString('base64')],
    ['made in the future', async () => byOpenpgp({ date: new Date(Date.now() + 3_600_000) })],
    ['made before the key', async () => Buffer.concat([await detached(plain, {}, { date: new Date(0) }).catch(() => Buffer.alloc(0)), literal(text)]).toString('base64')],
    ['nine signatures', async () => Buffer.concat([...Array.from({ length: 9 }, () => Buffer.alloc(0)), ...await Promise.all(Array.from({ length: 9 }, async () => detached(plain))), literal(text)]).toString('base64')],
    ['packed to more than 64 MiB', () => packet(8, Buffer.concat([Buffer.of(1), deflateRawSync(literal(Buffer.alloc(65 * 1_048_576)), { level: 1 })])).toString('base64')],
    ['a text that is sealed', () => packet(18, Buffer.alloc(60, 1)).toString('base64')],
  ])('%s', async (_, make) => {
    await expect(verifier.verify?.({ signed: await make() }, io)).rejects.toThrow(invalid)
  })
  test('any flipped byte of a signed message', async () => {
    const bytes = Buffer.concat([await detached(Buffer.from('x')), literal('x')])
    expect(await asText(verifier.verify?.({ signed: bytes.toString('base64') }, io))).toBe('x')
    let held = 0
    for (let i = 0; i < bytes.length; i++) {
      const flipped = bytes.with(i, (bytes[i] as number) ^ 1)
      await Promise.resolve(verifier.verify?.({ signed: Buffer.from(flipped).toString('base64') }, io)).then((plain) => {
        held++
        expect(Buffer.from(plain ?? []).toString()).toBe('x')
      }, (error: unknown) => { expect(error).toStrictEqual(invalid) })
    }
    // The format and the date of the literal, and hints beside the signature, are nobody's word.
    expect(held).toBeLessThanOrEqual(24)
  })
  test('a signature of a text is not one of bytes that only look like it', async () => {
    const ofText = async (text: string): Promise<Buffer> => Buffer.from(await sign({ message: await createMessage({ text }), signingKeys: await readPrivateKey({ armoredKey: pair.privateKey }), detached: true, format: 'binary' }))
    const signature = (await ofText('a\ufffdb')).toString('base64')
    await verifier.attest(Buffer.from('a\ufffdb'), signature, io)
    await expect(verifier.attest(Buffer.of(0x61, 0xff, 0x62), signature, io)).rejects.toThrow(invalid)
    // What a byte order mark differs from in one byte: EF BB 80, EF BD BF and E0 BB BF.
    for (const near of ['\ufec0', '\uff7f', '\u0eff']) await verifier.attest(Buffer.from(near), (await ofText(near)).toString('base64'), io)
    await expect(verifier.attest(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from('a\ufffdb')]), signature, io)).rejects.toThrow(invalid)
  })
  test('a key that is expired or revoked, then or now', async () => {
    const long = new Date(Date.now() - 100_000_000)
    const brief = await newPair({ date: long, keyExpirationTime: 3_600 })
    const then = +long + 60_000
    const signature = await signer.detach(plain, ioWith({ ours: brief.privateKey }, then))
    await verifier.attest(plain, signature, ioWith({ theirs: brief.publicKey }, then))
    await expect(verifier.attest(plain, signature, ioWith({ theirs: brief.publicKey }))).rejects.toThrow(invalid)
    const { publicKey: revoked } = await revokeKey({ key: await readPrivateKey({ armoredKey: pair.privateKey }), format: 'armored' })
    await expect(verifier.attest(plain, await signer.detach(plain, io), ioWith({ theirs: revoked }))).rejects.toThrow(invalid)
    await expect(signer.detach(plain, ioWith({ ours: brief.privateKey }))).rejects.toThrow(unavailable)
    await expect(signer.sign?.(plain, ioWith({ ours: brief.privateKey }))).rejects.toThrow(unavailable)
  })
  test('a part of a key that has expired, whatever became of the rest', async () => {
    const long = new Date(Date.now() - 100_000_000)
    const parts = await newPair({ date: long, subkeys: [{ sign: true, keyExpirationTime: 3_600 }] })
    const then = +long + 60_000
    const signature = await signer.detach(plain, ioWith({ ours: parts.privateKey }, then))
    const subkey = (await readKey({ armoredKey: parts.publicKey })).subkeys[0]?.getKeyID().toHex()
    expect((await readSignature({ armoredSignature: signature })).getSigningKeyIDs()[0]?.toHex()).toBe(subkey)
    await verifier.attest(plain, signature, ioWith({ theirs: parts.publicKey }, then))
    await expect(verifier.attest(plain, signature, ioWith({ theirs: parts.publicKey }))).rejects.toThrow(invalid)
    await verifier.attest(plain, await signer.detach(plain, ioWith({ ours: parts.privateKey })), ioWith({ theirs: parts.publicKey }))
  })
  test('a signature over SHA-1, MD5 or RIPEMD-160, one by a key that is certified over it, and one by a weak key', async () => {
    const any = { rejectMessageHashAlgorithms: new Set<number>(), rejectHashAlgorithms: new Set<number>(), nonDeterministicSignaturesViaNotation: false }
    const rsa = await newPair({ type: 'rsa', rsaBits: 2048 })
    for (const hash of [enums.hash.sha1, enums.hash.md5, enums.hash.ripemd]) {
      const signingKeys = await readPrivateKey({ armoredKey: rsa.privateKey })
      for (const user of signingKeys.users) for (const certification of user.selfCertifications) certification.preferredHashAlgorithms = [hash]
      const broken = await sign({ message: await createMessage({ binary: plain }), signingKeys, detached: true, config: { ...any, preferredHashAlgorithm: hash } })
      expect((await readSignature({ armoredSignature: broken })).packets[0]?.hashAlgorithm).toBe(hash)
      await expect(verifier.attest(plain, broken, ioWith({ theirs: rsa.publicKey }))).rejects.toThrow(invalid)
    }
    const certified = await newPair({ type: 'rsa', rsaBits: 2048 }, { ...any, preferredHashAlgorithm: enums.hash.sha1 })
    const signature = await sign({ message: await createMessage({ binary: plain }), signingKeys: await readPrivateKey({ armoredKey: certified.privateKey }), detached: true })
    await expect(verifier.attest(plain, signature, ioWith({ theirs: certified.publicKey }))).rejects.toThrow(invalid)
    await expect(signer.detach(plain, ioWith({ ours: certified.privateKey }))).rejects.toThrow(unavailable)
    const weak = await newPair({ type: 'rsa', rsaBits: 1024 }, { minRSABits: 1024 })
    await expect(verifier.attest(plain, signature, ioWith({ theirs: weak.publicKey }))).rejects.toThrow(unavailable)
  })
  test('two million packets, and a text of blanks, cost no more than their size', async () => {
    for (const signed of [Buffer.alloc(4 * 1_048_576, Buffer.of(0xd5, 0)).toString('base64'), `-----BEGIN PGP SIGNED MESSAGE-----\n\n${' '.repeat(4 * 1_048_576)}x\n-----BEGIN PGP SIGNATURE-----\n`]) {
      const start = cpu()
      await expect(verifier.verify?.({ signed }, io)).rejects.toThrow(invalid)
      expect(cpu() - start).toBeLessThan(2_000)
    }
  })
})

withVectors('openpgp-rpgp', 'published signatures', () => {
  const root = 'openpgp-rpgp'
  const year2025 = Date.UTC(2025, 5, 1)
  let run = 0
  const publicPart = async (path: string): Promise<string> => {
    const armored = armorOf(path)
    return armored.includes('PRIVATE') ? (await readPrivateKey({ armoredKey: armored })).toPublic().armor() : armored
  }
  const verified = async (message: string, key: string): Promise<string> =>
    asText(verifier.verify?.({ signed: vector(`${root}/${message}`).toString() }, ioWith({ theirs: await publicPart(`${root}/${key}`) }, year2025)))
  for (const [message, key, content] of [
    ['rfc9580/v4-ed25519-x25519/csf.msg', 'rfc9580/v4-ed25519-x25519/tsk.asc', 'hello world\n'],
    ['rfc9580/v6-25519-annex-a-4/csf.msg', 'rfc9580/v6-25519-annex-a-4/tsk.asc', 'hello world\n'],
    ['rfc9580/v6-rsa/csf.msg', 'rfc9580/v6-rsa/tsk.asc', 'hello world\n'],
    ['unit-tests/csf/msg.csf', 'unit-tests/csf/alice.pub.asc', 'hello world\n'],
    ['unit-tests/csf/empty.csf', 'unit-tests/csf/alice.pub.asc', undefined],
    ['unit-tests/csf/starts-with-newline.csf', 'unit-tests/csf/alice.pub.asc', undefined],
    ['unit-tests/cleartext-msg-01.asc', 'unit-tests/cleartext-key-01.asc', undefined],
    ['unit-tests/text_signature_normalization.msg', 'unit-tests/text_signature_normalization_alice.key', undefined],
  ] as const) {
    run++
    test(`${message} holds`, async () => {
      const read = await verified(message, key)
      expect(`${read}\n`.slice(0, content?.length ?? 0)).toBe(content ?? '')
    })
  }
  for (const [message, key] of [
    ['unit-tests/csf/gpg.fail-notdash', 'unit-tests/csf/alice.pub.asc'],
    ['unit-tests/cleartext-msg-01-fail.asc', 'unit-tests/cleartext-key-01.asc'],
    ['unit-tests/cleartext-msg-02-fail.asc', 'unit-tests/cleartext-key-01.asc'],
  ] as const) {
    run++
    test(`${message} is refused`, async () => { await expect(verified(message, key)).rejects.toThrow(invalid) })
  }
  test('bytes that broke others break nothing', async () => {
    for (const name of vectorNames(`${root}/fuzz`)) {
      const bytes = vector(`${root}/fuzz/${name}`)
      for (const signed of [bytes.toString('base64'), bytes.toString('latin1')]) {
        await expect(verifier.verify?.({ signed }, io)).rejects.toThrow(invalid)
        await expect(verifier.attest(plain, signed, io)).rejects.toThrow(invalid)
      }
    }
  })
  test('counted', () => {
    console.log(`OpenPGP signatures: ${run} run; skipped: 2 of weird/, whose texts are not published`)
    expect(run).toBe(11)
  })
})
