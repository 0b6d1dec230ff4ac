import { createCipheriv, createECDH, createHash, createPublicKey, createSecretKey, diffieHellman, type JsonWebKey } from 'node:crypto'
import { account } from 'sallyport'
import { afterAll, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { a128CbcHs256, a256CbcHs512, a256Gcm, rsaOaep, rsaOaep256, rsaOaep512 } from '../../../functions/ciphers/jwe-algorithms.ts'
import { flattenedJson, generalJson } from '../../../functions/ciphers/jwe-json.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'
import { algorithm, curveKeys, encryptions, failed, openerOf, type Jwk } from './jwe-parts.ts'

type Result = 'valid' | 'invalid' | 'acceptable'
interface Suite<Group, Test> { readonly testGroups: readonly (Group & { readonly tests: readonly (Test & { readonly tcId: number; readonly comment: string; readonly result: Result; readonly flags?: readonly string[] })[] })[] }
const suite = <Group, Test>(name: string): Suite<Group, Test> => JSON.parse(vector(`wycheproof/${name}.json`).toString()) as Suite<Group, Test>
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

/** What a suite ran, and what it left out and why: one line in the output. */
function tally(name: string) {
  const counts = new Map<string, number>()
  afterAll(() => console.log(`${name}: ${[...counts].map(([what, count]) => `${count} ${what}`).join(', ')}`))
  return (what: string): void => { counts.set(what, (counts.get(what) ?? 0) + 1) }
}

const header = (token: string): { alg?: string; enc?: string } => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as object
  } catch {
    return {}
  }
}

for (const name of ['json_web_encryption_test', 'json_web_crypto_test']) {
  withVectors(`wycheproof/${name}.json`, `Wycheproof ${name}`, () => {
    const count = tally(name)
    for (const { private: jwk, tests } of suite<{ private: Jwk }, { jwe?: string; pt?: string }>(name).testGroups) {
      for (const { tcId, comment, jwe: sealed, pt, result } of tests) {
        if (sealed === undefined) {
          count('left out: JWS')
          continue
        }
        // RSA1_5 is not offered: the key is then tried with what is.
        const alg = jwk.alg === 'RSA1_5' ? 'RSA-OAEP-256' : jwk.alg ?? ''
        const opens = result === 'valid' && alg === jwk.alg
        test(`${tcId} ${comment}: ${opens ? 'opens' : 'is refused'}`, async () => {
          const { cipher, io } = openerOf({ ...jwk, alg }, alg, header(sealed).enc ?? 'A256GCM') ?? expect.unreachable()
          const opening = cipher.open({ sealed }, io)
          if (opens) expect(Buffer.from(await opening).toString('hex')).toBe(pt)
          else await expect(opening).rejects.toThrow(failed)
          count(opens ? 'opened' : result === 'valid' ? 'refused though valid: RSA1_5' : 'refused')
        })
      }
    }
  })
}

interface Example { readonly title: string; readonly input: { readonly plaintext: string; readonly key?: Jwk; readonly alg: string; readonly enc: string }; readonly output: { readonly compact?: string; readonly json?: object; readonly json_flat?: object } }
withVectors('jose-cookbook/jwe', 'JOSE cookbook (RFC 7520 section 5, RFC 8037)', () => {
  const count = tally('JOSE cookbook')
  const refused: Readonly<Record<string, string>> = {
    '5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json': 'RSA1_5', '5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json': 'PBES2',
    '5_9.compressed_content.json': 'zip', '5_12.protecting_content_only.json': 'enc is not protected',
  }
  const read = (path: string) => JSON.parse(vector(`jose-cookbook/${path}`).toString()) as Example
  const nested = JSON.parse(vector('jose-cookbook/6.nesting_signatures_and_encryption.json').toString()) as { encrypt: Example }
  const examples: [string, Example][] = [
    ...vectorNames('jose-cookbook/jwe').map((name): [string, Example] => [name, read(`jwe/${name}`)]),
    ['6 nested', { ...nested.encrypt, title: 'Nested' }], ['curve25519', read('curve25519/ecdh-es.json')],
  ]
  for (const [name, { title, input: { plaintext, key, alg, enc }, output }] of examples) {
    for (const [form, text] of Object.entries(output) as [keyof Example['output'], string | object][]) {
      test(`${title}, ${form}`, async () => {
        const why = refused[name]
        // What is not offered is tried with what is.
        const by = algorithm(alg) !== undefined ? alg : key?.kty === 'RSA' ? 'RSA-OAEP' : 'A128KW'
        const jwk = key === undefined ? { kty: 'oct', k: Buffer.alloc(16).toString('base64url') } : key.kty === 'oct' ? key : { ...key, alg: by }
        const { cipher, io } = openerOf(jwk, by, enc, form === 'compact' ? undefined : form === 'json' ? generalJson() : flattenedJson()) ?? expect.unreachable()
        const opening = cipher.open({ sealed: typeof text === 'string' ? text : JSON.stringify(text) }, io)
        if (why === undefined) expect(Buffer.from(await opening).toString()).toBe(plaintext)
        else await expect(opening).rejects.toThrow(failed)
        count(why === undefined ? 'opened' : `refused: ${why}`)
      })
    }
  }
})

/** A token of a sender who agreed on this secret: KDF and content by hand, so that what opens it is what agrees on the same. */
function agreedToken(secret: Buffer, epk: object): string {
  const number = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex')
  const key = createHash('sha256').update(Buffer.concat([number(1), secret, number(7), Buffer.from('A256GCM'), number(0), number(0), number(256)])).digest()
  const first = Buffer.from(JSON.stringify({ alg: 'ECDH-ES', enc: 'A256GCM', epk })).toString('base64url')
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 }).setAAD(Buffer.from(first))
  const text = Buffer.concat([cipher.update('agreed'), cipher.final()])
  return [first, '', Buffer.alloc(12).toString('base64url'), text.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
}
async function opensAgreed(jwk: Jwk, secret: Buffer, epk: object): Promise<boolean> {
  const { cipher, io } = openerOf(jwk, 'ECDH-ES', 'A256GCM') ?? expect.unreachable()
  try {
    return Buffer.from(await cipher.open({ sealed: agreedToken(secret, epk) }, io)).toString() === 'agreed'
  } catch (error) {
    expect(error).toSatisfy(failed.asymmetricMatch)
    return false
  }
}

test.each(['P-256', 'P-384', 'X25519'])('of a sender whose point is said otherwise nothing opens, all else being right: %s', async (crv) => {
  const [mine, theirs] = [curveKeys(crv), curveKeys(crv)]
  const secret = diffieHellman({ privateKey: mine.privateKey, publicKey: theirs.publicKey })
  const jwk = mine.privateKey.export({ format: 'jwk' })
  const epk = theirs.publicKey.export({ format: 'jwk' })
  const { kty: _kty, ...noType } = epk
  const { crv: _crv, ...noCurve } = epk
  const longer = (part: string | undefined): string => Buffer.concat([Buffer.alloc(1), Buffer.from(part ?? '', 'base64url')]).toString('base64url')
  expect(await opensAgreed(jwk, secret, epk)).toBe(true)
  for (const other of [
    { ...epk, d: 'AAAA' }, { ...epk, kty: crv === 'X25519' ? 'EC' : 'OKP' }, noType, { ...epk, crv: crv === 'P-256' ? 'P-384' : 'P-256' }, noCurve,
    { ...epk, x: longer(epk.x) }, { ...epk, y: crv === 'X25519' ? epk.x : longer(epk.y) },
  ]) expect(await opensAgreed(jwk, secret, other), JSON.stringify(Object.keys(other))).toBe(false)
})

withVectors('wycheproof/x25519_jwk_test.json', 'Wycheproof X25519', () => {
  const count = tally('X25519')
  test('every agreement, through a token', async () => {
    const { testGroups: [group] } = suite<object, { public: Jwk; private: Jwk; shared: string }>('x25519_jwk_test')
    for (const { tcId, public: { kty, crv, x }, private: jwk, shared, result, flags } of group?.tests ?? []) {
      const opens = await opensAgreed(jwk, bytes(shared), { kty, crv, x })
      if (result === 'valid') expect(opens, `${tcId} ${String(flags)}`).toBe(true)
      if (result === 'invalid' || flags?.includes('ZeroSharedSecret')) expect(opens, `${tcId} ${String(flags)}`).toBe(false)
      count(`${result} ${opens ? 'opened' : 'refused'}`)
    }
    expect(group?.tests.length).toBeGreaterThan(100)
  })
})

withVectors('wycheproof/ecdh_secp256r1_test.json', 'Wycheproof ECDH P-256', () => {
  const count = tally('ECDH P-256')
  test('every agreement, through a token', async () => {
    const { testGroups } = suite<object, { public: string; private: string; shared: string }>('ecdh_secp256r1_test')
    expect(testGroups.length).toBeGreaterThan(0)
    for (const { tests } of testGroups) {
      for (const { tcId, public: der, private: d, shared, result } of tests) {
        let epk: JsonWebKey
        try {
          epk = createPublicKey({ key: bytes(der), format: 'der', type: 'spki' }).export({ format: 'jwk' })
        } catch {
          count(`${result} left out: not a key that a JWK can say`)
          continue
        }
        const mine = createECDH('prime256v1')
        const scalar = Buffer.from(d.replace(/^(00)+(?=.{64}$)/, '').padStart(64, '0').slice(-64), 'hex')
        mine.setPrivateKey(scalar)
        const point = mine.getPublicKey()
        const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url'), d: scalar.toString('base64url') }
        const opens = await opensAgreed(jwk, bytes(shared), epk)
        if (result !== 'acceptable') expect(opens, `${tcId}`).toBe(result === 'valid')
        count(`${result} ${opens ? 'opened' : 'refused'}`)
      }
    }
  })
})

interface Aead { readonly key: string; readonly iv: string; readonly aad: string; readonly msg: string; readonly ct: string; readonly tag: string }
for (const [name, offered] of [['a128cbc_hs256_test', [a128CbcHs256]], ['a256cbc_hs512_test', [a256CbcHs512]], ['aes_gcm_test', encryptions.filter(({ enc }) => enc.endsWith('GCM'))]] as const) {
  withVectors(`wycheproof/${name}.json`, `Wycheproof ${name}`, () => {
    const count = tally(name)
    test('every case opens or is refused as it should', () => {
      for (const { keySize, ivSize, tests } of suite<{ keySize: number; ivSize: number }, Aead>(name).testGroups) {
        const by = offered.find((one) => one.bytes * 8 === keySize) ?? expect.unreachable()
        for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
          // RFC 7518 fixes the IV: 96 bits with GCM.
          const opens = result === 'valid' && !(by.enc.endsWith('GCM') && ivSize !== 96)
          const opening = () => by.decrypt(bytes(key), { iv: bytes(iv), ciphertext: bytes(ct), tag: bytes(tag) }, bytes(aad).toString('latin1'))
          if (opens) expect(Buffer.from(opening()).toString('hex'), `${tcId}`).toBe(msg)
          else expect(opening, `${tcId}`).toThrow(Error)
          count(opens ? 'opened' : result === 'valid' ? 'refused though valid: an IV that JWE does not have' : 'refused')
        }
      }
    })
  })
}

withVectors('wycheproof/aes_wrap_test.json', 'Wycheproof AES key wrap', () => {
  const count = tally('AES key wrap')
  test('every case', () => {
    for (const { keySize, tests } of suite<{ keySize: number }, { key: string; msg: string; ct: string }>('aes_wrap_test').testGroups) {
      const by = algorithm(`A${keySize}KW`) ?? expect.unreachable()
      for (const { tcId, key, msg, ct, result } of tests) {
        const held = { type: 'secret', key: createSecretKey(bytes(key)) } as const
        const opening = () => by.unwrap(held, bytes(ct), {}, a256Gcm)
        if (result === 'valid') {
          expect(Buffer.from(opening() as Uint8Array).toString('hex'), `${tcId}`).toBe(msg)
          expect(by.wrap(held, () => bytes(msg), a256Gcm).wrapped.toString('hex'), `${tcId}`).toBe(ct)
          count('opened and made')
        } else if (ct === '') {
          // Node makes nothing of nothing, and the cipher refuses a content key of no length.
          expect(opening()).toHaveLength(0)
          count('of no length')
        } else if (result === 'invalid') {
          expect(opening, `${tcId}`).toThrow(Error)
          count('refused')
        } else count('acceptable')
      }
    }
  })
})

for (const [name, by] of [
  ['rsa_oaep_2048_sha1_mgf1sha1_test', rsaOaep], ['rsa_oaep_2048_sha256_mgf1sha256_test', rsaOaep256], ['rsa_oaep_3072_sha256_mgf1sha256_test', rsaOaep256],
  ['rsa_oaep_2048_sha512_mgf1sha512_test', rsaOaep512], ['rsa_oaep_2048_sha256_mgf1sha1_test', rsaOaep256],
] as const) {
  withVectors(`wycheproof/${name}.json`, `Wycheproof ${name}`, () => {
    const count = tally(name)
    test('every case: what does not unwrap becomes a random key, another each time', async () => {
      for (const group of suite<{ privateKey: Jwk; privateKeyPkcs8: string; mgfSha: string; sha: string }, { msg: string; ct: string; label: string }>(name).testGroups) {
        const pem = `-----BEGIN PRIVATE KEY-----\n${bytes(group.privateKeyPkcs8).toString('base64')}\n-----END PRIVATE KEY-----\n`
        const key = privateKey().read(JSON.stringify({ privateKey: pem }))
        for (const { tcId, msg, ct, label, result } of group.tests) {
          const opens = result === 'valid' && label === '' && group.mgfSha === group.sha
          const asked = { ...a256Gcm, bytes: opens ? msg.length / 2 : 32 }
          const once = Buffer.from(await by.unwrap(key, bytes(ct), {}, asked) as Uint8Array).toString('hex')
          if (opens) expect(once, `${tcId}`).toBe(msg)
          else {
            expect(once, `${tcId}`).not.toBe(msg)
            expect(Buffer.from(await by.unwrap(key, bytes(ct), {}, asked) as Uint8Array).toString('hex'), `${tcId}`).not.toBe(once)
          }
          count(opens ? 'opened' : result !== 'valid' ? 'refused' : label === '' ? 'refused though valid: two hashes' : 'refused though valid: a label, which JWE has none of')
        }
      }
    })
  })
}

withVectors('wycheproof/json_web_key_test.json', 'Wycheproof keys', () => {
  test('an opener with a key of the suite that is weak opens nothing', async () => {
    const weak = suite<{ comment: string; private: { keys: Jwk[] } }, object>('json_web_key_test').testGroups.filter(({ comment }) => ['jws_rsa_roca_key', 'keysize_too_small', 'exponentOne'].includes(comment))
    expect(weak).toHaveLength(3)
    for (const { private: { keys: [jwk] } } of weak) {
      const { alg: _alg, ...key } = { ...jwk, use: 'enc' }
      await expect(jwe({ key: account('key', privateKey()) }).open({ sealed: 'a.b.c.d.e' }, fakeIo(secrets({ key: JSON.stringify({ privateKey: key }) })))).rejects.toThrow(failed)
      expect(() => privateKey().read(JSON.stringify({ privateKey: key }))).toThrow(/^private-key account: /)
    }
  })
})
