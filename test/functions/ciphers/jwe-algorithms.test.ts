import { compactDecrypt, CompactEncrypt } from 'jose'
import { account, Fault, keyPair, type Sealer } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { secretKey, type KeyBits } from '../../../functions/accounts/secret-key.ts'
import { a128CbcHs256, a128Gcm, a256CbcHs512, a256Gcm, a256GcmKw, a256Kw, direct, ecdhEs, rsaOaep, rsaOaep256, rsaOaep384, rsaOaep512 } from '../../../functions/ciphers/jwe-algorithms.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { local } from '../../../layers/runtime/private-key.ts'
import { fakeIo, keyRing, secrets } from '../../fake-io.ts'
import { algorithms, curveKeys, encryptions, failed, openerOf, rsaKeys, sharedKeys, type Jwk, type Keys } from './jwe-parts.ts'

const plain = Buffer.from('{"pan":"4111111111111111"}')
const sizes: Readonly<Record<string, number>> = { A128: 16, A192: 24, A256: 32 }
/** Every key that is of use with an algorithm: of each curve one. */
function* keysFor(alg: string, bytes: number): Generator<readonly [string, Keys]> {
  if (alg.startsWith('RSA')) yield ['RSA', rsa]
  else if (alg.startsWith('ECDH')) for (const crv of ['P-256', 'P-384', 'X25519']) yield [crv, curveKeys(crv)]
  else yield ['shared', sharedKeys(sizes[alg.slice(0, 4)] ?? bytes)]
}
let rsa: Keys
beforeAll(() => { rsa = rsaKeys() })

describe('every algorithm with every encryption, both ways with jose', () => {
  test('nothing is missing from the lists', () => {
    expect(algorithms.map(({ alg }) => alg).sort()).toStrictEqual(['A128GCMKW', 'A128KW', 'A192GCMKW', 'A192KW', 'A256GCMKW', 'A256KW', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW', 'RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512', 'dir'])
    expect(encryptions.map(({ enc }) => enc).sort()).toStrictEqual(['A128CBC-HS256', 'A128GCM', 'A192CBC-HS384', 'A192GCM', 'A256CBC-HS512', 'A256GCM'])
  })
  for (const { alg } of algorithms) for (const { enc, bytes } of encryptions) {
    test(`${alg} with ${enc}`, async () => {
      for (const [name, keys] of keysFor(alg, bytes)) {
        const jwk: Jwk = { ...keys.privateKey.export({ format: 'jwk' }), kid: 'ours' }
        const { cipher, io } = openerOf(jwk, alg, enc) ?? expect.unreachable()
        const theirs = await new CompactEncrypt(plain).setProtectedHeader({ alg, enc, kid: 'ours' }).encrypt(keys.publicKey)
        expect(Buffer.from(await cipher.open({ sealed: theirs }, io)), `${name}, what jose sealed`).toStrictEqual(plain)

        const by = { algorithms: algorithms.filter((one) => one.alg === alg), encryptions: encryptions.filter((one) => one.enc === enc) as never }
        const sealer = jwk.kty === 'oct' ? cipher as unknown as Sealer : jwe({ to: account('reader', publicKey()), ...by })
        const reader = jwk.kty === 'oct' ? io : fakeIo(secrets({ reader: JSON.stringify({ publicKey: { ...keys.publicKey.export({ format: 'jwk' }), kid: 'ours' } }) }))
        const { plaintext, protectedHeader } = await compactDecrypt((await sealer.seal(plain, reader)).sealed, keys.privateKey)
        expect(Buffer.from(plaintext), `${name}, what we sealed`).toStrictEqual(plain)
        expect(protectedHeader).toMatchObject({ alg, enc, kid: 'ours' })
      }
    })
  }
})

describe('what is admitted', () => {
  const inbox = keyPair('inbox', { custody: 'wrapped' })
  const imported = account('imported', privateKey())
  const ofBits = (bits: KeyBits) => account('shared', secretKey({ bits }))

  test('is named, and nothing else opens', async () => {
    const jwk = { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'ours' }
    const io = fakeIo(secrets({ imported: JSON.stringify({ privateKey: jwk }) }))
    const token = (alg: string, enc: string) => new CompactEncrypt(plain).setProtectedHeader({ alg, enc, kid: 'ours' }).encrypt(rsa.publicKey)
    const cipher = jwe({ key: imported, algorithms: [rsaOaep256, rsaOaep512], encryptions: [a256Gcm, a128CbcHs256] })
    for (const alg of ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512']) for (const { enc } of encryptions) {
      const opening = cipher.open({ sealed: await token(alg, enc) }, io)
      if (['RSA-OAEP-256', 'RSA-OAEP-512'].includes(alg) && ['A256GCM', 'A128CBC-HS256'].includes(enc)) expect(Buffer.from(await opening)).toStrictEqual(plain)
      else await expect(opening).rejects.toThrow(failed)
    }
  })

  test('an algorithm that the JWK names is the only one of its key, on both sides', async () => {
    const named = (key: object) => JSON.stringify(key)
    const token = await new CompactEncrypt(plain).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(rsa.publicKey)
    const opening = (alg: string) => jwe({ key: imported }).open({ sealed: token }, fakeIo(secrets({ imported: named({ privateKey: { ...rsa.privateKey.export({ format: 'jwk' }), alg } }) })))
    expect(Buffer.from(await opening('RSA-OAEP-256'))).toStrictEqual(plain)
    await expect(opening('RSA-OAEP')).rejects.toThrow(failed)
    const sealing = (alg: string) => jwe({ to: account('reader', publicKey()), algorithms: [rsaOaep512, rsaOaep256] }).seal(plain, fakeIo(secrets({ reader: named({ publicKey: { ...rsa.publicKey.export({ format: 'jwk' }), alg } }) })))
    const { protectedHeader } = await compactDecrypt((await sealing('RSA-OAEP-256')).sealed, rsa.privateKey)
    expect(protectedHeader.alg).toBe('RSA-OAEP-256')
    await expect(sealing('RSA-OAEP')).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
  })

  test('the manifest shows it', () => {
    const shown = JSON.parse(JSON.stringify(jwe({ key: ofBits(256), kid: 'k1', algorithms: [a256Kw], encryptions: [a128Gcm] }).config)) as unknown
    expect(shown).toMatchObject({ key: { name: 'shared' }, kid: 'k1', algorithms: [{ alg: 'A256KW' }], encryptions: [{ enc: 'A128GCM' }] })
    expect(jwe({ key: inbox }).config).toStrictEqual({ key: inbox })
    expect(jwe({ key: imported }).needs).toStrictEqual([{ resource: imported, actions: ['secretsmanager:GetSecretValue'] }])
  })

  test.each([
    ['RSA-OAEP by a pair of ours', /RSA-OAEP-256 alone; for RSA-OAEP use a privateKey account/, () => jwe({ key: inbox, algorithms: [rsaOaep] })],
    ['RSA-OAEP-384 by a pair of ours', /for RSA-OAEP-384 use a privateKey account/, () => jwe({ key: inbox, algorithms: [rsaOaep384] })],
    ['RSA-OAEP-512 by a pair of ours', /for RSA-OAEP-512 use a privateKey account/, () => jwe({ key: inbox, algorithms: [rsaOaep512] })],
    ['A256KW by a pair of ours', /A256KW takes a secretKey account/, () => jwe({ key: inbox, algorithms: [a256Kw] })],
    ['A256KW to a public key', /A256KW takes a secretKey account/, () => jwe({ to: account('reader', publicKey()), algorithms: [a256Kw] })],
    ['A256KW with 128 bits', /A256KW takes secretKey\(\{ bits: 256 \}\)/, () => jwe({ key: ofBits(128), algorithms: [a256Kw], encryptions: [a256Gcm] })],
    ['A256GCMKW with 512 bits', /A256GCMKW takes secretKey\(\{ bits: 256 \}\)/, () => jwe({ key: ofBits(512), algorithms: [a256GcmKw], encryptions: [a256Gcm] })],
    ['dir with a key of the wrong size', /dir takes secretKey\(\{ bits: 512 \}\)/, () => jwe({ key: ofBits(256), algorithms: [direct], encryptions: [a256CbcHs512] })],
    ['dir without encryptions', /encryptions: name what dir is for/, () => jwe({ key: ofBits(256), algorithms: [direct] } as never)],
    ['dir with encryptions of two sizes', /dir takes secretKey\(\{ bits: 128 \}\)/, () => jwe({ key: ofBits(256), algorithms: [direct], encryptions: [a256Gcm, a128Gcm] })],
  ])('%s is a mistake of the definition', (_, message, define) => {
    expect(define).toThrow(TypeError)
    expect(define).toThrow(message)
  })

  test.each(['dir', 'ECDH-ES'])('%s wraps no key, and a token that has one does not open', async (alg) => {
    const keys = alg === 'dir' ? sharedKeys(32) : curveKeys('P-256')
    const { cipher, io } = openerOf(keys.privateKey.export({ format: 'jwk' }), alg, 'A256GCM') ?? expect.unreachable()
    const sealed = await new CompactEncrypt(plain).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(keys.publicKey)
    expect(Buffer.from(await cipher.open({ sealed }, io))).toStrictEqual(plain)
    await expect(cipher.open({ sealed: sealed.replace('..', '.AAAA.') }, io)).rejects.toThrow(failed)
  })

  test('ECDH-ES with a pair of ours, which agrees on P-256 alone', async () => {
    const cipher = jwe({ key: inbox, algorithms: [ecdhEs] })
    for (const crv of ['P-256', 'P-384', 'X25519']) {
      const keys = curveKeys(crv)
      const io = fakeIo(keyRing({ 'inbox-ec-1': local('ec', keys.privateKey) }))
      const sealed = await new CompactEncrypt(plain).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'inbox-ec-1' }).encrypt(keys.publicKey)
      if (crv === 'P-256') expect(Buffer.from(await cipher.open({ sealed }, io))).toStrictEqual(plain)
      else await expect(cipher.open({ sealed }, io)).rejects.toThrow(failed)
    }
  })
})

describe('the name of a key', () => {
  const token = (kid?: string) => new CompactEncrypt(plain).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', ...kid !== undefined && { kid } }).encrypt(rsa.publicKey)
  const opening = async (secret: object, kid?: string) => jwe({ key: account('imported', privateKey()) }).open({ sealed: await token(kid) }, fakeIo(secrets({ imported: JSON.stringify(secret) })))
  test('may be missing where an imported key is meant, and may not be another', async () => {
    const jwk = rsa.privateKey.export({ format: 'jwk' })
    for (const [secret, kid] of [[{ privateKey: { ...jwk, kid: 'a' } }, 'a'], [{ privateKey: { ...jwk, kid: 'a' }, kid: 'b' }, 'b'], [{ privateKey: jwk }, undefined]] as const) {
      expect(Buffer.from(await opening(secret, kid))).toStrictEqual(plain)
      await expect(opening(secret, 'c')).rejects.toThrow(failed)
    }
  })
  test('of a shared key is written, and may be missing or any where we have none for it', async () => {
    const key = sharedKeys(32).publicKey
    const io = fakeIo(secrets({ shared: JSON.stringify({ secretKey: key.export().toString('base64url') }) }))
    const how = { key: account('shared', secretKey()), algorithms: [a256Kw], encryptions: [a256Gcm] } as const
    const named = jwe({ ...how, kid: 'k1' })
    const { sealed } = await named.seal(plain, io)
    expect((await compactDecrypt(sealed, key)).protectedHeader.kid).toBe('k1')
    const of = (kid: object) => new CompactEncrypt(plain).setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', ...kid }).encrypt(key)
    expect(Buffer.from(await named.open({ sealed: await of({}) }, io))).toStrictEqual(plain)
    await expect(named.open({ sealed: await of({ kid: 'k2' }) }, io)).rejects.toThrow(failed)
    expect(Buffer.from(await jwe(how).open({ sealed: await of({ kid: 'k2' }) }, io))).toStrictEqual(plain)
  })
})

test('a secret that cannot be read is our trouble, not the sender\'s', async () => {
  const down = fakeIo({ material: () => Promise.reject(new Fault('ACCOUNT_UNAVAILABLE')) })
  const sealed = await new CompactEncrypt(plain).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(rsa.publicKey)
  await expect(jwe({ key: account('imported', privateKey()) }).open({ sealed }, down)).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
})
