import { constants, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { account, type Io } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { passphrase } from '../../../functions/accounts/passphrase.ts'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { openDesCbc } from '../../../functions/ciphers/legacy/des.ts'
import * as legacy from '../../../functions/ciphers/legacy.ts'
import * as hashes from '../../../functions/hashes/legacy.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { json, type Wycheproof } from '../hashes/published.ts'

const { pbeWithMd5AndDes, rsaOaepSha1, rsaPkcs1v15, shortKey } = legacy
const why = 'the old platform writes nothing else'
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('everything old is here, the hashes too', () => {
  expect(Object.keys(legacy).sort()).toStrictEqual(['aesCbc', 'aesCfb', 'aesCtr', 'aesEcb', 'aesGcmBare', 'aesOfb', 'hmacSha1', 'md5', 'pbeWithMd5AndDes', 'rsaOaepSha1', 'rsaPkcs1v15', 'sha1', 'shortKey'])
  expect(legacy).toMatchObject({ ...hashes })
})

describe('DES', () => {
  test('FIPS 81, table C1', () => {
    expect(openDesCbc(hex('0123456789abcdef'), hex('1234567890abcdef'), hex('e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6')).toString()).toBe('Now is the time for all ')
  })
  // One block in CBC with an IV of zeros is the block alone.
  test.each([
    ['8000000000000000', '95f8a5e5dd31d900'], ['4000000000000000', 'dd7f121ca5015619'], ['2000000000000000', '2e8653104f3834ea'], ['1000000000000000', '4bd388ff6cd81d4f'],
    ['0800000000000000', '20b9e767b2fb1456'], ['0400000000000000', '55579380d77138ef'], ['0200000000000000', '6cc5defaaf04512f'], ['0100000000000000', '0d9f279ba5d87260'],
  ])('NIST SP 800-17 appendix B, table 1: %s', (plain, ciphertext) => {
    expect(openDesCbc(Buffer.alloc(8, 1), Buffer.alloc(8), hex(ciphertext)).toString('hex')).toBe(plain)
  })
})

describe('PBES1 with MD5 and DES', () => {
  const words = account('words', shortKey())
  const ioOf = (more: Partial<Io> = {}): Io => fakeIo({ ...secrets({ words: '{"secretKey":"horse battery","encoding":"utf8"}', long: '{"passphrase":"horse battery"}' }), now: () => 0, deadline: 1, ...more })
  const io = ioOf()
  // A private key for Ed25519, sealed by `openssl pkcs8 -topk8 -v1 PBE-MD5-DES` of OpenSSL 3.0: salt, ciphertext.
  const plain = '302e020100300506032b657004220420ee09faffec100161d49ee6afb4eb3ac23b6d08dc389cff2697e485e961905b1b'
  const known = [
    [1_000, '79a15498348f19f0', '2abf4bfba5361634a336e0da4a2f7aa82796275d1310ac5789cf1bb51845fd251405a5585a072bb5578e2f605a8f119ab4badd516253f791'],
    [2_048, '42147ba1e9d567ce', '0e75fba72711f16722b5cb70afa19daf89b9e645d792fc66415b57c667d1f6642a7d12154aa99150925e3cdc77d1ec7ebebe0feb0c80cf70'],
  ] as const
  test.each(known)('%d iterations: opens what OpenSSL sealed', async (iterations, salt, ciphertext) => {
    const opened = async (options: object, sealed: string): Promise<string> => Buffer.from(await pbeWithMd5AndDes({ passphrase: words, why, iterations, ...options }).open({ sealed }, io)).toString('hex')
    expect(await opened({}, hex(salt + ciphertext).toString('base64'))).toBe(plain)
    expect(await opened({ encoding: 'hex' }, (salt + ciphertext).toUpperCase())).toBe(plain)
    expect(await opened({ salt: 'beside', encoding: 'hex' }, JSON.stringify({ result: ciphertext, _salt: salt }))).toBe(plain)
    expect(await opened({ salt: 'beside', besideEncoding: 'hex' }, JSON.stringify({ result: hex(ciphertext).toString('base64'), _salt: salt }))).toBe(plain)
    expect(await opened({ passphrase: account('long', passphrase()) }, hex(salt + ciphertext).toString('base64'))).toBe(plain)
  })
  test('what is wrong is one fault; what opens by chance is not what was sealed', async () => {
    const [iterations, salt, ciphertext] = known[0]
    const opener = pbeWithMd5AndDes({ passphrase: words, why, iterations, encoding: 'hex' })
    const sealed = salt + ciphertext
    for (const wrong of ['', salt, sealed.slice(0, -2), `${sealed}00`, sealed.slice(0, 14), `${sealed} `, hex(sealed).toString('base64'), 'A'.repeat(7_000_000), 7]) await expect(opener.open({ sealed: wrong as string }, io)).rejects.toThrow(failed)
    await expect(pbeWithMd5AndDes({ passphrase: words, why, iterations: 999, encoding: 'hex' }).open({ sealed }, io)).rejects.toThrow(failed)
    // A bit in the salt or in the last two blocks breaks the padding but for one case in 256 and fewer.
    for (let bit = 0; bit < sealed.length * 4; bit++) {
      const flipped = hex(sealed)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      const opened = await opener.open({ sealed: flipped.toString('hex') }, io).then((bytes) => Buffer.from(bytes).toString('hex'), (error: unknown) => expect(error).toMatchObject({ code: 'DECRYPTION_FAILED', paths: [] }))
      expect(opened).not.toBe(plain)
    }
  })
  test('no key is derived after the deadline, and it seals nothing', async () => {
    const opener = pbeWithMd5AndDes({ passphrase: words, why, iterations: 100_000 })
    await expect(opener.open({ sealed: Buffer.alloc(24).toString('base64') }, ioOf({ now: () => 1 }))).rejects.toThrow(expect.objectContaining({ code: 'OUT_OF_TIME' }))
    const begun = cpu()
    await expect(opener.open({ sealed: Buffer.alloc(24).toString('base64') }, io)).rejects.toThrow(failed)
    expect(cpu() - begun).toBeLessThan(3_000)
    expect(opener).not.toHaveProperty('seal')
  })
  test('what is shown of it, and what it refuses', () => {
    expect(pbeWithMd5AndDes({ passphrase: words, why })).toMatchObject({ cipher: 'pbe-with-md5-and-des', config: { legacy: true, why, passphrase: words, iterations: 1_000, salt: 'concatenated', encoding: 'base64' }, needs: [{ resource: words }] })
    for (const iterations of [0, 100_001, 1.5, Number.NaN]) expect(() => pbeWithMd5AndDes({ passphrase: words, why, iterations })).toThrow(new TypeError('pbeWithMd5AndDes, iterations: write a whole number from 1 to 100000'))
    expect(() => pbeWithMd5AndDes({ passphrase: 'words' as never, why })).toThrow(new TypeError("pbeWithMd5AndDes, passphrase: write account('name', passphrase()), or shortKey()"))
    expect(() => pbeWithMd5AndDes({ passphrase: words, why, salt: 'given' as never })).toThrow(new TypeError('pbeWithMd5AndDes, salt: write concatenated or beside'))
    for (const iterations of [1, 100_000]) expect(pbeWithMd5AndDes({ passphrase: words, why, iterations }).config).toMatchObject({ iterations })
    expect(() => pbeWithMd5AndDes({ why } as never)).toThrow(new TypeError("pbeWithMd5AndDes, passphrase: write account('name', passphrase()), or shortKey()"))
    expect(() => pbeWithMd5AndDes({ passphrase: words, why, encoding: 'utf8' as never })).toThrow(new TypeError('pbeWithMd5AndDes, encoding: write base64url, base64 or hex'))
    for (const why of [' short ', 'nine char', ' nine char ', ' '.repeat(20)]) expect(() => pbeWithMd5AndDes({ passphrase: words, why })).toThrow(new TypeError('pbeWithMd5AndDes, why: say in a sentence why nothing newer can be used here'))
    expect(pbeWithMd5AndDes({ passphrase: words, why: 'ten chars.' }).config).toMatchObject({ why: 'ten chars.' })
  })
})

const key = account('inbox', privateKey())
const to = account('bank', publicKey())
const ioOf = (privateKey: string, publicKey = ''): Io => fakeIo(secrets({ inbox: JSON.stringify({ privateKey }), bank: JSON.stringify({ publicKey }) }))
let pair: { readonly publicKey: string; readonly privateKey: string }
let io: Io
beforeAll(() => {
  pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  io = ioOf(pair.privateKey, pair.publicKey)
})

describe('RSAES-PKCS1-v1_5', () => {
  const padding = constants.RSA_PKCS1_PADDING
  test('opens what it sealed, and what node seals, of the one length', async () => {
    for (const length of [1, 16, 32, 245]) {
      const plain = randomBytes(length)
      const opener = rsaPkcs1v15({ key, length, why })
      expect(plain.equals(await opener.open(await rsaPkcs1v15({ to, why }).seal(plain, io), io))).toBe(true)
      expect(plain.equals(await opener.open({ sealed: publicEncrypt({ key: pair.publicKey, padding }, plain).toString('base64') }, io))).toBe(true)
      const { sealed } = await rsaPkcs1v15({ to, why, encoding: 'hex' }).seal(plain, io)
      expect(privateDecrypt({ key: pair.privateKey, padding }, hex(sealed)).equals(plain)).toBe(true)
      for (const other of [length - 1, length + 1].filter((other) => other > 0)) await expect(rsaPkcs1v15({ key, length: other, why, encoding: 'hex' }).open({ sealed }, io)).rejects.toThrow(failed)
    }
    await expect(rsaPkcs1v15({ to, why }).seal(randomBytes(246), io, { field: 'key' })).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', paths: ['key'] }))
    await expect(rsaPkcs1v15({ to, why }).seal(randomBytes(246), io)).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', paths: ['$'] }))
  })
  test('node rejects implicitly: wrong padding gives bytes of many lengths, the same each time, and nothing that says so', () => {
    const lengths = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const wrong = Buffer.concat([Buffer.alloc(1), randomBytes(255)])
      const once = privateDecrypt({ key: pair.privateKey, padding }, wrong)
      expect(once.equals(privateDecrypt({ key: pair.privateKey, padding }, wrong))).toBe(true)
      lengths.add(once.length)
    }
    expect(lengths.size).toBeGreaterThan(20)
  })
  test('of texts that nobody sealed about one in 250 looks like a key, the others end in the one fault', async () => {
    const opener = rsaPkcs1v15({ key, length: 32, why })
    let opened = 0
    for (let i = 0; i < 400; i++) {
      const sealed = Buffer.concat([Buffer.alloc(1), randomBytes(255)]).toString('base64')
      const plain = await opener.open({ sealed }, io).catch((error: unknown) => expect(error).toMatchObject({ code: 'DECRYPTION_FAILED', paths: [] }))
      if (plain instanceof Uint8Array) opened++
    }
    expect(opened).toBeLessThan(20)
  })
  test('of another length or spelling nothing opens', async () => {
    const plain = randomBytes(32)
    const opener = rsaPkcs1v15({ key, length: 32, why })
    const { sealed } = await rsaPkcs1v15({ to, why }).seal(plain, io)
    const bytes = Buffer.from(sealed, 'base64')
    for (const wrong of ['', sealed.slice(0, -4), `${sealed}AAAA`, `${sealed} `, bytes.toString('hex'), bytes.toString('base64url'), Buffer.concat([Buffer.alloc(1), bytes]).toString('base64'), Buffer.alloc(256, 255).toString('base64'), 'A'.repeat(7_000_000), 7]) {
      await expect(opener.open({ sealed: wrong as string }, io)).rejects.toThrow(failed)
    }
  })
  test('a text that begins with zeros opens with them alone: without them it is the same number', async () => {
    const plain = randomBytes(32)
    let sealed = Buffer.of(1)
    while (sealed[0] !== 0) sealed = publicEncrypt({ key: pair.publicKey, padding }, plain)
    const opener = rsaPkcs1v15({ key, length: 32, why })
    expect(plain.equals(await opener.open({ sealed: sealed.toString('base64') }, io))).toBe(true)
    await expect(opener.open({ sealed: sealed.subarray(1).toString('base64') }, io)).rejects.toThrow(failed)
  })
  test('a key that is for another algorithm is our trouble', async () => {
    const jwk = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }), alg: 'RSA-OAEP-256' }
    await expect(rsaPkcs1v15({ to, why }).seal(Buffer.alloc(16), fakeIo(secrets({ bank: JSON.stringify({ publicKey: jwk }) })))).rejects.toThrow(expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' }))
  })
  test('what is shown of it, and what it refuses', () => {
    expect(rsaPkcs1v15({ key, length: 32, why })).toMatchObject({ cipher: 'rsa-pkcs1v15', config: { legacy: true, why, key, length: 32, encoding: 'base64' }, needs: [{ resource: key }] })
    expect(rsaPkcs1v15({ to, why })).toMatchObject({ mediaType: 'application/octet-stream', config: { legacy: true, why, to }, needs: [{ resource: to }] })
    for (const length of [1, 1_013]) expect(rsaPkcs1v15({ key, length, why }).config).toMatchObject({ length })
    for (const length of [undefined, 0, 1_014, 1.5]) expect(() => rsaPkcs1v15({ key, length: length as number, why })).toThrow(new TypeError('rsaPkcs1v15, length: write how many bytes every plaintext has, 1 to 1013'))
    expect(() => rsaPkcs1v15({ length: 32, why } as never)).toThrow(new TypeError("rsaPkcs1v15: write to: account('name', publicKey()) to seal, or key: to open"))
    expect(() => rsaPkcs1v15({ to, why, encoding: 'utf8' as never })).toThrow(new TypeError('rsaPkcs1v15, encoding: write base64url, base64 or hex'))
    expect(() => rsaPkcs1v15({ to } as never)).toThrow(new TypeError('rsaPkcs1v15, why: say in a sentence why nothing newer can be used here'))
  })
})

describe('RSAES-OAEP by SHA-1', () => {
  test('opens what it sealed, and what node seals; by SHA-256 it does not', async () => {
    const plain = randomBytes(214)
    const opener = rsaOaepSha1({ key, why })
    expect(plain.equals(await opener.open(await rsaOaepSha1({ to, why }).seal(plain, io), io))).toBe(true)
    const by = (oaepHash: string): string => publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Buffer.from('text')).toString('base64')
    expect(Buffer.from(await opener.open({ sealed: by('sha1') }, io)).toString()).toBe('text')
    await expect(opener.open({ sealed: by('sha256') }, io)).rejects.toThrow(failed)
    const jwk = (alg: string) => fakeIo(secrets({ bank: JSON.stringify({ publicKey: { ...createPublicKey(pair.publicKey).export({ format: 'jwk' }), alg } }) }))
    expect(plain.equals(await opener.open(await rsaOaepSha1({ to, why }).seal(plain, jwk('RSA-OAEP')), io))).toBe(true)
    await expect(rsaOaepSha1({ to, why }).seal(plain, jwk('RSA-OAEP-256'))).rejects.toThrow(expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE' }))
    await expect(rsaOaepSha1({ to, why }).seal(randomBytes(215), io)).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', paths: ['$'] }))
  })
  test('what is shown of it, and what it refuses', () => {
    expect(rsaOaepSha1({ to, why })).toMatchObject({ cipher: 'rsa-oaep-sha1', config: { legacy: true, why, to, encoding: 'base64' } })
    expect(() => rsaOaepSha1({ to, why: '' })).toThrow(new TypeError('rsaOaepSha1, why: say in a sentence why nothing newer can be used here'))
    expect(() => rsaOaepSha1({ to, why, encoding: 'utf8' as never })).toThrow(new TypeError('rsaOaepSha1, encoding: write base64url, base64 or hex'))
  })
})

withVectors('wycheproof', 'Wycheproof', () => {
  test('rsa_pkcs1_2048', async () => {
    const { testGroups, numberOfTests } = json<{ readonly numberOfTests: number; readonly testGroups: readonly (Wycheproof<{ readonly msg: string; readonly ct: string }>['testGroups'][number] & { readonly privateKeyPkcs8: string })[] }>('wycheproof/rsa_pkcs1_2048_test.json')
    const counts: Record<string, number> = { opened: 0, refused: 0, 'refused: no bytes are no key': 0 }
    const count = (what: string): void => { counts[what] = (counts[what] ?? 0) + 1 }
    for (const { privateKeyPkcs8, tests } of testGroups) {
      const io = ioOf(`-----BEGIN PRIVATE KEY-----\n${hex(privateKeyPkcs8).toString('base64')}\n-----END PRIVATE KEY-----\n`)
      for (const { tcId, msg, ct, result } of tests) {
        const length = msg.length / 2
        const opening = rsaPkcs1v15({ key, length: result === 'valid' && length > 0 ? length : 32, why, encoding: 'hex' }).open({ sealed: ct }, io)
        if (result === 'valid' && length > 0) expect(Buffer.from(await opening).toString('hex'), `${tcId}`).toBe(msg)
        else await expect(opening, `${tcId}`).rejects.toThrow(failed)
        // Of the length that it pretends to have it may open, but never to what it pretends to hold.
        if (result !== 'valid' && length > 0) expect(Buffer.from(await rsaPkcs1v15({ key, length, why, encoding: 'hex' }).open({ sealed: ct }, io).catch(() => '')).toString('hex'), `${tcId}`).not.toBe(msg)
        count(result !== 'valid' ? 'refused' : length > 0 ? 'opened' : 'refused: no bytes are no key')
      }
    }
    console.log(`Wycheproof rsa_pkcs1_2048: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`)
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(numberOfTests)
  })
})
