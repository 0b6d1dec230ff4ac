import { randomBytes } from 'node:crypto'
import { account, type Io, type Opener, type Sealer } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbc, aesCfb, aesCtr, aesEcb, aesGcmBare, aesOfb } from '../../../functions/ciphers/legacy.ts'
import { padded, unpadded } from '../../../functions/ciphers/legacy/padding.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { json, keyed, type Wycheproof } from '../hashes/published.ts'

const why = 'the old platform writes nothing else'
const keys = { 128: account('key', secretKey({ bits: 128 })), 192: account('key', secretKey({ bits: 192 })), 256: account('key', secretKey()) } as const
const key = keys[256]
const held = (hex: string): Io => fakeIo(secrets({ key: JSON.stringify({ secretKey: hex, encoding: 'hex' }) }))
const io = held('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4')
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
const text = Buffer.from('078-05-1120')
const utf8 = async (opening: Promise<Uint8Array>): Promise<string> => Buffer.from(await opening).toString()
const hexOf = async (opening: Promise<Uint8Array>): Promise<string> => Buffer.from(await opening).toString('hex')

/** NIST SP 800-38A appendix F: the plaintext of all, the IV of CBC, CFB and OFB, the counter of CTR; then key by key what comes out. */
const plain = '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710'
const iv = '000102030405060708090a0b0c0d0e0f'
const counter = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'
const known = {
  128: {
    key: '2b7e151628aed2a6abf7158809cf4f3c',
    aesEcb: '3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4',
    aesCbc: '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
    aesCfb: '3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6',
    aesOfb: '3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed8259740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e',
    aesCtr: '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  },
  192: {
    key: '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    aesEcb: 'bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eefef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e',
    aesCbc: '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd',
    aesCfb: 'cdc80d6fddf18cab34c25909c99a417467ce7f7f81173621961a2b70171d3d7a2e1e8a1dd59b88b1c8e60fed1efac4c9c05f9f9ca9834fa042ae8fba584b09ff',
    aesOfb: 'cdc80d6fddf18cab34c25909c99a4174fcc28b8d4c63837c09e81700c11004018d9a9aeac0f6596f559c6d4daf59a5f26d9f200857ca6c3e9cac524bd9acc92a',
    aesCtr: '1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e941e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050',
  },
  256: {
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    aesEcb: 'f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7',
    aesCbc: 'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
    aesCfb: 'dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407bdf10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471',
    aesOfb: 'dc7e84bfda79164b7ecd8486985d38604febdc6740d20b3ac88f6ad82a4fb08d71ab47a086e86eedf39d1c5bba97c4080126141d67f37be8538f5a8be740e484',
    aesCtr: '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
  },
} as const
const modes = { aesCbc, aesCfb, aesOfb, aesCtr }
const modeNames = ['aesCbc', 'aesCfb', 'aesOfb', 'aesCtr'] as const

describe.each([128, 192, 256] as const)('NIST SP 800-38A appendix F, %i bits', (bits) => {
  test.each(modeNames)('%s', async (name) => {
    const { key, [name]: ciphertext } = known[bits]
    const opener = modes[name]({ key: keys[bits], why, encoding: 'hex', padding: 'none' })
    expect(await hexOf(opener.open({ sealed: (name === 'aesCtr' ? counter : iv) + ciphertext }, held(key)))).toBe(plain)
  })
  test('aesEcb, both ways', async () => {
    const { key, aesEcb: ciphertext } = known[bits]
    const cipher = aesEcb({ key: keys[bits], why, encoding: 'hex', padding: 'none' })
    expect(await hexOf(cipher.open({ sealed: ciphertext }, held(key)))).toBe(plain)
    expect(await cipher.seal(Buffer.from(plain, 'hex'), held(key))).toStrictEqual({ sealed: ciphertext })
  })
})

const published = fakeIo(secrets({ key: '{"secretKey":"MTIzNDU2Nzg5MDEyMzQ1NjEyMzQ1Njc4OTAxMjM0NTY=","encoding":"base64"}' }))
test('what the AES connector of another platform publishes as its examples opens', async () => {
  const cipher = aesCbc({ key, why })
  expect(await utf8(cipher.open({ sealed: 'MTIzNDU2Nzg5MDEyMzQ1Npp1dUf7FzjkLwD9Ezq4FSU=' }, published))).toBe('text')
  expect(await utf8(cipher.open({ sealed: 'MTIzNDU2Nzg5MDEyMzQ1NijQdN4bFfeBL9Z6vCfzMTw=' }, published))).toBe('text2')
  const beside = JSON.stringify({ result: 'mnV1R/sXOOQvAP0TOrgVJQ==', iv: 'MTIzNDU2Nzg5MDEyMzQ1Ng==' })
  expect(await utf8(aesCbc({ key, why, iv: 'beside' }).open({ sealed: beside }, published))).toBe('text')
  const hex = JSON.stringify({ result: 'mnV1R/sXOOQvAP0TOrgVJQ==', iv: '31323334353637383930313233343536', success: true })
  expect(await utf8(aesCbc({ key, why, iv: 'beside', besideEncoding: 'hex' }).open({ sealed: hex }, published))).toBe('text')
})

/** Made by openssl enc 3.0 with `-iv 0`, the key as above. */
const zero = { aesCbc: '02652ec59c1b016cd47ae9ca63cbc4f5', aesCfb: 'd55fceaca4fa5be7267f7c', aesOfb: 'd55fceaca4fa5be7267f7c', aesCtr: 'd55fceaca4fa5be7267f7c' } as const

describe.each(modeNames)('%s', (name) => {
  const mode = modes[name]
  const blocks = name === 'aesCbc'
  test.each(['concatenated', 'beside'] as const)('opens what it sealed, the IV %s', async (iv) => {
    for (const padding of ['pkcs7', 'none'] as const) {
      const cipher = mode({ key, why, iv, padding })
      for (const plain of [Buffer.alloc(0), Buffer.alloc(16, 16), randomBytes(48), ...padding === 'pkcs7' || !blocks ? [text, randomBytes(1_001)] : []]) {
        const { sealed } = await cipher.seal(plain, io)
        expect(plain.equals(await cipher.open({ sealed }, io))).toBe(true)
        expect((await cipher.seal(plain, io)).sealed).not.toBe(sealed)
        if (iv === 'beside') expect(Object.keys(JSON.parse(sealed) as object)).toStrictEqual(['result', 'iv'])
      }
      expect(cipher.mediaType).toBe(iv === 'beside' ? 'application/json' : 'application/octet-stream')
    }
  })
  test('with an IV of zeros it opens alone', async () => {
    const opener: Opener & Partial<Sealer> = mode({ key, why, iv: 'zero', encoding: 'hex' })
    expect(opener.seal).toBe(undefined)
    expect(await utf8(opener.open({ sealed: zero[name] }, io))).toBe('078-05-1120')
  })
})

test('every failure is the one fault, from the one place', async () => {
  const [cbc, ecb, none] = [aesCbc({ key, why }), aesEcb({ key, why }), aesCbc({ key, why, padding: 'none' })]
  const { sealed } = await cbc.seal(text, io)
  const stacks = new Set<string>()
  const bytes = Buffer.from(sealed, 'base64')
  // A whole hex text is 48 bytes of base64, which open to something once in 256 times: these modes have no tag.
  const wrong = [
    '', 'A', '=', `${sealed}=`, `${sealed} `, bytes.toString('base64url'), bytes.toString('hex').slice(0, -2), bytes.subarray(0, 15).toString('base64'), bytes.subarray(0, 16).toString('base64'),
    bytes.subarray(0, 31).toString('base64'), Buffer.alloc(32, 7).toString('base64'), Buffer.alloc(33).toString('base64'), 'A'.repeat(7_000_000), 7, null,
  ]
  for (const sealed of wrong) {
    const error: unknown = await cbc.open({ sealed: sealed as string }, io).then(() => expect.unreachable(String(sealed).slice(0, 50)), (error: unknown) => error)
    expect(error).toMatchObject({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
    stacks.add((error as Error).stack?.split('\n')[1] ?? '')
  }
  expect(stacks.size).toBe(1)
  for (const one of ['', Buffer.alloc(15).toString('base64')]) await expect(ecb.open({ sealed: one }, io)).rejects.toThrow(failed)
  await expect(none.open({ sealed: Buffer.alloc(31).toString('base64') }, io)).rejects.toThrow(failed)
  const beside = aesCbc({ key, why, iv: 'beside' })
  for (const one of ['', '[]', 'null', '"x"', '{}', sealed, '{"result":"","iv":""}', '{"result":"AAAAAAAAAAAAAAAAAAAAAA==","iv":7}', '{"iv":"AAAAAAAAAAAAAAAAAAAAAA=="}', '{"result":"AAAAAAAAAAAAAAAAAAAAAA==","iv":"AAAAAAAAAAAAAAAAAAAAAAA="}', '{"result":"","result":"","iv":""}', '['.repeat(100_000)]) {
    await expect(beside.open({ sealed: one }, io)).rejects.toThrow(failed)
  }
})

test('without padding a plaintext of part of a block is refused, at its path', async () => {
  for (const cipher of [aesCbc({ key, why, padding: 'none' }), aesEcb({ key, why, padding: 'none' })]) {
    await expect(cipher.seal(text, io, { field: 'ssn' })).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['ssn'] }))
    await expect(cipher.seal(text, io)).rejects.toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['$'] }))
  }
})

test('padding: every count of every value, and nothing else', () => {
  for (const block of [8, 16]) {
    for (let length = 0; length <= 40; length++) {
      const plain = Buffer.alloc(length, 0xaa)
      expect(padded(plain, block)).toHaveLength((Math.floor(length / block) + 1) * block)
      expect(unpadded(padded(plain, block), block).equals(plain)).toBe(true)
    }
    for (let last = 0; last < 256; last++) {
      const bytes = Buffer.concat([Buffer.alloc(block, 0xaa), Buffer.alloc(block, last)])
      if (last >= 1 && last <= block) expect(unpadded(bytes, block)).toHaveLength(2 * block - last)
      else expect(() => unpadded(bytes, block), `${last}`).toThrow(Error)
      for (let i = 1; i <= block; i++) {
        const changed = Buffer.from(bytes)
        changed[2 * block - i] = last ^ 0x40
        if (last >= i && last <= block) expect(() => unpadded(changed, block)).toThrow(Error)
      }
    }
    for (const length of [0, 1, block - 1, block + 1]) expect(() => unpadded(Buffer.alloc(length, 1), block)).toThrow(Error)
  }
})

describe('aesGcmBare', () => {
  const nist = fakeIo(secrets({ key: '{"secretKey":"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308","encoding":"hex"}' }))
  // McGrew and Viega, The Galois/Counter Mode of Operation, test case 15; a shorter tag is its first bytes (NIST SP 800-38D 7.1).
  const body = 'cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad'
  const tag = 'b094dac5d93471bdec1a502270e3cc6c'
  test.each([128, 120, 112, 104, 96] as const)('a tag of %i bits', async (tagBits) => {
    const cipher = aesGcmBare({ key, why, tagBits, encoding: 'hex' })
    const sealed = body + tag.slice(0, tagBits / 4)
    const opened = 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
    expect(await hexOf(cipher.open({ sealed }, nist))).toBe(opened)
    const other = tagBits === 128 ? 120 : 128
    await expect(aesGcmBare({ key, why, tagBits: other, encoding: 'hex' }).open({ sealed }, nist)).rejects.toThrow(failed)
    const bytes = Buffer.from((await cipher.seal(text, io)).sealed, 'hex')
    expect(bytes).toHaveLength(12 + 11 + tagBits / 8)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      await expect(cipher.open({ sealed: flipped.toString('hex') }, io)).rejects.toThrow(failed)
    }
    for (let length = 0; length < bytes.length; length++) await expect(cipher.open({ sealed: bytes.subarray(0, length).toString('hex') }, io)).rejects.toThrow(failed)
  })
  test('an IV of 16 bytes, beside, and text that is authenticated with it', async () => {
    const cipher = aesGcmBare({ key, why, iv: 'beside', ivBytes: 16, aad: 'orders' })
    const { sealed } = await cipher.seal(text, io)
    expect(Buffer.from((JSON.parse(sealed) as { iv: string }).iv, 'base64')).toHaveLength(16)
    expect(await utf8(cipher.open({ sealed }, io))).toBe('078-05-1120')
    for (const other of [aesGcmBare({ key, why, iv: 'beside', ivBytes: 16 }), aesGcmBare({ key, why, iv: 'beside', aad: 'orders' })]) await expect(other.open({ sealed }, io)).rejects.toThrow(failed)
  })
})

test('what is shown of each: legacy, and why', () => {
  expect(aesCbc({ key, why }).config).toMatchObject({ legacy: true, why, key, iv: 'concatenated', padding: 'pkcs7', encoding: 'base64' })
  expect(aesCtr({ key, why, iv: 'beside' }).config).toMatchObject({ legacy: true, why, iv: 'beside', padding: 'none', encoding: 'base64', besideEncoding: 'base64' })
  expect(aesEcb({ key, why }).config).toStrictEqual({ legacy: true, why, key, padding: 'pkcs7', encoding: 'base64' })
  expect(aesGcmBare({ key, why, aad: 'orders' }).config).toMatchObject({ legacy: true, why, ivBytes: 12, tagBits: 128, aad: 'orders' })
})

test('each has its name, and needs its key alone', () => {
  expect([aesCbc, aesCfb, aesCtr, aesOfb, aesEcb, aesGcmBare].map((cipher) => cipher({ key, why }).cipher)).toStrictEqual(['aes-cbc', 'aes-cfb', 'aes-ctr', 'aes-ofb', 'aes-ecb', 'aes-gcm-bare'])
  for (const cipher of [aesCbc, aesGcmBare]) expect(cipher({ key, why }).needs).toMatchObject([{ resource: key, actions: ['secretsmanager:GetSecretValue'] }])
})

test('mistakes are one sentence', () => {
  for (const [name, make] of Object.entries({ aesCbc, aesCfb, aesCtr, aesOfb, aesEcb, aesGcmBare }) as [string, (options: unknown) => unknown][]) {
    for (const why of ['', 'too short', undefined]) expect(() => make({ key, why })).toThrow(new TypeError(`${name}, why: say in a sentence why nothing newer can be used here`))
    for (const key of [undefined, account('key', secretKey({ bits: 512 })), { kind: 'account' }]) expect(() => make({ key, why })).toThrow(new TypeError(`${name}, key: write account('name', secretKey({ bits: 128 })), 192 or 256`))
    expect(() => make({ key, why, encoding: 'latin1' })).toThrow(new TypeError(`${name}, encoding: write base64url, base64 or hex`))
    if (name !== 'aesGcmBare') expect(() => make({ key, why, padding: 'zero' })).toThrow(new TypeError(`${name}, padding: write pkcs7 or none`))
  }
  expect(() => aesCbc({ key, why, iv: 'given' as never })).toThrow(new TypeError('aesCbc, iv: write concatenated, beside or zero'))
  expect(() => aesGcmBare({ key, why, iv: 'zero' as never })).toThrow(new TypeError('aesGcmBare, iv: write concatenated or beside'))
  expect(() => aesGcmBare({ key, why, ivBytes: 8 as never })).toThrow(new TypeError('aesGcmBare, ivBytes: write 12 or 16'))
  expect(() => aesGcmBare({ key, why, tagBits: 64 as never })).toThrow(new TypeError('aesGcmBare, tagBits: write 128, 120, 112, 104 or 96'))
  expect(() => aesCbc({ key, why, iv: 'beside', besideEncoding: 'utf8' as never })).toThrow(new TypeError('aesCbc, besideEncoding: write base64url, base64 or hex'))
})

interface Cbc { readonly key: string; readonly iv: string; readonly msg: string; readonly ct: string }
interface Gcm extends Cbc { readonly aad: string; readonly tag: string }
withVectors('wycheproof', 'Wycheproof', () => {
  test('aes_cbc_pkcs5', async () => {
    const { testGroups, numberOfTests } = json<Wycheproof<Cbc>>('wycheproof/aes_cbc_pkcs5_test.json')
    let ran = 0
    for (const { keySize, tests } of testGroups) {
      const cipher = aesCbc({ key: keys[keySize as 128], why, encoding: 'hex' })
      for (const { tcId, key, iv, msg, ct, result } of tests) {
        const opening = cipher.open({ sealed: iv + ct }, keyed(key))
        if (result === 'valid') expect(await hexOf(opening), `${tcId}`).toBe(msg)
        else await expect(opening, `${tcId}`).rejects.toThrow(failed)
        ran++
      }
    }
    console.log(`Wycheproof aes_cbc_pkcs5: ${ran} run, none skipped`)
    expect(ran).toBe(numberOfTests)
  })
  test('aes_gcm', async () => {
    const { testGroups, numberOfTests } = json<{ readonly numberOfTests: number; readonly testGroups: readonly (Wycheproof<Gcm>['testGroups'][number] & { readonly ivSize: number })[] }>('wycheproof/aes_gcm_test.json')
    let [ran, skipped, bytes] = [0, 0, 0]
    for (const { keySize, ivSize, tests } of testGroups) {
      if (ivSize !== 96 && ivSize !== 128) {
        skipped += tests.length
        continue
      }
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
        // Associated data is text here.
        const associated = Buffer.from(aad, 'hex')
        if (!Buffer.from(associated.toString()).equals(associated)) {
          bytes++
          continue
        }
        const opening = aesGcmBare({ key: keys[keySize as 128], why, encoding: 'hex', ivBytes: ivSize === 96 ? 12 : 16, aad: associated.toString() }).open({ sealed: iv + ct + tag }, keyed(key))
        if (result === 'valid') expect(await hexOf(opening), `${tcId}`).toBe(msg)
        else await expect(opening, `${tcId}`).rejects.toThrow(failed)
        ran++
      }
    }
    console.log(`Wycheproof aes_gcm: ${ran} run, ${skipped} skipped: an IV of neither 12 nor 16 bytes, ${bytes} skipped: associated data that is no text`)
    expect(ran + skipped + bytes).toBe(numberOfTests)
  })
})
