import { createSecretKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { account, keyPair, type Opener, type Sealer } from 'sallyport'
import { publicKey } from '../../functions/accounts/public-key.ts'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { a256Gcm, a256Kw, direct } from '../../functions/ciphers/jwe-algorithms.ts'
import { jwe } from '../../functions/ciphers/jwe.ts'
import { local } from '../../layers/runtime/private-key.ts'
import type { Row } from '../row.ts'
import * as bare from './bare.ts'
import { against } from './compare.ts'
import { warm } from './warm.ts'

interface Case {
  readonly way: bare.Way
  readonly sealer: Sealer
  readonly opener: Opener
  /** For jose: what seals, and what opens. */
  readonly keys: readonly [KeyObject, KeyObject]
}

/** JWE in compact form with A256GCM, of 2 KB, on the keys that `jwe` uses by default and on shared ones. */
export async function jwes(): Promise<Row[]> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = randomBytes(32)
  const shared = createSecretKey(secret)
  const jwk = (key: KeyObject, kid: string) => ({ publicKey: { ...key.export({ format: 'jwk' }), kid } })
  const kids: Readonly<Record<string, string>> = { 'RSA-OAEP-256': 'inbox-rsa-1', 'ECDH-ES+A256KW': 'inbox-ec-1', A256KW: 'shared', dir: 'shared' }
  const io = warm(
    { rsa: jwk(rsa.publicKey, 'inbox-rsa-1'), ec: jwk(ec.publicKey, 'inbox-ec-1'), shared: { secretKey: secret.toString('base64url') } },
    { privateKey: (_pair, kid) => halves.get(kid) ?? Promise.resolve(undefined) },
  )
  const halves = new Map([['inbox-rsa-1', Promise.resolve(local('rsa', rsa.privateKey))], ['inbox-ec-1', Promise.resolve(local('ec', ec.privateKey))]])
  const opener = jwe({ key: keyPair('inbox', { custody: 'wrapped' }) })
  const both = (algorithm: typeof direct) => jwe({ key: account('shared', secretKey()), algorithms: [algorithm], encryptions: [a256Gcm], kid: 'shared' })
  const cases: readonly Case[] = [
    { way: bare.rsa(rsa.publicKey, rsa.privateKey), sealer: jwe({ to: account('rsa', publicKey()) }), opener, keys: [rsa.publicKey, rsa.privateKey] },
    { way: bare.ecdh(ec.publicKey, ec.privateKey), sealer: jwe({ to: account('ec', publicKey()) }), opener, keys: [ec.publicKey, ec.privateKey] },
    ...([[bare.a256Kw(shared), both(a256Kw)], [bare.direct(secret), both(direct)]] as const).map(([way, cipher]): Case => ({ way, sealer: cipher, opener: cipher, keys: [shared, shared] })),
  ]
  const plain = randomBytes(2_048)
  const rows: Row[] = []
  for (const { way, sealer, opener, keys: [to, own] } of cases) {
    const { alg } = way
    const kid = kids[alg] as string
    const byJose = () => new CompactEncrypt(plain).setProtectedHeader({ alg, enc: 'A256GCM', kid }).encrypt(to)
    const { sealed } = await sealer.seal(plain, io)
    // Each opens what another sealed: they do the same.
    const opened = [bare.openJwe(way, kid, sealed), await opener.open({ sealed: await byJose() }, io), (await compactDecrypt(bare.sealJwe(way, kid, plain), own)).plaintext]
    if (!opened.every((bytes) => plain.equals(bytes))) throw new Error(`${alg}: not the same work`)
    rows.push(
      ...await against(`jwe ${alg}, seals 2 KB`, () => sealer.seal(plain, io), { 'against node:crypto': { work: () => bare.sealJwe(way, kid, plain), goal: 1.15 }, 'against jose': { work: byJose, goal: null } }),
      ...await against(`jwe ${alg}, opens 2 KB`, () => opener.open({ sealed }, io), { 'against node:crypto': { work: () => bare.openJwe(way, kid, sealed), goal: 1.15 }, 'against jose': { work: () => compactDecrypt(sealed, own), goal: null } }),
    )
  }
  return rows
}
