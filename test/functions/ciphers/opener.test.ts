import { Fault } from 'sallyport'
import { expect, test } from 'vitest'
import { opener } from '../../../functions/ciphers/opener.ts'
import { fakeIo } from '../../fake-io.ts'

const io = fakeIo()
const named = { cipher: 'test', config: {}, needs: [] }
const files = { from: '/from', to: '/to' }
/** What comes of it where opening throws this, at once or later. */
const thrown = (what: unknown) => [
  () => opener({ ...named, open: () => { throw what } }).open({ sealed: '' }, io),
  () => opener({ ...named, open: () => Promise.reject(what) }).open({ sealed: '' }, io),
  () => opener({ ...named, open: () => new Uint8Array(), openFile: () => Promise.reject(what) }).openFile?.(files, io),
]

test.each(['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE', 'OUT_OF_TIME'] as const)('%s is our own trouble, and stays what it is', async (code) => {
  const fault = new Fault(code)
  for (const run of thrown(fault)) await expect(run()).rejects.toBe(fault)
})

test.each([
  ['a foreign error', new Error('078-05-1120')], ['one with a code of ours', Object.assign(new Error('078-05-1120'), { code: 'UNAVAILABLE' })], ['a fault with paths', new Fault('PAYLOAD_INVALID', ['a.b'])],
  ['one of another kind', new Fault('STORED_UNREADABLE')], ['no error', '078-05-1120'], ['nothing', undefined],
])('%s ends in one fault that says nothing', async (_, what) => {
  for (const run of thrown(what)) {
    const fault = await Promise.resolve(run()).catch((thrown: unknown) => thrown)
    expect(fault).toMatchObject({ code: 'DECRYPTION_FAILED', message: 'DECRYPTION_FAILED', paths: [] })
    expect(fault).not.toHaveProperty('cause')
  }
})

test('what goes well passes through, with all that it is given', async () => {
  const given: unknown[] = []
  const sealing = { ...named, mediaType: 'x' }
  const cipher = opener({ ...sealing, open: (...all) => { given.push(...all); return Uint8Array.of(1) }, openFile: (...all) => { given.push(...all); return Promise.resolve() } })
  expect(await cipher.open({ sealed: 'a' }, io, { field: 'b' })).toStrictEqual(Uint8Array.of(1))
  expect(await cipher.openFile?.(files, io)).toBe(undefined)
  expect(given.map((each) => each === io ? 'io' : each)).toStrictEqual([{ sealed: 'a' }, 'io', { field: 'b' }, files, 'io'])
  expect(cipher).toMatchObject(sealing)
})

test('of what opens no files, none are opened', () => {
  expect(opener({ ...named, open: () => new Uint8Array() })).not.toHaveProperty('openFile')
})
