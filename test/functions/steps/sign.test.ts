import { compactVerify } from 'jose'
import { canonical, flow, open, pipeline, post, type Io, type Signer, type Step, type Verifier } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { assert, asyncProperty, dictionary, jsonValue, string } from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { jws } from '../../../functions/signatures/jws.ts'
import { raw } from '../../../functions/signatures/raw.ts'
import { decrypt, parseJson, sign, validate, verify } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'
import { imported, invalid, jwkOf, pairFor, theirs } from '../signatures/keys.ts'
import { cipher } from './parts.ts'

interface Order { id: string; amount: string; signature?: string }
const order: Order = { id: 'a', amount: '12.50' }
const run = async <I, O>(step: Step<I, O>, payload: I, io: Io): Promise<O> => step.run(payload, io)

const pair = pairFor('EdDSA')
const { io: doors, ...mine } = imported('EdDSA', jwkOf(pair.privateKey), 'k1')
const { io: known, ...other } = theirs('EdDSA', jwkOf(pair.publicKey), 'k1')
const [io, theirIo] = [fakeIo(doors), fakeIo(known)]

describe('a whole payload', () => {
  test('becomes signed text, as JSON or the bytes that it is, and what was signed comes out of it', async () => {
    const { signed } = await run(sign(jws(mine)), order, io)
    expect(Buffer.from((await compactVerify(signed, pair.publicKey)).payload).toString()).toBe('{"id":"a","amount":"12.50"}')
    const bytes = await run(sign(jws(mine)), Buffer.from('abc'), io)
    for (const payload of [bytes, { sealed: bytes.signed }, Buffer.from(bytes.signed)]) expect(Buffer.from(await run(verify(jws(other)), payload, theirIo)).toString()).toBe('abc')
  })
  test('that does not hold is told by the fault alone', async () => {
    const { signed } = await run(sign(jws(mine)), order, io)
    const failing = run(verify(jws(other)), { signed: `${signed.slice(0, -4)}AAAA` }, theirIo)
    await expect(failing).rejects.toThrow(invalid)
    await failing.catch((error: Error) => expect(`${String(error.cause)}${error.message}`).toBe('undefinedSIGNATURE_INVALID'))
  })
  test('cannot be replaced by a signature that is detached', () => {
    const bare = raw(mine)
    expect(() => sign(bare)).toThrow(new TypeError('sign by raw: write into: the name of a field for the detached signature'))
    expect(() => verify(bare)).toThrow(new TypeError('verify by raw: write in: the field with the detached signature'))
    expect(() => sign(jws(mine), { of: 'id' } as never)).toThrow(/write into/)
    expect(() => verify(jws(mine), { of: 'id' } as never)).toThrow(/write in:/)
  })
})

describe.each<[string, Signer, Verifier]>([['JWS', jws(mine), jws(other)], ['JWS, unencoded', jws({ ...mine, unencoded: true }), jws({ ...other, unencoded: true })], ['raw', raw(mine), raw(other)]])('a field with a signature: %s', (_, signer, verifier) => {
  const signing = sign<Order, 'signature'>(signer, { into: 'signature' })
  const verifying = verify<Order & { signature: string }>(verifier, { in: 'signature' })
  test('over the payload in its one form, so that members may change places', async () => {
    const signed = await run(signing, order, io)
    expect(Object.keys(signed)).toStrictEqual(['id', 'amount', 'signature'])
    expect(order).toStrictEqual({ id: 'a', amount: '12.50' })
    expect(await run(verifying, signed as never, theirIo)).toBe(signed)
    const { signature } = signed
    await verifier.attest(Buffer.from('{"amount":"12.50","id":"a"}'), signature, theirIo)
    expect(await run(verifying, { signature, amount: '12.50', id: 'a' }, theirIo)).toStrictEqual({ signature, amount: '12.50', id: 'a' })
    for (const changed of [{ ...signed, amount: '12.51' }, { ...signed, more: 1 }, { id: 'a', signature }, { ...signed, signature: '' }, { ...signed, signature: `${signature} ` }]) await expect(run(verifying, changed as never, theirIo)).rejects.toThrow(invalid)
  })
  test('one that stood there is replaced, and is not signed over', async () => {
    const again = await run(signing, { ...order, signature: 'old' }, io)
    expect(await run(verifying, again as never, theirIo)).toBe(again)
  })
  test('over one text', async () => {
    const of = sign<Order, 'proof'>(signer, { into: 'proof', of: 'amount' })
    const signed = await run(of, order, io)
    await verifier.attest(Buffer.from('12.50'), signed.proof, theirIo)
    const proving = verify<Order & { proof: string }>(verifier, { in: 'proof', of: 'amount' })
    expect(await run(proving, { ...signed, id: 'b' }, theirIo)).toMatchObject({ id: 'b' })
    await expect(run(proving, { ...signed, amount: '1250' }, theirIo)).rejects.toThrow(invalid)
    await expect(run(of, { id: 'a' } as never, io)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['amount'] })
  })
  test('that is not there, or no text, is named by its path', async () => {
    for (const signature of [undefined, null, 7, {}]) await expect(run(verifying, { ...order, signature } as never, theirIo)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['signature'] })
    for (const payload of [[], null, 'x', Buffer.from('x')]) await expect(run(signing, payload as never, io)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['$'] })
  })
  test('whatever the payload is, the signature is over its one form', async () => {
    expect.hasAssertions()
    await assert(asyncProperty(dictionary(string(), jsonValue()), async (payload) => {
      const signed = await run(sign<object, 'signature'>(signer, { into: 'signature' }), payload, io)
      const { signature: _before, ...rest } = payload
      await verifier.attest(Buffer.from(canonical(rest)), signed.signature, theirIo)
      const received = JSON.parse(JSON.stringify(signed)) as { signature: string }
      expect(await run(verify<{ signature: string }>(verifier, { in: 'signature' }), received, theirIo)).toBe(received)
    }), { numRuns: 60 })
  })
})

test('names that cannot be are mistakes', () => {
  for (const into of ['', '__proto__', 'a.b', 'a'.repeat(65)]) expect(() => sign<object, string>(raw(mine), { into })).toThrow(new TypeError('sign, into: write the name of a field, letters and digits'))
  for (const field of ['a.b', 'a[*]']) expect(() => verify(raw(other), { in: field } as never)).toThrow(new TypeError('verify, in: write a field of the payload itself, or of: the text that was signed'))
  expect(verify(raw(other), { in: 'a.b', of: 'c' } as never).kind).toBe('verify')
})

test('in a flow payloads are typed through, and the manifest shows signature and key, by name', () => {
  const Receipt = v.object({ id: v.string(), amount: v.string() })
  const definition = pipeline({
    name: 'receipts', trigger: post('/receipts', { accept: 'application/jose', auth: open('for this test alone') }),
    steps: flow(decrypt(cipher), verify(jws(other)), parseJson(), validate(Receipt), sign(raw(mine), { into: 'signature', of: 'amount' }), verify(raw(other), { in: 'signature', of: 'amount' })),
  })
  const direct = pipeline({ name: 'direct', trigger: post('/direct', { accept: 'application/jose', auth: open('for this test alone') }), steps: flow(verify(jws(other)), parseJson()) })
  expect(manifest(direct as never)).toMatchObject({ steps: { steps: [{ kind: 'verify', config: { signature: 'jws', algorithm: 'EdDSA', form: 'compact', from: { kind: 'account', name: 'theirs' } } }, { kind: 'parse-json' }] } })
  expect(manifest(definition as never)).toMatchObject({ steps: { steps: [{}, {}, {}, {}, { kind: 'sign', config: { signature: 'raw', encoding: 'base64', key: { name: 'mine' }, into: 'signature', of: 'amount' } }, { kind: 'verify' }] } })
  expect(sign(jws(mine)).needs).toStrictEqual([{ resource: mine.key, actions: ['secretsmanager:GetSecretValue'] }])
})
