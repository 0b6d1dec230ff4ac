import { createHmac, createSecretKey, generateKeyPairSync, sign, constants, type KeyObject } from 'node:crypto'
import { CompactSign, compactVerify, FlattenedSign, flattenedVerify, GeneralSign } from 'jose'
import { account, Fault, signingKey, type SigningKey } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { importedSigningKey } from '../../../functions/accounts/imported-signing-key.ts'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { verificationKey } from '../../../functions/accounts/verification-key.ts'
import { flattenedJson } from '../../../functions/signatures/jws-json.ts'
import { jws } from '../../../functions/signatures/jws.ts'
import { fakeIo } from '../../fake-io.ts'
import { imported, invalid, jwkOf, pairAlgorithms, pairFor, ring, shared, sharedAlgorithms, theirs } from './keys.ts'

const plain = Buffer.from('{"amount":"12.50"}')
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const encoded = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const headerOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
const byJose = (alg: string, key: KeyObject, header: object = {}) => new CompactSign(plain).setProtectedHeader({ alg, ...header }).sign(key)

describe.each(pairAlgorithms)('%s, both ways with jose', (algorithm) => {
  const pair = pairFor(algorithm)
  test('verifies what jose signed', async () => {
    const { io, ...use } = theirs(algorithm, jwkOf(pair.publicKey), 'k1')
    for (const header of [{}, { kid: 'k1' }, { kid: 'k1', typ: 'whatever' }]) {
      expect(text(await jws(use).verify?.({ signed: await byJose(algorithm, pair.privateKey, header) }, fakeIo(io)) ?? Buffer.of())).toBe('{"amount":"12.50"}')
    }
    await expect(jws(use).attest(plain, await byJose(algorithm, pair.privateKey), fakeIo(io))).rejects.toThrow(invalid)
  })
  test('signs what jose verifies, attached and detached', async () => {
    const { io, ...use } = imported(algorithm, jwkOf(pair.privateKey), 'k1')
    const signer = jws({ ...use, typ: 'receipt+json' })
    const { signed = '' } = await signer.sign?.(plain, fakeIo(io)) ?? {}
    const { payload, protectedHeader } = await compactVerify(signed, pair.publicKey)
    expect(text(payload)).toBe('{"amount":"12.50"}')
    expect(protectedHeader).toStrictEqual({ alg: algorithm, kid: 'k1', typ: 'receipt+json' })
    const detached = await signer.detach(plain, fakeIo(io))
    expect(detached).toMatch(/^[\w-]+\.\.[\w-]+$/)
    await compactVerify(detached.replace('..', `.${encoded(text(plain))}.`), pair.publicKey)
    // What a key of ours signed it verifies as well.
    expect(text(await signer.verify?.({ signed }, fakeIo(io)) ?? Buffer.of())).toBe('{"amount":"12.50"}')
    await signer.attest(plain, detached, fakeIo(io))
    await expect(signer.attest(Buffer.from('{"amount":"12.51"}'), detached, fakeIo(io))).rejects.toThrow(invalid)
  })
  test('flattened, detached with an unencoded payload, and the general form of jose', async () => {
    const [mine, other] = [imported(algorithm, jwkOf(pair.privateKey), 'k1'), theirs(algorithm, jwkOf(pair.publicKey), 'k1')]
    const { signed = '' } = await jws({ key: mine.key, algorithm, form: flattenedJson() }).sign?.(plain, fakeIo(mine.io)) ?? {}
    expect(text((await flattenedVerify(JSON.parse(signed) as never, pair.publicKey)).payload)).toBe('{"amount":"12.50"}')
    const bare = await jws({ key: mine.key, algorithm, form: flattenedJson(), unencoded: true }).detach(plain, fakeIo(mine.io))
    await flattenedVerify({ ...JSON.parse(bare) as { protected: string; signature: string }, payload: plain }, pair.publicKey)
    const verifier = jws({ from: other.from, algorithm, form: flattenedJson() })
    const general = await new GeneralSign(plain).addSignature(pairFor(algorithm).privateKey).setProtectedHeader({ alg: algorithm, kid: 'k0' })
      .addSignature(pair.privateKey).setProtectedHeader({ alg: algorithm }).setUnprotectedHeader({ kid: 'k1' }).sign()
    expect(text(await verifier.verify?.({ signed: JSON.stringify(general) }, fakeIo(other.io)) ?? Buffer.of())).toBe('{"amount":"12.50"}')
    await expect(verifier.verify?.({ signed: JSON.stringify({ ...general, signatures: general.signatures.slice(0, 1) }) }, fakeIo(other.io))).rejects.toThrow(invalid)
    const unencoded = await new FlattenedSign(plain).setProtectedHeader({ alg: algorithm, b64: false, crit: ['b64'] }).sign(pair.privateKey)
    await jws({ from: other.from, algorithm, form: flattenedJson(), unencoded: true }).attest(plain, JSON.stringify({ protected: unencoded.protected, signature: unencoded.signature }), fakeIo(other.io))
    await expect(jws({ from: other.from, algorithm, form: flattenedJson() }).attest(plain, JSON.stringify(unencoded), fakeIo(other.io))).rejects.toThrow(invalid)
  })
})

test.each(sharedAlgorithms)('%s, both ways with jose', async (algorithm) => {
  const k = Buffer.alloc(64, 7).toString('base64url')
  const { io, ...use } = shared(algorithm, k, 'k1')
  const key = createSecretKey(Buffer.from(k, 'base64url'))
  const both = jws(use)
  const { signed = '' } = await both.sign?.(plain, fakeIo(io)) ?? {}
  expect((await compactVerify(signed, key)).protectedHeader).toStrictEqual({ alg: algorithm, kid: 'k1' })
  for (const header of [{}, { kid: 'k1' }]) expect(text(await both.verify?.({ signed: await byJose(algorithm, key, header) }, fakeIo(io)) ?? Buffer.of())).toBe('{"amount":"12.50"}')
  await expect(both.verify?.({ signed: await byJose(algorithm, key, { kid: 'k2' }) }, fakeIo(io))).rejects.toThrow(invalid)
})

describe('a signing key of ours', () => {
  const [first, second] = [pairFor('ES256'), pairFor('ES256')]
  test.each(['hsm', 'wrapped'] as const)('%s: signs by its newest half and verifies by the one that the token names', async (custody) => {
    const { key, io } = ring('ES256', custody, { 'receipts-1': first, 'receipts-2': second })
    const { signed = '' } = await jws({ key }).sign?.(plain, io) ?? {}
    expect(headerOf(signed)).toStrictEqual({ alg: 'ES256', kid: 'receipts-2' })
    await compactVerify(signed, second.publicKey)
    for (const verifier of [jws({ key }), jws({ from: key })]) {
      expect(text(await verifier.verify?.({ signed }, io) ?? Buffer.of())).toBe('{"amount":"12.50"}')
      await verifier.verify?.({ signed: await byJose('ES256', first.privateKey, { kid: 'receipts-1' }) }, io)
      for (const header of [{}, { kid: 'receipts-3' }, { kid: 'receipts-2' }, { kid: '__proto__' }, { kid: '' }]) {
        await expect(verifier.verify?.({ signed: await byJose('ES256', first.privateKey, header) }, io)).rejects.toThrow(invalid)
      }
    }
    // What names no half is by none, whatever there is.
    const any = fakeIo({ verifying: () => Promise.resolve(first.publicKey) })
    await jws({ key }).verify?.({ signed: await byJose('ES256', first.privateKey, { kid: 'receipts-1' }) }, any)
    await expect(jws({ key }).verify?.({ signed: await byJose('ES256', first.privateKey) }, any)).rejects.toThrow(invalid)
  })
  test('needs to sign what `key` needs, and the public halves alone where it comes `from` it', () => {
    const named = (use: { readonly key: SigningKey } | { readonly from: SigningKey }) => jws(use as never).needs.map(({ resource, actions }) => [resource.name, ...actions])
    const [hsm, wrapped] = [signingKey('receipts', { custody: 'hsm', generation: 2, announced: true }), signingKey('receipts', { custody: 'wrapped' })]
    expect(named({ key: hsm })).toStrictEqual([['receipts', 'kms:GetPublicKey', 'kms:Sign'], ['receipts-2', 'kms:GetPublicKey', 'kms:Sign'], ['receipts-3', 'kms:GetPublicKey']])
    expect(named({ from: hsm })).toStrictEqual([['receipts', 'kms:GetPublicKey'], ['receipts-2', 'kms:GetPublicKey'], ['receipts-3', 'kms:GetPublicKey']])
    expect(named({ key: wrapped })).toStrictEqual([['keys', 'dynamodb:Query'], ['receipts', 'kms:Decrypt']])
    expect(named({ from: wrapped })).toStrictEqual([['keys', 'dynamodb:Query'], ['receipts']])
    expect(jws({ from: wrapped })).not.toHaveProperty('sign')
    expect(jws({ from: wrapped })).not.toHaveProperty('detach')
  })
  test('our own trouble is told apart', async () => {
    const down = fakeIo({ verifying: () => Promise.reject(new Fault('UNAVAILABLE')), signing: () => Promise.reject(new Fault('UNAVAILABLE')) })
    const { key } = ring('ES256', 'hsm', { a: first })
    await expect(jws({ key }).verify?.({ signed: await byJose('ES256', first.privateKey, { kid: 'a' }) }, down)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(jws({ key }).sign?.(plain, down)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('whatever does not hold ends in one and the same fault', () => {
  const pair = pairFor('RS256')
  const { io: doors, ...use } = theirs('RS256', jwkOf(pair.publicKey), 'k1')
  const io = fakeIo(doors)
  const by = (header: object | string, payload = encoded(text(plain)), key: KeyObject = pair.privateKey): string => {
    const input = `${encoded(header)}.${payload}`
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  }
  test('the signatures below would hold but for what is wrong with them', async () => {
    expect(text(await jws(use).verify?.({ signed: by({ alg: 'RS256' }) }, io) ?? Buffer.of())).toBe('{"amount":"12.50"}')
  })
  test.each<[string, () => string]>([
    ['not a JWS', () => 'hello'], ['empty', () => ''], ['two parts', () => by({ alg: 'RS256' }).split('.').slice(0, 2).join('.')], ['four parts', () => `${by({ alg: 'RS256' })}.`],
    ['a line end', () => `${by({ alg: 'RS256' })}\n`], ['padding', () => `${by({ alg: 'RS256' })}==`], ['a space in the payload', () => by({ alg: 'RS256' }, `${encoded('x')} `)],
    ['padding in the payload', () => by({ alg: 'RS256' }, 'eA==')], ['unused bits in the payload', () => by({ alg: 'RS256' }, 'eB')], ['base64 in the payload', () => by({ alg: 'RS256' }, '+/+/')],
    ['no signature', () => by({ alg: 'RS256' }).replace(/[^.]*$/, '')], ['detached', () => by({ alg: 'RS256' }).replace(/\..*\./, '..')],
    ['none', () => `${encoded({ alg: 'none' })}.${encoded('x')}.`], ['None, signed', () => by({ alg: 'None' })], ['no alg', () => by({})], ['alg in a list', () => by({ alg: ['RS256'] })],
    ['another algorithm of the key', () => by({ alg: 'RS512' })], ['a name of the registry that is no algorithm', () => by({ alg: 'constructor' })],
    ['HS256 with the public key', () => {
      const input = `${encoded({ alg: 'HS256' })}.${encoded('x')}`
      return `${input}.${createHmac('sha256', pair.publicKey.export({ format: 'pem', type: 'spki' })).update(input).digest('base64url')}`
    }],
    ['another key', () => by({ alg: 'RS256' }, undefined, pairFor('RS256').privateKey)], ['another kid', () => by({ alg: 'RS256', kid: 'k2' })], ['a kid that is no text', () => by({ alg: 'RS256', kid: 1 })],
    ['a kid of 257 characters', () => by({ alg: 'RS256', kid: 'k'.repeat(257) })],
    ['crit', () => by({ alg: 'RS256', crit: ['exp'], exp: 1 })], ['an empty crit', () => by({ alg: 'RS256', crit: [] })], ['b64', () => by({ alg: 'RS256', b64: false, crit: ['b64'] })], ['b64 without crit', () => by({ alg: 'RS256', b64: true })],
    ['jwk', () => by({ alg: 'RS256', jwk: jwkOf(pair.publicKey) })], ['jku', () => by({ alg: 'RS256', jku: 'https://evil.example' })], ['x5u', () => by({ alg: 'RS256', x5u: 'https://evil.example' })], ['x5c', () => by({ alg: 'RS256', x5c: [] })],
    ['a header that is a list', () => by([])], ['a header that is null', () => by('null')], ['alg twice', () => by('{"alg":"none","alg":"RS256"}')], ['a header over 4,096 bytes', () => by({ alg: 'RS256', pad: 'x'.repeat(4_096) })],
    ['a header that is not UTF-8', () => `_w.${encoded('x')}.AA`], ['over 4 MiB', () => by({ alg: 'RS256' }, 'A'.repeat(4_194_304))],
    ['flattened JSON', () => JSON.stringify({ payload: encoded('x'), protected: encoded({ alg: 'RS256' }), signature: by({ alg: 'RS256' }, encoded('x')).split('.')[2] })],
  ])('%s', async (_, token) => {
    await expect(jws(use).verify?.({ signed: token() }, io)).rejects.toThrow(invalid)
  })
  test('any flipped bit in the signature, and one in each byte of the rest', async () => {
    const parts = by({ alg: 'RS256', kid: 'k1' }).split('.')
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit += index === 2 ? 1 : 8) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        await expect(jws(use).verify?.({ signed: parts.with(index, flipped.toString('base64url')).join('.') }, io)).rejects.toThrow(invalid)
      }
    }
  }, 15_000)
  test.each<[string, (flat: Record<string, unknown>) => object]>([
    ['an unprotected alg', ({ payload, signature }) => ({ payload, signature, header: { alg: 'RS256' } })], ['both an alg', (flat) => ({ ...flat, header: { alg: 'RS256' } })],
    ['an unprotected crit', (flat) => ({ ...flat, header: { crit: ['b64'] } })], ['an unprotected typ', (flat) => ({ ...flat, header: { typ: 'x' } })], ['an unprotected key', (flat) => ({ ...flat, header: { jwk: {} } })],
    ['a name twice', (flat) => ({ ...flat, header: { kid: 'k1' } })], ['a header that is a list', (flat) => ({ ...flat, header: [] })], ['a large header', (flat) => ({ ...flat, header: { pad: 'x'.repeat(4_096) } })],
    ['both forms', (flat) => ({ ...flat, signatures: [flat] })], ['no signatures', ({ payload }) => ({ payload, signatures: [] })], ['17 signatures', ({ payload, ...rest }) => ({ payload, signatures: Array.from({ length: 17 }, () => rest) })],
    ['a payload that is no text', (flat) => ({ ...flat, payload: {} })], ['no payload', (flat) => ({ ...flat, payload: undefined })], ['a signature that is no text', (flat) => ({ ...flat, signature: null })], ['a list', (flat) => [flat]],
  ])('in JSON: %s', async (_, change) => {
    const [shielded, payload, signature] = by({ alg: 'RS256', kid: 'k1' }).split('.')
    const flat = { payload, protected: shielded, signature }
    const verifier = jws({ ...use, form: flattenedJson() })
    await verifier.verify?.({ signed: JSON.stringify({ ...flat, unknown: true }) }, io)
    await expect(verifier.verify?.({ signed: JSON.stringify(change(flat)) }, io)).rejects.toThrow(invalid)
  })
  test('a kind of token that is asked for: no other, and none without a name, in any case and with its prefix', async () => {
    const verifier = jws({ ...use, typ: 'at+jwt' })
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) await verifier.verify?.({ signed: by({ alg: 'RS256', typ }) }, io)
    for (const typ of ['JWT', 'x/at+jwt', 'application/x/at+jwt', undefined, null, 7]) await expect(verifier.verify?.({ signed: by({ alg: 'RS256', typ }) }, io)).rejects.toThrow(invalid)
  })
  test('an unencoded payload is asked for, and says so in crit; attached it has no dots', async () => {
    const verifier = jws({ ...use, unencoded: true })
    const shielded = { alg: 'RS256', b64: false, crit: ['b64'] }
    expect(text(await verifier.verify?.({ signed: by(shielded, '$ 02') }, io) ?? Buffer.of())).toBe('$ 02')
    for (const [header, payload] of [[shielded, '$.02'], [shielded, 'a\n'], [shielded, 'é'], [{ alg: 'RS256' }, 'eA'], [{ alg: 'RS256', b64: false }, 'x'], [{ alg: 'RS256', b64: true, crit: ['b64'] }, 'x'], [{ ...shielded, crit: ['b64', 'b64'] }, 'x'], [{ ...shielded, crit: 'b64' }, 'x']] as const) {
      await expect(verifier.verify?.({ signed: by(header, payload) }, io)).rejects.toThrow(invalid)
    }
    expect(jws({ ...imported('RS256', {}), unencoded: true })).not.toHaveProperty('sign')
  })
  test('of unencoded payloads any other crit is refused, in JSON an unprotected one too, and a payload that is no text', async () => {
    const shielded = { alg: 'RS256', b64: false, crit: ['b64'] }
    await expect(jws({ ...use, unencoded: true }).verify?.({ signed: by({ ...shielded, crit: ['exp'], exp: 1 }, 'x') }, io)).rejects.toThrow(invalid)
    const verifier = jws({ ...use, unencoded: true, form: flattenedJson() })
    const flat = (header: object, payload: string) => ({ protected: encoded(header), payload, signature: sign('sha256', Buffer.from(`${encoded(header)}.${payload}`), pair.privateKey).toString('base64url') })
    // In JSON it may hold whatever JSON can.
    for (const payload of ['$.02', 'a\n\u00e9']) expect(text(await verifier.verify?.({ signed: JSON.stringify(flat(shielded, payload)) }, io) ?? Buffer.of())).toBe(payload)
    for (const wrong of [
      { ...flat({ alg: 'RS256', b64: false }, 'x'), header: { crit: ['b64'] } }, { ...flat({ alg: 'RS256', crit: ['b64'] }, 'x'), header: { b64: false } },
      { ...flat(shielded, '$.02'), payload: [0x24, 0x2e, 0x30, 0x32] },
    ]) await expect(verifier.verify?.({ signed: JSON.stringify(wrong) }, io)).rejects.toThrow(invalid)
  })
  test('bytes that are no text are signed unencoded as they are', async () => {
    const bytes = Buffer.of(0x24, 0xff, 0xc3, 0x2e, 0x00)
    const shielded = encoded({ alg: 'RS256', b64: false, crit: ['b64'] })
    const signature = sign('sha256', Buffer.concat([Buffer.from(`${shielded}.`), bytes]), pair.privateKey).toString('base64url')
    await jws({ ...use, unencoded: true }).attest(bytes, `${shielded}..${signature}`, io)
    await expect(jws({ ...use, unencoded: true }).attest(Buffer.of(0x24, 0xfe, 0xc3, 0x2e, 0x00), `${shielded}..${signature}`, io)).rejects.toThrow(invalid)
  })
  test('an algorithm in the unprotected part alone does not count', async () => {
    const shielded = encoded({ kid: 'k1' })
    const signature = sign('sha256', Buffer.from(`${shielded}.eA`), pair.privateKey).toString('base64url')
    await expect(jws({ ...use, form: flattenedJson() }).verify?.({ signed: JSON.stringify({ payload: 'eA', protected: shielded, header: { alg: 'RS256' }, signature }) }, io)).rejects.toThrow(invalid)
  })
  test('the general form has one signature to 16, and nothing of the flattened one beside them', async () => {
    const [shielded, payload, signature] = by({ alg: 'RS256' }).split('.')
    const one = { protected: shielded, signature }
    const verified = (token: object) => Promise.resolve(jws({ ...use, form: flattenedJson() }).verify?.({ signed: JSON.stringify(token) }, io))
    for (const count of [1, 16]) expect(text(await verified({ payload, signatures: Array.from({ length: count }, () => one) }) ?? Buffer.of())).toBe('{"amount":"12.50"}')
    for (const beside of [{ protected: shielded }, { header: {} }, { signature }]) await expect(verified({ payload, signatures: [one], ...beside })).rejects.toThrow(invalid)
  })
  test('a name of a key is a text of 256 characters at most, also where our key has none', async () => {
    const { io: doors, ...nameless } = theirs('RS256', jwkOf(pair.publicKey))
    const verified = (kid: unknown) => Promise.resolve(jws(nameless).verify?.({ signed: by({ alg: 'RS256', kid }) }, fakeIo(doors)))
    for (const kid of [undefined, '', 'k'.repeat(256)]) expect(text(await verified(kid) ?? Buffer.of())).toBe('{"amount":"12.50"}')
    for (const kid of ['k'.repeat(257), 1, null, ['k'], { length: 1 }]) await expect(verified(kid)).rejects.toThrow(invalid)
  })
  test('headers of 4,096 bytes hold, protected or not, and one byte more does not', async () => {
    const open = jws({ ...use, form: flattenedJson() })
    for (const [length, holds] of [[4_096, true], [4_097, false]] as const) {
      const shielded = by({ alg: 'RS256', pad: 'x'.repeat(length - '{"alg":"RS256","pad":""}'.length) })
      const [first, payload, signature] = by({ alg: 'RS256' }).split('.')
      const bare = JSON.stringify({ payload, protected: first, signature, header: { pad: 'x'.repeat(length - '{"pad":""}'.length) } })
      for (const verifying of [() => jws(use).verify?.({ signed: shielded }, io), () => open.verify?.({ signed: bare }, io)]) {
        if (holds) expect(text(await verifying() ?? Buffer.of())).toBe('{"amount":"12.50"}')
        else await expect(verifying()).rejects.toThrow(invalid)
      }
    }
  })
  test('a token of 4,194,304 characters holds, and a detached one of 131,072', async () => {
    const rest = by({ alg: 'RS256', pad: '' }, '').length
    const attached = (length: number) => by({ alg: 'RS256', pad: '' }, 'A'.repeat(length - rest))
    expect(attached(4_194_304)).toHaveLength(4_194_304)
    expect(await jws(use).verify?.({ signed: attached(4_194_304) }, io)).toHaveLength((4_194_304 - rest) * 3 / 4)
    await expect(jws(use).verify?.({ signed: attached(4_194_308) }, io)).rejects.toThrow(invalid)
    const [shielded, , signature] = by({ alg: 'RS256' }).split('.')
    const detached = (pad: number) => JSON.stringify({ protected: shielded, signature, pad: 'x'.repeat(pad) })
    const most = 131_072 - detached(0).length
    const open = jws({ ...use, form: flattenedJson() })
    await open.attest(plain, detached(most), io)
    await expect(open.attest(plain, detached(most + 1), io)).rejects.toThrow(invalid)
  })
  test('a prefix is left out at the beginning alone, and where nothing else has a slash', async () => {
    for (const [asked, kind, holds] of [['x/at+jwt', 'x/at+jwt', true], ['application/at+jwt', 'at+jwt', true], ['x/at+jwt', 'application/x/at+jwt', false], ['xjwt', 'xapplication/jwt', false]] as const) {
      const verifying = jws({ ...use, typ: asked }).verify?.({ signed: by({ alg: 'RS256', typ: kind }) }, io)
      if (holds) expect(text(await verifying ?? Buffer.of())).toBe('{"amount":"12.50"}')
      else await expect(verifying).rejects.toThrow(invalid)
    }
  })
})

test('what is shown of it, and the media types of both forms', () => {
  const { io: _, ...use } = imported('ES256', {})
  expect(jws(use)).toMatchObject({ signature: 'jws', mediaType: 'application/jose', compact: true, algorithm: 'ES256', config: { ...use, form: 'compact' }, needs: [{ resource: use.key, actions: ['secretsmanager:GetSecretValue'] }] })
  expect(jws({ ...use, form: flattenedJson() })).toMatchObject({ mediaType: 'application/jose+json', compact: false, config: { form: 'flattened JSON' } })
  expect(jws({ ...use, unencoded: true }).compact).toBe(false)
  expect(jws({ ...use, unencoded: true, form: flattenedJson() }).compact).toBe(false)
  const from = account('theirs', verificationKey())
  expect(jws({ from, algorithm: 'ES256' }).needs).toMatchObject([{ resource: from, actions: ['secretsmanager:GetSecretValue'] }])
  const key = account('shared', secretKey())
  expect(jws({ key, algorithm: 'HS256' }).needs).toMatchObject([{ resource: key, actions: ['secretsmanager:GetSecretValue'] }])
})

test('a private key of ours that has a name: what names another does not hold', async () => {
  const pair = pairFor('ES256')
  const { io, ...use } = imported('ES256', jwkOf(pair.privateKey), 'k1')
  for (const kid of [undefined, 'k1']) expect(text(await jws(use).verify?.({ signed: await byJose('ES256', pair.privateKey, { kid }) }, fakeIo(io)) ?? Buffer.of())).toBe('{"amount":"12.50"}')
  await expect(jws(use).verify?.({ signed: await byJose('ES256', pair.privateKey, { kid: 'k2' }) }, fakeIo(io))).rejects.toThrow(invalid)
})

describe('somebody\'s keys', () => {
  const [rsa, ec, old] = [pairFor('PS256'), pairFor('ES256'), pairFor('ES256')]
  const from = account('theirs', verificationKey())
  const set = (...keys: object[]) => fakeIo({ material: () => Promise.resolve(verificationKey().read(JSON.stringify({ keys })) as never) })
  test('of a set the one that the token names, or any where it names none; keys for something else are passed over', async () => {
    const io = set({ ...jwkOf(ec.publicKey), kid: 'new', alg: 'ES256' }, { ...jwkOf(old.publicKey), kid: 'old', use: 'sig' }, { ...jwkOf(rsa.publicKey), kid: 'rsa' }, { ...jwkOf(rsa.publicKey), kid: 'enc', use: 'enc' }, { kty: 'new' })
    const verifier = jws({ from, algorithm: 'ES256' })
    for (const [pair, kid] of [[ec, 'new'], [old, 'old'], [ec, undefined], [old, undefined]] as const) await verifier.verify?.({ signed: await byJose('ES256', pair.privateKey, { kid }) }, io)
    for (const [pair, kid] of [[ec, 'old'], [old, 'new'], [ec, 'rsa'], [ec, 'other']] as const) await expect(verifier.verify?.({ signed: await byJose('ES256', pair.privateKey, { kid }) }, io)).rejects.toThrow(invalid)
    await jws({ from, algorithm: 'PS256' }).verify?.({ signed: await byJose('PS256', rsa.privateKey, { kid: 'rsa' }) }, io)
    await expect(jws({ from, algorithm: 'PS256' }).verify?.({ signed: await byJose('PS256', rsa.privateKey, { kid: 'enc' }) }, io)).rejects.toThrow(invalid)
  })
  test('a key of another type or for another algorithm than the definition says is our own trouble', async () => {
    for (const key of [jwkOf(rsa.publicKey), jwkOf(pairFor('ES384').publicKey), { ...jwkOf(ec.publicKey), alg: 'ES384' }]) {
      await expect(jws({ from, algorithm: 'ES256' }).verify?.({ signed: await byJose('ES256', ec.privateKey) }, set(key))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
    }
    const { io, ...use } = imported('ES256', jwkOf(rsa.privateKey))
    await expect(jws(use).sign?.(plain, fakeIo(io))).rejects.toMatchObject({ code: 'ACCOUNT_UNAVAILABLE' })
  })
})

describe('a mistake of the definition is a sentence', () => {
  const from = account('theirs', verificationKey())
  test.each<[string, object, RegExp]>([
    ['no key', {}, /^jws: write key: a signingKey, or an account of importedSigningKey\(\) or secretKey\(\), or from: an account of verificationKey\(\)$/],
    ['a public key to sign with', { key: from, algorithm: 'ES256' }, /^jws: write key/], ['a shared key as somebody else\'s', { from: account('s', secretKey()), algorithm: 'HS256' }, /^jws: write key/], ['a private key as somebody else\'s', { from: account('mine', importedSigningKey()), algorithm: 'ES256' }, /^jws: write key/],
    ['no algorithm', { from }, /^jws, algorithm: write RS256, .*EdDSA or Ed25519$/], ['none', { from, algorithm: 'none' }, /^jws, algorithm/], ['a shared algorithm', { from, algorithm: 'HS256' }, /^jws, algorithm/], ['a name of Object', { from, algorithm: 'toString' }, /^jws, algorithm/],
    ['a pair\'s algorithm', { key: account('s', secretKey()), algorithm: 'RS256' }, /^jws, algorithm: write HS256, HS384 or HS512$/],
    ['a key shorter than the hash', { key: account('s', secretKey()), algorithm: 'HS384' }, /^jws, key: HS384 takes secretKey\(\{ bits: 384 \}\) or a longer one$/], ['of 128 bits', { key: account('s', secretKey({ bits: 128 })), algorithm: 'HS256' }, /bits: 256/],
    ['of 384 bits for 512', { key: account('s', secretKey({ bits: 384 })), algorithm: 'HS512' }, /^jws, key: HS512 takes secretKey\(\{ bits: 512 \}\)$/],
    ['another algorithm than the key\'s', { key: signingKey('receipts', { custody: 'hsm' }), algorithm: 'RS256' }, /^jws, algorithm: leave it out; the signing key receipts says ES256$/],
    ...['a b', '', '/jwt', 'x/', 'x/y/z', 'x/y z', 'x'.repeat(128), `x/${'y'.repeat(128)}`].map((typ): [string, object, RegExp] => [`the kind "${typ}"`, { from, algorithm: 'RS256', typ }, /^jws, typ: write a media type/]),
  ])('%s', (_, use, message) => {
    expect(() => jws(use as never)).toThrow(TypeError)
    expect(() => jws(use as never)).toThrow(message)
  })
})

test('PSS with a salt that is not as long as the hash does not hold', async () => {
  const pair = pairFor('PS256')
  const { io, ...use } = theirs('PS256', jwkOf(pair.publicKey))
  const input = `${encoded({ alg: 'PS256' })}.${encoded('x')}`
  const by = (saltLength: number) => `${input}.${sign('sha256', Buffer.from(input), { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }).toString('base64url')}`
  await jws(use).verify?.({ signed: by(32) }, fakeIo(io))
  for (const salt of [0, 20, 31, 33, 64]) await expect(jws(use).verify?.({ signed: by(salt) }, fakeIo(io))).rejects.toThrow(invalid)
})

test('of signatures that name no key each is tried by every key, at most 32 times together', async () => {
  const [known, ...others] = Array.from({ length: 8 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const from = account('many', verificationKey())
  const way = jws({ from, algorithm: 'ES256', form: flattenedJson() })
  const keys = [...others, known].map((pair) => pair?.publicKey.export({ format: 'jwk' }))
  const many = fakeIo({ material: (() => Promise.resolve(verificationKey().read(JSON.stringify({ keys })))) as never })
  const shielded = Buffer.from('{"alg":"ES256"}').toString('base64url')
  const one = (signature: Buffer) => ({ protected: shielded, signature: signature.toString('base64url') })
  // Eight keys, the last of which is right: four signatures are tried 32 times, five would be 40 times.
  const right = one(sign('sha256', Buffer.from(`${shielded}.eA`), { key: known?.privateKey as never, dsaEncoding: 'ieee-p1363' }))
  const wrong = one(Buffer.alloc(64, 1))
  const verified = async (count: number) => (await way.verify?.({ signed: JSON.stringify({ payload: 'eA', signatures: [...Array.from({ length: count }, () => wrong), right] }) }, many))?.toString()
  expect(await verified(3)).toBe('x')
  await expect(verified(4)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
})
