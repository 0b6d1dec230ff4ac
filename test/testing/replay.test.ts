import { expect, test } from 'vitest'
import { account, flow, open, path, pipeline, post, type StandardSchema } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { call, deduplicate, transform, validate } from 'sallyport/steps'
import { sandbox, type Partner } from 'sallyport/testing'

const any = <T>(): StandardSchema<unknown, T> => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } })
const bank = account('bank', apiKey({ origin: { prod: 'https://bank.example' }, idempotency: { hours: 24 }, timeout: 20 }))
const slow = account('slow', apiKey({ origin: { prod: 'https://slow.example' }, idempotency: { hours: 24 }, timeout: 28 }))
/** Its reply is the bank's. */
const paymentsTo = (to: typeof bank) => pipeline({
  name: 'payments', timeout: 29,
  trigger: post('/payments', { auth: open('a pipeline of the tests') }),
  steps: flow(
    validate(any<{ id: string }>()),
    deduplicate({ by: 'id', idempotencyKey: 'required', replay: true }),
    call({ to, once: 'id', reply: any<unknown>(), request: (payment) => ({ method: 'POST', path: path`/payments`, body: payment }), merge: (_, reply) => reply }),
  ),
})
const payments = paymentsTo(bank)

function world(reply: Partner = { status: 201, body: { receipt: 'r-1' } }) {
  const box = sandbox({ partners: { bank: reply } })
  const send = (id: string, payload: object = { id }) => box.run(payments, payload, { headers: { 'idempotency-key': id } })
  return { box, send }
}

test('the first reply is given again to the same message, and the bank is not asked again', async () => {
  const { send } = world()
  expect(await send('p-1')).toMatchObject({ status: 200, body: { receipt: 'r-1' }, partners: { bank: [{ body: { id: 'p-1' } }] } })
  expect(await send('p-1')).toMatchObject({ status: 200, body: { receipt: 'r-1' }, partners: { bank: [] } })
  expect(await send('p-1', { id: 'p-2' })).toMatchObject({ status: 422, fault: 'KEY_REUSED', partners: { bank: [] } })
})
test('an Idempotency-Key counts whatever its sender wrote there, and none is none', async () => {
  const { send } = world()
  for (const [i, key] of ['ключ', 'k'.repeat(4_000), 'a "b" c', '\t'].entries()) {
    expect(await send(key, { id: `p-${i}` })).toMatchObject({ status: 200 })
    expect(await send(key, { id: `q-${i}` })).toMatchObject({ fault: 'KEY_REUSED' })
  }
  expect(await send('')).toMatchObject({ status: 400, fault: 'KEY_MISSING' })
})
test('a payload that is too large for its reply to be kept is refused before anything is sent or claimed', async () => {
  const { send } = world()
  // {"id":"p-1","text":"…"} has 22 bytes besides the text.
  const text = (bytes: number) => ({ id: 'p-1', text: 'x'.repeat(bytes - 22) })
  expect(await send('p-1', text(65_537))).toMatchObject({ status: 413, fault: 'PAYLOAD_TOO_LARGE', partners: { bank: [] }, ledger: [] })
  expect(await send('p-1', text(65_536))).toMatchObject({ status: 200 })
})
test('a reply that a partner made too large is not kept: whoever asks again is told that it is a duplicate', async () => {
  const { send } = world({ status: 201, body: { receipt: 'x'.repeat(131_073) } })
  expect(await send('p-1')).toMatchObject({ status: 200, ledger: [{ state: 'confirmed' }, { state: 'confirmed' }] })
  expect(await send('p-1')).toMatchObject({ status: 409, fault: 'DUPLICATE', partners: { bank: [] } })
})
test('where KMS has no key to seal by, nothing is sent', async () => {
  const { box, send } = world()
  box.faults([{ service: 'kms', operation: 'GenerateDataKey', error: 'throttle', times: 9 }])
  expect(await send('p-1')).toMatchObject({ status: 503, fault: 'UNAVAILABLE', partners: { bank: [] }, ledger: [] })
})
test('where the key ran out while the bank worked, and KMS is silent, the payment is confirmed without its reply', async () => {
  const { box, send } = world({ delay: 10_000, status: 201, body: {} })
  expect((await send('p-1')).status).toBe(200)
  // A data key is used for 300 seconds; ten of them passed in the first message.
  box.tick(285_000)
  box.faults([{ service: 'kms', operation: 'GenerateDataKey', error: 'timeout', times: 9 }])
  expect(await send('p-2')).toMatchObject({ status: 200, partners: { bank: [{ body: { id: 'p-2' } }] } })
  box.faults([])
  expect(await send('p-2')).toMatchObject({ status: 409, fault: 'DUPLICATE' })
})
test('where KMS is silent in the last second of a run, the confirm still has half of what is left', async () => {
  // Of 29 seconds the bank takes 27.9; the claim is settled until 28.825.
  const box = sandbox({ partners: { slow: { delay: 27_900, status: 201, body: {} } } })
  const late = paymentsTo(slow)
  const send = (id: string) => box.run(late, { id }, { headers: { 'idempotency-key': id } })
  expect((await send('p-1')).status).toBe(200)
  box.tick(250_000)
  box.faults([{ service: 'kms', operation: 'GenerateDataKey', error: 'timeout', times: 9 }])
  expect(await send('p-2')).toMatchObject({ status: 200, partners: { slow: [{ body: { id: 'p-2' } }] }, ledger: Array.from({ length: 4 }, () => ({ state: 'confirmed' })) })
})
test.each([['an amount in bigint', () => 10n], ['a cycle', () => { const own: unknown[] = []; return own[own.push(own) - 1] }]])('a reply that is no JSON, %s, does not keep the payment from being confirmed', async (_, made) => {
  const odd = pipeline({
    name: 'odd', trigger: post('/odd', { auth: open('a pipeline of the tests') }),
    steps: flow(
      validate(any<{ id: string }>()), deduplicate({ by: 'id', idempotencyKey: 'required', replay: true }),
      call({ to: bank, once: 'id', reply: any<unknown>(), request: (payment) => ({ method: 'POST', path: path`/payments`, body: payment }) }), transform(() => ({ made: made() })),
    ),
  })
  const { box } = world()
  const send = () => box.run(odd, { id: 'p-1' }, { headers: { 'idempotency-key': 'p-1' } })
  expect(await send()).toMatchObject({ partners: { bank: [{ body: { id: 'p-1' } }] }, ledger: [{ state: 'confirmed' }, { state: 'confirmed' }] })
  expect(await send()).toMatchObject({ status: 409, fault: 'DUPLICATE', partners: { bank: [] } })
})
