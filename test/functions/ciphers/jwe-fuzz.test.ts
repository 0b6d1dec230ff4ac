import { assert, asyncProperty, constantFrom, json as anyJson, jsonValue, oneof, record, string, tuple, uint8Array } from 'fast-check'
import { account, type Opener, type Sealer } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { publicKey } from '../../../functions/accounts/public-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { a128CbcHs256, a256CbcHs512, a256Gcm, a256GcmKw, a256Kw, direct, ecdhEs, ecdhEsA256Kw, rsaOaep256 } from '../../../functions/ciphers/jwe-algorithms.ts'
import { flattenedJson, generalJson } from '../../../functions/ciphers/jwe-json.ts'
import { jwe } from '../../../functions/ciphers/jwe.ts'
import { cpu } from '../../cpu.ts'
import { fakeIo, secrets } from '../../fake-io.ts'
import { curveKeys, failed, rsaKeys } from './jwe-parts.ts'

const plain = Buffer.from('078-05-1120')
let io: ReturnType<typeof fakeIo>
beforeAll(() => {
  const halves = Object.entries({ rsa: rsaKeys(), ec: curveKeys('P-256'), x: curveKeys('X25519') })
  io = fakeIo(secrets(Object.fromEntries([
    ['shared', JSON.stringify({ secretKey: Buffer.alloc(32, 5).toString('base64url') })],
    ...halves.flatMap(([name, keys]) => [
      [name, JSON.stringify({ privateKey: { ...keys.privateKey.export({ format: 'jwk' }), kid: name } })],
      [`${name}-public`, JSON.stringify({ publicKey: { ...keys.publicKey.export({ format: 'jwk' }), kid: name } })],
    ]),
  ])))
})
const shared = account('shared', secretKey())
const both = (name: string, how: object) => ({ opener: jwe({ key: account(name, privateKey()), ...how }), sealer: jwe({ to: account(`${name}-public`, publicKey()), ...how }) })
const alone = (how: object) => {
  const cipher = jwe({ key: shared, ...how } as never) as Opener & Sealer
  return { opener: cipher, sealer: cipher }
}
const ways: [string, { readonly opener: Opener; readonly sealer: Sealer }, number][] = [
  ['A256KW, A256GCM', alone({ algorithms: [a256Kw], encryptions: [a256Gcm], kid: 'k' }), 1],
  ['A256GCMKW, A256CBC-HS512', alone({ algorithms: [a256GcmKw], encryptions: [a256CbcHs512] }), 1],
  ['dir, A128CBC-HS256', alone({ algorithms: [direct], encryptions: [a128CbcHs256] }), 1],
  ['dir, flattened JSON with AAD', alone({ algorithms: [direct], encryptions: [a256Gcm], form: flattenedJson({ aad: 'order 17' }) }), 1],
  ['A256KW, general JSON', alone({ algorithms: [a256Kw], encryptions: [a256Gcm], form: generalJson() }), 1],
  ['ECDH-ES+A256KW on P-256', both('ec', { algorithms: [ecdhEsA256Kw] }), 7],
  ['ECDH-ES on X25519, flattened JSON', both('x', { algorithms: [ecdhEs], form: flattenedJson() }), 7],
  ['RSA-OAEP-256', both('rsa', { algorithms: [rsaOaep256] }), 23],
]
const flipped = (text: string, bit: number): string => {
  const bytes = Buffer.from(text, 'latin1')
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
  return bytes.toString('latin1')
}

test.each(ways)('%s: no bit can be flipped', async (_, { opener, sealer }, step) => {
  const { sealed } = await sealer.seal(plain, io)
  expect(Buffer.from(await opener.open({ sealed }, io))).toStrictEqual(plain)
  for (let bit = 0; bit < sealed.length * 8; bit += step) await expect(opener.open({ sealed: flipped(sealed, bit) }, io), `bit ${bit}`).rejects.toThrow(failed)
})

test('for several readers no bit can be flipped but in the part of another', async () => {
  const sealer = jwe({ to: ['ec', 'x'].map((name) => account(`${name}-public`, publicKey())), form: generalJson() })
  const opener = jwe({ key: account('ec', privateKey()), form: generalJson() })
  const { sealed } = await sealer.seal(plain, io)
  const other = [sealed.indexOf('{"header"', sealed.indexOf('"header"') + 1), sealed.indexOf('],"iv"')] as const
  for (let bit = 0; bit < sealed.length * 8; bit += 3) {
    const opening = opener.open({ sealed: flipped(sealed, bit) }, io)
    if (bit < other[0] * 8 || bit >= other[1] * 8) await expect(opening, `bit ${bit}`).rejects.toThrow(failed)
    else await opening.then((bytes) => expect(Buffer.from(bytes)).toStrictEqual(plain), (error: unknown) => expect(error).toSatisfy(failed.asymmetricMatch))
  }
})

describe('no input makes it hang, crash or say more', () => {
  const openers = ways.map(([, { opener }]) => opener)
  const expectRefused = async (sealed: string) => {
    for (const opener of openers) await expect(opener.open({ sealed }, io)).rejects.toThrow(failed)
  }
  test('any text, any parts, any header, any JSON', async () => {
    const part = uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
    const header = record({
      alg: constantFrom('A256KW', 'A256GCMKW', 'dir', 'ECDH-ES', 'ECDH-ES+A256KW', 'RSA-OAEP-256'), enc: constantFrom('A256GCM', 'A256CBC-HS512', 'A128CBC-HS256'),
      kid: constantFrom('ec', 'x', 'rsa', 'k', undefined), epk: jsonValue(), iv: jsonValue(), tag: jsonValue(), apu: jsonValue(),
    }, { requiredKeys: ['alg', 'enc'] })
    const compact = tuple(header.map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')), part, part, part, part).map((parts) => parts.join('.'))
    const json = record({
      protected: header.map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')), unprotected: jsonValue(), header: jsonValue(), recipients: jsonValue(),
      encrypted_key: oneof(part, jsonValue()), iv: part, ciphertext: part, tag: part, aad: oneof(part, jsonValue()),
    }, { requiredKeys: ['protected', 'iv', 'ciphertext', 'tag'] }).map((value) => JSON.stringify(value))
    await expect(assert(asyncProperty(oneof(string(), anyJson(), compact, json), expectRefused), { numRuns: 300 })).resolves.toBeUndefined()
  })
  test('lengths of a gigabyte that a header or a member claims are not believed', async () => {
    const claim = { length: 1_000_000_000 }
    const point = { kty: 'EC', crv: 'P-256', x: claim, y: claim }
    for (const header of [{ alg: 'A256GCMKW', enc: 'A256CBC-HS512', iv: claim, tag: claim }, { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', epk: point }, { alg: 'ECDH-ES', enc: 'A256GCM', epk: { ...point, kty: 'OKP', crv: 'X25519' }, apu: claim }]) {
      const first = Buffer.from(JSON.stringify(header)).toString('base64url')
      const before = process.memoryUsage().arrayBuffers
      await expectRefused(`${first}....`)
      await expectRefused(JSON.stringify({ protected: first, encrypted_key: claim, iv: claim, ciphertext: '', tag: '' }))
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
    }
  })
  test('a token over 4 MiB, and one of dots alone, cost next to nothing', async () => {
    const start = cpu()
    await expectRefused('.'.repeat(4_194_304))
    await expectRefused(`{"protected":"${'A'.repeat(4_194_304)}"}`)
    await expectRefused(`${'A'.repeat(4_194_300)}....`)
    await expectRefused('['.repeat(4_194_304))
    expect(cpu() - start).toBeLessThan(3_000)
    const { opener, sealer } = ways[0]?.[1] ?? expect.unreachable()
    const { sealed } = await sealer.seal(Buffer.alloc(3_145_500), io)
    expect(sealed.length).toBeLessThanOrEqual(4_194_304)
    expect(await opener.open({ sealed }, io)).toHaveLength(3_145_500)
    await expect(opener.open({ sealed: (await sealer.seal(Buffer.alloc(3_145_800), io)).sealed }, io)).rejects.toThrow(failed)
  })
})
