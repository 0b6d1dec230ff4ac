import { createHash, createPublicKey, sign as signBytes } from 'node:crypto'
import { account, type Io, type SigningAlgorithm } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { certificateChain, type CertifiedKey } from '../../../functions/accounts/certificate-chain.ts'
import { trustAnchors } from '../../../functions/accounts/trust-anchors.ts'
import { cms } from '../../../functions/signatures/cms.ts'
import { bits, boolean, der, isTagged, octets, oid, parse, small, tagged, time } from '../../../functions/signatures/cms/asn1.ts'
import { certificateOf, type Certificate } from '../../../functions/signatures/cms/certificate.ts'
import { isTrusted } from '../../../functions/signatures/cms/path.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo } from '../../fake-io.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'
import { authority, certSign, digitalSignature, issue, keyId, nameOf, newKeys, pemOf, purpose, usage, type Extension, type Issued } from './certificates.ts'

const ours = account('ours', certificateChain())
const theirs = account('theirs', trustAnchors())
const invalid = expect.objectContaining({ code: 'SIGNATURE_INVALID', paths: [], message: 'SIGNATURE_INVALID' })
const unavailable = expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' })
const text = 'pay 12.50 to grüße\r\n'
const plain = Buffer.from(text)
const verifier = cms({ trust: theirs })

interface Given { readonly trust?: readonly Issued[]; readonly chain?: readonly Issued[]; readonly now?: number }
function ioWith({ trust = [], chain = [], now = Date.now() }: Given): Io {
  const contents: Record<string, unknown> = {
    ...trust.length > 0 && { theirs: trustAnchors().read(JSON.stringify({ trustAnchors: trust.map(({ pem }) => pem).join('') })) },
    ...chain.length > 0 && { ours: certificateChain().read(JSON.stringify({ privateKey: pemOf((chain[0] as Issued).keys.privateKey), certificateChain: chain.map(({ pem }) => pem).join('') })) },
  }
  return fakeIo({ now: () => now, material: ({ name }) => Promise.resolve(contents[name] as never) })
}
const signed = async (chain: readonly Issued[], algorithm: SigningAlgorithm = 'ES256', now = Date.now()): Promise<string> =>
  (await cms({ key: ours, algorithm }).sign?.(plain, ioWith({ chain, now })))?.signed ?? ''
const verified = async (text: string, trust: readonly Issued[], now?: number): Promise<string> =>
  Buffer.from(await verifier.verify?.({ signed: text }, ioWith({ trust, ...now !== undefined && { now } })) ?? []).toString()

let root: Issued
let middle: Issued
let leaf: Issued
beforeAll(() => {
  root = issue('root', { extensions: [authority(), certSign] })
  middle = issue('middle', { issuer: root, extensions: [authority(0), certSign] })
  leaf = issue('leaf', { issuer: middle, extensions: [digitalSignature] })
})

describe('verifies what it signed', () => {
  test.each<[SigningAlgorithm, () => Issued['keys']]>([
    ['RS256', () => newKeys.rsa()], ['RS384', () => newKeys.rsa()], ['RS512', () => newKeys.rsa()], ['PS256', () => newKeys.rsa()], ['PS384', () => newKeys.rsa()], ['PS512', () => newKeys.rsa()],
    ['ES256', () => newKeys.ec()], ['ES384', () => newKeys.ec('P-384')], ['ES512', () => newKeys.ec('P-521')], ['ES512', () => newKeys.ec()], ['EdDSA', newKeys.ed25519],
  ])('%s', async (algorithm, keys) => {
    const chain = [issue('signer', { keys: keys(), issuer: middle, extensions: [digitalSignature] }), middle]
    expect(await verified(await signed(chain, algorithm), [root])).toBe(text)
    const io = ioWith({ chain, trust: [root] })
    const detached = await cms({ key: ours, algorithm, pem: true }).detach(plain, io)
    expect(detached).toMatch(/^-----BEGIN CMS-----\n([A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/=]{1,64}\n-----END CMS-----\n$/)
    await verifier.attest(plain, detached, io)
    await expect(verifier.attest(Buffer.from('pay 99.50'), detached, io)).rejects.toThrow(invalid)
    await expect(verifier.verify?.({ signed: detached }, io)).rejects.toThrow(invalid)
    await expect(verifier.attest(plain, await signed(chain, algorithm), io)).rejects.toThrow(invalid)
  })
  test('nothing, and 4 MiB', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(4 * 1_048_576, 1)]) {
      const io = ioWith({ chain: [leaf, middle], trust: [root] })
      const made = await cms({ key: ours, algorithm: 'ES256' }).sign?.(bytes, io)
      expect(Buffer.from(await verifier.verify?.(made ?? { signed: '' }, io) ?? []).equals(bytes)).toBe(true)
    }
  })
  test('asks for the secrets of its accounts alone', () => {
    expect(cms({ key: ours, algorithm: 'ES256' }).needs).toMatchObject([{ resource: { name: 'ours' }, actions: ['secretsmanager:GetSecretValue'] }])
    expect(verifier.needs).toMatchObject([{ resource: { name: 'theirs' }, actions: ['secretsmanager:GetSecretValue'] }])
  })
})

describe('a path of certificates', () => {
  const day = 86_400_000
  const good: readonly [string, () => [readonly Issued[], readonly Issued[]]][] = [
    ['through one authority', () => [[leaf, middle], [root]]],
    ['directly', () => [[issue('x', { issuer: root, extensions: [digitalSignature] })], [root]]],
    ['to an authority in the middle', () => [[leaf], [middle]]],
    ['of a signer that is trusted itself, and signed itself', () => { const own = issue('own', { extensions: [usage(0, 5), authority()] }); return [[own], [own]] }],
    ['of a signer that is trusted itself, by nobody else known', () => [[leaf], [leaf]]],
    ['with content commitment', () => [[issue('x', { issuer: root, extensions: [usage(1)] })], [root]]],
    ['for mail', () => [[issue('x', { issuer: root, extensions: [digitalSignature, purpose('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4')] })], [root]]],
    ['for anything', () => [[issue('x', { issuer: root, extensions: [digitalSignature, purpose('2.5.29.37.0')] })], [root]]],
    ['with an unknown extension that is not critical', () => [[issue('x', { issuer: root, extensions: [digitalSignature, { id: '1.2.3.4', value: der(5) }] })], [root]]],
    ['to a root that signed itself over SHA-1', () => { const old = issue('old', { hash: 'sha1', extensions: [authority(), certSign] }); return [[issue('x', { issuer: old, extensions: [digitalSignature] })], [old]] }],
    ['by an authority that does not say what its key is for', () => { const free = issue('free', { issuer: root, extensions: [authority()] }); return [[issue('x', { issuer: free, extensions: [digitalSignature] }), free], [root]] }],
    ['past certificates that nobody can read', () => [[leaf, issue('other', { extensions: [{ id: '2.5.29.30', critical: true, value: der(0x30) }] }), middle], [root]]],
  ]
  test.each(good)('%s is taken', async (_, make) => {
    const [chain, trust] = make()
    expect(await verified(await made(chain), trust)).toBe(text)
  })

  const bad: readonly [string, () => [readonly Issued[], readonly Issued[]]][] = [
    ['without the authority between', () => [[leaf], [root]]],
    ['to another root', () => [[leaf, middle], [issue('root', { extensions: [authority(), certSign] })]]],
    ['of a certificate that nobody signed', () => [[issue('x', { issuer: { name: 'root', keys: newKeys.ec() }, extensions: [digitalSignature] })], [root]]],
    ['of a signer that is its own issuer', () => [[issue('own', { extensions: [digitalSignature] })], [root]]],
    ['by an authority that is none', () => { const none = issue('none', { issuer: root, extensions: [certSign] }); return [[issue('x', { issuer: none, extensions: [digitalSignature] }), none], [root]] }],
    ['by another signer', () => { const other = issue('other', { issuer: root, extensions: [digitalSignature] }); return [[issue('x', { issuer: other, extensions: [digitalSignature] }), other], [root]] }],
    ['by an authority that may not sign certificates', () => { const none = issue('none', { issuer: root, extensions: [authority(), usage(6)] }); return [[issue('x', { issuer: none, extensions: [digitalSignature] }), none], [root]] }],
    ['longer than an authority may make it', () => { const second = issue('second', { issuer: middle, extensions: [authority(), certSign] }); return [[issue('x', { issuer: second, extensions: [digitalSignature] }), second, middle], [root]] }],
    ['by an authority of a negative path length', () => { const less = issue('less', { issuer: root, extensions: [authority(-1), certSign] }); return [[issue('x', { issuer: less, extensions: [digitalSignature] }), less], [root]] }],
    ['by an authority of one in four bytes', () => { const less = issue('less', { issuer: root, extensions: [{ id: '2.5.29.19', critical: true, value: der(0x30, der(1, Buffer.of(255)), der(2, Buffer.alloc(4, 255))) }, certSign] }); return [[issue('x', { issuer: less, extensions: [digitalSignature] }), less], [root]] }],
    ['of an authority', () => [[issue('x', { issuer: root, extensions: [digitalSignature, authority()] })], [root]]],
    ['of a key that may sign certificates', () => [[issue('x', { issuer: root, extensions: [usage(0, 5)] })], [root]]],
    ['by an authority for servers', () => { const web = issue('web', { issuer: root, extensions: [authority(), certSign, purpose('1.3.6.1.5.5.7.3.1')] }); return [[issue('x', { issuer: web, extensions: [digitalSignature] }), web], [root]] }],
    ['to a root that is not valid yet', () => { const early = issue('early', { from: Date.now() + day / 2, extensions: [authority(), certSign] }); return [[issue('x', { issuer: early, extensions: [digitalSignature] })], [early]] }],
    ['to a root that is no authority', () => { const none = issue('none', { extensions: [certSign] }); return [[issue('x', { issuer: none, extensions: [digitalSignature] })], [none]] }],
    ['to a root that may not sign certificates', () => { const none = issue('none', { extensions: [authority(), usage(6)] }); return [[issue('x', { issuer: none, extensions: [digitalSignature] })], [none]] }],
    ['to a root that may not have an authority below it', () => { const short = issue('short', { extensions: [authority(0), certSign] }); const under = issue('under', { issuer: short, extensions: [authority(), certSign] }); return [[issue('x', { issuer: under, extensions: [digitalSignature] }), under], [short]] }],
    ['of a signer that is trusted itself, and expired', () => { const own = issue('own', { to: Date.now() - 1_000, extensions: [digitalSignature] }); return [[own], [own]] }],
    ['of a signer that is trusted itself, for servers', () => { const own = issue('own', { extensions: [digitalSignature, purpose('1.3.6.1.5.5.7.3.1')] }); return [[own], [own]] }],
    ['of a signer that is trusted itself, for encryption', () => { const own = issue('own', { extensions: [usage(2)] }); return [[own], [own]] }],
    ['that is expired', () => [[issue('x', { issuer: root, to: Date.now() - 1_000, extensions: [digitalSignature] })], [root]]],
    ['that is not valid yet', () => [[issue('x', { issuer: root, from: Date.now() + day / 2, extensions: [digitalSignature] })], [root]]],
    ['by an authority that is expired', () => { const late = issue('late', { issuer: root, to: Date.now() - 1_000, extensions: [authority(), certSign] }); return [[issue('x', { issuer: late, extensions: [digitalSignature] }), late], [root]] }],
    ['to a root that is expired', () => { const late = issue('late', { to: Date.now() - 1_000, extensions: [authority(), certSign] }); return [[issue('x', { issuer: late, extensions: [digitalSignature] })], [late]] }],
    ['without key usage', () => [[issue('x', { issuer: root })], [root]]],
    ['of a key for encryption', () => [[issue('x', { issuer: root, extensions: [usage(2)] })], [root]]],
    ['of a key for servers', () => [[issue('x', { issuer: root, extensions: [digitalSignature, purpose('1.3.6.1.5.5.7.3.1')] })], [root]]],
    ['with an unknown critical extension', () => [[issue('x', { issuer: root, extensions: [digitalSignature, { id: '1.2.3.4', critical: true, value: der(5) }] })], [root]]],
    ['with an unknown critical extension of four parts', () => [[issue('x', { issuer: root, extensions: [digitalSignature, { id: '1.2.3.4', critical: true, between: Buffer.of(5, 0), value: der(5) }] })], [root]]],
    ['with an extension twice', () => [[issue('x', { issuer: root, extensions: [digitalSignature, digitalSignature] })], [root]]],
    ['with name constraints', () => { const narrow = issue('narrow', { issuer: root, extensions: [authority(), certSign, { id: '2.5.29.30', value: der(0x30) }] }); return [[issue('x', { issuer: narrow, extensions: [digitalSignature] }), narrow], [root]] }],
    ['over SHA-1', () => [[issue('x', { issuer: root, hash: 'sha1', extensions: [digitalSignature] })], [root]]],
    ['of RSA with 1024 bits', () => [[issue('x', { issuer: root, keys: newKeys.rsa(1024), extensions: [digitalSignature] })], [root]]],
    ['on secp256k1', () => [[issue('x', { issuer: root, keys: newKeys.ec('secp256k1'), extensions: [digitalSignature] })], [root]]],
  ]
  test.each(bad)('%s is refused', async (_, make) => {
    const [chain, trust] = make()
    await expect(verified(await made(chain), trust)).rejects.toThrow(invalid)
  })

  const signerWith = (...extensions: readonly Extension[]): Issued => issue('x', { issuer: root, extensions: [digitalSignature, ...extensions] })
  test.each(['2.5.29.17', '2.5.29.18', '2.5.29.32', '2.5.29.35'])('with a critical extension that changes nothing, %s, is taken', async (id) => {
    expect(await verified(await made([signerWith({ id, critical: true, value: der(0x30) })]), [root])).toBe(text)
  })
  test('with a critical key id, purpose and constraint of no authority, and with what says that it is not critical, is taken', async () => {
    for (const extension of [{ ...keyId(Buffer.from('key id')), critical: true }, { ...purpose('1.3.6.1.5.5.7.3.4'), critical: true }, { ...purpose('1.3.6.1.5.5.7.3.36') }, { id: '2.5.29.19', critical: true, value: der(0x30) }, { id: '2.5.29.19', critical: true, value: der(0x30, der(1, Buffer.of(0))) }]) {
      expect(await verified(await made([signerWith(extension)]), [root])).toBe(text)
    }
  })
  test.each(['2.5.29.30', '2.5.29.33', '2.5.29.36', '2.5.29.54'])('with an extension that narrows, %s, is refused, critical or not', async (id) => {
    for (const critical of [true, false]) await expect(verified(await made([signerWith({ id, critical, value: der(0x30) })]), [root])).rejects.toThrow(invalid)
  })
  test('of key usage the bits count from the first one', () => {
    for (const [bit, expected] of [[0, 1], [1, 2], [5, 32], [7, 128]] as const) expect(certificateOf(issue('x', { extensions: [usage(bit)] }).bytes).usage).toBe(expected)
    expect(certificateOf(issue('x', { extensions: [{ id: '2.5.29.15', value: der(3, Buffer.of(7, 0x08, 0x80)) }] }).bytes).usage).toBe(272)
  })
  test('a certificate that says two algorithms, has another version or more in it is none', () => {
    const bytes = leaf.bytes
    expect(certificateOf(bytes).subject.toString('hex')).toBe(nameOf('leaf').toString('hex'))
    const outer = parse(bytes) as unknown as { valueBlock: { value: { valueBeforeDecodeView: Uint8Array }[] } }
    const [signed, algorithm, signature] = outer.valueBlock.value.map(({ valueBeforeDecodeView }) => Buffer.from(valueBeforeDecodeView)) as [Buffer, Buffer, Buffer]
    expect(certificateOf(der(0x30, signed, algorithm, signature)).bytes.equals(bytes)).toBe(true)
    const version = signed.indexOf(Buffer.of(0xa0, 3, 2, 1, 2)) + 4
    const otherVersion = (number: number) => { const changed = Buffer.from(signed); changed[version] = number; return changed }
    for (const wrong of [
      der(0x30, signed, der(0x30, oid('1.2.840.10045.4.3.3')), signature), der(0x30, signed, algorithm, signature, Buffer.of(5, 0)), der(0x30, signed, algorithm), der(0x30, signed), der(0x30),
      der(0x30, otherVersion(1), algorithm, signature), der(0x30, otherVersion(3), algorithm, signature), der(0x30, otherVersion(0), algorithm, signature), Buffer.concat([bytes, Buffer.of(0)]),
    ]) expect(() => certificateOf(wrong)).toThrow(Error)
  })
  const leads = (signer: Issued, others: readonly Issued[], anchor: Issued, at = Date.now()): boolean =>
    isTrusted(certificateOf(signer.bytes), others.map(({ bytes }) => certificateOf(bytes)), [certificateOf(anchor.bytes)], { purposes: [], at })
  test.each([[7, true], [8, false]])('over %i authorities between: %s', (count, taken) => {
    const between: Issued[] = []
    for (let i = 0; i < count; i++) between.push(issue(`a${i}`, { issuer: between.at(-1) ?? root, extensions: [authority(), certSign] }))
    expect(leads(issue('x', { issuer: between.at(-1) ?? root, extensions: [digitalSignature] }), between, root)).toBe(taken)
  })
  test('is valid from the first moment of each certificate to its last', () => {
    const [from, to] = [1_800_000_000_000, 1_800_000_060_000]
    const times = { from: from - day, to: to + day }
    const top = issue('top', { ...times, extensions: [authority(), certSign] })
    const short = issue('short', { issuer: top, from, to, extensions: [authority(), certSign] })
    const shortTop = issue('top', { from, to, keys: top.keys, extensions: [authority(), certSign] })
    const signer = (issuer: Issued, valid: { readonly from: number; readonly to: number }) => issue('x', { issuer, ...valid, extensions: [digitalSignature] })
    for (const at of [from, to]) {
      expect(leads(signer(top, { from, to }), [], top, at)).toBe(true)
      expect(leads(signer(short, times), [short], top, at)).toBe(true)
      expect(leads(signer(top, times), [], shortTop, at)).toBe(true)
    }
    for (const at of [from - 1, to + 1]) {
      expect(leads(signer(top, { from, to }), [], top, at)).toBe(false)
      expect(leads(signer(short, times), [short], top, at)).toBe(false)
      expect(leads(signer(top, times), [], shortTop, at)).toBe(false)
    }
  })
  test.each([[62, true], [63, false]])('is looked for among 64 signatures: behind %i others that do not lead there, %s', (count, taken) => {
    const [top, wrong] = [issue('top', { extensions: [authority(), certSign] }), issue('mid', { extensions: [authority(), certSign] })]
    const right = issue('mid', { issuer: top, extensions: [authority(), certSign] })
    // One for each of those, one for the right one and one for the root.
    expect(leads(issue('x', { issuer: right, extensions: [digitalSignature] }), [...Array.from({ length: count }, () => wrong), right], top)).toBe(taken)
  })
  test('of authorities that name each other in circles ends', () => {
    const keys = newKeys.ec()
    const names = ['a', 'b', 'c', 'd', 'e']
    const circle = names.flatMap((name) => names.map((issuer) => certificateOf(issue(name, { keys, issuer: { name: issuer, keys }, extensions: [authority(), certSign] }).bytes)))
    const signer = certificateOf(issue('x', { issuer: { name: 'a', keys }, extensions: [digitalSignature] }).bytes)
    const start = cpu()
    expect(isTrusted(signer, circle, [certificateOf(root.bytes)], { purposes: [], at: Date.now() })).toBe(false)
    expect(cpu() - start).toBeLessThan(500)
  })
})

/** Signs as our own signer does, but asks nothing of the certificate or the key. */
async function made(chain: readonly Issued[], change: Change = {}): Promise<string> {
  return Promise.resolve(assembled(chain, change).toString('base64'))
}

interface Change {
  readonly attributes?: (usual: { type: Buffer; time: Buffer; digest: Buffer }) => readonly Buffer[]
  readonly digest?: string
  readonly digestId?: string
  readonly algorithm?: Buffer
  readonly contentType?: string
  readonly signerId?: (chain: readonly Issued[]) => readonly [version: number, id: Buffer]
  readonly time?: number
  readonly content?: Buffer
  readonly unsigned?: true
  readonly signers?: number
  /** Of the SignedData; as of its signer unless said otherwise. */
  readonly version?: number
  /** Behind the SignedData. */
  readonly behind?: Buffer
  /** Without certificates. */
  readonly bare?: true
  /** Of the whole. */
  readonly type?: string
  /** A signer in the place of ours, or behind it. */
  readonly other?: readonly ['instead' | 'behind', Buffer]
}
const utc = (at: number): Buffer => der(0x17, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d{3}/g, '').slice(2)))
const attribute = (id: string, ...values: Buffer[]): Buffer => der(0x30, oid(id), der(0x31, ...values))

function assembled(chain: readonly Issued[], { attributes = ({ type, time, digest }) => [type, time, digest], digest = 'sha256', digestId = '2.16.840.1.101.3.4.2.1', algorithm, contentType = '1.2.840.113549.1.7.1', signerId, time = Date.now(), content = plain, unsigned, signers = 1, version: written, behind = Buffer.of(), bare, type: whole = '1.2.840.113549.1.7.2', other }: Change): Buffer {
  const [first] = chain as readonly [Issued, ...Issued[]]
  const certificate = parsed(first)
  const digestAlgorithm = der(0x30, oid(digestId))
  const all = [...attributes({
    type: attribute('1.2.840.113549.1.9.3', oid(contentType)), time: attribute('1.2.840.113549.1.9.5', utc(time)),
    digest: attribute('1.2.840.113549.1.9.4', der(4, createHash(digest).update(plain).digest())),
  })].sort((a, b) => a.compare(b))
  const { asymmetricKeyType } = first.keys.privateKey
  const identified = algorithm ?? der(0x30, oid(asymmetricKeyType === 'rsa' ? '1.2.840.113549.1.1.11' : asymmetricKeyType === 'ed25519' ? '1.3.101.112' : '1.2.840.10045.4.3.2'))
  const signature = signBytes(asymmetricKeyType === 'ed25519' ? undefined : digest, unsigned ? plain : der(0x31, ...all), first.keys.privateKey)
  const [version, id] = signerId?.(chain) ?? [1, der(0x30, nameOf(certificate.issuer), der(2, certificate.serial))]
  const info = der(0x30, der(2, Buffer.of(version)), id, digestAlgorithm, ...unsigned ? [] : [der(0xa0, ...all)], identified, der(4, signature))
  return der(0x30, oid(whole), der(0xa0, der(0x30, der(2, Buffer.of(written ?? version)), der(0x31, digestAlgorithm), der(0x30, oid(contentType), der(0xa0, der(4, content))),
    ...bare ? [] : [der(0xa0, ...chain.map(({ bytes }) => bytes))], der(0x31, ...other?.[0] === 'instead' ? [] : Array.from({ length: signers }, () => info), ...other === undefined ? [] : [other[1]]))), behind)
}
function parsed(issued: Issued): { issuer: string; serial: Buffer } {
  const { valueBlock } = parse(issued.bytes) as unknown as { valueBlock: { value: { valueBlock: { value: { valueBlock: { valueHexView: Uint8Array }; valueBeforeDecodeView: Uint8Array }[] } }[] } }
  const [, serial, , issuer] = valueBlock.value[0]?.valueBlock.value ?? []
  return { serial: Buffer.from(serial?.valueBlock.valueHexView ?? []), issuer: /[a-z]+$/.exec(Buffer.from(issuer?.valueBeforeDecodeView ?? []).toString('latin1'))?.[0] ?? '' }
}

const digestOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
/** A signer by issuer and number. */
const named = (signer: Issued, issuer = parsed(signer).issuer): Buffer => der(0x30, nameOf(issuer), der(2, parsed(signer).serial))

describe('what is signed', () => {
  const pair = (): readonly Issued[] => [leaf, middle]
  test('as it should be, with the signer named by its key, and among others that are not trusted', async () => {
    expect(await verified(await made(pair()), [root])).toBe(text)
    const identified = issue('x', { issuer: root, extensions: [digitalSignature, keyId(Buffer.from('key id'))] })
    expect(await verified(await made([identified], { signerId: () => [3, der(0x80, Buffer.from('key id'))] }), [root])).toBe(text)
    const loose = issue('x', { issuer: root, keys: newKeys.rsa(), extensions: [digitalSignature] })
    expect(await verified(await made([loose], { algorithm: der(0x30, oid('1.2.840.113549.1.1.1'), Buffer.of(5, 0)) }), [root])).toBe(text)
  })
  test.each<[string, Change]>([
    ['another content', { content: Buffer.from('pay 99.50') }],
    ['without signed attributes', { unsigned: true }],
    ['without the type', { attributes: ({ time, digest }) => [time, digest] }],
    ['without the time', { attributes: ({ type, digest }) => [type, digest] }],
    ['without the digest', { attributes: ({ type, time }) => [type, time] }],
    ['with two digests', { attributes: ({ type, time, digest }) => [type, time, digest, digest] }],
    ['with two values of a time', { attributes: ({ type, digest }) => [type, digest, attribute('1.2.840.113549.1.9.5', utc(Date.now()), utc(0))] }],
    ['over MD5', { digest: 'md5', digestId: '1.2.840.113549.2.5' }],
    ['over SHA-1', { digest: 'sha1', digestId: '1.3.14.3.2.26', algorithm: der(0x30, oid('1.2.840.10045.4.1')) }],
    ['by another digest than the attributes', { algorithm: der(0x30, oid('1.2.840.10045.4.3.3')) }],
    ['of another type', { contentType: '1.2.840.113549.1.9.16.1.4' }],
    ['in the future', { time: Date.now() + 3_600_000 }],
    ['before its certificate was valid', { time: Date.now() - 10 * 86_400_000 }],
    ['by a signer that is not there', { signerId: () => [1, der(0x30, nameOf('nobody'), der(2, Buffer.of(1)))] }],
    ['by an empty key id', { signerId: () => [3, der(0x80)] }],
    ['by another version of a signer', { version: 1, signerId: ([first]) => [2, named(first as Issued)] }],
    ['by issuer and number in version 3', { signerId: ([first]) => [3, named(first as Issued)] }],
    ['by the number of another issuer', { signerId: ([first]) => [1, named(first as Issued, 'root')] }],
    ['by another number', { signerId: () => [1, der(0x30, nameOf('middle'), der(2, Buffer.of(1, 2, 3)))] }],
    ['as something else than a SignedData', { type: '1.2.840.113549.1.7.5' }],
    ['by a signer of nothing', { other: ['instead', der(0x30)] }],
    ['of another type than its attributes say', { contentType: '1.2.840.113549.1.7.5', attributes: ({ time, digest }) => [attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.7.1')), time, digest] }],
    ['in version 2', { version: 2 }], ['in version 4', { version: 4 }],
    ['with something behind it', { behind: Buffer.of(5, 0) }],
    ['with the type of something else', { attributes: ({ time, digest }) => [attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.7.2')), time, digest] }],
    ['with two values of a type', { attributes: ({ time, digest }) => [attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.7.1'), oid('1.2.840.113549.1.7.1')), time, digest] }],
    ['with two values of a digest', { attributes: ({ type, time }) => [type, time, attribute('1.2.840.113549.1.9.4', der(4, digestOf(plain)), der(4, digestOf(plain)))] }],
    ['with half a digest', { attributes: ({ type, time }) => [type, time, attribute('1.2.840.113549.1.9.4', der(4, digestOf(plain).subarray(0, 16)))] }],
    ['with an attribute without a value', { attributes: ({ type, time, digest }) => [type, time, digest, attribute('1.2.3.4')] }],
    ['with an attribute of three parts', { attributes: ({ type, time, digest }) => [type, time, digest, der(0x30, oid('1.2.3.4'), der(0x31, Buffer.of(5, 0)), Buffer.of(5, 0))] }],
    ['with an unknown attribute twice', { attributes: ({ type, time, digest }) => [type, time, digest, attribute('1.2.3.4', Buffer.of(5, 0)), attribute('1.2.3.4', Buffer.of(5, 0))] }],
    ['without its certificates', { bare: true }],
    ['five times', { signers: 5 }],
    ['by nobody', { signers: 0 }],
  ])('%s is refused', async (_, change) => {
    await expect(verified(await made(pair(), change), [root])).rejects.toThrow(invalid)
  })
  test('at its limits: four signers, 32 certificates, none where the signer is trusted itself, attributes that nobody knows', async () => {
    const unknown: Change = { attributes: ({ type, time, digest }) => [type, time, digest, attribute('1.2.3.4', Buffer.of(5, 0), der(2, Buffer.of(1)))] }
    for (const change of [{ signers: 4 }, { other: ['behind', der(0x30)] } satisfies Change, unknown]) expect(await verified(await made(pair(), change), [root])).toBe(text)
    expect(await verified(await made([leaf, ...Array.from({ length: 31 }, () => middle)]), [root])).toBe(text)
    expect(await verified(await made([leaf], { bare: true }), [leaf])).toBe(text)
  })
  test('a key id names nobody in version 1, and another one nobody at all', async () => {
    const identified = issue('x', { issuer: root, extensions: [digitalSignature, keyId(Buffer.from('key id'))] })
    expect(await verified(await made([identified], { bare: true, signerId: () => [3, der(0x80, Buffer.from('key id'))] }), [leaf, identified])).toBe(text)
    for (const [version, id] of [[1, 'key id'], [3, 'key ie']] as const) await expect(verified(await made([identified], { signerId: () => [version, der(0x80, Buffer.from(id))] }), [root])).rejects.toThrow(invalid)
  })
  test('Ed25519 over a digest by SHA-512, and by no other', async () => {
    const signer = issue('x', { issuer: root, keys: newKeys.ed25519(), extensions: [digitalSignature] })
    expect(await verified(await made([signer], { digest: 'sha512', digestId: '2.16.840.1.101.3.4.2.3' }), [root])).toBe(text)
    await expect(verified(await made([signer]), [root])).rejects.toThrow(invalid)
  })
  test('at a time when its certificate was valid, and that is not over a minute ahead', async () => {
    const now = Math.floor(Date.now() / 1_000) * 1_000
    const signer = issue('x', { issuer: root, from: now - 60_000, to: now + 30_000, extensions: [digitalSignature] })
    for (const [given, time, taken] of [[pair(), now + 60_000, true], [pair(), now + 61_000, false], [[signer], now - 60_000, true], [[signer], now - 61_000, false], [[signer], now + 30_000, true], [[signer], now + 31_000, false]] as const) {
      const verifying = verified(await made(given, { time }), [root], now)
      if (taken) expect(await verifying).toBe(text)
      else await expect(verifying, `${time - now}`).rejects.toThrow(invalid)
    }
  })
  test.each<[string, () => Promise<string> | string]>([
    ['empty', () => ''], ['no base64', () => 'hello'], ['a number', () => der(2, Buffer.of(1)).toString('base64')],
    ['spaces in base64', async () => (await made(pair())).replace('A', 'A ')], ['bytes behind', async () => Buffer.concat([Buffer.from(await made(pair()), 'base64'), Buffer.of(0)]).toString('base64')],
    ['armor of another kind', async () => `-----BEGIN CERTIFICATE-----\n${await made(pair())}\n-----END CERTIFICATE-----`],
    ['a thousand levels', () => { let deep: Buffer = Buffer.alloc(0); for (let i = 0; i < 1_000; i++) deep = der(0x30, deep); return deep.toString('base64') }],
    ['two million values', () => der(0x30, Buffer.alloc(4 * 1_048_576, Buffer.of(5, 0))).toString('base64')],
    ['33 certificates', () => assembled([leaf, ...Array.from({ length: 32 }, () => middle)], {}).toString('base64')],
  ])('%s is refused, and soon', async (_, make) => {
    const given = await make()
    const start = cpu()
    await expect(verified(given, [root])).rejects.toThrow(invalid)
    expect(cpu() - start).toBeLessThan(1_000)
  })
  test('any flipped byte changes nothing that is given out', async () => {
    const bytes = Buffer.from(await signed([leaf]), 'base64')
    const io = ioWith({ trust: [middle] })
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes.with(i, (bytes[i] as number) ^ 1)).toString('base64')
      await Promise.resolve(verifier.verify?.({ signed: flipped }, io)).then((plain) => { expect(Buffer.from(plain ?? []).toString()).toBe(text) }, (error: unknown) => { expect(error).toStrictEqual(invalid) })
      await expect(verifier.verify?.({ signed: bytes.subarray(0, i).toString('base64') }, io)).rejects.toThrow(invalid)
    }
  })
})

describe('our own trouble is told apart', () => {
  test('a certificate is valid from its first moment to its last', async () => {
    const [from, to] = [1_800_000_000_000, 1_800_000_060_000]
    const chain = [issue('x', { issuer: root, from, to, extensions: [digitalSignature] })]
    for (const now of [from, to]) expect(await signed(chain, 'ES256', now)).toMatch(/^[A-Za-z0-9+/]+=*$/)
    for (const now of [from - 1, to + 1]) await expect(signed(chain, 'ES256', now)).rejects.toThrow(unavailable)
  })
  test('what is trusted cannot be read', async () => {
    const io = fakeIo({ now: () => 0, material: () => Promise.resolve(['-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----'] as never) })
    await expect(verifier.verify?.({ signed: await made([leaf]) }, io)).rejects.toThrow(unavailable)
  })
  test('what is shown of it', () => {
    expect(cms({ key: ours, algorithm: 'ES256' })).toMatchObject({ signature: 'cms', mediaType: 'application/cms', config: { key: ours, algorithm: 'ES256', pem: false } })
    expect(cms({ key: ours, algorithm: 'ES256', pem: true }).config).toMatchObject({ pem: true })
    expect(verifier).toMatchObject({ signature: 'cms', config: { trust: theirs } })
  })
  test('a certificate that is no longer valid, and an algorithm that is not the key\'s', async () => {
    await expect(signed([leaf, middle], 'ES256', Date.now() + 2 * 86_400_000)).rejects.toThrow(unavailable)
    await expect(signed([leaf, middle], 'RS256')).rejects.toThrow(unavailable)
  })
  test('accounts of another kind', () => {
    const read = (given: object): CertifiedKey => certificateChain().read(JSON.stringify(given))
    const privateKey = pemOf(leaf.keys.privateKey)
    expect(() => read({ privateKey, certificateChain: middle.pem })).toThrow(TypeError)
    expect(() => read({ privateKey, certificateChain: '' })).toThrow(TypeError)
    expect(() => read({ privateKey: 1, certificateChain: leaf.pem })).toThrow(TypeError)
    const weak = newKeys.rsa(1024)
    expect(() => read({ privateKey: pemOf(weak.privateKey), certificateChain: issue('x', { keys: weak, issuer: root }).pem })).toThrow(TypeError)
    const locked = leaf.keys.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'correct horse' })
    expect(createPublicKey(read({ privateKey: locked, passphrase: 'correct horse', certificateChain: leaf.pem }).privateKey).equals(leaf.keys.publicKey)).toBe(true)
    expect(() => trustAnchors().read('{"trustAnchors":""}')).toThrow(TypeError)
    expect(() => trustAnchors().read(JSON.stringify({ trustAnchors: root.pem.repeat(33) }))).toThrow(TypeError)
  })
})

describe('its text', () => {
  test('is base64, or lines of it as CMS or PKCS7, with spaces around', async () => {
    const given = await made([leaf, middle])
    const lines = (given.match(/.{1,20}/g) ?? []).join('\r\n')
    for (const pem of [
      `-----BEGIN CMS-----\n${given}\n-----END CMS-----`, `-----BEGIN PKCS7-----\n${lines}\n-----END PKCS7-----\n`, ` \r\n -----BEGIN CMS-----\n${lines}  \n-----END CMS----- \r\n `,
    ]) expect(await verified(pem, [root])).toBe(text)
    for (const pem of [`x-----BEGIN CMS-----\n${given}\n-----END CMS-----`, `-----BEGIN CMS-----\n${given}\n-----END CMS-----x`, `-----BEGIN CMS-----\n${given}`, `-----BEGIN CMS-----\n${given}!\n-----END CMS-----`, `-----BEGIN CMS-----\n-----END CMS-----`, ` ${given}`, `${given}\n`]) {
      await expect(verified(pem, [root])).rejects.toThrow(invalid)
    }
  })
  test('has 6 MiB at most', async () => {
    const pem = `-----BEGIN CMS-----\n${await made([leaf, middle])}\n-----END CMS-----\n`
    expect(await verified(pem.padEnd(6_291_456, '\n'), [root])).toBe(text)
    await expect(verified(pem.padEnd(6_291_457, '\n'), [root])).rejects.toThrow(invalid)
  })
})

describe('BER and DER', () => {
  const read = (hex: string) => parse(Buffer.from(hex, 'hex'))
  test.each([[0, '0400'], [127, '047f'], [128, '048180'], [255, '0481ff'], [256, '04820100'], [65_535, '0482ffff'], [65_536, '048400010000'], [16_909_060, '048401020304']])('the length of %i bytes', (length, head) => {
    expect(der(4, Buffer.alloc(length)).subarray(0, head.length / 2).toString('hex')).toBe(head)
  })
  test('a structure has 33 levels, 20,000 values and 8 MiB at most', () => {
    const deep = (levels: number): Buffer => levels === 0 ? Buffer.of() : der(0x30, deep(levels - 1))
    const many = (count: number): Buffer => der(0x30, Buffer.alloc(count * 2 - 2, Buffer.of(5, 0)))
    const long = (length: number): Buffer => der(4, Buffer.alloc(length))
    for (const bytes of [deep(33), many(20_000), long(8_388_608)]) expect(parse(bytes).blockLength).toBe(bytes.length)
    for (const bytes of [deep(34), many(20_001), long(8_388_609)]) expect(() => parse(bytes)).toThrow(TypeError)
  })
  test('what is tagged has its number, its class and something in it', () => {
    expect(tagged(read('a0020500'), 0)).toHaveLength(1)
    expect([isTagged(read('a0020500'), 0), isTagged(read('800101'), 0), isTagged(read('a1020500'), 0), isTagged(read('3000'), 16), isTagged(undefined, 0)]).toStrictEqual([true, true, false, false, false])
    for (const [hex, number] of [['800101', 0], ['a1020500', 0], ['3000', 0], ['3000', 16]] as const) expect(() => tagged(read(hex), number), hex).toThrow(TypeError)
  })
  const utcTime = (text: string) => time(parse(der(0x17, Buffer.from(text))))
  const generalized = (text: string) => time(parse(der(0x18, Buffer.from(text))))
  test('a time is in Zulu, with seconds; of two digits a year from 1950 to 2049', () => {
    expect(utcTime('491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(utcTime('500101000000Z')).toBe(Date.UTC(1950, 0, 1))
    expect(utcTime('000102030405Z')).toBe(Date.UTC(2000, 0, 2, 3, 4, 5))
    expect(generalized('20500102030405Z')).toBe(Date.UTC(2050, 0, 2, 3, 4, 5))
    for (const text of ['4912312359Z', '491231235959', '491231235959+0000', '491231235959.5Z', '20491231235959Z', '491331235959Z', '491231245959Z', '4912312359xxZ', 'x491231235959Z', '491231235959Zx', '']) expect(() => utcTime(text), text).toThrow(TypeError)
    for (const text of ['205001020304Z', '20500102030405', '20500102030405.5Z', '500102030405Z', '20501302030405Z', 'x20500102030405Z', '20500102030405Zx', '']) expect(() => generalized(text), text).toThrow(Error)
    expect(() => time(parse(der(0x0c, Buffer.from('491231235959Z'))))).toThrow(TypeError)
  })
  test('a small number has four bytes at most', () => {
    expect([small(read('020100')), small(read('02017f')), small(read('0201ff')), small(read('0203010000')), small(read('02047fffffff')), small(read('0204ffffffff'))]).toStrictEqual([0, 127, -1, 65_536, 2_147_483_647, -1])
    for (const hex of ['02050100000000', '0a0101', '0500']) expect(() => small(read(hex)), hex).toThrow(TypeError)
  })
  test('each of its own kind alone', () => {
    expect([boolean(read('0101ff')), boolean(read('010100'))]).toStrictEqual([true, false])
    expect(octets(read('04020102')).toString('hex')).toBe('0102')
    expect(octets(read('24080402010204020304')).toString('hex')).toBe('01020304')
    expect(bits(read('03020780')).toString('hex')).toBe('80')
    for (const kind of [boolean, octets, bits]) for (const hex of ['0500', '3000', '020101']) expect(() => kind(read(hex)), hex).toThrow(TypeError)
    expect(() => bits(read('2304030200ff'))).toThrow(TypeError)
    for (const hex of ['', '05', '050000', '040201', '30030500']) expect(() => read(hex), hex).toThrow(TypeError)
  })
})

const readable = (bytes: Buffer): Certificate[] => {
  try {
    return [certificateOf(bytes)]
  } catch {
    return []
  }
}
const unpem = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
const counted = (reasons: Readonly<Record<string, string>>): string => JSON.stringify(Object.values(reasons).reduce<Record<string, number>>((counts, reason) => ({ ...counts, [reason]: (counts[reason] ?? 0) + 1 }), {}))

interface Limbo { readonly id: string; readonly trusted_certs: string[]; readonly untrusted_intermediates: string[]; readonly peer_certificate: string; readonly validation_time: string | null; readonly expected_result: 'SUCCESS' | 'FAILURE' }
withVectors('x509-limbo/limbo-2023-12.json', 'x509-limbo', () => {
  const constraints = 'refused: name constraints are not read'
  const names = 'taken: the names of servers are not what a signature asks for'
  const identifiers = 'taken: key identifiers are not required'
  const web = 'taken: a rule of the web alone'
  /** Where we judge otherwise than the suite, which is about servers, and why. */
  const otherwise: Readonly<Record<string, string>> = {
    'rfc5280::nc::permitted-ipv4-match': constraints, 'rfc5280::nc::permitted-ipv6-match': constraints, 'rfc5280::nc::permitted-dn-match': constraints,
    'rfc5280::nc::permitted-self-issued': constraints, 'rfc5280::nc::excluded-different-constraint-type': constraints, 'webpki::nc::permitted-dns-match-noncritical': constraints,
    'pathlen::validation-ignores-pathlen-in-leaf': 'refused: a signer that is an authority',
    'pathlen::max-chain-depth-0-exhausted': 'taken: the depth is always 8', 'pathlen::max-chain-depth-1-exhausted': 'taken: the depth is always 8',
    'rfc5280::serial::zero': 'taken: any serial number',
    'rfc5280::aki::leaf-missing-aki': identifiers, 'rfc5280::ski::root-missing-ski': identifiers, 'rfc5280::ski::intermediate-missing-ski': identifiers,
    'webpki::aki::root-with-aki-missing-keyidentifier': web, 'webpki::aki::root-with-aki-authoritycertissuer': web, 'webpki::aki::root-with-aki-authoritycertserialnumber': web,
    'webpki::aki::root-with-aki-all-fields': web, 'webpki::aki::root-with-aki-ski-mismatch': web, 'webpki::eku::ee-anyeku': web, 'webpki::eku::ee-without-eku': web, 'webpki::eku::root-has-eku': web,
    'webpki::san::mismatch-domain-san': names, 'webpki::san::mismatch-subdomain-san': names, 'webpki::san::mismatch-apex-subdomain-san': names, 'webpki::san::public-suffix-wildcard-san': names,
    'webpki::san::wildcard-not-in-leftmost-san': names, 'webpki::san::wildcard-match-across-labels-san': names, 'webpki::san::wildcard-embedded-ulabel-san': names,
    'webpki::san::unicode-emoji-san': names, 'webpki::san::no-san': names,
  }
  const { testcases } = JSON.parse(vector('x509-limbo/limbo-2023-12.json').toString()) as { testcases: Limbo[] }
  test.each(testcases.map((given) => [given.id, given] as const))('%s', (id, given) => {
    const at = given.validation_time === null ? Date.UTC(2023, 11, 2) : Date.parse(given.validation_time)
    const [signer] = readable(unpem(given.peer_certificate))
    const taken = signer !== undefined && isTrusted(signer, given.untrusted_intermediates.map(unpem).flatMap(readable), given.trusted_certs.map(unpem).flatMap(readable), { purposes: ['1.3.6.1.5.5.7.3.1'], at })
    expect(taken).toBe((given.expected_result === 'SUCCESS') !== (otherwise[id] !== undefined))
  })
  test('counted', () => {
    console.log(`x509-limbo: ${testcases.length} run, ${Object.keys(otherwise).length} judged otherwise: ${counted(otherwise)}`)
    expect(Object.keys(otherwise).filter((id) => !testcases.some((given) => given.id === id))).toStrictEqual([])
  })
})

withVectors('x509-pkits', 'NIST PKITS', () => {
  const certificate = (name: string): Buffer => vector(`x509-pkits/certs/${name}`)
  const names = vectorNames('x509-pkits/certs')
  const ends = names.filter((name) => /^(Valid|Invalid).*EE\.crt$/.test(name))
  /** The names that the NIST document gives the tests of what we do not do. */
  const revocation = /CRL|Revoked|deltaCRL|distributionPoint|cRLIssuer|IDP|onlyContains|onlySomeReasons|LongSerialNumberTest18|NegativeSerialNumberTest15|BasicSelfIssuedNewWithOldTest5|BasicSelfIssuedOldWithNewTest2|crlSign/i
  const refused: readonly [RegExp, string][] = [
    [/nameConstraints/i, 'name constraints are not read'], [/Polic/i, 'policies are not read'], [/DSA/, 'DSA'],
    [/NameChaining(Capitalization|Whitespace)|CaseInsensitive/, 'names are compared byte for byte'], [/pathLenConstraintTest14/, 'a signer that is an authority'],
  ]
  const pool = names.filter((name) => !ends.includes(name) && name !== 'TrustAnchorRootCertificate.crt').map(certificate).flatMap(readable)
  const anchors = readable(certificate('TrustAnchorRootCertificate.crt'))
  const reasons: Record<string, string> = {}
  test.each(ends.map((name) => [name]))('%s', (name) => {
    const valid = name.startsWith('Valid')
    const [signer] = readable(certificate(name))
    const taken = signer !== undefined && isTrusted(signer, pool, anchors, { purposes: [], at: Date.UTC(2020, 0, 1) })
    if (taken === valid) return
    const reason = taken ? revocation.test(name) ? 'taken: revocation is not looked up' : undefined : refused.find(([pattern]) => pattern.test(name))?.[1]
    expect(reason, name).toBeDefined()
    reasons[name] = reason ?? ''
  })
  test('counted', () => {
    console.log(`PKITS: ${ends.length} run, ${Object.keys(reasons).length} judged otherwise: ${counted(reasons)}`)
    expect([anchors.length, ends.length, Object.keys(reasons).length]).toStrictEqual([1, 142, 63])
  })
})
