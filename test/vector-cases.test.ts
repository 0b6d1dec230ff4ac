import { spawn } from 'node:child_process'
import { constants, createHmac, diffieHellman, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { answer, type Answer } from './vector-cases/answer.ts'
import { linesOf } from './vector-cases/lines.ts'
import { vector, vectorNames, withVectors } from './vectors.ts'

const start = () => spawn(process.execPath, [fileURLToPath(new URL('vector-cases/start.mjs', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] })

/** The program as a process: what it answers to these lines. */
async function answers(lines: readonly string[]): Promise<Answer[]> {
  const program = start()
  program.stdin.end(lines.map((line) => `${line}\n`).join(''))
  const [said, [code]] = await Promise.all([text(program.stdout), once(program, 'exit')])
  expect(code).toBe(0)
  return said.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Answer)
}

interface Pair { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
interface Published { readonly tcId: number; readonly result: 'valid' | 'invalid' | 'acceptable'; readonly [name: string]: unknown }
interface Suite { readonly algorithm?: string; readonly schema: string; readonly testGroups: readonly { readonly type: string; readonly tests: readonly Published[]; readonly [name: string]: unknown }[] }

/** What comes out, by the type of a group: the program does not get to see it. */
const outputs: Readonly<Record<string, string>> = {
  AeadTest: 'msg', IndCpaTest: 'msg', KeywrapTest: 'msg', EcdhTest: 'shared', XdhComp: 'shared', XdhJwkComp: 'shared', HkdfTest: 'okm',
  PbeTest: 'msg', RsaesOaepDecrypt: 'msg', RsaesPkcs1Decrypt: 'msg', JsonWebEncryption: 'pt', JsonWebCrypto: 'pt',
}

/** What is compared with what comes out, and so has to be seen. */
const compared: Readonly<Record<string, string>> = { MacTest: 'tag', PbkdfTest: 'dk' }

/** Published results that are not followed, and why. */
const contested: Readonly<Record<string, string>> = {
  'json_web_signature_test 350': 'refused though valid: the token is by another algorithm than its key says',
  'json_web_signature_test 351': 'refused though valid: its key names an algorithm that there is not',
  'json_web_signature_test 370': 'accepted though invalid: it is 372 and 373 without their question marks, and has nothing wrong in it',
  'json_web_signature_test 372': 'refused though valid: a question mark in base64url',
  'json_web_signature_test 373': 'refused though valid: a question mark in base64url',
}

interface Asked { readonly line: string; readonly title: string; readonly result: Published['result']; readonly expected: unknown }

const suiteOf = (name: string): Suite => JSON.parse(vector(`wycheproof/${name}.json`).toString('utf8')) as Suite

/** Every case of a suite as a line, without how it ends. */
const asked = (name: string, suite = name, hidden = outputs): Asked[] => suiteOf(name).testGroups.flatMap(({ tests, ...group }) => tests.map(({ result, comment: _comment, flags: _flags, ...test }) => {
  const { [hidden[group.type] ?? '']: expected = test[compared[group.type] ?? ''] ?? '', ...shown } = test
  return { line: JSON.stringify({ id: test.tcId, suite, group, test: shown }), title: `${name} ${test.tcId}`, result, expected }
}))

/** What became of a case; throws where it is not what is published. */
function judged({ title, result, expected }: Asked, given: Answer): string {
  if ('skipped' in given) return `skipped: ${given.skipped}`
  if (contested[title] !== undefined) {
    expect(given.accepted ? 'invalid' : 'valid', title).toBe(result)
    return contested[title]
  }
  if (result !== 'acceptable') expect(given.accepted, title).toBe(result === 'valid')
  expect(given.out, title).toBe(given.accepted ? expected : '')
  return `${result} ${given.accepted ? 'accepted' : 'refused'}`
}

withVectors('wycheproof', 'Wycheproof, through the program', () => {
  const names = vectorNames('wycheproof').filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))

  test('every case of every suite', async () => {
    const all = names.flatMap((name) => asked(name))
    const said = await answers(all.map(({ line }) => line))
    expect(said.map(({ id }) => id)).toStrictEqual(all.map(({ line }) => (JSON.parse(line) as Answer).id))
    const counts = new Map<string, Map<string, number>>()
    for (const [i, one] of all.entries()) {
      const [suite = ''] = one.title.split(' ')
      const outcome = judged(one, said[i] as Answer)
      const count = counts.get(suite) ?? new Map<string, number>()
      counts.set(suite, count.set(outcome, (count.get(outcome) ?? 0) + 1))
    }
    console.log([...counts].map(([suite, count]) => `${suite}: ${[...count].map(([what, number]) => `${number} ${what}`).join(', ')}`).join('\n'))
    expect(counts.size).toBe(names.length)
    expect(all.length).toBeGreaterThan(5_000)
  })

  test('a MAC that is left out is computed, as long as the group says', async () => {
    const all = names.filter((name) => /^hmac_sha(1|256|384|512)_/.test(name)).flatMap((name) => asked(name, name, { MacTest: 'tag' }))
    expect(all.length).toBeGreaterThan(100)
    for (const [i, given] of (await answers(all.map(({ line }) => line))).entries()) {
      const { title, result, expected } = all[i] as Asked
      expect('out' in given && given.out === expected, title).toBe(result === 'valid')
    }
  })

  test('a key of PBKDF2 that is left out is derived, as far as one is', async () => {
    const all = ['pbkdf2_hmacsha256_test', 'pbkdf2_hmacsha512_test'].flatMap((name) => asked(name, name, { PbkdfTest: 'dk' }))
    const said = await answers(all.map(({ line }) => line))
    const derived = all.filter((_, i) => 'out' in (said[i] as Answer))
    expect(derived.length).toBeGreaterThan(10)
    for (const [i, one] of all.entries()) judged(one, said[i] as Answer)
  })

  test('a wrapped key that is left out is made', async () => {
    const all = asked('aes_wrap_test', 'AES-WRAP', { KeywrapTest: 'ct' }).filter(({ result }) => result === 'valid')
    expect(all.length).toBeGreaterThan(10)
    expect(await answers(all.map(({ line }) => line))).toStrictEqual(all.map(({ line, expected }) => ({ id: (JSON.parse(line) as Answer).id, accepted: true, out: expected })))
  })

  test.each(names)('%s by its file, its algorithm or its schema: the same', async (name) => {
    const { algorithm = name, schema } = suiteOf(name)
    const [first] = asked(name)
    const by = (suite: string): Promise<Answer> => answer(JSON.stringify({ ...JSON.parse(first?.line ?? '') as object, suite }))
    const right = await by(name)
    for (const suite of [`${name}.json`, `testvectors_v1/${name}.json`, algorithm]) expect(await by(suite)).toStrictEqual(right)
    const bySchema = await by(schema)
    if (!('skipped' in bySchema)) expect(bySchema).toStrictEqual(right)
  })
})

/** Suites that are published, and not here, made with keys of this run by node:crypto. */
describe('shapes of other suites', () => {
  const run = (suite: string, group: object, test: object): Promise<Answer> => answer(JSON.stringify({ id: 0, suite, group, test }))
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const msg = Buffer.from('message')
  const der = (key: KeyObject): string => hex(key.export(key.type === 'public' ? { format: 'der', type: 'spki' } : { format: 'der', type: 'pkcs8' }))
  const pem = (key: KeyObject): string => key.export(key.type === 'public' ? { format: 'pem', type: 'spki' } : { format: 'pem', type: 'pkcs8' }) as string
  const holds = { id: 0, accepted: true, out: '' }
  const fails = { id: 0, accepted: false, out: '' }

  test.each([
    ['ecdsa_secp256r1_sha256_test', 'secp256r1', 'SHA-256'], ['ecdsa_secp384r1_sha384_test', 'secp384r1', 'SHA-384'], ['ecdsa_secp521r1_sha512_test', 'secp521r1', 'SHA-512'],
  ])('%s: ASN.1, and side by side', async (suite, curve, sha) => {
    const { publicKey, privateKey: key } = generateKeyPairSync('ec', { namedCurve: curve === 'secp256r1' ? 'prime256v1' : curve })
    const group = { type: 'EcdsaVerify', publicKey: { curve }, publicKeyPem: pem(publicKey), sha }
    const signature = (dsaEncoding: 'der' | 'ieee-p1363'): string => hex(sign(sha.replace('-', ''), msg, { key, dsaEncoding }))
    expect(await run(suite, group, { msg: hex(msg), sig: signature('der') })).toStrictEqual(holds)
    expect(await run('ecdsa_verify_schema_v1', group, { msg: '', sig: signature('der') })).toStrictEqual(fails)
    expect(await run(suite, { ...group, type: 'EcdsaP1363Verify' }, { msg: hex(msg), sig: signature('ieee-p1363') })).toStrictEqual(holds)
    expect(await run(suite, { ...group, sha: 'SHA3-256' }, { msg: hex(msg), sig: signature('der') })).toStrictEqual({ id: 0, skipped: 'algorithm not offered' })
  })

  test.each(['secp256r1', 'secp384r1', 'curve25519'])('agreement on %s, however keys are written', async (curve) => {
    const [mine, theirs] = [0, 0].map(() => curve === 'curve25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ec', { namedCurve: curve === 'secp256r1' ? 'prime256v1' : curve })) as [Pair, Pair]
    const out = hex(diffieHellman({ privateKey: mine.privateKey, publicKey: theirs.publicKey }))
    const right = { id: 0, accepted: true, out }
    const [d, x, y] = [mine.privateKey.export({ format: 'jwk' }).d, ...Object.values((({ x, y }) => ({ x, y }))(theirs.publicKey.export({ format: 'jwk' })))].map((part) => Buffer.from(part ?? '', 'base64url')) as [Buffer, Buffer, Buffer]
    expect(await run('ecdh_webcrypto_test', { type: 'EcdhWebcryptoTest', curve, encoding: 'webcrypto' }, { public: theirs.publicKey.export({ format: 'jwk' }), private: mine.privateKey.export({ format: 'jwk' }) })).toStrictEqual(right)
    expect(await run('xdh', { type: 'EcdhPemTest', curve, encoding: 'pem' }, { public: pem(theirs.publicKey), private: pem(mine.privateKey) })).toStrictEqual(right)
    if (curve === 'curve25519') {
      expect(await run('x25519_asn_test', { type: 'XdhAsnComp', curve }, { public: der(theirs.publicKey), private: der(mine.privateKey) })).toStrictEqual(right)
      expect(await run('x25519_test', { type: 'XdhComp', curve }, { public: hex(x.subarray(1)), private: hex(d) })).toStrictEqual(fails)
      return
    }
    const ecpoint = { type: 'EcdhEcpointTest', curve, encoding: 'ecpoint' }
    expect(await run('ecdh_ecpoint_test', ecpoint, { public: `04${hex(x)}${hex(y)}`, private: `00${hex(d)}` })).toStrictEqual(right)
    expect(await run('ecdh_ecpoint_test', ecpoint, { public: `04${hex(x)}${hex(x)}`, private: hex(d) })).toStrictEqual(fails)
    expect(await run('ecdh_ecpoint_test', ecpoint, { public: `02${hex(x)}`, private: hex(d) })).toStrictEqual({ id: 0, skipped: 'a JWK says both coordinates of a point' })
    expect(await run('ecdh_ecpoint_test', { ...ecpoint, curve: 'brainpoolP256r1' }, {})).toStrictEqual({ id: 0, skipped: 'algorithm not offered' })
  })

  test('HMAC with SHA-1 and SHA-384, AES-192 with HMAC, RSA signatures that are made', async () => {
    const key = Buffer.alloc(24, 1)
    for (const [suite, digest, tagSize] of [['HMACSHA1', 'sha1', 160], ['hmac_sha384_test', 'sha384', 384]] as const) {
      const tag = hex(createHmac(digest, key).update(msg).digest())
      for (const given of [{}, { tag }]) expect(await run(suite, { keySize: 192, tagSize }, { key: hex(key), msg: hex(msg), ...given })).toStrictEqual({ id: 0, accepted: true, out: tag })
    }
    // RFC 7518 appendix B.2.
    const [cek, iv, aad] = ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f', '1af38c2dc2b96ffdd86694092341bc04', '546865207365636f6e64207072696e6369706c65206f662041756775737465204b6572636b686f666673']
    const given = { key: cek, iv, aad, ct: 'ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb000d279bdc14c1072654bd30944230c657bed4ca0c9f4a8466f22b226d1746214bf8cfc2400add9f5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c2105bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49787bcd57ef484927f280adc91ac0c4e79c7b11efc60054e3', tag: '8490ac0e58949bfe51875d733f93ac2075168039ccc733d7' }
    expect(await run('a192cbc_hs384_test', { keySize: 384, ivSize: 128, tagSize: 192 }, given)).toMatchObject({ accepted: true, out: expect.stringMatching(/^41206369706865722073797374656d206d757374/) as unknown })
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const { n = '', e = '' } = privateKey.export({ format: 'jwk' })
    const group = { type: 'RsassaPkcs1Generate', keySize: 2_048, sha: 'SHA-512', privateKey: { modulus: `00${hex(Buffer.from(n, 'base64url'))}`, publicExponent: hex(Buffer.from(e, 'base64url')) }, privateKeyPkcs8: der(privateKey) }
    const signature = hex(sign('sha512', msg, privateKey))
    expect(await run('rsa_pkcs1_2048_sig_gen_test', group, { msg: hex(msg) })).toStrictEqual({ id: 0, accepted: true, out: signature })
    expect(await run('rsa_pkcs1_2048_sig_gen_test', group, { msg: hex(msg), sig: signature })).toStrictEqual(holds)
    expect(await run('rsa_pkcs1_1024_sig_gen_test', { ...group, keySize: 1_024 }, { msg: hex(msg) })).toMatchObject({ skipped: expect.stringMatching(/^RSA is offered/) as unknown })
  })

  test('RSAES-PKCS1-v1_5: what node gives for a wrong padding is accepted of no length', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const group = { type: 'RsaesPkcs1Decrypt', keySize: 2_048, privateKeyPkcs8: der(privateKey) }
    const padding = constants.RSA_PKCS1_PADDING
    const given = (ct: Uint8Array, of: object = group): Promise<Answer> => run('rsa_pkcs1_2048_test', of, { ct: hex(ct) })
    for (const plain of [msg, Buffer.from([0]), randomBytes(32), randomBytes(245)]) expect(await given(publicEncrypt({ key: publicKey, padding }, plain))).toStrictEqual({ id: 0, accepted: true, out: hex(plain) })
    // Of the length that the step is told where the block tells none: it opens there, to bytes that nobody sealed.
    let wrong: Buffer
    do wrong = Buffer.concat([Buffer.alloc(1), randomBytes(255)])
    while (privateDecrypt({ key: privateKey, padding }, wrong).length !== 32)
    expect(await given(wrong)).toStrictEqual(fails)
    // 00 02, seven bytes of padding where eight are wanted, 00, and a text behind it.
    const short = Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(7, 255), Buffer.alloc(1), Buffer.alloc(246, 1)])
    expect(await given(publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, short))).toStrictEqual(fails)
    expect(await given(Buffer.alloc(256, 255))).toStrictEqual(fails)
    expect(await given(publicEncrypt({ key: publicKey, padding }, Buffer.alloc(0)))).toStrictEqual({ id: 0, skipped: 'RSAES-PKCS1-v1_5 for plaintexts of no bytes is not offered' })
    expect(await given(wrong, { ...group, keySize: 1_024 })).toStrictEqual({ id: 0, skipped: 'RSA is offered from 2,048 bits' })
  })
})

describe('lines', () => {
  const skipped = 'not a line of this program'
  test('that are none are answered, in order, whatever they hold', async () => {
    const lines = ['', 'x', '[]', 'null', '{"id":1}', '{"id":"a","suite":"aes_gcm_test","group":{},"test":{}}', '{"id":{},"suite":"AES-GCM","group":{"keySize":128,"ivSize":96,"tagSize":128},"test":{"key":"0","iv":"","aad":"","ct":"","tag":""}}', '{"id":2,"suite":"frodo","group":{},"test":{}}', '{"id":3,"suite":"json_web_signature_test","group":{},"test":{}}']
    expect(await answers(lines)).toStrictEqual([
      { id: null, skipped }, { id: null, skipped }, { id: null, skipped }, { id: null, skipped }, { id: 1, skipped }, { id: 'a', skipped }, { id: null, skipped },
      { id: 2, skipped: 'algorithm not offered' }, { id: 3, skipped },
    ])
  })

  test('are split at the line feed alone, across chunks, the last one with or without it; one that is too long is empty', async () => {
    async function* chunks(...texts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
      for (const text of texts) yield Buffer.from(text)
    }
    const read = async (...texts: readonly (string | Buffer)[]): Promise<string[]> => {
      const lines: string[] = []
      for await (const line of linesOf(chunks(...texts))) lines.push(line)
      return lines
    }
    const euro = Buffer.from('€')
    expect(await read('a\u2028b', 'c\nd', '\n\n', euro.subarray(0, 1), euro.subarray(1), '\n', 'last')).toStrictEqual(['a\u2028bc', 'd', '', '€', 'last'])
    expect(await read('a\n')).toStrictEqual(['a'])
    expect(await read(Buffer.alloc(9_000_000, 'a'), Buffer.alloc(9_000_000, 'a'), '\nb')).toStrictEqual(['', 'b'])
  })

  test('are read no faster than their answers are taken, and leave nothing in memory', async () => {
    const program = start()
    const many = 40_000
    const writing = (async () => {
      const chunk = 'x\n'.repeat(10_000)
      for (let sent = 0; sent < many; sent += 10_000) if (!program.stdin.write(chunk)) await once(program.stdin, 'drain')
    })()
    let answered = 0
    for await (const part of program.stdout) {
      answered += String(part).split('\n').length - 1
      if (answered === many) break
    }
    await writing
    expect(answered).toBe(many)
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1]
    expect(Number(peak)).toBeLessThan(300_000)
    program.stdin.end()
    await once(program, 'exit')
  })
})
