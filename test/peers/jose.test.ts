import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { account } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { importedSigningKey } from '../../functions/accounts/imported-signing-key.ts'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { publicKey } from '../../functions/accounts/public-key.ts'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { verificationKey } from '../../functions/accounts/verification-key.ts'
import { a128CbcHs256, a256CbcHs512, a256Gcm, a256GcmKw, a256Kw, direct, ecdhEs, ecdhEsA256Kw, rsaOaep, rsaOaep256 } from '../../functions/ciphers/jwe-algorithms.ts'
import { jwe } from '../../functions/ciphers/jwe.ts'
import { argon2id } from '../../functions/hashes/argon2id.ts'
import { jws } from '../../functions/signatures/jws.ts'
import { fakeIo, secrets } from '../fake-io.ts'

/** Against jwcrypto, another implementation of JOSE, in another language, on another binding to OpenSSL; and the argon2 program of its authors. */
const python = '/usr/bin/python3'
const there = spawnSync(python, ['-c', 'import jwcrypto']).status === 0
const script = `
import json, sys
from jwcrypto import jwk, jwe, jws
what, alg, enc, key = sys.argv[1:5]
key = jwk.JWK.from_json(key)
text = sys.stdin.read()
if what == 'seal':
    token = jwe.JWE(text.encode(), json.dumps({'alg': alg, 'enc': enc}), algs=[alg, enc])
    token.add_recipient(key)
    print(token.serialize(compact=True), end='')
elif what == 'open':
    token = jwe.JWE(algs=[alg, enc])
    token.deserialize(text, key=key)
    print(token.payload.decode(), end='')
elif what == 'sign':
    token = jws.JWS(text.encode())
    token.add_signature(key, alg, json.dumps({'alg': alg}))
    print(token.serialize(compact=True), end='')
else:
    token = jws.JWS()
    token.allowed_algs = [alg]
    token.deserialize(text, key=key, alg=alg)
    print(token.payload.decode(), end='')
`
const jwcrypto = (what: string, alg: string, enc: string, key: object, text: string): string => execFileSync(python, ['-c', script, what, alg, enc, JSON.stringify(key)], { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
const text = '{"canary":"Grüße, 078-05-1120"}'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const jwk = (key: KeyObject): object => key.export({ format: 'jwk' })
const shared = (bits: 256 | 512) => randomBytes(bits / 8).toString('base64url')
const [k256, k512] = [shared(256), shared(512)]
const io = (held: object) => fakeIo(secrets({ ours: JSON.stringify(held), theirs: JSON.stringify(held) }))

if (!there) test.skip('jwcrypto: python3-jwcrypto is not on this machine, so nothing was exchanged with it', () => {})
else describe('jwcrypto', () => {
  const encryptions = [['A256GCM', a256Gcm], ['A128CBC-HS256', a128CbcHs256], ['A256CBC-HS512', a256CbcHs512]] as const
  for (const [enc, encryption] of encryptions) {
    test.each([['RSA-OAEP-256', rsaOaep256, rsa], ['RSA-OAEP', rsaOaep, rsa], ['ECDH-ES+A256KW', ecdhEsA256Kw, ec], ['ECDH-ES', ecdhEs, ec]] as const)(`JWE %s with ${enc}, both ways`, async (alg, algorithm, pair) => {
      const use = { algorithms: [algorithm], encryptions: [encryption] } as const
      const ours = jwe({ key: account('ours', privateKey()), ...use })
      const sealed = jwcrypto('seal', alg, enc, jwk(pair.publicKey), text)
      expect(Buffer.from(await ours.open({ sealed }, io({ privateKey: jwk(pair.privateKey) }))).toString()).toBe(text)
      const made = await jwe({ to: account('theirs', publicKey()), ...use }).seal(Buffer.from(text), io({ publicKey: jwk(pair.publicKey) }))
      expect(jwcrypto('open', alg, enc, jwk(pair.privateKey), made.sealed)).toBe(text)
    })
  }
  test.each([['A256KW', a256Kw, 'A256GCM', a256Gcm, k256, 256], ['A256GCMKW', a256GcmKw, 'A256GCM', a256Gcm, k256, 256], ['dir', direct, 'A256GCM', a256Gcm, k256, 256], ['dir', direct, 'A256CBC-HS512', a256CbcHs512, k512, 512]] as const)('JWE %s under a shared key (%s), both ways', async (alg, algorithm, enc, encryption, k, bits) => {
    const cipher = jwe({ key: account('ours', secretKey({ bits })), algorithms: [algorithm], encryptions: [encryption] })
    const key = { kty: 'oct', k }
    expect(Buffer.from(await cipher.open({ sealed: jwcrypto('seal', alg, enc, key, text) }, io({ secretKey: k }))).toString()).toBe(text)
    expect(jwcrypto('open', alg, enc, key, (await cipher.seal(Buffer.from(text), io({ secretKey: k }))).sealed)).toBe(text)
  })
  test.each([['RS256', rsa], ['PS256', rsa], ['ES256', ec], ['EdDSA', ed]] as const)('JWS %s, both ways', async (algorithm, pair) => {
    const signed = jwcrypto('sign', algorithm, '', jwk(pair.privateKey), text)
    const theirs = jws({ from: account('theirs', verificationKey()), algorithm })
    expect(Buffer.from(await theirs.verify?.({ signed }, io({ publicKey: jwk(pair.publicKey) })) ?? []).toString()).toBe(text)
    const made = await jws({ key: account('ours', importedSigningKey()), algorithm }).sign?.(Buffer.from(text), io({ privateKey: jwk(pair.privateKey) }))
    expect(jwcrypto('verify', algorithm, '', jwk(pair.publicKey), made?.signed ?? '')).toBe(text)
  })
})

if (spawnSync('argon2', ['-h']).error !== undefined) test.skip('argon2: the program is not on this machine, so nothing was compared with it', () => {})
else test('what the argon2 program hashed verifies, and says whether a rehash is due', async () => {
  const password = createHash('sha256').update('a password').digest('hex')
  const hashed = (memory: number): string => execFileSync('argon2', ['sixteen bytesalt', '-id', '-t', '2', '-k', String(memory), '-p', '1', '-e'], { input: password, encoding: 'utf8' }).trim()
  const io = fakeIo({ now: () => 0, deadline: 60_000 })
  expect(await argon2id().verify(Buffer.from(password), hashed(19_456), io)).toStrictEqual({ matches: true, rehash: false })
  expect(await argon2id().verify(Buffer.from(password), hashed(9_216), io)).toStrictEqual({ matches: true, rehash: true })
  expect(await argon2id().verify(Buffer.from('another'), hashed(19_456), io)).toStrictEqual({ matches: false, rehash: false })
})
