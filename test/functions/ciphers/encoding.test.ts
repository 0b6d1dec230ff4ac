import { account, envelopeKey, type Io, type Opener } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { passphrase } from '../../../functions/accounts/passphrase.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../../functions/ciphers/aes-cbc-hmac.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { bytesIn } from '../../../functions/ciphers/fields/encoding.ts'
import { kmsEnvelope } from '../../../functions/ciphers/kms-envelope.ts'
import { pbe } from '../../../functions/ciphers/pbe.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

describe('base64url', () => {
  test.each([['', ''], ['AA', '00'], ['_w', 'ff'], ['AAA', '0000'], ['__8', 'ffff'], ['AAAA', '000000'], ['-_-_', 'fbffbf'], ['Zm9vYmE', '666f6f6261']])('%j is read', (text, hex) => {
    expect(bytesIn('base64url', text).toString('hex')).toBe(hex)
  })
  test.each([
    ['padding', 'AA=='], ['half of it', 'AA='], ['padding of two bytes', 'AAA='], ['padding where none belongs', 'AAAA='], ['a bit behind the last byte', 'AB'], ['four of them', 'AP'], ['one behind two bytes', 'AAB'], ['two', 'AAD'],
    ['a character too many', 'A'], ['one behind whole ones', 'AAAAA'], ['a space before', ' AA'], ['behind', 'AA '], ['within', 'A A'], ['a line end', 'AA\n'], ['a tab', '\tAA'], ['the alphabet of base64', '+/+/'],
    ['a dot', 'AA.'], ['a letter of another alphabet', 'ÀAAA'], ['a NUL', 'AA\u0000'], ['no text', undefined], ['null', null], ['a number', 7], ['an object that has a length', { length: 3 }], ['a list', ['AA']],
  ])('%s is refused', (_, text) => {
    expect(() => bytesIn('base64url', text)).toThrow('not in its encoding')
  })
  test('of 6,291,456 characters at most', () => {
    expect(bytesIn('base64url', 'A'.repeat(6_291_456))).toHaveLength(4_718_592)
    expect(() => bytesIn('base64url', 'A'.repeat(6_291_460))).toThrow('not in its encoding')
  })
})

describe('one authentic text opens in its one spelling alone', () => {
  const held = passphrase().read(JSON.stringify({ passphrase: 'correct horse b\u00e4ttery staple' }))
  const sevens = (bytes: number): string => JSON.stringify({ secretKey: Buffer.alloc(bytes, 7).toString('base64url') })
  const shared = fakeIo(secrets({ small: sevens(32), large: sevens(64) }))
  const field = { field: 'applicant.ssn' }
  // From the tests of each cipher, by other implementations; the last character of each has bits to spare.
  const texts: readonly (readonly [string, Opener, Io, sealed: string, spare: string])[] = [
    ['aesGcm', aesGcm({ key: account('small', secretKey()), context: 'loan archive' }), shared, 'AUtXi6_x2Sf_iw2nwFoxZvPk4FRWXZHsK7BmPfRlG8ZqAAECAwQFBgcICQoLIixm2Ce78NOMu2Wq_MbTxw', 'x'],
    ['aesCbcHmac', aesCbcHmac({ key: account('large', secretKey({ bits: 512 })), context: 'loan archive' }), shared, 'AlbYDRCN-lbPBRH68D_mKDDw1g4eO35En1F3nWSSdnnHAAECAwQFBgcICQoLDA0OD5kYDIpkKJ687NP2Jy2DXJsTXAdCDZEzk8WMVfSRujOoeclroo-gHTPcv7CKPmDy0w', 'x'],
    ['pbe', pbe({ passphrase: account('words', passphrase()), context: 'loan archive' }), fakeIo({ id: 'one', pipeline: 'payments', now: () => 0, deadline: 1, material: () => Promise.resolve(held as never) }), 'AwIJJ8AAAQIDBAUGBwgJCgsMDQ4PUj-1aybQInQNvT8qgqVpvOuoq86skC5Dw1T3VjJUhmpkZWZnaGlqa2xtbm8eMh5J54nNpRZxFC2kcmtm7it6XhoJSVnvPz8', '9'],
    ['kmsEnvelope', kmsEnvelope({ key: envelopeKey('vault'), context: 'loans' }), fakeIo({ unseal: (_key, _context, sealed) => Buffer.from(sealed).equals(Buffer.of(0xfb)) ? Promise.resolve(Buffer.of(1)) : Promise.reject(new Error('not asked for')) }), '-w', 'x'],
  ]
  test.each(texts)('%s', async (_name, cipher, io, sealed, spare) => {
    await expect(cipher.open({ sealed }, io, field)).resolves.toBeInstanceOf(Uint8Array)
    const wrong = [`${sealed}=`, `${sealed}==`, `${sealed}\n`, ` ${sealed}`, `${sealed.slice(0, 1)} ${sealed.slice(1)}`, `${sealed.slice(0, -1)}${spare}`, sealed.replaceAll('-', '+').replaceAll('_', '/')]
    expect(new Set([sealed, ...wrong]).size).toBe(8)
    for (const text of wrong) await expect(cipher.open({ sealed: text }, io, field), text).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' })
  })
})
