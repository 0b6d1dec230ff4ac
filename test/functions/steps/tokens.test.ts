import { Fault, flow, open, pipeline, post, readJson, type Io, type Step } from 'sallyport'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { jws } from '../../../functions/signatures/jws.ts'
import { jwt, type Claims } from '../../../functions/signatures/jwt.ts'
import { deduplicate, issueToken, validate, verifyToken } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'
import { shared } from '../signatures/keys.ts'

interface Customer { id: string; name: string; address: { city: string }; token?: string }
const customer: Customer = { id: 'ada', name: 'Ada', address: { city: 'London' } }
const { io: doors, ...key } = shared('HS256')
const now = 1_800_000_000_000
const by = jwt({ by: jws(key), issuer: 'https://us.example', audience: 'them', lifetime: 300 })
const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const run = async <I, O>(step: Step<I, O>, payload: I, more: Partial<Io> = {}): Promise<O> => step.run(payload, fakeIo({ ...doors, now: () => now, json: (bytes) => readJson(bytes), ...more }))
const own = { iss: 'https://us.example', aud: 'them', iat: 1_800_000_000, nbf: 1_800_000_000, exp: 1_800_000_300, jti: expect.stringMatching(/^[\w-]{22}$/) as string }

describe('issueToken', () => {
  test('puts nothing of the payload into the token but what is named', async () => {
    const step = issueToken<Customer, 'token'>({ by, subject: 'id', claims: ['address.city'], into: 'token' })
    const issued = await run(step, customer)
    expect(issued).toStrictEqual({ ...customer, token: issued.token })
    expect(claimsOf(issued.token)).toStrictEqual({ address: { city: 'London' }, sub: 'ada', ...own })
    expect(step.reveals).toStrictEqual(['id', 'address.city'])
    expect(step.config).toStrictEqual({ ...by.config, subject: 'id', claims: ['address.city'], into: 'token' })
    expect(claimsOf((await run(issueToken({ by }), customer as unknown)).signed)).toStrictEqual(own)
  })
  test('as the payload, or in a field in which another stood', async () => {
    expect(Object.keys(await run(issueToken<Customer>({ by, subject: 'id' }), customer))).toStrictEqual(['signed'])
    expect((await run(issueToken<Customer, 'token'>({ by, into: 'token' }), { ...customer, token: 'old' })).token).toMatch(/^eyJ/)
    await expect(run(issueToken<Customer>({ by, subject: 'id' }), {} as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['id'] })
  })
  test('claims that are not the payload\'s to say, and names that cannot be, are mistakes', () => {
    for (const path of ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'exp.a', 'aud[*]']) expect(() => issueToken({ by, claims: [path] as never }), path).toThrow(/^issueToken, claims: .* is not the payload's to say/)
    expect(issueToken({ by, claims: ['expiry', 'a.exp'] as never }).kind).toBe('issue-token')
    expect(() => issueToken<object, string>({ by, into: 'a.b' })).toThrow(new TypeError('issueToken, into: write the name of a field, letters and digits'))
  })
})

describe('verifyToken', () => {
  const token = async () => (await run(issueToken<Customer>({ by, subject: 'id' }), customer)).signed
  test('gives the claims in a field, looks at them alone, or gives them instead of the token', async () => {
    const payload = { ...customer, token: await token() }
    const claims = claimsOf(payload.token)
    expect(await run(verifyToken<typeof payload, 'claims'>({ by, token: 'token', into: 'claims' }), payload)).toStrictEqual({ ...payload, claims })
    expect(await run(verifyToken<typeof payload>({ by, token: 'token' }), payload)).toBe(payload)
    for (const whole of [{ signed: payload.token }, { sealed: payload.token }, Buffer.from(payload.token)]) expect(await run(verifyToken({ by }), whole)).toStrictEqual(claims)
  })
  test('of another issuer, a broken one and one that is not there', async () => {
    const step = verifyToken<{ token: string }>({ by: jwt({ by: jws(key), issuer: 'https://them.example', audience: 'them', maxLifetime: 300 }), token: 'token' })
    await expect(run(step, { token: await token() })).rejects.toMatchObject({ code: 'TOKEN_INVALID', paths: [] })
    await expect(run(step, { token: 'x' })).rejects.toMatchObject({ code: 'TOKEN_INVALID', paths: [] })
    await expect(run(step, {} as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['token'] })
  })
  test('once: claims the jti of its issuer for as long as the token could come again, after it was found sound', async () => {
    const claimed: Parameters<Io['claim']>[0][] = []
    const claim: Io['claim'] = (asked) => { claimed.push(asked); return Promise.resolve() }
    const payload = { token: await token() }
    const { jti } = claimsOf(payload.token) as Claims
    const step = verifyToken<typeof payload>({ by, token: 'token', once: true })
    expect(step.claims).toBe(true)
    expect(await run(step, payload, { claim })).toBe(payload)
    await run(verifyToken({ by, once: true }), { signed: payload.token }, { claim })
    const asked = { keys: [{ by: 'jti', as: undefined, value: `["https://us.example","${jti}"]` }], days: 420 / 86_400 }
    expect(claimed).toStrictEqual([{ ...asked, payload }, { ...asked, payload: claimsOf(payload.token) }])
    await expect(run(step, { token: `${payload.token}A` }, { claim })).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    expect(claimed).toHaveLength(2)
    await expect(run(step, payload, { claim: () => Promise.reject(new Fault('DUPLICATE')) })).rejects.toMatchObject({ code: 'DUPLICATE' })
  })
  test('by a schema of its own its claims are as that gives them back, or it is not taken, before its jti is claimed', async () => {
    const payload = { token: await token() }
    const Named = v.pipe(v.object({ sub: v.string() }), v.transform(({ sub }) => ({ name: sub.toUpperCase() })))
    expect(await run(verifyToken({ by, schema: Named }), { signed: payload.token })).toStrictEqual({ name: 'ADA' })
    expect(await run(verifyToken<typeof payload, 'said', { name: string }>({ by, token: 'token', into: 'said', schema: Named }), payload)).toStrictEqual({ ...payload, said: { name: 'ADA' } })
    await expect(run(verifyToken({ by, once: true, schema: v.object({ scope: v.string() }) }), { signed: payload.token })).rejects.toMatchObject({ code: 'TOKEN_INVALID', paths: ['scope'] })
  })
  test('needs the ledger only where each is taken once, and as the ledger\'s own step does', () => {
    const named = ({ needs }: Step<never, unknown>) => needs.map(({ resource, actions }) => [`${resource.kind} ${resource.name}`, ...actions])
    expect(named(verifyToken({ by }))).toStrictEqual([['account shared', 'secretsmanager:GetSecretValue']])
    expect(named(verifyToken({ by, once: true })).slice(1)).toStrictEqual(named(deduplicate<Customer>({ by: 'id' })))
    expect(verifyToken({ by })).not.toMatchObject({ claims: true })
  })
  test('a field for claims without a token to read them from is a mistake', () => {
    for (const options of [{ by, into: 'claims' }, { by, token: 'token', into: '__proto__' }]) expect(() => verifyToken(options as never)).toThrow(/^verifyToken, into: write the name of a new field/)
  })
  test('in a flow payloads are typed through', () => {
    const Asked = v.object({ id: v.string(), token: v.string() })
    const definition = pipeline({
      name: 'asks', trigger: post('/asks', { auth: open('for this test alone') }),
      steps: flow(validate(Asked), verifyToken({ by, token: 'token', into: 'claims' }), deduplicate({ by: 'claims.iss' }), verifyToken({ by, token: 'token', into: 'said', schema: v.object({ scope: v.string() }) }), deduplicate({ by: 'said.scope' }), issueToken({ by, subject: 'id', into: 'receipt' }), deduplicate({ by: 'receipt' })),
    })
    const direct = pipeline({ name: 'direct', trigger: post('/direct', { accept: 'application/jose', auth: open('for this test alone') }), steps: flow(verifyToken({ by, once: true }), deduplicate({ by: 'iss' }), validate(v.object({ sub: v.string() })), deduplicate({ by: 'sub' })) })
    expect([definition.name, direct.name]).toStrictEqual(['asks', 'direct'])
  })
})
