import { SignJWT, jwtVerify } from 'jose'
import { account, Fault, readJson, type Io } from 'sallyport'
import { assert, asyncProperty, integer, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verificationKey } from '../../../functions/accounts/verification-key.ts'
import { flattenedJson } from '../../../functions/signatures/jws-json.ts'
import { jws } from '../../../functions/signatures/jws.ts'
import { jwt } from '../../../functions/signatures/jwt.ts'
import { fakeIo } from '../../fake-io.ts'
import { imported, jwkOf, pairAlgorithms, pairFor, ring, shared, theirs } from './keys.ts'

const now = 1_800_000_000
const clock = (doors: Partial<Io>, at = now): Io => fakeIo({ now: () => at * 1_000, json: (bytes) => readJson(bytes), ...doors })
const refused = { asymmetricMatch: (fault: unknown) => fault instanceof Error && 'code' in fault && fault.code === 'TOKEN_INVALID' && 'paths' in fault && String(fault.paths) === '' && fault.message === 'TOKEN_INVALID' && fault.cause === undefined }
const agreed = { issuer: 'https://them.example', audience: 'https://us.example' } as const

const pair = pairFor('ES256')
const { io: doors, ...use } = theirs('ES256', jwkOf(pair.publicKey), 'k1')
const verifier = jwt({ by: jws(use), ...agreed, maxLifetime: 600 })
const sound = { iss: agreed.issuer, aud: agreed.audience, iat: now, exp: now + 300, jti: 'a' }
const by = (claims: unknown, header: object = {}, key = pair.privateKey): Promise<string> => new SignJWT(claims as never).setProtectedHeader({ alg: 'ES256', ...header }).sign(key)
/** As jose does not write it: any text as the claims. */
const bare = async (payload: string | Uint8Array, header: object = {}): Promise<string> => {
  const mine = imported('ES256', jwkOf(pair.privateKey))
  return (await jws({ key: mine.key, algorithm: 'ES256', ...header }).sign?.(Buffer.from(payload as string), fakeIo(mine.io)))?.signed ?? ''
}
const check = async (signed: string | Promise<string>, { at = now, once = false, of = verifier } = {}) => of.check({ signed: await signed }, clock(doors, at), once)

describe.each([...pairAlgorithms])('%s, both ways with jose', (algorithm) => {
  const keys = pairFor(algorithm)
  test('takes what jose made, and makes what jose takes', async () => {
    const { io: known, ...from } = theirs(algorithm, jwkOf(keys.publicKey))
    const made = await new SignJWT({ scope: 'read', jti: 'a' }).setProtectedHeader({ alg: algorithm, typ: 'JWT' }).setIssuer(agreed.issuer).setAudience([agreed.audience, 'https://others.example']).setSubject('ada').setIssuedAt(now).setNotBefore(now).setExpirationTime(now + 300).sign(keys.privateKey)
    expect(await jwt({ by: jws(from), ...agreed, maxLifetime: 300 }).check({ signed: made }, clock(known), true))
      .toStrictEqual({ scope: 'read', jti: 'a', iss: agreed.issuer, aud: [agreed.audience, 'https://others.example'], sub: 'ada', iat: now, nbf: now, exp: now + 300 })
    const { io: mine, ...key } = imported(algorithm, jwkOf(keys.privateKey), 'k1')
    const issuer = jwt({ by: jws(key), ...agreed, lifetime: 300 })
    const { signed } = await issuer.issue({ sub: 'ada', scope: 'read', gone: undefined }, clock(mine))
    const { payload, protectedHeader } = await jwtVerify(signed, keys.publicKey, { ...agreed, typ: 'JWT', algorithms: [algorithm], currentDate: new Date(now * 1_000), maxTokenAge: 300 })
    expect(protectedHeader).toStrictEqual({ alg: algorithm, kid: 'k1', typ: 'JWT' })
    expect(payload).toStrictEqual({ sub: 'ada', scope: 'read', iss: agreed.issuer, aud: agreed.audience, iat: now, nbf: now, exp: now + 300, jti: expect.stringMatching(/^[\w-]{22}$/) as string })
    expect(await issuer.check({ signed }, clock(mine), true)).toStrictEqual(payload)
  })
})

test('each token has a jti of its own, and the claims of the issuer stand over those that are given', async () => {
  const { io: known, ...key } = shared('HS256')
  const issuer = jwt({ by: jws(key), ...agreed, lifetime: 60 })
  const tokens = await Promise.all(Array.from({ length: 50 }, async () => issuer.check(await issuer.issue({ iss: 'https://evil.example', exp: 9e9, jti: 'mine' }, clock(known)), clock(known), true)))
  expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(50)
  for (const { iss, exp } of tokens) expect([iss, exp]).toStrictEqual([agreed.issuer, now + 60])
})

test('a signing key of ours issues for one pipeline and verifies in another that cannot sign', async () => {
  const { key, io } = ring('ES256', 'hsm', { 'receipts-1': pair })
  const issuer = jwt({ by: jws({ key }), ...agreed, lifetime: 60 })
  const elsewhere = jwt({ by: jws({ from: key }), ...agreed, maxLifetime: 60 })
  const both = fakeIo({ signing: io.signing, verifying: io.verifying, now: () => now * 1_000, json: (bytes) => readJson(bytes) })
  expect(await elsewhere.check(await issuer.issue({ sub: 'ada' }, both), both, true)).toMatchObject({ sub: 'ada' })
  expect(elsewhere).not.toHaveProperty('issue')
  expect(elsewhere.needs.flatMap(({ actions }) => actions)).toStrictEqual(['kms:GetPublicKey'])
})

test('a token that is taken is the one to which the causes below are done', async () => {
  expect(await check(by(sound), { once: true })).toStrictEqual(sound)
})

describe('whatever is not taken ends in one and the same fault', () => {
  const { iat: _iat, ...undated } = sound
  test.each<[string, () => string | Promise<string>]>([
    ['no token', () => ''], ['three words', () => 'a.b.c'], ['another issuer', () => by({ ...sound, iss: 'https://them.example/' })], ['no issuer', () => by({ ...sound, iss: undefined })], ['issuers', () => by({ ...sound, iss: [agreed.issuer] })],
    ['another audience', () => by({ ...sound, aud: 'https://us.example.evil.example' })], ['no audience', () => by({ ...sound, aud: undefined })], ['no audiences', () => by({ ...sound, aud: [] })], ['audiences that are no texts', () => by({ ...sound, aud: [agreed.audience, 7] })], ['other audiences', () => by({ ...sound, aud: ['a', 'b'] })], ['an audience in an object', () => by({ ...sound, aud: { a: agreed.audience } })],
    ['no exp', () => by({ ...sound, exp: undefined })], ['exp as text', () => bare(JSON.stringify({ ...sound, exp: String(sound.exp) }))], ['exp null', () => bare(JSON.stringify({ ...sound, exp: null }))], ['exp in milliseconds', () => by({ ...sound, exp: sound.exp * 1_000 })], ['exp beyond numbers', () => bare(JSON.stringify(sound).replace(String(sound.exp), '1e999'))], ['exp negative', () => by({ ...sound, exp: -1 })],
    ['expired', () => by({ ...sound, iat: now - 400, exp: now - 60 })], ['iat to come', () => by({ ...sound, iat: now + 61 })], ['iat as text', () => bare(JSON.stringify({ ...sound, iat: '0' }))], ['iat null', () => bare(JSON.stringify({ ...sound, iat: null }))],
    ['nbf to come', () => by({ ...sound, nbf: now + 61 })], ['nbf as text', () => bare(JSON.stringify({ ...sound, nbf: '0' }))], ['nbf null', () => bare(JSON.stringify({ ...sound, nbf: null }))], ['nbf negative', () => by({ ...sound, nbf: -1 })],
    ['made for longer', () => by({ ...sound, exp: now + 601 })], ['made for longer, a while ago', () => by({ ...sound, iat: now - 10_000, exp: now + 1 })], ['no iat, and far away', () => by({ ...undated, exp: now + 661 })],
    ['a subject that is no text', () => bare(JSON.stringify({ ...sound, sub: 7 }))], ['a subject that is null', () => bare(JSON.stringify({ ...sound, sub: null }))], ['a jti that is no text', () => bare(JSON.stringify({ ...sound, jti: 7 }))], ['a jti over 1,024 characters', () => by({ ...sound, jti: 'a'.repeat(1_025) })], ['a jti in a list', () => bare(JSON.stringify({ ...sound, jti: ['a'] }))], ['a jti that has a length', () => bare(JSON.stringify({ ...sound, jti: { length: 1 } }))],
    ['another kind', () => by(sound, { typ: 'at+jwt' })], ['a kind that is no text', () => bare(JSON.stringify(sound), { typ: 'x' })], ['another algorithm', () => new SignJWT(sound).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(JSON.stringify(jwkOf(pair.publicKey))))],
    ['another key', () => by(sound, {}, pairFor('ES256').privateKey)], ['another kid', () => by(sound, { kid: 'k2' })], ['a claim twice', () => bare(`{"aud":"x",${JSON.stringify(sound).slice(1)}`)], ['__proto__', () => bare(`{"__proto__":{},${JSON.stringify(sound).slice(1)}`)],
    ['a list', () => bare(JSON.stringify([sound]))], ['null', () => bare('null')], ['text', () => bare('"x"')], ['no JSON', () => bare('x')], ['no UTF-8', () => bare(Buffer.concat([Buffer.from(`{"a":"`), Buffer.of(0xff), Buffer.from(`",${JSON.stringify(sound).slice(1)}`)]))],
    ['a JWT in a JWT', async () => bare(await by(sound))], ['over 8,192 characters', () => by({ ...sound, pad: 'x'.repeat(8_192) })], ['none', async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await by(sound)).split('.')[1]}.`], ['in capitals', async () => (await by(sound)).toUpperCase()], ['behind Bearer', async () => `Bearer ${await by(sound)}`],
  ])('%s', async (_, token) => {
    await expect(check(token())).rejects.toThrow(refused)
  })
  test('at its limits it is taken', async () => {
    expect(await check(by({ ...sound, jti: 'a'.repeat(1_024) }), { once: true })).toMatchObject({ iss: agreed.issuer })
    expect(await check(by({ ...sound, nbf: 0 }))).toMatchObject({ nbf: 0 })
    const [longest, longer] = await Promise.all([5_953, 5_954].map((pad) => by({ ...sound, pad: 'x'.repeat(pad) })))
    expect([longest?.length, longer?.length]).toStrictEqual([8_192, 8_194])
    expect(await check(longest ?? '')).toMatchObject({ jti: 'a' })
    await expect(check(longer ?? '')).rejects.toThrow(refused)
  })
  test('without a jti where each is taken once', async () => {
    for (const jti of [undefined, '']) {
      const token = by({ ...sound, jti })
      expect(await check(token)).toMatchObject({ iss: agreed.issuer })
      await expect(check(token, { once: true })).rejects.toThrow(refused)
    }
  })
  test('our own trouble is told apart', async () => {
    for (const code of ['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE'] as const) {
      const down = clock({ material: () => Promise.reject(new Fault(code)) })
      await expect(verifier.check({ signed: await by(sound) }, down, false)).rejects.toMatchObject({ code })
    }
  })
})

describe('its time', () => {
  test('holds up to a skew of 60 seconds on either side, and not a moment longer', async () => {
    const token = await by({ ...sound, nbf: now })
    for (const [at, taken] of [[now - 60, true], [now - 60.001, false], [now + 359.999, true], [now + 360, false]] as const) {
      if (taken) expect(await check(token, { at })).toMatchObject({ jti: 'a' })
      else await expect(check(token, { at })).rejects.toThrow(refused)
    }
    const strict = jwt({ by: jws(use), ...agreed, maxLifetime: 300, skew: 0 })
    expect(await check(token, { of: strict })).toMatchObject({ jti: 'a' })
    for (const at of [now - 1, now + 300]) await expect(check(token, { at, of: strict })).rejects.toThrow(refused)
  })
  test('is a number of seconds, fractions and all; without an iat it is as if made as late as it can be', async () => {
    expect(await check(by({ ...sound, iat: now + 0.5, exp: now + 300.25 }))).toMatchObject({ exp: now + 300.25 })
    const { iat: _iat, ...undated } = sound
    expect(await check(by({ ...undated, exp: now + 660 }))).toMatchObject({ exp: now + 660 })
  })
  test('whatever the times are, no token can come again after the span in which its jti is remembered', async () => {
    const time = integer({ min: now - 2_000, max: now + 2_000 })
    let twice = 0
    await assert(asyncProperty(record({ iat: time, exp: time, first: time, later: time }), async ({ iat, exp, first, later }) => {
      const token = await by({ ...sound, iat, exp })
      const taken = async (at: number) => check(token, { at }).then(() => true, () => false)
      if (later - first > verifier.span && await taken(first) && await taken(later)) twice++
    }), { numRuns: 200 })
    expect(twice).toBe(0)
  })
})

describe('kinds of tokens exclude each other', () => {
  const access = jwt({ by: jws(use), ...agreed, maxLifetime: 600, typ: 'at+jwt' })
  test('JWT may be left out, every other kind is named', async () => {
    for (const header of [{}, { typ: 'JWT' }, { typ: 'jwt' }, { typ: 'application/JWT' }]) {
      expect(await check(by(sound, header))).toStrictEqual(sound)
      await expect(check(by(sound, header), { of: access })).rejects.toThrow(refused)
    }
    const strict = jwt({ by: jws(use), ...agreed, maxLifetime: 600, typ: 'JWT' })
    await expect(check(by(sound), { of: strict })).rejects.toThrow(refused)
    for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT']) {
      expect(await check(by(sound, { typ }), { of: access })).toStrictEqual(sound)
      await expect(check(by(sound, { typ }))).rejects.toThrow(refused)
    }
  })
  test('a null is no name', async () => {
    const mine = imported('ES256', jwkOf(pair.privateKey))
    const first = Buffer.from('{"alg":"ES256","typ":null}').toString('base64url')
    const { sign } = await import('node:crypto')
    const input = `${first}.${Buffer.from(JSON.stringify(sound)).toString('base64url')}`
    await expect(check(`${input}.${sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`)).rejects.toThrow(refused)
    expect(mine.algorithm).toBe('ES256')
  })
})

test('while the other side changes its algorithm both are taken, and each loads its own key alone', async () => {
  const rsa = pairFor('RS256')
  const [old, next] = [account('old', verificationKey()), account('next', verificationKey())]
  const both = jwt({ by: [jws({ from: old, algorithm: 'RS256' }), jws({ from: next, algorithm: 'ES256' })], ...agreed, maxLifetime: 600 })
  const loaded: string[] = []
  const io = clock({ material: ({ name }) => {
    loaded.push(name)
    return Promise.resolve(verificationKey().read(JSON.stringify({ publicKey: jwkOf(name === 'old' ? rsa.publicKey : pair.publicKey) })) as never)
  } })
  expect(await both.check({ signed: await by(sound) }, io, false)).toStrictEqual(sound)
  expect(loaded).toStrictEqual(['next'])
  expect(await both.check({ signed: await new SignJWT(sound).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey) }, io, false)).toStrictEqual(sound)
  await expect(both.check({ signed: await new SignJWT(sound).setProtectedHeader({ alg: 'PS256' }).sign(rsa.privateKey) }, io, false)).rejects.toThrow(refused)
  expect(loaded).toStrictEqual(['next', 'old'])
  expect(both.needs.map(({ resource }) => resource.name)).toStrictEqual(['old', 'next'])
})

test('the span in which a token can come: its life and the skew on either side', () => {
  expect(verifier.span).toBe(720)
  expect(jwt({ by: jws(use), ...agreed, maxLifetime: 300, skew: 0 }).span).toBe(300)
  expect(jwt({ by: jws({ key: imported('ES256', {}).key, algorithm: 'ES256' }), ...agreed, lifetime: 60, skew: 5 }).span).toBe(70)
})

test('shows what is agreed, and no key', () => {
  expect(jwt({ by: jws(use), ...agreed, maxLifetime: 600 }).config).toStrictEqual({ by: [{ ...use, form: 'compact', algorithm: 'ES256' }], ...agreed, maxLifetime: 600, typ: 'JWT', skew: 60 })
})

describe('a mistake of the definition is a sentence', () => {
  const good = { by: jws(use), ...agreed, maxLifetime: 60 }
  const mine = imported('ES256', {})
  test.each<[string, object, string]>([
    ['no issuer', { ...good, issuer: '' }, 'jwt, issuer: write a text, as https://tokens.example'], ['no audience', { ...good, audience: undefined }, 'jwt, audience: write a text, as https://tokens.example'],
    ['a skew over five minutes', { ...good, skew: 301 }, 'jwt, skew: write a whole number of seconds, 0 to 300'], ['no lifetime', { ...good, maxLifetime: undefined }, 'jwt, maxLifetime: write a whole number of seconds, 1 to 31622400'],
    ['tokens for more than a day', { by: jws({ key: mine.key, algorithm: 'ES256' }), ...agreed, lifetime: 86_401 }, 'jwt, lifetime: write a whole number of seconds, 1 to 86400'], ['nobody', { ...good, by: [] }, 'jwt, by: write jws({ … }), or a list of 4 at most, no two of one algorithm'],
    ['one algorithm twice', { ...good, by: [jws(use), jws(use)] }, 'jwt, by: write jws({ … }), or a list of 4 at most, no two of one algorithm'], ['JSON', { ...good, by: jws({ ...use, form: flattenedJson() }) }, 'jwt, by: write jws({ … }) without form and unencoded; a token is compact'],
    ['unencoded', { ...good, by: jws({ ...use, unencoded: true }) }, 'jwt, by: write jws({ … }) without form and unencoded; a token is compact'], ['nothing to sign with', { by: jws(use), ...agreed, lifetime: 60 }, 'jwt, by: write jws({ key }), which signs, or maxLifetime for what verifies alone'],
    ['a kind that is no text', { ...good, typ: 7 }, 'jwt, typ: write a media type, without application/, as JWT or at+jwt'],
    ['an issuer over 1,024 characters', { ...good, issuer: 'x'.repeat(1_025) }, 'jwt, issuer: write a text, as https://tokens.example'], ['an audience over 1,024 characters', { ...good, audience: 'x'.repeat(1_025) }, 'jwt, audience: write a text, as https://tokens.example'],
    ['five', { ...good, by: (['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const).map((algorithm) => jws({ from: use.from, algorithm })) }, 'jwt, by: write jws({ … }), or a list of 4 at most, no two of one algorithm'],
    ['JSON beside a compact one', { ...good, by: [jws(use), jws({ from: use.from, algorithm: 'RS256', form: flattenedJson() })] }, 'jwt, by: write jws({ … }) without form and unencoded; a token is compact'],
    ...[-1, 0.5, Number.NaN, '60'].map((skew): [string, object, string] => [`a skew of ${String(skew)}`, { ...good, skew }, 'jwt, skew: write a whole number of seconds, 0 to 300']),
    ...[0, 1.5, 31_622_401].map((maxLifetime): [string, object, string] => [`a life of ${maxLifetime} seconds`, { ...good, maxLifetime }, 'jwt, maxLifetime: write a whole number of seconds, 1 to 31622400']),
  ])('%s', (_, options, message) => {
    expect(() => jwt(options as never)).toThrow(new TypeError(message))
  })
  test('what is at its limit is none', () => {
    const long = 'x'.repeat(1_024)
    expect(jwt({ ...good, issuer: long, audience: long, skew: 300, maxLifetime: 31_622_400 }).config).toMatchObject({ issuer: long, audience: long, skew: 300, maxLifetime: 31_622_400 })
    expect(jwt({ ...good, by: (['RS256', 'PS256', 'ES256', 'EdDSA'] as const).map((algorithm) => jws({ from: use.from, algorithm })), skew: 0, maxLifetime: 1 }).config).toMatchObject({ skew: 0, maxLifetime: 1 })
    expect(jwt({ by: jws({ key: mine.key, algorithm: 'ES256' }), ...agreed, lifetime: 86_400 }).config).toMatchObject({ lifetime: 86_400 })
  })
})

test('what a signing key of ours signs that is no token is none, whatever it says', async () => {
  const { key, io } = ring('ES256', 'hsm', { 'receipts-1': pair })
  const both = fakeIo({ signing: io.signing, verifying: io.verifying, now: () => now * 1_000, json: (bytes) => readJson(bytes) })
  const receipt = await jws({ key }).sign?.(Buffer.from(JSON.stringify(sound)), both)
  for (const way of [jwt({ by: jws({ key }), ...agreed, lifetime: 600 }), jwt({ by: jws({ from: key }), ...agreed, maxLifetime: 600 })]) {
    await expect(way.check({ signed: receipt?.signed ?? '' }, both, false)).rejects.toThrow(refused)
  }
})

test('nor what a private key of ours signs that was made elsewhere; a key that is shared leaves the kind out', async () => {
  const mine = imported('ES256', jwkOf(pair.privateKey))
  const io = clock(mine.io)
  const way = jwt({ by: jws({ key: mine.key, algorithm: 'ES256' }), ...agreed, lifetime: 600 })
  await expect(way.check({ signed: await bare(JSON.stringify(sound)) }, io, false)).rejects.toThrow(refused)
  expect(await way.check(await way.issue({ sub: 'ada' }, io), io, true)).toMatchObject({ sub: 'ada' })
  const { io: known, ...both } = shared('HS256')
  const { signed = '' } = await jws(both).sign?.(Buffer.from(JSON.stringify(sound)), clock(known)) ?? {}
  expect(await jwt({ by: jws(both), ...agreed, lifetime: 600 }).check({ signed }, clock(known), false)).toStrictEqual(sound)
})

test('of several it is the one that signed which says whether the kind may be left out', async () => {
  const { key, io } = ring('ES256', 'hsm', { 'receipts-1': pair })
  const rsa = pairFor('RS256')
  const partner = theirs('RS256', jwkOf(rsa.publicKey))
  const doors = fakeIo({ ...partner.io, signing: io.signing, verifying: io.verifying, now: () => now * 1_000, json: (bytes) => readJson(bytes) })
  const receipt = await jws({ key }).sign?.(Buffer.from(JSON.stringify(sound)), doors)
  const foreign = await new SignJWT(sound).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey)
  const [ours, others] = [jws({ from: key }), jws({ from: partner.from, algorithm: 'RS256' })]
  for (const by of [[ours, others], [others, ours]]) {
    const way = jwt({ by, ...agreed, maxLifetime: 600 })
    await expect(way.check({ signed: receipt?.signed ?? '' }, doors, false)).rejects.toThrow(refused)
    expect(await way.check({ signed: foreign }, doors, false)).toStrictEqual(sound)
  }
})
