import { createPublicKey, generateKeyPairSync, publicEncrypt, constants, type JsonWebKey } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { account } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { chooseKey, readKeySet } from '../../../functions/accounts/key/set.ts'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { vector, withVectors } from '../../vectors.ts'

type Pair = ReturnType<typeof generateKeyPairSync>
const pairs: Record<string, Pair> = {}
beforeAll(() => {
  pairs['RSA'] = generateKeyPairSync('rsa', { modulusLength: 2048 })
  for (const namedCurve of ['P-256', 'P-384']) pairs[namedCurve] = generateKeyPairSync('ec', { namedCurve })
  pairs['X25519'] = generateKeyPairSync('x25519')
})
const jwkOf = (name: string, half: keyof Pair = 'publicKey'): JsonWebKey & Record<string, unknown> => ({ ...pairs[name]?.[half].export({ format: 'jwk' }) })
const readPublic = (value: unknown, kid?: unknown) => publicKey().read(JSON.stringify({ publicKey: value, kid }))
const readPrivate = (value: unknown, kid?: unknown) => privateKey().read(JSON.stringify({ privateKey: value, kid }))
const n = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

describe('somebody\'s public key', () => {
  test.each([['RSA', 'rsa', undefined], ['P-256', 'ec', 'P-256'], ['P-384', 'ec', 'P-384'], ['X25519', 'ec', 'X25519']])('%s, as JWK and as PEM', (name, type, crv) => {
    const pem = pairs[name]?.publicKey.export({ format: 'pem', type: 'spki' })
    for (const key of [readPublic(jwkOf(name)), readPublic(pem)]) expect(key).toMatchObject({ type, crv })
    expect(readPublic(pem).kid).toBe(readPublic(jwkOf(name)).kid)
    expect(readPublic({ ...jwkOf(name), kid: 'theirs' }).kid).toBe('theirs')
    expect(readPublic({ ...jwkOf(name), kid: 'theirs' }, 'ours').kid).toBe('ours')
  })
  test('without a name it is called by its thumbprint, as jose computes it', async () => {
    for (const name of ['RSA', 'P-256', 'P-384', 'X25519']) expect(readPublic(jwkOf(name)).kid).toBe(await calculateJwkThumbprint(jwkOf(name) as never))
  })
  test.each<[string, string, Record<string, unknown>]>([
    ['for signatures', 'RSA', { use: 'sig' }], ['by RS256', 'RSA', { alg: 'RS256' }], ['by RSA1_5', 'RSA', { alg: 'RSA1_5' }], ['by an algorithm of curves', 'RSA', { alg: 'ECDH-ES' }],
    ['by an algorithm of RSA', 'P-256', { alg: 'RSA-OAEP-256' }], ['for verifying', 'RSA', { key_ops: ['verify'] }], ['for nothing', 'RSA', { key_ops: [] }], ['for verifying', 'P-256', { key_ops: ['verify'] }],
    ['with operations that are no list', 'RSA', { key_ops: 'encrypt' }], ['with an algorithm that is no text', 'RSA', { alg: 7 }], ['with a number as its name', 'RSA', { kid: 7 }],
  ])('%s is refused: %s', (_, name, more) => {
    expect(() => readPublic({ ...jwkOf(name), ...more })).toThrow(Error)
  })
  test.each<[string, Record<string, unknown>]>([['RSA', { use: 'enc', alg: 'RSA-OAEP-256', key_ops: ['encrypt', 'wrapKey'] }], ['P-256', { alg: 'ECDH-ES+A256KW', key_ops: [] }], ['X25519', { use: 'enc', alg: 'ECDH-ES' }]])('for encryption is taken: %s', (name, more) => {
    expect(readPublic({ ...jwkOf(name), ...more }).alg).toBe(more['alg'])
  })
  test('every private part of a JWK is seen, and none is named in the message', () => {
    for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) expect(() => readPublic({ ...jwkOf('RSA'), [part]: 'c2VjcmV0' }), part).toThrow(/^public-key account: \{"publicKey": a public JWK, or PEM text\}$/)
  })
  test('a modulus of 2,047 bits, of over 8,192, exponents that are small or even, points beside the curve', () => {
    const { n: modulus = '' } = jwkOf('RSA')
    const bytes = Buffer.from(modulus, 'base64url')
    const less = Buffer.from(bytes)
    less[0] = 0x7f
    expect(() => readPublic({ kty: 'RSA', e: 'AQAB', n: less.toString('base64url') })).toThrow(TypeError)
    expect(() => readPublic({ kty: 'RSA', e: 'AQAB', n: n(`01${'00'.repeat(1023)}01`) })).toThrow(TypeError)
    expect(readPublic({ kty: 'RSA', e: 'AQAB', n: n(`80${'00'.repeat(1022)}01`) }).type).toBe('rsa')
    for (const e of ['AQ', 'Aw', 'EQ', 'AQAA', n(`01${'00'.repeat(31)}01`)]) expect(() => readPublic({ kty: 'RSA', e, n: modulus }), e).toThrow(Error)
    for (const name of ['P-256', 'P-384']) expect(() => readPublic({ ...jwkOf(name), y: jwkOf(name).x })).toThrow(Error)
  })
  test('other curves and kinds', () => {
    for (const namedCurve of ['P-521', 'secp256k1', 'P-224']) expect(() => readPublic(generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'pem', type: 'spki' })), namedCurve).toThrow(Error)
    expect(() => readPublic(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey.export({ format: 'pem', type: 'spki' }))).toThrow(Error)
    expect(() => readPublic(generateKeyPairSync('x448').publicKey.export({ format: 'pem', type: 'spki' }))).toThrow(Error)
  })
  test('to a point of small order nothing is sealed', async () => {
    const to = account('reader', publicKey())
    for (const x of [`00${'00'.repeat(31)}`, `01${'00'.repeat(31)}`, 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800']) {
      await expect(jwe({ to }).seal(Buffer.from('x'), fakeIo(secrets({ reader: JSON.stringify({ publicKey: { kty: 'OKP', crv: 'X25519', x: n(x) } }) })))).rejects.toThrow(Error)
    }
  })
})

describe('a private key of ours', () => {
  test.each(['RSA', 'P-256', 'P-384', 'X25519'])('%s, in every form that there is, under one name', (name) => {
    const key = pairs[name]?.privateKey
    const { kid } = readPublic(jwkOf(name))
    const forms = [jwkOf(name, 'privateKey'), key?.export({ format: 'pem', type: 'pkcs8' }), ...name === 'RSA' ? [key?.export({ format: 'pem', type: 'pkcs1' })] : name === 'X25519' ? [] : [key?.export({ format: 'pem', type: 'sec1' })]]
    for (const form of forms) expect(readPrivate(form).kid).toBe(kid)
    expect(readPrivate(forms[1], 'inbox-1').kid).toBe('inbox-1')
    expect(readPrivate({ ...jwkOf(name, 'privateKey'), kid: 'a' }).kid).toBe('a')
  })
  test('unwraps by the hash that is asked for, SHA-256 unless one is', () => {
    const { unwrap } = readPrivate(jwkOf('RSA', 'privateKey'))
    for (const oaepHash of ['sha1', 'sha256', 'sha384', 'sha512']) {
      const wrapped = publicEncrypt({ key: pairs['RSA']?.publicKey as never, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from('key'))
      expect(Buffer.from(unwrap?.(wrapped, oaepHash) ?? []).toString()).toBe('key')
      if (oaepHash === 'sha256') expect(Buffer.from(unwrap?.(wrapped) ?? []).toString()).toBe('key')
      else expect(() => unwrap?.(wrapped)).toThrow(Error)
    }
  })
  test('two halves that do not belong together are refused', () => {
    for (const [name, other] of [['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })], ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })], ['X25519', generateKeyPairSync('x25519')]] as const) {
      expect(() => readPrivate({ ...jwkOf(name, 'privateKey'), d: (other.privateKey.export({ format: 'jwk' })).d }), name).toThrow(TypeError)
    }
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
    expect(() => readPrivate({ ...jwkOf('RSA', 'privateKey'), n: other.n })).toThrow(TypeError)
  })
  test.each<[string, () => unknown]>([
    ['a public JWK', () => jwkOf('RSA')], ['a public PEM', () => pairs['RSA']?.publicKey.export({ format: 'pem', type: 'spki' })],
    ['an encrypted PEM', () => pairs['RSA']?.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'canary' })],
    ['one for signatures', () => ({ ...jwkOf('RSA', 'privateKey'), use: 'sig' })], ['one by RS256', () => ({ ...jwkOf('RSA', 'privateKey'), alg: 'RS256' })], ['one for signing', () => ({ ...jwkOf('P-256', 'privateKey'), key_ops: ['sign'] })],
    ['1,024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' })], ['Ed25519', () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })],
    ['text', () => 'canary'], ['a number', () => 7], ['nothing', () => undefined], ['null', () => null],
  ])('%s is refused, in one sentence without what was entered', (_, made) => {
    expect(() => readPrivate(made())).toThrow(/^private-key account: \{"privateKey": a JWK, or PEM text that is not encrypted\}, for encryption, RSA of 2048 to 8192 bits, P-256, P-384 or X25519$/)
  })
  test('a secret that is no JSON is not quoted', () => {
    expect(() => privateKey().read('canary {')).toThrow(/^private-key account: /)
  })
})

withVectors('key-formats', 'published keys', () => {
  const pem = (path: string) => vector(`key-formats/${path}`).toString()
  test.each([
    ['PKCS8/unenc-rsa-pkcs8.pem', undefined], ['PKCS8/ec_private_key.pem', 'ec'], ['PKCS8/private.pem', undefined], ['PEM_Serialization/ec_private_key.pem', 'ec'],
    ['Traditional_OpenSSL_Serialization/testrsa.pem', undefined], ['Traditional_OpenSSL_Serialization/testrsa-encrypted.pem', undefined], ['Traditional_OpenSSL_Serialization/key1.pem', undefined],
    ['PKCS8/enc-rsa-pkcs8.pem', undefined], ['PKCS8/unenc-dsa-pkcs8.pem', undefined], ['PKCS8/rsa_pss_2048.pem', undefined], ['PEM_Serialization/rsa-bad-1025-q-is-2.pem', undefined], ['PEM_Serialization/ec_private_key_encrypted.pem', undefined],
  ])('private: %s, %s', (path, type) => {
    if (type === undefined) expect(() => readPrivate(pem(path))).toThrow(TypeError)
    else expect(readPrivate(pem(path)).type).toBe(type)
  })
  test('public ones, of 2,048 bits or on our curves', () => {
    expect(readPublic(pem('PEM_Serialization/rsa_public_key.pem')).type).toBe('rsa')
    expect(readPublic(pem('PEM_Serialization/ec_public_key.pem')).type).toBe('ec')
    expect(() => readPublic(pem('PKCS8/unenc-dsa-pkcs8.pub.pem'))).toThrow(Error)
  })
})

withVectors('wycheproof/json_web_key_test.json', 'weak keys of Wycheproof', () => {
  interface Group { readonly comment: string; readonly public?: { readonly keys: readonly (JsonWebKey & { alg?: string })[] } }
  const { testGroups } = JSON.parse(vector('wycheproof/json_web_key_test.json').toString()) as { testGroups: Group[] }
  const keysOf = (comment: string) => testGroups.filter((group) => group.comment === comment).flatMap(({ public: set }) => set?.keys ?? []).map(({ kty, n, e, crv, x, y }) => ({ kty, n, e, crv, x, y }))
  test.each(['jws_rsa_roca_key', 'keysize_too_small', 'exponentOne', 'wrong_curve', 'wrong_kty'])('%s is refused', (comment) => {
    expect(keysOf(comment).length).toBeGreaterThan(0)
    for (const key of keysOf(comment)) expect(() => readPublic(key)).toThrow(Error)
  })
  test('the ROCA key would be taken but for its fingerprint', () => {
    const [roca] = keysOf('jws_rsa_roca_key')
    expect(createPublicKey({ key: roca as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails).toStrictEqual({ modulusLength: expect.toSatisfy((bits: number) => bits >= 2048) as number, publicExponent: 65_537n })
    expect(() => readPublic(roca)).toThrow(/for encryption/)
    expect(readPublic(keysOf('rs256')[0]).type).toBe('rsa')
  })
})

describe('a published key set', () => {
  const set = (...keys: object[]) => Buffer.from(JSON.stringify({ keys }))
  test('gives the keys to which we would seal, and passes over the rest', () => {
    const read = readKeySet(set(
      { ...jwkOf('RSA'), kid: 'a', use: 'enc' }, { ...jwkOf('P-256'), kid: 'b' }, { ...jwkOf('P-384'), kid: 's', use: 'sig' }, { ...jwkOf('X25519') },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'off' }, { kty: 'new', kid: 'new' }, { ...jwkOf('RSA'), e: 'AQ', kid: 'weak' },
    ))
    expect(read.keys.map(({ kid, type }) => [kid, type])).toStrictEqual([['a', 'rsa'], ['b', 'ec']])
  })
  test('of two keys of one name neither is meant, even where one is of no use', () => {
    expect(readKeySet(set({ ...jwkOf('RSA'), kid: 'a' }, { ...jwkOf('P-256'), kid: 'a' }, { ...jwkOf('P-256'), kid: 'b' }, { kty: 'new', kid: 'b' }, { ...jwkOf('P-384'), kid: 'c' })).keys.map(({ kid }) => kid)).toStrictEqual(['c'])
    const three = { ...jwkOf('P-256'), kid: 'a' }
    expect(readKeySet(set(three, three, three)).keys).toStrictEqual([])
  })
  test('chooses by name, and without one only where there is no choice', () => {
    const read = readKeySet(set({ ...jwkOf('RSA'), kid: 'a' }, { ...jwkOf('P-256'), kid: 'b' }, { ...jwkOf('P-384'), kid: 'c' }))
    expect(chooseKey(read, { kid: 'c' })?.crv).toBe('P-384')
    expect(chooseKey(read, { kid: 'd' })).toBeUndefined()
    expect(chooseKey(read, { type: 'rsa' })?.kid).toBe('a')
    expect(chooseKey(read, { type: 'ec' })).toBeUndefined()
    expect(chooseKey(read)).toBeUndefined()
  })
  test.each([['', 300], ['public, max-age=60', 60], ['max-age=999999', 3_600], ['Max-Age="120"', 120], ['no-store', 0], ['no-cache, max-age=60', 0], ['max-age=-1', 300], ['s-maxage=5', 300]])('%s: fresh for %i seconds', (header, fresh) => {
    expect(readKeySet(set(), header).fresh).toBe(fresh)
  })
  test.each<[string, Uint8Array]>([
    ['no JSON', Buffer.from('<html>')], ['no set', Buffer.from('{}')], ['null', Buffer.from('null')], ['keys that are none', Buffer.from('{"keys":[1]}')], ['two sets', Buffer.from('{"keys":[],"keys":[]}')],
    ['over 64 KB', Buffer.from(`{"keys":[],"note":"${'x'.repeat(65_536)}"}`)], ['over 64 keys', Buffer.from(JSON.stringify({ keys: Array.from({ length: 65 }, () => ({})) }))],
  ])('%s is refused', (_, bytes) => {
    expect(() => readKeySet(bytes)).toThrow(/^key-set account: the address answers with a JWK Set/)
  })
  test('a set with a private or a shared key is refused whole', () => {
    for (const more of [{ ...jwkOf('P-256', 'privateKey'), kid: 'x' }, { kty: 'oct', k: 'AAAA', kid: 'y' }]) expect(() => readKeySet(set({ ...jwkOf('RSA'), kid: 'a' }, more))).toThrow(/a key of the set is not public/)
  })
})
