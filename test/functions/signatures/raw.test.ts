import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { account, signingKey, type Fault } from 'sallyport'
import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importedSigningKey } from '../../../functions/accounts/imported-signing-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { verificationKey } from '../../../functions/accounts/verification-key.ts'
import { der } from '../../../functions/signatures/parts/der.ts'
import { raw } from '../../../functions/signatures/raw.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { vector, withVectors } from '../../vectors.ts'
import { imported, invalid, jwkOf, pairAlgorithms, pairFor, ring, shared, tally, theirs } from './keys.ts'

const plain = Buffer.from('a message')

describe.each(pairAlgorithms)('%s', (algorithm) => {
  const pair = pairFor(algorithm)
  const mine = imported(algorithm, pair.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const other = theirs(algorithm, pair.publicKey.export({ format: 'pem', type: 'spki' }))
  test.each(['base64', 'base64url', 'hex'] as const)('in %s: what is signed verifies, and nothing else', async (encoding) => {
    const signer = raw({ key: mine.key, algorithm, encoding })
    const verifier = raw({ from: other.from, algorithm, encoding })
    const text = await signer.detach(plain, fakeIo(mine.io))
    await verifier.attest(plain, text, fakeIo(other.io))
    await signer.attest(plain, text, fakeIo(mine.io))
    for (const wrong of ['', `${text} `, ` ${text}`, `${text}\n`, `${text}=`, text.slice(0, -1), text.slice(0, -4), `${text}AAAA`, `!${text}`, 'x'.repeat(2_049)]) await expect(verifier.attest(plain, wrong, fakeIo(other.io))).rejects.toThrow(invalid)
    await expect(verifier.attest(Buffer.from('another message'), text, fakeIo(other.io))).rejects.toThrow(invalid)
    if (encoding === 'hex') await verifier.attest(plain, text.toUpperCase(), fakeIo(other.io))
  })
  test('bare: there is nothing but detached signatures, and a verifier does not sign', () => {
    expect(Object.keys(raw({ key: mine.key, algorithm })).sort()).toStrictEqual(['attest', 'config', 'detach', 'mediaType', 'needs', 'signature'])
    expect(Object.keys(raw({ from: other.from, algorithm })).sort()).toStrictEqual(['attest', 'config', 'needs', 'signature'])
    expect(raw({ from: other.from, algorithm }).signature).toBe('raw')
  })
})

describe('ECDSA', () => {
  const pair = pairFor('ES256')
  const [mine, other] = [imported('ES256', jwkOf(pair.privateKey)), theirs('ES256', jwkOf(pair.publicKey))]
  test('in ASN.1 unless said otherwise, as OpenSSL writes it, or R and S side by side', async () => {
    const asn1 = Buffer.from(await raw({ key: mine.key, algorithm: 'ES256' }).detach(plain, fakeIo(mine.io)), 'base64')
    expect(verify('sha256', plain, pair.publicKey, asn1)).toBe(true)
    await raw({ from: other.from, algorithm: 'ES256', format: 'der' }).attest(plain, asn1.toString('base64'), fakeIo(other.io))
    const side = Buffer.from(await raw({ key: mine.key, algorithm: 'ES256', format: 'ieee-p1363' }).detach(plain, fakeIo(mine.io)), 'base64')
    expect(side).toHaveLength(64)
    expect(verify('sha256', plain, { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, side)).toBe(true)
    await expect(raw({ from: other.from, algorithm: 'ES256', format: 'ieee-p1363' }).attest(plain, asn1.toString('base64'), fakeIo(other.io))).rejects.toThrow(invalid)
    await expect(raw({ from: other.from, algorithm: 'ES256' }).attest(plain, side.toString('base64'), fakeIo(other.io))).rejects.toThrow(invalid)
  })
  test('ASN.1 in another than its one spelling does not hold', async () => {
    const good = sign('sha256', plain, pair.privateKey)
    const [r, s] = [good.subarray(4, 4 + (good[3] as number)), good.subarray(6 + (good[3] as number))]
    const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(2, bytes.length), bytes])
    const sequence = (...parts: Buffer[]): Buffer => Buffer.concat([Buffer.of(0x30, Buffer.concat(parts).length), ...parts])
    const verifier = raw({ from: other.from, algorithm: 'ES256', encoding: 'hex' })
    await verifier.attest(plain, sequence(integer(r), integer(s)).toString('hex'), fakeIo(other.io))
    const padded = Buffer.concat([Buffer.of(0), r])
    for (const bytes of [
      sequence(integer(padded), integer(s)), sequence(integer(r), integer(s), Buffer.of(5, 0)), Buffer.concat([good, Buffer.of(0)]), sequence(integer(r)), sequence(integer(s), integer(r)),
      Buffer.concat([Buffer.of(0x30, 0x81, good[1] as number), good.subarray(2)]), Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(2), Buffer.of(0, 0)]), sequence(integer(Buffer.of(0)), integer(s)), sequence(integer(r), integer(Buffer.of(0))),
      Buffer.concat([Buffer.of(0x31), good.subarray(1)]), sequence(Buffer.concat([Buffer.of(2, 0x81, r.length), r]), integer(s)),
    ]) await expect(verifier.attest(plain, bytes.toString('hex'), fakeIo(other.io)), bytes.toString('hex')).rejects.toThrow(invalid)
  })
  test.each([
    ['00'.repeat(64), '3006020100020100'], [`${'00'.repeat(31)}7f${'00'.repeat(31)}80`, '300702017f02020080'], [`${'ff'.repeat(32)}01${'00'.repeat(31)}`, `3045022100${'ff'.repeat(32)}022001${'00'.repeat(31)}`],
    // 127 and 128 bytes: from 128 on their count takes two.
    [`00000000${'11'.repeat(62)}0000000000${'11'.repeat(61)}`, `307f023e${'11'.repeat(62)}023d${'11'.repeat(61)}`], [`00000000${'11'.repeat(62)}00000000${'11'.repeat(62)}`, `308180023e${'11'.repeat(62)}023e${'11'.repeat(62)}`],
    [`01${'ff'.repeat(65)}01${'ff'.repeat(65)}`, `308188024201${'ff'.repeat(65)}024201${'ff'.repeat(65)}`],
  ])('R and S of %s as ASN.1', (side, wanted) => {
    expect(der(Buffer.from(side, 'hex')).toString('hex')).toBe(wanted)
  })
  test('whatever R and S are, the integers are as short as they can be and positive', () => {
    assert(property(uint8Array({ minLength: 64, maxLength: 64 }), (side) => {
      const bytes = der(side)
      expect(bytes[1]).toBe(bytes.length - 2)
      const length = bytes[3] as number
      const [r, s] = [bytes.subarray(4, 4 + length), bytes.subarray(6 + length)]
      for (const [i, integer] of [r, s].entries()) {
        expect(BigInt(`0x${integer.toString('hex')}`)).toBe(BigInt(`0x${Buffer.from(side).subarray(i * 32, i * 32 + 32).toString('hex')}`))
        expect((integer[0] as number) < 0x80 && (integer.length === 1 || integer[0] !== 0 || (integer[1] as number) >= 0x80)).toBe(true)
      }
    }))
  })
})

describe('a signing key of ours', () => {
  test.each(['hsm', 'wrapped'] as const)('%s signs; what it signed others verify', async (custody) => {
    const pair = pairFor('ES384')
    const { key, io } = ring('ES384', custody, { 'receipts-1': pairFor('ES384'), 'receipts-2': pair })
    const signer = raw({ key })
    expect(verify('sha384', plain, pair.publicKey, Buffer.from(await signer.detach(plain, io), 'base64'))).toBe(true)
    expect(signer).not.toHaveProperty('attest')
    expect(signer.config).toStrictEqual({ key, algorithm: 'ES384', encoding: 'base64', format: 'der' })
  })
})

test('HMAC with a shared key', async () => {
  const { io, ...use } = shared('HS256', Buffer.alloc(32, 1).toString('base64url'))
  const signer = raw({ ...use, encoding: 'hex' })
  // printf abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01
  expect(await signer.detach(Buffer.from('abc'), fakeIo(io))).toBe('73860612aa6aadf68985b6e9c4233357cedd5f24a221eba740b2aa8350276cfc')
  await signer.attest(Buffer.from('abc'), await signer.detach(Buffer.from('abc'), fakeIo(io)), fakeIo(io))
})

test('every key of a set is tried, since a bare signature names none', async () => {
  const [one, two, three] = [pairFor('EdDSA'), pairFor('EdDSA'), pairFor('EdDSA')]
  const io = fakeIo(secrets({ theirs: JSON.stringify({ keys: [jwkOf(one.publicKey, { kid: 'a' }), jwkOf(two.publicKey, { kid: 'b' })] }) }))
  const verifier = raw({ from: account('theirs', verificationKey()), algorithm: 'EdDSA' })
  const by = (pair: typeof one) => sign(undefined, plain, pair.privateKey).toString('base64')
  await verifier.attest(plain, by(one), io)
  await verifier.attest(plain, by(two), io)
  await expect(verifier.attest(plain, by(three), io)).rejects.toThrow(invalid)
})

describe('a mistake of the definition is a sentence', () => {
  const from = account('theirs', verificationKey())
  test.each<[string, object, string]>([
    ['an encoding that there is not', { from, algorithm: 'ES256', encoding: 'utf8' }, 'raw, encoding: write base64, base64url or hex'],
    ['a format of RSA', { from, algorithm: 'RS256', format: 'der' }, 'raw, format: write der or ieee-p1363 for ES256, ES384 and ES512, and leave it out for others'],
    ['a format that there is not', { from, algorithm: 'ES256', format: 'ber' }, 'raw, format: write der or ieee-p1363 for ES256, ES384 and ES512, and leave it out for others'],
    ['verifying by a signing key of ours', { from: signingKey('receipts', { custody: 'hsm' }) }, 'raw, from: write an account of verificationKey(); by jws({ from }) a signing key of ours is verified'],
    ['a short shared key', { key: account('s', secretKey()), algorithm: 'HS512' }, 'raw, key: HS512 takes secretKey({ bits: 512 })'],
  ])('%s', (_, use, message) => {
    expect(() => raw(use as never)).toThrow(new TypeError(message))
  })
})

describe('what an account holds', () => {
  const pair = pairFor('RS256')
  const read = (value: object) => importedSigningKey().read(JSON.stringify(value))
  const readPublic = (value: object) => verificationKey().read(JSON.stringify(value))
  test.each(pairAlgorithms)('%s: a private key in every form that there is', (algorithm) => {
    const { privateKey } = pairFor(algorithm)
    const type = { RS: 'pkcs1', PS: 'pkcs1', ES: 'sec1', Ed: 'pkcs8' }[algorithm.slice(0, 2)] as 'pkcs8'
    const types = [jwkOf(privateKey), privateKey.export({ format: 'pem', type: 'pkcs8' }), privateKey.export({ format: 'pem', type })].map((form) => read({ privateKey: form }).type)
    expect(new Set(types).size).toBe(1)
    expect(read({ privateKey: jwkOf(privateKey, { kid: 'jwk' }) }).kid).toBe('jwk')
    expect(read({ privateKey: jwkOf(privateKey, { kid: 'jwk' }), kid: 'beside' }).kid).toBe('beside')
    expect(read({ privateKey: jwkOf(privateKey) }).kid).toBeUndefined()
  })
  test.each<[string, () => object]>([
    ['a public JWK', () => ({ privateKey: jwkOf(pair.publicKey) })], ['an encrypted PEM', () => ({ privateKey: pair.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'canary' }) })],
    ['for encryption', () => ({ privateKey: jwkOf(pair.privateKey, { use: 'enc' }) })], ['for verifying', () => ({ privateKey: jwkOf(pair.privateKey, { key_ops: ['verify'] }) })], ['for nothing', () => ({ privateKey: jwkOf(pair.privateKey, { key_ops: [] }) })],
    ['two halves of two keys', () => ({ privateKey: { ...jwkOf(pairFor('ES256').privateKey), d: jwkOf(pairFor('ES256').privateKey).d } })], ['two halves of Ed25519', () => ({ privateKey: { ...jwkOf(pairFor('EdDSA').privateKey), d: jwkOf(pairFor('EdDSA').privateKey).d } })],
    ['text', () => ({ privateKey: 'canary' })], ['nothing', () => ({})], ['an empty name', () => ({ privateKey: jwkOf(pair.privateKey), kid: '' })], ['a number as its name', () => ({ privateKey: jwkOf(pair.privateKey), kid: 7 })],
  ])('a private key that is refused, in one sentence without what was entered: %s', (_, made) => {
    expect(() => read(made())).toThrow(/^imported-signing-key account: \{"privateKey": a JWK, or PEM text that is not encrypted\}, for signatures, RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519$/)
  })
  test.each<[string, () => object]>([
    ['a private JWK', () => ({ publicKey: jwkOf(pair.privateKey) })], ['a private PEM', () => ({ publicKey: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) })], ['a set with a private key', () => ({ keys: [jwkOf(pair.publicKey), jwkOf(pairFor('ES256').privateKey)] })],
    ['a set with a shared key', () => ({ keys: [jwkOf(pair.publicKey), { kty: 'oct', k: 'AAAA' }] })], ['a set with a name twice', () => ({ keys: [jwkOf(pair.publicKey, { kid: 'a' }), jwkOf(pairFor('ES256').publicKey, { kid: 'a' })] })], ['a set of nothing', () => ({ keys: [] })],
    ['a set of 17', () => ({ keys: Array.from({ length: 17 }, () => jwkOf(pair.publicKey)) })], ['a set and a key', () => ({ keys: [jwkOf(pair.publicKey)], publicKey: jwkOf(pair.publicKey) })], ['a set that is none', () => ({ keys: 'canary' })],
    ['for encryption', () => ({ publicKey: jwkOf(pair.publicKey, { use: 'enc' }) })], ['for signing', () => ({ publicKey: jwkOf(pair.publicKey, { key_ops: ['sign'] }) })], ['a certificate', () => ({ publicKey: '-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----' })],
    ['text', () => ({ publicKey: 'canary' })], ['null', () => ({ publicKey: null })], ['a curve of coins', () => ({ publicKey: '-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60EltyOFAJ2g1GSTqn5V2kbvZ3nL/Yg4WJ9O0KrnCBrnv4CZg==\n-----END PUBLIC KEY-----' })],
  ])('a public key that is refused: %s', (_, made) => {
    expect(() => readPublic(made())).toThrow(/^verification-key account: \{"publicKey": a public JWK, or PEM text\}, or a JWK Set of at most 16 public keys and no name twice, for signatures/)
  })
  test('a secret that is no JSON is not quoted, and a PEM of either kind is read', () => {
    expect(() => verificationKey().read('canary {')).toThrow(/^verification-key account: /)
    expect(() => importedSigningKey().read('canary {')).toThrow(/^imported-signing-key account: /)
    for (const type of ['spki', 'pkcs1'] as const) expect(readPublic({ publicKey: pair.publicKey.export({ format: 'pem', type }), kid: 'a' })).toMatchObject([{ type: 'RSA', kid: 'a' }])
  })
})

type Result = 'valid' | 'invalid' | 'acceptable'
interface Group { readonly publicKeyPem?: string; readonly publicKey: { modulus: string; publicExponent: string }; readonly publicKeyAsn?: string; readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: Result }[] }
const suites = [
  ['ecdsa_secp256r1_sha256_p1363_test', 'ES256'], ['ecdsa_secp384r1_sha384_p1363_test', 'ES384'], ['ed25519_test', 'EdDSA'], ['rsa_pss_2048_sha256_mgf1_32_test', 'PS256'], ['rsa_pss_3072_sha256_mgf1_32_test', 'PS256'],
  ['rsa_pss_2048_sha256_mgf1_32_params_test', 'PS256'], ['rsa_signature_2048_sha256_test', 'RS256'], ['rsa_signature_3072_sha384_test', 'RS384'],
] as const
for (const [name, algorithm] of suites) {
  withVectors(`wycheproof/${name}.json`, `Wycheproof ${name}`, () => {
    const count = tally(`Wycheproof ${name}`)
    const { testGroups } = JSON.parse(vector(`wycheproof/${name}.json`).toString()) as { testGroups: Group[] }
    test('all of them', async () => {
      const verifier = raw({ from: account('theirs', verificationKey()), algorithm, encoding: 'hex', ...algorithm.startsWith('ES') && { format: 'ieee-p1363' as const } })
      for (const { publicKeyPem, publicKeyAsn = '', tests } of testGroups) {
        // A key that is marked for PSS alone is read as what it is, an RSA key.
        const pem = name.includes('params') ? createPublicKey({ key: Buffer.from(publicKeyAsn, 'hex'), format: 'der', type: 'pkcs1' }).export({ format: 'pem', type: 'spki' }) : publicKeyPem
        let keys: ReturnType<ReturnType<typeof verificationKey>['read']>
        try {
          keys = verificationKey().read(JSON.stringify({ publicKey: pem }))
        } catch {
          expect(createPublicKey(pem ?? '').asymmetricKeyDetails?.publicExponent).toBe(3n)
          for (const { result } of tests) count(`refused with its key, exponent 3 (${result})`)
          continue
        }
        const io = fakeIo({ material: () => Promise.resolve(keys as never) })
        for (const { tcId, comment, msg, sig, result } of tests) {
          const attesting = verifier.attest(Buffer.from(msg, 'hex'), sig, io)
          const held = await attesting.then(() => true, (error: Fault) => { expect(error).toMatchObject({ code: 'SIGNATURE_INVALID', paths: [] }); return false })
          expect(held, `${tcId} ${comment}`).toBe(result === 'valid')
          count(result === 'valid' ? 'valid, and held' : `${result}, and refused`)
        }
      }
    })
  })
}

withVectors('key-formats', 'published keys', () => {
  test('private ones sign, or are refused', () => {
    const pem = (path: string) => vector(`key-formats/${path}`).toString()
    for (const [path, type] of [['PKCS8/ec_private_key.pem', 'P-256'], ['PEM_Serialization/ec_private_key.pem', 'P-256'], ['PKCS8/unenc-rsa-pkcs8.pem', undefined], ['PKCS8/rsa_pss_2048.pem', undefined], ['PKCS8/unenc-dsa-pkcs8.pem', undefined], ['PEM_Serialization/ec_private_key_encrypted.pem', undefined]] as const) {
      if (type === undefined) expect(() => importedSigningKey().read(JSON.stringify({ privateKey: pem(path) })), path).toThrow(TypeError)
      else expect(importedSigningKey().read(JSON.stringify({ privateKey: pem(path) })).type, path).toBe(type)
    }
    expect(createPrivateKey(pem('PKCS8/rsa_pss_2048.pem')).asymmetricKeyType).toBe('rsa-pss')
  })
})
