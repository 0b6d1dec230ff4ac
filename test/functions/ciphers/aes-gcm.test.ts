import { randomBytes } from 'node:crypto'
import { account } from 'sallyport'
import { expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

const key = account('archive-key', secretKey())
const io = fakeIo(secrets({ 'archive-key': JSON.stringify({ secretKey: Buffer.alloc(32, 7).toString('base64url') }) }))
const other = fakeIo(secrets({ 'archive-key': JSON.stringify({ secretKey: randomBytes(32).toString('base64url') }) }))
const cipher = aesGcm({ key, context: 'loan archive' })
const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED' })

test('opens what it sealed, with 61 bytes more and a version byte', async () => {
  const { sealed } = await cipher.seal(Buffer.from('078-05-1120'), io)
  const bytes = Buffer.from(sealed, 'base64url')
  expect(bytes.length).toBe(11 + 61)
  expect(bytes[0]).toBe(1)
  expect(Buffer.from(await cipher.open({ sealed }, io)).toString()).toBe('078-05-1120')
})

test('no two seals are alike', async () => {
  const seals = await Promise.all(Array.from({ length: 50 }, () => cipher.seal(Buffer.from('x'), io)))
  expect(new Set(seals.map(({ sealed }) => sealed)).size).toBe(50)
})

test('another key, another context, any flipped bit, another version, padding and truncation are refused', async () => {
  const { sealed } = await cipher.seal(Buffer.from('text'), io)
  await expect(cipher.open({ sealed }, other)).rejects.toThrow(failed)
  await expect(aesGcm({ key, context: 'other' }).open({ sealed }, io)).rejects.toThrow(failed)
  await expect(cipher.open({ sealed: `${sealed}=` }, io)).rejects.toThrow(failed)
  await expect(cipher.open({ sealed: '' }, io)).rejects.toThrow(failed)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    await expect(cipher.open({ sealed: flipped.toString('base64url') }, io)).rejects.toThrow(failed)
  }
  for (let length = 0; length < bytes.length; length++) {
    await expect(cipher.open({ sealed: bytes.subarray(0, length).toString('base64url') }, io)).rejects.toThrow(failed)
  }
})

test('a context of nothing is refused, and so is a key of other than 256 bits', () => {
  expect(() => aesGcm({ key, context: ' ' })).toThrow(TypeError)
  expect(() => secretKey().read('{"secretKey":"dG9vIHNob3J0"}')).toThrow(TypeError)
})
