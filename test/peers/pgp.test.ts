import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgp as cipher } from '../../functions/ciphers/pgp.ts'
import { pgp as signature } from '../../functions/signatures/pgp.ts'
import { ioWith, newPair, ours, theirs, type Pair } from '../functions/ciphers/pgp-keys.ts'

const there = (binary: string): boolean => spawnSync(binary, ['--version']).status === 0
const text = 'grüße, 078-05-1120\n- dash\n'
const plain = Buffer.from(text)

if (there('gpg')) describe('GnuPG', () => {
  let home: string
  const at = (name: string): string => join(home, name)
  const gpg = (...given: string[]): Buffer => execFileSync('gpg', ['--homedir', home, '--batch', '--yes', '--quiet', '--trust-model', 'always', '--pinentry-mode', 'loopback', '--passphrase', '', ...given], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exported = (user: string): Pair => ({ publicKey: gpg('--armor', '--export', user).toString(), privateKey: gpg('--armor', '--export-secret-keys', user).toString() })
  beforeAll(() => {
    // A socket's path is short, and gpg-agent has one in its home.
    home = mkdtempSync(join(tmpdir(), 'g'))
    writeFileSync(at('plain'), plain)
  })
  afterAll(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
    rmSync(home, { recursive: true, force: true })
  })

  describe.each([['rsa3072', 'rsa3072'], ['ed25519', 'cv25519'], ['nistp256', 'nistp256']])('keys made by it: %s and %s', (signing, encryption) => {
    const user = `${signing}@example.com`
    let pair: Pair
    beforeAll(() => {
      gpg('--quick-gen-key', user, signing, 'sign', 'never')
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--list-keys', '--with-colons', user).toString())?.[1] ?? ''
      gpg('--quick-add-key', fingerprint, encryption, 'encr', 'never')
      pair = exported(user)
    })
    const io = () => ioWith({ theirs: pair.publicKey, ours: pair.privateKey }, Date.now() + 2_000)
    test.each([['packed as ZLIB', ['-z', '6', '--compress-algo', 'zlib']], ['packed as ZIP', ['--compress-algo', 'zip']], ['not packed', ['-z', '0']]] as const)('what it sealed and signed opens: %s', async (_, options) => {
      gpg('--armor', '--output', at('sealed'), ...options, '--sign', '--local-user', user, '--encrypt', '--recipient', user, at('plain'))
      expect(Buffer.from(await cipher({ key: ours, signedBy: theirs }).open({ sealed: readFileSync(at('sealed')).toString() }, io())).toString()).toBe(text)
      gpg('--output', at('sealed'), ...options, '--sign', '--local-user', user, '--encrypt', '--recipient', user, at('plain'))
      expect(Buffer.from(await cipher({ key: ours, signedBy: theirs }).open({ sealed: readFileSync(at('sealed')).toString('base64') }, io())).toString()).toBe(text)
    })
    test('what it packed as BZip2, or sealed with another cipher, does not', async () => {
      for (const options of [['--compress-algo', 'bzip2'], ['--cipher-algo', '3DES'], ['--cipher-algo', 'CAMELLIA256']]) {
        gpg('--armor', '--output', at('sealed'), ...options, '--encrypt', '--recipient', user, at('plain'))
        await expect(cipher({ key: ours }).open({ sealed: readFileSync(at('sealed')).toString() }, io())).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' })
      }
    })
    test('what it sealed without integrity protection does not', async () => {
      gpg('--armor', '--output', at('sealed'), '--rfc2440', '--cipher-algo', 'AES256', '--disable-mdc', '--encrypt', '--recipient', user, at('plain'))
      expect(spawnSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', '--list-packets', at('sealed')]).stdout.toString()).toMatch(/tag=9 .*\n:encrypted data packet:/)
      await expect(cipher({ key: ours }).open({ sealed: readFileSync(at('sealed')).toString() }, io())).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' })
    })
    test('it opens what we sealed and signed, and says whose signature it is', async () => {
      for (const armor of [true, false]) {
        const { sealed } = await cipher({ to: theirs, signBy: ours, armor }).seal(plain, ioWith({ theirs: pair.publicKey, ours: pair.privateKey }))
        writeFileSync(at('sealed'), armor ? sealed : Buffer.from(sealed, 'base64'))
        const { stdout, stderr, status } = spawnSync('gpg', ['--homedir', home, '--batch', '--status-fd', '2', '--pinentry-mode', 'loopback', '--passphrase', '', '--decrypt', at('sealed')])
        expect([status, stdout.toString()]).toStrictEqual([0, text])
        expect(stderr.toString()).toContain('[GNUPG:] GOODSIG')
        expect(stderr.toString()).toContain('[GNUPG:] GOODMDC')
      }
    })
    test('files of 20 MiB, both ways', async () => {
      const large = Buffer.alloc(20 * 1_048_576, 'a line of text that packs well\n')
      writeFileSync(at('large'), large)
      gpg('--output', at('large.gpg'), '--sign', '--local-user', user, '--encrypt', '--recipient', user, at('large'))
      await cipher({ key: ours, signedBy: theirs }).openFile?.({ from: at('large.gpg'), to: at('large.opened') }, io())
      expect(readFileSync(at('large.opened')).equals(large)).toBe(true)
      await cipher({ to: theirs, signBy: ours }).sealFile?.({ from: at('large'), to: at('large.asc') }, ioWith({ theirs: pair.publicKey, ours: pair.privateKey }))
      gpg('--output', at('large.opened'), '--decrypt', at('large.asc'))
      expect(readFileSync(at('large.opened')).equals(large)).toBe(true)
    })
    test('signatures, both ways: of a message, detached, in clear text', async () => {
      const verifier = signature({ signedBy: theirs })
      for (const [form, options] of [['--sign', []], ['--sign', ['-z', '0']], ['--clearsign', []]] as const) {
        gpg('--armor', '--output', at('signed'), '--local-user', user, ...options, form, at('plain'))
        // In clear text the last line end is not part of what is signed.
        expect(Buffer.from(await verifier.verify?.({ signed: readFileSync(at('signed')).toString() }, io()) ?? []).toString().trimEnd()).toBe(text.trimEnd())
      }
      for (const options of [[], ['--textmode']]) {
        gpg('--armor', '--output', at('plain.asc'), '--local-user', user, ...options, '--detach-sign', at('plain'))
        await verifier.attest(plain, readFileSync(at('plain.asc')).toString(), io())
      }
      // With the other keys it does not sign over SHA-1 itself.
      if (signing === 'rsa3072') {
        gpg('--armor', '--output', at('plain.asc'), '--local-user', user, '--digest-algo', 'SHA1', '--detach-sign', at('plain'))
        await expect(verifier.attest(plain, readFileSync(at('plain.asc')).toString(), io())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
      }

      const own = ioWith({ ours: pair.privateKey })
      writeFileSync(at('plain.asc'), await signature({ key: ours }).detach(plain, own))
      gpg('--verify', at('plain.asc'), at('plain'))
      writeFileSync(at('signed'), (await signature({ key: ours }).sign?.(plain, own))?.signed ?? '')
      expect(gpg('--decrypt', at('signed')).toString()).toBe(text)
    })
  })

  test('a key made by us', async () => {
    const pair = await newPair({ type: 'rsa', rsaBits: 3072, userIDs: [{ email: 'made-here@example.com' }] })
    writeFileSync(at('key'), pair.privateKey)
    gpg('--import', at('key'))
    gpg('--armor', '--output', at('sealed'), '--encrypt', '--recipient', 'made-here@example.com', at('plain'))
    expect(Buffer.from(await cipher({ key: ours }).open({ sealed: readFileSync(at('sealed')).toString() }, ioWith({ ours: pair.privateKey }))).toString()).toBe(text)
  })
})
else test.skip('GnuPG: gpg is not on this machine, so nothing was exchanged with it', () => {})

if (there('sq')) describe('Sequoia', () => {
  let folder: string
  const at = (name: string): string => join(folder, name)
  const sq = (...given: string[]): Buffer => execFileSync('sq', given, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } })
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sq'))
    mkdirSync(at('out'))
    writeFileSync(at('plain'), plain)
  })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
  test('sealed and signed, both ways', async () => {
    const pair = await newPair()
    writeFileSync(at('public'), pair.publicKey)
    writeFileSync(at('private'), pair.privateKey)
    const io = ioWith({ theirs: pair.publicKey, ours: pair.privateKey })
    sq('encrypt', '--recipient-cert', at('public'), '--output', at('sealed'), at('plain'))
    expect(Buffer.from(await cipher({ key: ours }).open({ sealed: readFileSync(at('sealed')).toString() }, io)).toString()).toBe(text)
    writeFileSync(at('sealed'), (await cipher({ to: theirs, signBy: ours }).seal(plain, io)).sealed)
    expect(sq('decrypt', '--recipient-key', at('private'), '--signer-cert', at('public'), at('sealed')).toString()).toBe(text)
    sq('sign', '--signer-key', at('private'), '--detached', '--output', at('signature'), at('plain'))
    await signature({ signedBy: theirs }).attest(plain, readFileSync(at('signature')).toString(), ioWith({ theirs: pair.publicKey }))
    writeFileSync(at('signature'), await signature({ key: ours }).detach(plain, io))
    sq('verify', '--signer-cert', at('public'), '--detached', at('signature'), at('plain'))
  })
})
else test.skip('Sequoia: sq is not on this machine, so nothing was exchanged with it', () => {})
