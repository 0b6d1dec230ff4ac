import { array, assert, asyncProperty, constantFrom, jsonValue } from 'fast-check'
import { account, open, pipeline, flow, post, readJson, type Step } from 'sallyport'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { decryptFields, encryptFields, transform, validate } from '../../../functions/steps/index.ts'
import { run as inMemory } from '../../../testing/index.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

const key = account('fields-key', secretKey())
const io = fakeIo({ ...secrets({ 'fields-key': JSON.stringify({ secretKey: Buffer.alloc(32, 7).toString('base64url') }) }), pipeline: 'cards', json: readJson })
const cipher = aesGcm({ key })
interface Person { readonly name: string; readonly cards: readonly { readonly pan: string; readonly cvv?: string | null }[]; readonly address: { readonly lines: readonly string[] } }
const person: Person = { name: 'Ada', cards: [{ pan: '4111111111111111', cvv: '123' }, { pan: '5500000000000004', cvv: null }, { pan: '' }], address: { lines: ['1 Main St', ''] } }
const run = <I, O>(step: Step<I, O>, payload: I): Promise<O> => Promise.resolve(step.run(payload, io))
const failed = { code: 'DECRYPTION_FAILED' }

describe('fields', () => {
  test('texts in lists are sealed in their places, and what was given is left alone', async () => {
    const before = structuredClone(person)
    const sealed = await run(encryptFields<Person, 'cards[*].pan' | 'cards[*].cvv'>(cipher, { fields: ['cards[*].pan', 'cards[*].cvv'] }), person)
    expect(person).toStrictEqual(before)
    expect(JSON.stringify(sealed)).not.toMatch(/4111|5500|123"/)
    expect(sealed.cards.map(({ pan }) => Buffer.from(pan, 'base64url').length)).toStrictEqual([16 + 61, 16 + 61, 61])
    expect(sealed.cards.map(({ cvv }) => typeof cvv)).toStrictEqual(['string', 'object', 'undefined'])
    expect(sealed.address).toBe(person.address)
    expect(await run(decryptFields<typeof sealed, 'cards[*].pan' | 'cards[*].cvv'>(cipher, { fields: ['cards[*].pan', 'cards[*].cvv'] }), sealed)).toStrictEqual(person)
  })
  test('whatever JSON holds, under any name, comes back as it was', async () => {
    await assert(asyncProperty(jsonValue({ noUnicodeString: false }), array(constantFrom('a', 'b', 'c.d', 'list[*]', 'list[*].x'), { minLength: 1 }), async (value, some) => {
      const fields = [...new Set(some)].filter((field, _, all) => !(field === 'list[*].x' && all.includes('list[*]')))
      const payload = JSON.parse(JSON.stringify({ a: value, b: [value], c: { d: value, e: value }, list: [{ x: value, y: 1 }, { x: null }, {}] })) as never
      const sealed = await run(encryptFields(cipher, { fields: fields as never[], json: true }), payload)
      const opened = await run(decryptFields(cipher, { fields: fields as never[], json: true }), sealed as never)
      expect(JSON.stringify(opened)).toBe(JSON.stringify(payload))
    }), { numRuns: 150, seed: 20261122 })
  })
  test('moved to another field, or opened by another pipeline, it does not open', async () => {
    const sealed = await run(encryptFields<{ a: string; b: string }, 'a' | 'b'>(cipher, { fields: ['a', 'b'] }), { a: 'one', b: 'two' })
    const swapped = { a: sealed.b, b: sealed.a }
    await expect(run(decryptFields<typeof swapped, 'a' | 'b'>(cipher, { fields: ['a', 'b'] }), swapped)).rejects.toMatchObject(failed)
    const elsewhere = { ...io, pipeline: 'others', material: io.material, json: io.json }
    await expect(Promise.resolve(decryptFields<typeof sealed, 'a'>(cipher, { fields: ['a'] }).run(sealed, elsewhere))).rejects.toMatchObject(failed)
    const shared = aesGcm({ key, context: 'card vault' })
    const kept = await run(encryptFields<{ a: string }, 'a'>(shared, { fields: ['a'] }), { a: 'one' })
    expect(await Promise.resolve(decryptFields<typeof kept, 'a'>(shared, { fields: ['a'] }).run(kept, elsewhere))).toStrictEqual({ a: 'one' })
  })
  test('what is no text, and what is no list, is named by its path', async () => {
    const step = decryptFields<{ a: string }, 'a'>(cipher, { fields: ['a'] })
    await expect(run(step, { a: 7 } as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['a'] })
    await expect(run(encryptFields<Person, 'cards[*].pan'>(cipher, { fields: ['cards[*].pan'] }), { cards: 'none' } as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['cards[*].pan'] })
    await expect(run(step, { a: 'AAAA' })).rejects.toMatchObject(failed)
    expect(await run(step, {} as never)).toStrictEqual({})
    // Passed over, a value would go on as it is.
    const card = encryptFields<{ card: { pan: string } }, 'card.pan'>(cipher, { fields: ['card.pan'] })
    for (const other of ['4111111111111111', 4_111, true, ['4111111111111111']]) await expect(run(card, { card: other } as never)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['card.pan'] })
    for (const none of [{ card: null }, {}, { card: {} }]) expect(await run(card, none as never)).toStrictEqual(none)
  })
  test('a payload that is a list has fields, too', async () => {
    const fields = ['[*].pan'] as never[]
    const sealed = await run(encryptFields(cipher, { fields }), [{ pan: '4111111111111111' }] as never)
    expect(JSON.stringify(sealed)).not.toContain('4111')
    expect(await run(decryptFields(cipher, { fields }), sealed as never)).toStrictEqual([{ pan: '4111111111111111' }])
  })
  test('paths within each other, and none, are refused where they are written', () => {
    expect(() => encryptFields<Person, 'cards' | 'cards[*].pan'>(cipher, { fields: ['cards', 'cards[*].pan'] })).toThrow('encryptFields: cards and cards[*].pan overlap; name the outer one alone')
    expect(() => encryptFields<Person, 'cards' | 'cards[*].pan'>(cipher, { fields: ['cards[*].pan', 'cards'] })).toThrow('encryptFields: cards and cards[*].pan overlap; name the outer one alone')
    expect(() => decryptFields<Person, 'name'>(cipher, { fields: [] })).toThrow("decryptFields: name a field, as in fields: ['card.pan']")
  })
  test('what was opened is masked in the log, under another name as well', async () => {
    const definition = pipeline({
      name: 'cards', trigger: post('/cards', { auth: open('for this test alone') }), sensitive: ['pan'],
      steps: flow(validate(v.strictObject({ pan: v.string() })), decryptFields(aesGcm({ key, context: 'in' }), { fields: ['pan'] }), { kind: 'log', config: {}, needs: [], run: (payload: { pan: string }, io) => { io.log({ seen: `it is ${payload.pan}` }); return payload } } satisfies Step<{ pan: string }, { pan: string }>, transform(() => ({ ok: true }))),
    })
    const { sealed } = await aesGcm({ key, context: 'in' }).seal(Buffer.from('canary-4111111111111111'), io, { field: 'pan' })
    const { lines, body } = await inMemory(definition, { pan: sealed }, { accounts: { 'fields-key': { secretKey: Buffer.alloc(32, 7).toString('base64url') } } })
    expect(body).toStrictEqual({ ok: true })
    expect(lines.find(({ event }) => event === 'log')).toMatchObject({ seen: 'it is ***' })
    expect(JSON.stringify(lines)).not.toContain('canary')
  })
})

test('what opens and is no JSON ends as what does not open: of what nobody authenticated it would tell the padding', async () => {
  const text = await run(encryptFields<{ a: string }, 'a'>(cipher, { fields: ['a'] }), { a: 'no JSON' })
  const fault = await run(decryptFields<typeof text, 'a', true>(cipher, { fields: ['a'], json: true }), text).catch((error: unknown) => error)
  expect(fault).toMatchObject({ code: 'DECRYPTION_FAILED', paths: [] })
})

test('after the deadline no more values of a list are opened or sealed', async () => {
  let now = 0
  let done = 0
  const slow = { ...cipher, open: () => { now += 10; done++; return Promise.resolve(Buffer.from('x')) }, seal: () => { now += 10; done++; return Promise.resolve({ sealed: 'x' }) } }
  const timed = { ...io, pipeline: 'cards', material: io.material, json: io.json, now: () => now, deadline: 1_000 }
  const payload = { list: Array.from({ length: 500 }, () => 'x') }
  for (const step of [decryptFields<typeof payload, 'list[*]'>(slow, { fields: ['list[*]'] }), encryptFields<typeof payload, 'list[*]'>(slow, { fields: ['list[*]'] })]) {
    now = done = 0
    await expect(Promise.resolve(step.run(payload, timed))).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
    expect(done).toBe(128)
  }
})
