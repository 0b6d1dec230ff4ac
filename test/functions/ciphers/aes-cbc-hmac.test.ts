import { createSecretKey, randomBytes } from 'node:crypto'
import { account, type Account, type Material } from 'sallyport'
import { expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../../functions/ciphers/aes-cbc-hmac.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { a128CbcHs256, a256CbcHs512 } from '../../../functions/ciphers/jwe/aes-cbc-hmac.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { withVectors } from '../../vectors.ts'
import { json, type Wycheproof } from '../hashes/published.ts'

const large = account('large', secretKey({ bits: 512 }))
const small = account('small', secretKey())
const sevens = (bytes: number): string => JSON.stringify({ secretKey: Buffer.alloc(bytes, 7).toString('base64url') })
const io = fakeIo({ ...secrets({ large: sevens(64), small: sevens(32) }), pipeline: 'archive' })
const other = fakeIo({ material: <Content>(account: Account<Material<string, Content>>) => Promise.resolve(createSecretKey(randomBytes(account.name === 'large' ? 64 : 32)) as Content), pipeline: 'archive' })
const ciphers = { 'A256CBC-HS512': aesCbcHmac({ key: large, context: 'loan archive' }), 'A128CBC-HS256': aesCbcHmac({ key: small, context: 'loan archive' }) }
const each = Object.entries(ciphers)
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
const text = Buffer.from('078-05-1120')

// Made by python-cryptography 48 and hmac of Python, by the definition in the docstring, with the IV 00 01 … 0f.
test.each([
  ['A256CBC-HS512', 'AlbYDRCN-lbPBRH68D_mKDDw1g4eO35En1F3nWSSdnnHAAECAwQFBgcICQoLDA0OD5kYDIpkKJ687NP2Jy2DXJsTXAdCDZEzk8WMVfSRujOoeclroo-gHTPcv7CKPmDy0w'],
  ['A128CBC-HS256', 'Av_CCk_voev7wTg3P0sZdtxdvyyOct2LMW9wR06uH-AUAAECAwQFBgcICQoLDA0OD_MdbY_URefB9fVtZOLOA59EKNXlQiQzlo7TLrX6-Td3'],
] as const)('%s opens what another implementation sealed', async (name, sealed) => {
  expect(Buffer.from(await ciphers[name].open({ sealed }, io, { field: 'applicant.ssn' })).toString()).toBe('078-05-1120')
  await expect(ciphers[name].open({ sealed }, io, { field: 'applicant.name' })).rejects.toThrow(failed)
  await expect(ciphers[name].open({ sealed }, io)).rejects.toThrow(failed)
})

test.each(each)('%s: opens what it sealed, of any length, and no two seals are alike', async (name, cipher) => {
  for (const length of [0, 1, 15, 16, 17, 100_000]) {
    const plain = randomBytes(length)
    const { sealed } = await cipher.seal(plain, io, { field: 'a' })
    const tag = name === 'A256CBC-HS512' ? 32 : 16
    expect(Buffer.from(sealed, 'base64url')).toHaveLength(33 + 16 + 16 * (Math.floor(length / 16) + 1) + tag)
    expect(plain.equals(await cipher.open({ sealed }, io, { field: 'a' }))).toBe(true)
  }
  const seals = await Promise.all(Array.from({ length: 50 }, () => cipher.seal(text, io)))
  expect(new Set(seals.map(({ sealed }) => sealed)).size).toBe(50)
})

test.each(each)('%s: any flipped bit, any truncation, another key, context, pipeline or spelling is refused alike', async (_name, cipher) => {
  const { sealed } = await cipher.seal(text, io)
  const key = cipher === ciphers['A256CBC-HS512'] ? large : small
  await expect(cipher.open({ sealed }, other)).rejects.toThrow(failed)
  await expect(aesCbcHmac({ key, context: 'other' }).open({ sealed }, io)).rejects.toThrow(failed)
  await expect(aesCbcHmac({ key }).open({ sealed }, io)).rejects.toThrow(failed)
  for (const wrong of [`${sealed}=`, `${sealed} `, `${sealed}AA`, '', ' ', 'A'.repeat(7_000_000)]) await expect(cipher.open({ sealed: wrong }, io)).rejects.toThrow(failed)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    await expect(cipher.open({ sealed: flipped.toString('base64url') }, io)).rejects.toThrow(failed)
  }
  for (let length = 0; length < bytes.length; length++) await expect(cipher.open({ sealed: bytes.subarray(0, length).toString('base64url') }, io)).rejects.toThrow(failed)
})

test('without a context it is bound to the pipeline', async () => {
  const cipher = aesCbcHmac({ key: large })
  const { sealed } = await cipher.seal(text, io)
  expect(text.equals(await cipher.open({ sealed }, io))).toBe(true)
  await expect(cipher.open({ sealed }, fakeIo({ ...io, material: io.material, pipeline: 'other' }))).rejects.toThrow(failed)
})

test('what aesGcm sealed with the same key does not open, nor the other way', async () => {
  const gcm = aesGcm({ key: small, context: 'loan archive' })
  const cbc = ciphers['A128CBC-HS256']
  await expect(cbc.open(await gcm.seal(text, io), io)).rejects.toThrow(failed)
  await expect(gcm.open(await cbc.seal(text, io), io)).rejects.toThrow(failed)
})

test('what is shown of it, and what it refuses', () => {
  expect(ciphers['A256CBC-HS512']).toMatchObject({ cipher: 'aes-cbc-hmac', mediaType: 'application/octet-stream', config: { key: large, context: 'loan archive', algorithm: 'A256CBC-HS512' }, needs: [{ actions: ['secretsmanager:GetSecretValue'] }] })
  expect(() => aesCbcHmac({ key: large, context: ' ' })).toThrow(new TypeError('aesCbcHmac: say in `context` what the sealed text is for, or leave it out'))
  for (const key of [undefined, {}, account('middle', secretKey({ bits: 384 }))]) expect(() => aesCbcHmac({ key: key as never })).toThrow(new TypeError("aesCbcHmac, key: write account('name', secretKey({ bits: 512 })), or 256 bits"))
})

interface Aead { readonly key: string; readonly iv: string; readonly aad: string; readonly msg: string; readonly ct: string; readonly tag: string }
withVectors('wycheproof', 'Wycheproof', () => {
  test.each([['a128cbc_hs256', a128CbcHs256], ['a256cbc_hs512', a256CbcHs512]] as const)('the algorithm behind it, %s', (name, algorithm) => {
    const { testGroups, numberOfTests } = json<Wycheproof<Aead>>(`wycheproof/${name}_test.json`)
    let ran = 0
    for (const { tcId, result, ...parts } of testGroups.flatMap(({ tests }) => tests)) {
      const [key, iv, ciphertext, tag] = [parts.key, parts.iv, parts.ct, parts.tag].map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer, Buffer, Buffer]
      const open = () => algorithm.decrypt(key, { iv, ciphertext, tag }, Buffer.from(parts.aad, 'hex').toString('latin1'))
      if (result === 'valid') expect(Buffer.from(open()).toString('hex'), `${tcId}`).toBe(parts.msg)
      else expect(open, `${tcId}`).toThrow(failed)
      ran++
    }
    console.log(`Wycheproof ${name}: ${ran} run, none skipped`)
    expect(ran).toBe(numberOfTests)
  })
})
