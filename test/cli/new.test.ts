import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { draft } from '../../cli/draft.ts'
import { make } from '../../cli/new.ts'
import { Refused, Usage } from '../../cli/usage.ts'

test('what the words say stands in the file, in their order', () => {
  const { code, example } = draft('refund', ['post:/refunds:jose', 'deduplicate:refundId', 'hash:payer.ssn', 'call:my-bank', 'transform'], '../pipelines')
  const order = ["post('/refunds', { accept: 'application/jose'", 'decrypt(jwe({ key: inbox }))', 'parseJson()', 'validate(Refund)', "deduplicate({ by: 'refundId'", "hash({ fields: ['payer.ssn'], as: payerSsn })", "to: myBank, once: 'refundId'", 'transform('].map((text) => code.indexOf(text))
  expect(order).not.toContain(-1)
  expect(order.toSorted((a, b) => a - b)).toEqual(order)
  expect(code).toContain("const myBank = account('my-bank'")
  expect(JSON.parse(example)).toEqual({ refundId: 'refund-id-1', payer: { ssn: 'ssn-1' } })
})

test('a payload is always validated, and the route is the name where none is given', () => {
  const { code } = draft('order', [], '../pipelines')
  expect(code).toContain("post('/orders'")
  expect(code).toContain('validate(Order)')
})

test('a message may wait: behind a route that answers at once, or in a queue, where it is sealed', () => {
  const behind = draft('refund', ['async:/refunds', 'deduplicate:refundId'], '../pipelines')
  expect(behind.code).toContain("  trigger: post('/refunds', { mode: 'async', auth: iam() }),\n")
  expect(behind.test).toContain("  expect(await world.run(refund, example)).toMatchObject({ status: 202 })\n  expect(await world.drain(refund)).toMatchObject([{ outcome: 'done' }])\n")
  expect(behind.test).toContain("toMatchObject([{ outcome: 'duplicate' }])")
  const queued = draft('refund', ['queue:refunds'], '../pipelines')
  expect(queued.code).toContain("import { flow, keyPair, pipeline, queue } from 'sallyport'\n")
  expect(queued.code).toContain("  trigger: queue('refunds', { accept: 'application/jose' }),\n  steps: flow(\n    decrypt(jwe({ key: inbox })),\n")
  expect(queued.test).toContain("  expect(await world.deliver(refund, example)).toMatchObject({ outcome: 'done' })\n")
  expect(queued.test).not.toContain('duplicate')
})

test.each([
  ['Refund', [], 'lower-case words joined by hyphens'],
  ['refund', ['get:/refunds'], 'a trigger is written post:/path'],
  ['refund', ['shout'], 'there is no step shout to begin with; there are validate, log,'],
  ['refund', ['call'], 'call wants an account, as in call:bank'],
  ['refund', ['deduplicate:no field'], 'deduplicate wants a field, as in deduplicate:orderId'],
  ['refund', ['validate:it'], 'validate stands alone'],
])('%s %j is refused in a sentence', (name, words, sentence) => {
  expect(() => draft(name, words, '..')).toThrow(Usage)
  expect(() => draft(name, words, '..')).toThrow(sentence)
})

test('nothing is overwritten', async () => {
  await expect(make(['loan-application', '--pipelines', fileURLToPath(new URL('../../functions/pipelines', import.meta.url))])).rejects.toThrow(Refused)
})
