import { Fault } from 'sallyport'
import { expect, test } from 'vitest'
import { verifier } from '../../../functions/signatures/verifier.ts'
import { fakeIo } from '../../fake-io.ts'

const io = fakeIo()
const named = { signature: 'test', config: {}, needs: [] }
const text = Buffer.from('078-05-1120')
/** What comes of it where verifying throws this, at once or later. */
const thrown = (what: unknown) => [
  () => verifier({ ...named, attest: () => { throw what } }).attest(text, '', io),
  () => verifier({ ...named, attest: () => Promise.reject(what) }).attest(text, '', io),
  () => verifier({ ...named, attest: () => Promise.resolve(), verify: () => Promise.reject(what) }).verify?.({ signed: '' }, io),
]

test.each(['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE', 'OUT_OF_TIME'] as const)('%s is our own trouble, and stays what it is', async (code) => {
  const fault = new Fault(code)
  for (const run of thrown(fault)) await expect(run()).rejects.toBe(fault)
})

test.each([
  ['a foreign error', new Error('078-05-1120')], ['one with a code of ours', Object.assign(new Error('078-05-1120'), { code: 'UNAVAILABLE' })], ['a fault with paths', new Fault('PAYLOAD_INVALID', ['a.b'])],
  ['one of another kind', new Fault('DECRYPTION_FAILED')], ['no error', '078-05-1120'], ['nothing', undefined],
])('%s ends in one fault that says nothing', async (_, what) => {
  for (const run of thrown(what)) {
    const fault = await Promise.resolve(run()).catch((thrown: unknown) => thrown)
    expect(fault).toMatchObject({ code: 'SIGNATURE_INVALID', message: 'SIGNATURE_INVALID', paths: [] })
    expect(fault).not.toHaveProperty('cause')
  }
})

test('what goes well passes through, with all that it is given', async () => {
  const given: unknown[] = []
  const made = verifier({ ...named, attest: (...all) => { given.push(...all); return Promise.resolve() }, verify: (...all) => { given.push(...all); return Promise.resolve(Uint8Array.of(1)) } })
  expect(await made.attest(text, 'a', io)).toBe(undefined)
  expect(await made.verify?.({ signed: 'b' }, io)).toStrictEqual(Uint8Array.of(1))
  expect(given.map((each) => each === io ? 'io' : each)).toStrictEqual([text, 'a', 'io', { signed: 'b' }, 'io'])
  expect(made).toMatchObject(named)
})

test('what attests alone verifies no message', () => {
  expect(verifier({ ...named, attest: () => Promise.resolve() })).not.toHaveProperty('verify')
})
