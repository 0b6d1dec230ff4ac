import { assert, asyncProperty, constantFrom, json, oneof, record, string, tuple, uint8Array } from 'fast-check'
import { generateKeyPairSync } from 'node:crypto'
import { account, iam, pipeline, post, type Opener } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { beforeAll, expect, test } from 'vitest'
import { passphrase } from '../../../functions/accounts/passphrase.ts'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../../functions/ciphers/aes-cbc-hmac.ts'
import { aesCbc, aesCfb, aesCtr, aesEcb, aesGcmBare, aesOfb, pbeWithMd5AndDes, rsaOaepSha1, rsaPkcs1v15 } from '../../../functions/ciphers/legacy.ts'
import { pbe } from '../../../functions/ciphers/pbe.ts'
import { rsaOaep } from '../../../functions/ciphers/rsa-oaep.ts'
import { decrypt } from '../../../functions/steps/index.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

const why = 'the old platform writes nothing else'
const shared = account('shared', secretKey())
const inbox = account('inbox', privateKey())
const words = account('words', passphrase())

/** What is authenticated opens nothing of these; the rest gives bytes, or the one fault. */
const authenticated: readonly Opener[] = [
  aesCbcHmac({ key: shared }), pbe({ passphrase: words }), rsaOaep({ key: inbox }), rsaOaep({ key: inbox, kid: true, wraps: 'hex', encoding: 'base64' }), rsaOaepSha1({ key: inbox, why }),
  aesGcmBare({ key: shared, why }), aesGcmBare({ key: shared, why, iv: 'beside', ivBytes: 16 }),
]
const open: readonly Opener[] = [
  ...[aesCbc, aesCfb, aesCtr, aesOfb].flatMap((mode) => [mode({ key: shared, why }), mode({ key: shared, why, iv: 'beside', encoding: 'hex' }), mode({ key: shared, why, iv: 'zero', padding: 'none' })]),
  aesEcb({ key: shared, why }), pbeWithMd5AndDes({ passphrase: words, why }), pbeWithMd5AndDes({ passphrase: words, why, salt: 'beside' }), rsaPkcs1v15({ key: inbox, length: 16, why }),
]
let io = fakeIo()
beforeAll(() => {
  const { privateKey: pem } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  const texts = secrets({ shared: JSON.stringify({ secretKey: 'A'.repeat(43) }), inbox: JSON.stringify({ privateKey: pem }), words: '{"passphrase":"correct horse battery"}' })
  const contents = new Map([shared, inbox, words].map((account) => [account.name, texts.material?.(account as never)]))
  io = fakeIo({ id: 'fuzz', pipeline: 'fuzz', now: () => 0, deadline: 1, material: (account) => contents.get(account.name) as never })
})

const bytes = uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))
const written = tuple(bytes, constantFrom('base64url', 'base64', 'hex', 'latin1' as const)).map(([bytes, encoding]) => bytes.toString(encoding as BufferEncoding))
const text = oneof(
  string({ unit: 'binary', maxLength: 300 }), written, json(),
  // A head that each might know, and anything behind it.
  tuple(constantFrom('0301110801', '03020927c0', '02', '01', '00'), bytes).map(([head, rest]) => Buffer.concat([Buffer.from(head, 'hex'), rest]).toString('base64url')),
  record({ result: written, iv: written, _salt: written }, { requiredKeys: [] }).map((members) => JSON.stringify(members)),
)

test('whatever is to be opened ends in bytes or in the one fault, and what is authenticated in the fault alone', async () => {
  await assert(asyncProperty(text, async (sealed) => {
    for (const opener of [...authenticated, ...open]) {
      const opened = await opener.open({ sealed }, io, { field: 'a.b' }).catch((error: unknown) => expect(error).toMatchObject({ name: 'Fault', code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] }))
      if (opened instanceof Uint8Array) {
        expect(authenticated).not.toContain(opener)
        expect(opened.length).toBeLessThanOrEqual(sealed.length)
      }
    }
  }), { numRuns: 400 })
})

test('the manifest shows each as plain JSON, the old ones as such and with the reason', () => {
  for (const opener of [...authenticated, ...open]) {
    const shown = JSON.stringify(manifest(pipeline({ name: 'inbox', trigger: post('/inbox', { auth: iam(), accept: 'application/jose' }), steps: decrypt(opener) })))
    expect(shown).toContain(`"cipher":"${opener.cipher}"`)
    expect(shown.includes(`"legacy":true,"why":"${why}"`)).toBe('legacy' in opener.config)
  }
})
