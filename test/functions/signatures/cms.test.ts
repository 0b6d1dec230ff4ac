import { createHash, createPublicKey, sign as signBytes } from 'node:crypto'
import { account, type Io, type SigningAlgorithm } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { certificateChain, type CertifiedKey } from '../../../functions/accounts/certificate-chain.ts'
import { trustAnchors } from '../../../functions/accounts/trust-anchors.ts'
import { cms } from '../../../functions/signatures/cms.ts'
import { der, oid, parse } from '../../../functions/signatures/cms/asn1.ts'
import { certificateOf, type Certificate } from '../../../functions/signatures/cms/certificate.ts'
import { isTrusted } from '../../../functions/signatures/cms/path.ts'
import { fakeIo } from '../../fake-io.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'
import { authority, certSign, digitalSignature, issue, keyId, nameOf, newKeys, pemOf, purpose, usage, type Issued } from './certificates.ts'

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
    expect(detached).toMatch(/^-----BEGIN CMS-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END CMS-----\n$/)
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
    ['of an authority', () => [[issue('x', { issuer: root, extensions: [digitalSignature, authority()] })], [root]]],
    ['that is expired', () => [[issue('x', { issuer: root, to: Date.now() - 1_000, extensions: [digitalSignature] })], [root]]],
    ['that is not valid yet', () => [[issue('x', { issuer: root, from: Date.now() + day / 2, extensions: [digitalSignature] })], [root]]],
    ['by an authority that is expired', () => { const late = issue('late', { issuer: root, to: Date.now() - 1_000, extensions: [authority(), certSign] }); return [[issue('x', { issuer: late, extensions: [digitalSignature] }), late], [root]] }],
    ['to a root that is expired', () => { const late = issue('late', { to: Date.now() - 1_000, extensions: [authority(), certSign] }); return [[issue('x', { issuer: late, extensions: [digitalSignature] })], [late]] }],
    ['without key usage', () => [[issue('x', { issuer: root })], [root]]],
    ['of a key for encryption', () => [[issue('x', { issuer: root, extensions: [usage(2)] })], [root]]],
    ['of a key for servers', () => [[issue('x', { issuer: root, extensions: [digitalSignature, purpose('1.3.6.1.5.5.7.3.1')] })], [root]]],
    ['with an unknown critical extension', () => [[issue('x', { issuer: root, extensions: [digitalSignature, { id: '1.2.3.4', critical: true, value: der(5) }] })], [root]]],
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

  test('of authorities that name each other in circles ends', () => {
    const keys = newKeys.ec()
    const names = ['a', 'b', 'c', 'd', 'e']
    const circle = names.flatMap((name) => names.map((issuer) => certificateOf(issue(name, { keys, issuer: { name: issuer, keys }, extensions: [authority(), certSign] }).bytes)))
    const signer = certificateOf(issue('x', { issuer: { name: 'a', keys }, extensions: [digitalSignature] }).bytes)
    const start = performance.now()
    expect(isTrusted(signer, circle, [certificateOf(root.bytes)], { purposes: [], at: Date.now() })).toBe(false)
    expect(performance.now() - start).toBeLessThan(500)
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
}
const utc = (at: number): Buffer => der(0x17, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d{3}/g, '').slice(2)))
const attribute = (id: string, ...values: Buffer[]): Buffer => der(0x30, oid(id), der(0x31, ...values))

function assembled(chain: readonly Issued[], { attributes = ({ type, time, digest }) => [type, time, digest], digest = 'sha256', digestId = '2.16.840.1.101.3.4.2.1', algorithm, contentType = '1.2.840.113549.1.7.1', signerId, time = Date.now(), content = plain, unsigned, signers = 1 }: Change): Buffer {
  const [first] = chain as readonly [Issued, ...Issued[]]
  const certificate = parsed(first)
  const digestAlgorithm = der(0x30, oid(digestId))
  const all = [...attributes({
    type: attribute('1.2.840.113549.1.9.3', oid(contentType)), time: attribute('1.2.840.113549.1.9.5', utc(time)),
    digest: attribute('1.2.840.113549.1.9.4', der(4, createHash(digest).update(plain).digest())),
  })].sort((a, b) => a.compare(b))
  const { asymmetricKeyType } = first.keys.privateKey
  const identified = algorithm ?? der(0x30, oid(asymmetricKeyType === 'rsa' ? '1.2.840.113549.1.1.11' : '1.2.840.10045.4.3.2'))
  const signature = signBytes(digest, unsigned ? plain : der(0x31, ...all), first.keys.privateKey)
  const [version, id] = signerId?.(chain) ?? [1, der(0x30, nameOf(certificate.issuer), der(2, certificate.serial))]
  const info = der(0x30, der(2, Buffer.of(version)), id, digestAlgorithm, ...unsigned ? [] : [der(0xa0, ...all)], identified, der(4, signature))
  return der(0x30, oid('1.2.840.113549.1.7.2'), der(0xa0, der(0x30, der(2, Buffer.of(version)), der(0x31, digestAlgorithm), der(0x30, oid(contentType), der(0xa0, der(4, content))),
    der(0xa0, ...chain.map(({ bytes }) => bytes)), der(0x31, ...Array.from({ length: signers }, () => info)))))
}
function parsed(issued: Issued): { issuer: string; serial: Buffer } {
  const { valueBlock } = parse(issued.bytes) as unknown as { valueBlock: { value: { valueBlock: { value: { valueBlock: { valueHexView: Uint8Array }; valueBeforeDecodeView: Uint8Array }[] } }[] } }
  const [, serial, , issuer] = valueBlock.value[0]?.valueBlock.value ?? []
  return { serial: Buffer.from(serial?.valueBlock.valueHexView ?? []), issuer: /[a-z]+$/.exec(Buffer.from(issuer?.valueBeforeDecodeView ?? []).toString('latin1'))?.[0] ?? '' }
}

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
    ['five times', { signers: 5 }],
    ['by nobody', { signers: 0 }],
  ])('%s is refused', async (_, change) => {
    await expect(verified(await made(pair(), change), [root])).rejects.toThrow(invalid)
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
    const start = performance.now()
    await expect(verified(given, [root])).rejects.toThrow(invalid)
    expect(performance.now() - start).toBeLessThan(1_000)
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
