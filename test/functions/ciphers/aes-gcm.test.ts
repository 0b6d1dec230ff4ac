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

// Made by python-cryptography 48 and hmac of Python, by the definition in the docstring, with the IV 00 01 … 0b.
test('opens what another implementation sealed, the empty text too, in its own field alone', async () => {
  const sealed = 'AUtXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAECAwQFBgcICQoL5SW-Obg1wa0GJS-ex9IKGGiNAgP2Wsu5Xbxx'
  expect(Buffer.from(await cipher.open({ sealed }, io, { field: 'applicant.ssn' })).toString()).toBe('078-05-1120')
  await expect(cipher.open({ sealed }, io, { field: 'applicant.name' })).rejects.toThrow(failed)
  await expect(cipher.open({ sealed }, io)).rejects.toThrow(failed)
  const empty = 'AUtXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAECAwQFBgcICQoLIixm2Ce78NOMu2Wq_MbTxw'
  expect(await cipher.open({ sealed: empty }, io, { field: 'applicant.ssn' })).toHaveLength(0)
})

// By the same program, with the right key and a tag that is right for what stands before it.
test.each([
  ['another version', 'AktXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAECAwQFBgcICQoL5SW-Obg1wa0GJS_QTWMyiVuZuKJWisNBit9t'],
  ['the id of another key: a text that two keys could open', 'AUpXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAECAwQFBgcICQoL5SW-Obg1wa0GJS-SFaua8Bhj8ZWWxXu-9fFQ'],
  ['60 bytes, in which the tag begins within the IV', 'AUtXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAAAAAAAAAAAAAFTl1IB3sYUCeII--WJcdmS'],
])('authentic, and refused: %s', async (_, sealed) => {
  await expect(cipher.open({ sealed }, io, { field: 'applicant.ssn' })).rejects.toThrow(failed)
})

test('what is shown of it', () => {
  expect(cipher).toMatchObject({ cipher: 'aes-gcm', mediaType: 'application/octet-stream', config: { key, context: 'loan archive' }, needs: [{ resource: key, actions: ['secretsmanager:GetSecretValue'] }] })
  expect(() => aesGcm({ key, context: ' ' })).toThrow(new TypeError('aesGcm: say in `context` what the sealed text is for, or leave it out'))
})
