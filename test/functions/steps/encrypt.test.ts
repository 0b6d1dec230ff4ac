import type { Sealer } from 'sallyport'
import { expect, test } from 'vitest'
import { encrypt } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

const plain: Sealer = { cipher: 'plain', config: {}, needs: [], mediaType: 'text/plain', seal: (bytes) => Promise.resolve({ sealed: Buffer.from(bytes).toString() }) }
const sealed = async (payload: unknown): Promise<string> => (await encrypt(plain).run(payload, fakeIo())).sealed

test('signed text is sealed as it is, bytes too, and anything else as JSON', async () => {
  expect(await sealed({ signed: 'a.b.c', mediaType: 'application/jose' })).toBe('a.b.c')
  expect(await sealed(Buffer.from('078-05-1120'))).toBe('078-05-1120')
  expect(await sealed({ amount: 1 })).toBe('{"amount":1}')
})

test('a sender who adds the members of signed text to a payload does not choose what is sealed', async () => {
  const payload = { amount: 1, signed: '{"amount":1000000}', mediaType: 'application/jose' }
  expect(await sealed(payload)).toBe(JSON.stringify(payload))
})
