import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { account, Fault, keyPair, type Io, type KeyPair } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { rsaOaepSha1 } from '../../../functions/ciphers/legacy.ts'
import { rsaOaep } from '../../../functions/ciphers/rsa-oaep.ts'
import { decryptFields, encryptFields } from '../../../functions/steps/index.ts'
import { fakeIo, keyRing, secrets } from '../../fake-io.ts'
import { vector, withVectors } from '../../vectors.ts'
import { json, type Wycheproof } from '../hashes/published.ts'

const key = account('inbox', privateKey())
const to = account('bank', publicKey())
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
const text = Buffer.from('078-05-1120')
let pair: { readonly publicKey: string; readonly privateKey: string }
let io: Io

const ioOf = (privateKey: string, publicKey: string, more: Partial<Io> = {}): Io =>
  fakeIo({ ...secrets({ inbox: JSON.stringify({ privateKey, kid: 'inbox.1' }), bank: JSON.stringify({ publicKey, kid: 'inbox.1' }) }), pipeline: 'payments', ...more })

beforeAll(() => {
  pair = generateKeyPairSync('rsa', { modulusLength: 3072, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  io = ioOf(pair.privateKey, pair.publicKey)
})

describe.each(['sha-256', 'sha-384', 'sha-512'] as const)('%s', (hash) => {
  const bytes = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 }[hash]
  test.each(['base64url', 'base64', 'hex'] as const)('opens what it sealed, and what node seals, in %s', async (encoding) => {
    const opener = rsaOaep({ key, hash, encoding })
    for (const plain of [Buffer.alloc(0), text, randomBytes(384 - 2 * bytes - 2)]) {
      const { sealed } = await rsaOaep({ to, hash, encoding }).seal(plain, io)
      expect(Buffer.from(sealed, encoding)).toHaveLength(384)
      expect(plain.equals(await opener.open({ sealed }, io))).toBe(true)
      const how = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash.replace('-', '') }
      expect(privateDecrypt({ key: pair.privateKey, ...how }, Buffer.from(sealed, encoding)).equals(plain)).toBe(true)
      expect(plain.equals(await opener.open({ sealed: publicEncrypt({ key: pair.publicKey, ...how }, plain).toString(encoding) }, io))).toBe(true)
    }
  })
  test('a plaintext of one byte too many is too large, at its path', async () => {
    const sealing = rsaOaep({ to, hash }).seal(randomBytes(384 - 2 * bytes - 1), io, { field: 'card.pan' })
    await expect(sealing).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', paths: ['card.pan'] }))
  })
  test('by another hash it does not open', async () => {
    const sealed = await rsaOaep({ to, hash }).seal(text, io)
    for (const other of (['sha-256', 'sha-384', 'sha-512'] as const).filter((other) => other !== hash)) await expect(rsaOaep({ key, hash: other }).open(sealed, io)).rejects.toThrow(failed)
  })
})

test('with one bit of any byte flipped, of another length, in another spelling or for another key it is refused alike', async () => {
  const { sealed } = await rsaOaep({ to }).seal(text, io)
  const bytes = Buffer.from(sealed, 'base64url')
  const opener = rsaOaep({ key })
  // The private operation is slow, and whatever bit it is goes through all of it.
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes)
    flipped[i] = (flipped[i] as number) ^ (1 << (i & 7))
    await expect(opener.open({ sealed: flipped.toString('base64url') }, io)).rejects.toThrow(failed)
  }
  for (const wrong of ['', 'A', `${sealed}=`, `${sealed}\n`, `${sealed}AA`, sealed.slice(0, -2), bytes.toString('base64'), bytes.toString('hex'), 'A'.repeat(9_000_000), 7, null]) {
    await expect(opener.open({ sealed: wrong as string }, io)).rejects.toThrow(failed)
  }
  // Zeros before it are no part of the number.
  await expect(opener.open({ sealed: Buffer.concat([Buffer.alloc(1), bytes]).toString('base64url') }, io)).rejects.toThrow(failed)
  const other = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  await expect(opener.open({ sealed }, ioOf(other, pair.publicKey))).rejects.toThrow(failed)
})

test('a ciphertext that OpenSSL would take without its leading zero is refused', async () => {
  for (;;) {
    const bytes = publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, text)
    if (bytes[0] !== 0) continue
    expect(text.equals(await rsaOaep({ key }).open({ sealed: bytes.toString('base64url') }, io))).toBe(true)
    await expect(rsaOaep({ key }).open({ sealed: bytes.subarray(1).toString('base64url') }, io)).rejects.toThrow(failed)
    return
  }
})

test('bound: to the path, the context and the pipeline, by the label', async () => {
  const sealer = rsaOaep({ to, bind: true, context: 'loan archive' })
  const opener = rsaOaep({ key, bind: true, context: 'loan archive' })
  const sealed = await sealer.seal(text, io, { field: 'applicant.ssn' })
  expect(text.equals(await opener.open(sealed, io, { field: 'applicant.ssn' }))).toBe(true)
  for (const [other, where] of [[opener, { field: 'applicant.name' }], [opener, undefined], [rsaOaep({ key, bind: true }), { field: 'applicant.ssn' }], [rsaOaep({ key }), { field: 'applicant.ssn' }]] as const) {
    await expect(other.open(sealed, io, where)).rejects.toThrow(failed)
  }
  const own = await rsaOaep({ to, bind: true }).seal(text, io)
  expect(text.equals(await rsaOaep({ key, bind: true, context: 'payments' }).open(own, io))).toBe(true)
})

test('with the name of the key, which may have dots itself', async () => {
  const { sealed } = await rsaOaep({ to, kid: true, encoding: 'hex' }).seal(text, io)
  expect(sealed).toMatch(/^inbox\.1\.[0-9a-f]{768}$/)
  const opener = rsaOaep({ key, kid: true, encoding: 'hex' })
  expect(text.equals(await opener.open({ sealed }, io))).toBe(true)
  expect(text.equals(await opener.open({ sealed: `inbox.1.${sealed.slice(8).toUpperCase()}` }, io))).toBe(true)
  const bare = sealed.slice(8)
  for (const wrong of [bare, `.${bare}`, `inbox.2.${bare}`, `inbox.1..${bare}`, ` ${sealed}`]) await expect(opener.open({ sealed: wrong }, io)).rejects.toThrow(failed)
  await expect(rsaOaep({ key, encoding: 'hex' }).open({ sealed }, io)).rejects.toThrow(failed)
})

test('with a name of one character', async () => {
  const named = fakeIo(secrets({ inbox: JSON.stringify({ privateKey: pair.privateKey, kid: 'k' }), bank: JSON.stringify({ publicKey: pair.publicKey, kid: 'k' }) }))
  const { sealed } = await rsaOaep({ to, kid: true }).seal(text, named)
  expect(sealed.slice(0, 2)).toBe('k.')
  expect(text.equals(await rsaOaep({ key, kid: true }).open({ sealed }, named))).toBe(true)
})

test('of a whole payload the path is its root', async () => {
  await expect(rsaOaep({ to }).seal(randomBytes(319), io)).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', paths: ['$'] }))
  await expect(rsaOaep({ to, wraps: 'hex' }).seal(Buffer.from('no hex'), io)).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['$'] }))
})

describe('with a pair of ours', () => {
  const ours: KeyPair = keyPair('payments-inbox', { custody: 'wrapped' })
  const opener = rsaOaep({ key: ours })
  const unwrap = (wrapped: Uint8Array) => privateDecrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, wrapped)
  const opening = async (sealed: string, more: Partial<Io> = keyRing({ 'inbox.1': { type: 'rsa', unwrap }, curve: { type: 'ec' } })) => opener.open({ sealed }, ioOf('', '', more))
  test('the text says which half it is for', async () => {
    const { sealed } = await rsaOaep({ to, kid: true }).seal(text, io)
    expect(text.equals(await opening(sealed))).toBe(true)
    const bare = sealed.slice(8)
    for (const wrong of [bare, `unknown.${bare}`, `curve.${bare}`, `constructor.${bare}`, `${sealed}A`, `inbox.1.${bare.slice(4)}`, 'inbox.1.', 'inbox.1']) await expect(opening(wrong)).rejects.toThrow(failed)
  })
  test('a text of another length than the modulus is not asked for', async () => {
    const asked: number[] = []
    const ring = keyRing({ 'inbox.1': { type: 'rsa', unwrap: (wrapped) => { asked.push(wrapped.length); return text } } })
    for (const bytes of [0, 256, 383, 385, 512]) await expect(opening(`inbox.1.${Buffer.alloc(bytes, 1).toString('base64url')}`, ring)).rejects.toThrow(failed)
    expect(text.equals(await opening(`inbox.1.${Buffer.alloc(384, 1).toString('base64url')}`, ring))).toBe(true)
    expect(asked).toStrictEqual([384])
  })
  test('what is wrong with us is told apart', async () => {
    const { sealed } = await rsaOaep({ to, kid: true }).seal(text, io)
    await expect(opening(sealed, { privateKey: () => Promise.reject(new Fault('UNAVAILABLE')) })).rejects.toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
    await expect(opening(sealed, keyRing({ 'inbox.1': { type: 'rsa', unwrap: () => Promise.reject(new Fault('UNAVAILABLE')) } }))).rejects.toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  })
  test('it needs what a JWE for the pair needs', () => {
    expect(opener.needs.flatMap(({ actions }) => actions)).toStrictEqual(['dynamodb:Query', 'kms:Decrypt'])
  })
})

test('a key is wrapped where it stands, by its bytes, and unwrapped', async () => {
  const session = randomBytes(32)
  const payload = { sessionKey: session.toString('base64'), other: 1 }
  const wrapped = await encryptFields<typeof payload, 'sessionKey'>(rsaOaep({ to, wraps: 'base64', encoding: 'base64' }), { fields: ['sessionKey'] }).run(payload, io)
  const bytes = unwrapped(wrapped.sessionKey)
  expect(bytes.equals(session)).toBe(true)
  expect(Buffer.from(await rsaOaep({ key, wraps: 'base64', encoding: 'base64' }).open({ sealed: wrapped.sessionKey }, io)).toString()).toBe(payload.sessionKey)
  const opening = decryptFields<{ readonly sessionKey: string; readonly other: number }, 'sessionKey'>(rsaOaep({ key, wraps: 'base64', encoding: 'base64' }), { fields: ['sessionKey'] })
  expect(await opening.run({ sessionKey: wrapped.sessionKey, other: 1 }, fakeIo({ ...io, material: io.material, json: (json) => JSON.parse(Buffer.from(json).toString()) as never }))).toStrictEqual(payload)
  const sealing = rsaOaep({ to, wraps: 'hex' }).seal(Buffer.from('no hex'), io, { field: 'sessionKey' })
  await expect(sealing).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['sessionKey'] }))

  function unwrapped(sealed: string): Buffer {
    return privateDecrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.from(sealed, 'base64'))
  }
})

test('a key of another type, and one that is for another algorithm, is our trouble', async () => {
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  const unavailable = expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' })
  const wrong = ioOf(curve.privateKey, curve.publicKey)
  await expect(rsaOaep({ to }).seal(text, wrong)).rejects.toThrow(unavailable)
  await expect(rsaOaep({ key }).open(await rsaOaep({ to }).seal(text, io), wrong)).rejects.toThrow(unavailable)
  const jwk = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }), alg: 'RSA-OAEP-512' }
  const named = fakeIo(secrets({ bank: JSON.stringify({ publicKey: jwk }) }))
  await expect(rsaOaep({ to }).seal(text, named)).rejects.toThrow(unavailable)
  expect((await rsaOaep({ to, hash: 'sha-512' }).seal(text, named)).sealed).toHaveLength(342)
})

test('what is shown of it, and what it refuses', () => {
  expect(rsaOaep({ to })).toMatchObject({ cipher: 'rsa-oaep', mediaType: 'application/octet-stream', config: { to, hash: 'sha-256', encoding: 'base64url', kid: false, bind: false }, needs: [{ resource: to, actions: ['secretsmanager:GetSecretValue'] }] })
  expect(rsaOaep({ key }).needs).toStrictEqual([{ resource: key, actions: ['secretsmanager:GetSecretValue'] }])
  expect(rsaOaep({ key })).not.toHaveProperty('seal')
  expect(rsaOaep({ to })).not.toHaveProperty('open')
  const ours = keyPair('payments-inbox', { custody: 'wrapped' })
  for (const [options, message] of [
    [{ to, hash: 'sha-1' }, 'rsaOaep, hash: write sha-256, sha-384 or sha-512'], [{ to, hash: 'constructor' }, 'rsaOaep, hash: write sha-256, sha-384 or sha-512'],
    [{ to, encoding: 'latin1' }, 'rsaOaep, encoding: write base64url, base64 or hex'], [{ to, wraps: 'utf8' }, 'rsaOaep, wraps: write base64url, base64 or hex'],
    [{ to, context: 'x' }, 'rsaOaep, context: say what the sealed text is for, with bind: true, or leave it out'],
    [{ to, bind: true, context: ' ' }, 'rsaOaep, context: say what the sealed text is for, with bind: true, or leave it out'],
    [{ key: ours, hash: 'sha-512' }, 'rsaOaep, key: a pair of ours opens by sha-256, with kid and without bind'], [{ key: ours, bind: true }, 'rsaOaep, key: a pair of ours opens by sha-256, with kid and without bind'],
    [{}, "rsaOaep: write to: account('name', publicKey()) to seal, or key: to open"],
  ] as const) expect(() => rsaOaep(options as never)).toThrow(new TypeError(message))
})

interface Case { readonly msg: string; readonly ct: string; readonly label: string }
interface Group { readonly privateKeyPkcs8: string; readonly sha: string; readonly mgfSha: string }
const pem = (hex: string): string => `-----BEGIN PRIVATE KEY-----\n${Buffer.from(hex, 'hex').toString('base64')}\n-----END PRIVATE KEY-----\n`
const why = 'vectors of the days of SHA-1'
withVectors('wycheproof', 'Wycheproof', () => {
  test.each([
    ['2048_sha256_mgf1sha256', rsaOaep({ key, encoding: 'hex' })], ['3072_sha256_mgf1sha256', rsaOaep({ key, encoding: 'hex' })], ['2048_sha512_mgf1sha512', rsaOaep({ key, hash: 'sha-512', encoding: 'hex' })],
    ['2048_sha256_mgf1sha1', rsaOaep({ key, encoding: 'hex' })], ['2048_sha1_mgf1sha1', rsaOaepSha1({ key, encoding: 'hex', why })],
  ])('RSA-OAEP %s', async (name, cipher) => {
    const { testGroups, numberOfTests } = json<{ readonly testGroups: readonly (Group & Wycheproof<Case>['testGroups'][number])[]; readonly numberOfTests: number }>(`wycheproof/rsa_oaep_${name}_test.json`)
    const counts: Record<string, number> = { opened: 0, refused: 0, 'refused though valid: a label': 0, 'refused though valid: the mask is by another hash': 0 }
    const count = (what: string): void => { counts[what] = (counts[what] ?? 0) + 1 }
    for (const { privateKeyPkcs8, sha, mgfSha, tests } of testGroups) {
      const io = ioOf(pem(privateKeyPkcs8), '')
      for (const { tcId, msg, ct, label, result } of tests) {
        const opening = cipher.open({ sealed: ct }, io)
        if (result === 'valid' && label === '' && sha === mgfSha) {
          expect(Buffer.from(await opening).toString('hex'), `${tcId}`).toBe(msg)
          count('opened')
        } else {
          await expect(opening, `${tcId}`).rejects.toThrow(failed)
          count(result !== 'valid' ? 'refused' : sha === mgfSha ? 'refused though valid: a label' : 'refused though valid: the mask is by another hash')
        }
      }
    }
    console.log(`Wycheproof rsa_oaep_${name}: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`)
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(numberOfTests)
  })

  // Made by python-cryptography 48 with the label that the docstring of `bind` says.
  test('a text that another implementation bound by the label', async () => {
    const { testGroups: [group] } = json<{ readonly testGroups: readonly Group[] }>('wycheproof/rsa_oaep_2048_sha256_mgf1sha256_test.json')
    const sealed = 'NMvT/p81TjzkLqpfAhtwl2b+QGfqaB9Z3Ps4ZcH0jtmNI7GK+bSzNEV8nvO8pMdJFphdwrBkasUCmOwJ58hTT6oGiS6Dc5jO6WgLqHv5iTNECL+KXB4GNT7bjB9TY0KnAn8+fWWDovWmgz3sWHetghKyyClgq4kGauQA9j3SGom1gDVF9eIqP+1N9sVsGlGQrhAfJwy0I7Zr8iy+clZAycMZ85Y7OyzNmuSZhBYHhtNbIX9u9RYjUi9W0fuuukbPEwaeZhiNh1aHIC81VJNUTYhgWw2igDNuL8EJrlnBM8G1dUWNfFiLaztiO/iGdlsZcHktB2YhHey3HHX08csIcw=='
    const opener = rsaOaep({ key, bind: true, context: 'loan archive', encoding: 'base64' })
    expect(Buffer.from(await opener.open({ sealed }, ioOf(pem(group?.privateKeyPkcs8 ?? ''), ''), { field: 'applicant.ssn' })).toString()).toBe('078-05-1120')
  })
})

withVectors('key-formats/RSA', 'RSA Laboratories, OAEP of PKCS #1 v2.1', () => {
  test('with SHA-1, of the keys that are taken', async () => {
    const all = vector('key-formats/RSA/pkcs-1v2-1d2-vec/oaep-vect.txt').toString('latin1')
    let ran = 0
    let skipped = 0
    for (const example of all.split(/^# Example \d+:.*$/m).slice(1)) {
      const values = [...example.matchAll(/^# ([A-Z][A-Za-z0-9 ]+): *\r?\n((?:[0-9a-f]{2} ?)+(?:\r?\n(?:[0-9a-f]{2} ?)+)*)/gm)].map(([, name = '', hex = '']) => [name, Buffer.from(hex.replace(/\s/g, ''), 'hex')] as const)
      const of = (name: string): string => values.findLast(([called]) => called === name)?.[1].toString('base64url') ?? expect.unreachable(name)
      const jwk = { kty: 'RSA', n: of('Modulus'), e: of('Public exponent'), d: of('Exponent'), p: of('Prime 1'), q: of('Prime 2'), dp: of('Prime exponent 1'), dq: of('Prime exponent 2'), qi: of('Coefficient') }
      const messages = values.filter(([name]) => name === 'Message')
      const sealed = values.filter(([name]) => name === 'Encryption')
      expect(sealed).toHaveLength(6)
      if (Buffer.from(jwk.n, 'base64url').length < 256) {
        expect(() => privateKey().read(JSON.stringify({ privateKey: jwk }))).toThrow(TypeError)
        skipped += sealed.length
        continue
      }
      for (const [i, [, ciphertext]] of sealed.entries()) {
        const io = fakeIo(secrets({ inbox: JSON.stringify({ privateKey: jwk }) }))
        expect(Buffer.from(await rsaOaepSha1({ key, encoding: 'hex', why }).open({ sealed: ciphertext.toString('hex') }, io)).equals(messages[i]?.[1] ?? Buffer.alloc(0))).toBe(true)
        await expect(rsaOaep({ key, encoding: 'hex' }).open({ sealed: ciphertext.toString('hex') }, io)).rejects.toThrow(failed)
        ran++
      }
    }
    console.log(`RSA Laboratories OAEP: ${ran} run, ${skipped} skipped: a modulus under 2,048 bits`)
    expect(ran).toBeGreaterThan(0)
  })
})

test('a dot before a ciphertext without the name of a key is another spelling, and does not open', async () => {
  const { sealed } = await rsaOaep({ to }).seal(text, io)
  expect(text.equals(await rsaOaep({ key }).open({ sealed }, io))).toBe(true)
  await expect(rsaOaep({ key }).open({ sealed: `.${sealed}` }, io)).rejects.toThrow(failed)
  await expect(rsaOaep({ key, kid: true }).open({ sealed: `.${sealed}` }, io)).rejects.toThrow(failed)
})
