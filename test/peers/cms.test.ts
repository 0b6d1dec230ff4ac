import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { account, type Io, type SigningAlgorithm } from 'sallyport'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateChain } from '../../functions/accounts/certificate-chain.ts'
import { trustAnchors } from '../../functions/accounts/trust-anchors.ts'
import { cms } from '../../functions/signatures/cms.ts'
import { fakeIo } from '../fake-io.ts'

const ours = account('ours', certificateChain())
const theirs = account('theirs', trustAnchors())
const text = 'pay 12.50 to grüße\r\n'
const plain = Buffer.from(text)

if (spawnSync('openssl', ['version']).status === 0) describe('OpenSSL', () => {
  let folder: string
  const at = (name: string): string => join(folder, name)
  const read = (name: string): string => readFileSync(at(name)).toString()
  const openssl = (...given: string[]): Buffer => execFileSync('openssl', given, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const issue = (name: string, key: readonly string[], extensions: readonly string[], issuer?: string): void => {
    writeFileSync(at(`${name}.ext`), extensions.join('\n'))
    openssl('req', '-new', '-newkey', ...key, '-nodes', '-keyout', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
    openssl('x509', '-req', '-in', `${name}.csr`, ...issuer === undefined ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'], '-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`)
  }
  const authority = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash']
  const signer = ['basicConstraints=CA:false', 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=emailProtection', 'subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid']
  const keys: Readonly<Record<string, readonly string[]>> = { rsa: ['rsa:2048'], ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], ed25519: ['ed25519'] }
  const io = (): Io => fakeIo({
    now: () => Date.now() + 2_000,
    material: ({ name }) => Promise.resolve((name === 'theirs' ? trustAnchors().read(JSON.stringify({ trustAnchors: read('root.pem') })) : undefined) as never),
  })
  /** OpenSSL 3.2 and later. */
  const ed25519 = /^OpenSSL (3\.([2-9]|\d\d)|[4-9])/.test(execFileSync('openssl', ['version']).toString())
  if (!ed25519) test.skip('it verifies what we signed: EdDSA: this openssl is older than 3.2', () => {})
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cms'))
    writeFileSync(at('plain'), plain)
    issue('root', ['rsa:3072'], authority)
    issue('middle', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], authority, 'root')
    for (const [name, key] of Object.entries(keys)) issue(name, key, signer, 'middle')
  })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  test.each<[string, string, readonly string[]]>([
    ['RSA over SHA-256', 'rsa', []], ['RSA over SHA-512', 'rsa', ['-md', 'sha512']], ['RSASSA-PSS', 'rsa', ['-keyopt', 'rsa_padding_mode:pss', '-md', 'sha384']],
    ['RSASSA-PSS, salt of the length of the digest', 'rsa', ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:digest']],
    ['ECDSA over SHA-256', 'ec', []], ['ECDSA over SHA-384', 'ec', ['-md', 'sha384']], ['ECDSA, by key identifier', 'ec', ['-keyid']],
  ])('what it signed holds: %s', async (_, name, options) => {
    // OpenSSL 3.0 cannot stream with RSASSA-PSS.
    for (const stream of options.includes('rsa_padding_mode:pss') ? [[]] : [[], ['-stream']]) {
      openssl('cms', '-sign', '-binary', '-nodetach', '-in', 'plain', '-signer', `${name}.pem`, '-inkey', `${name}.key`, '-certfile', 'middle.pem', '-outform', 'DER', '-out', 'signed', ...options, ...stream)
      expect(Buffer.from(await cms({ trust: theirs }).verify?.({ signed: readFileSync(at('signed')).toString('base64') }, io()) ?? []).toString()).toBe(text)
    }
    openssl('cms', '-sign', '-binary', '-in', 'plain', '-signer', `${name}.pem`, '-inkey', `${name}.key`, '-certfile', 'middle.pem', '-outform', 'PEM', '-out', 'signed', ...options)
    await cms({ trust: theirs }).attest(plain, read('signed'), io())
    await expect(cms({ trust: theirs }).attest(Buffer.from('other'), read('signed'), io())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
  })
  test('what it signed without attributes, over SHA-1, or without the authority between does not', async () => {
    for (const options of [['-certfile', 'middle.pem', '-noattr'], ['-certfile', 'middle.pem', '-md', 'sha1'], [], ['-certfile', 'middle.pem', '-nocerts']]) {
      openssl('cms', '-sign', '-binary', '-in', 'plain', '-signer', 'rsa.pem', '-inkey', 'rsa.key', '-outform', 'PEM', '-out', 'signed', ...options)
      await expect(cms({ trust: theirs }).attest(plain, read('signed'), io())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
    }
  })

  test.each<[SigningAlgorithm, string]>([
    ['RS256', 'rsa'], ['RS384', 'rsa'], ['RS512', 'rsa'], ['PS256', 'rsa'], ['PS384', 'rsa'], ['PS512', 'rsa'], ['ES256', 'ec'], ['ES384', 'ec'], ['ES512', 'ec'],
    ...ed25519 ? [['EdDSA', 'ed25519'] as [SigningAlgorithm, string]] : [],
  ])('it verifies what we signed: %s', async (algorithm, name) => {
    const own = fakeIo({ now: () => Date.now(), material: () => Promise.resolve(certificateChain().read(JSON.stringify({ privateKey: read(`${name}.key`), certificateChain: read(`${name}.pem`) + read('middle.pem') })) as never) })
    writeFileSync(at('signed'), (await cms({ key: ours, algorithm, pem: true }).sign?.(plain, own))?.signed ?? '')
    expect(openssl('cms', '-verify', '-binary', '-inform', 'PEM', '-in', 'signed', '-CAfile', 'root.pem').toString()).toBe(text)
    writeFileSync(at('signed'), Buffer.from(await cms({ key: ours, algorithm }).detach(plain, own), 'base64'))
    expect(openssl('cms', '-verify', '-binary', '-inform', 'DER', '-in', 'signed', '-content', 'plain', '-CAfile', 'root.pem').toString()).toBe(text)
  })
})
else test.skip('OpenSSL: openssl is not on this machine, so nothing was exchanged with it', () => {})
