import { describe, expect, test } from 'vitest'
import { account, flow, open, path, pipeline, post, sends, type StandardSchema } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { call, deduplicate, validate } from 'sallyport/steps'
import { run, sandbox, type Partner } from 'sallyport/testing'
import loan from '../../functions/pipelines/loan-application.ts'
import realm from '../../functions/pipelines/realm.ts'
import { application } from './messages.ts'

const any = <T>(): StandardSchema<unknown, T> => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } })
const shop = account('shop', apiKey({ origin: { prod: 'https://shop.example' }, timeout: 3 }))
/** Its send carries no key: repeating it is not safe. */
const orders = pipeline({
  name: 'orders',
  trigger: post('/orders', { auth: open('a pipeline of the tests') }),
  steps: flow(
    validate(any<{ id: string }>()),
    deduplicate({ by: 'id' }),
    call({ to: shop, reply: any<unknown>(), request: (order) => ({ method: 'POST', path: path`/orders/${order.id}`, body: order }), merge: (_, reply) => reply }),
  ),
})
const order = { id: 'o-1' }
const with_ = (reaction: Partner, message: unknown = order) => run(orders, message, { partners: { shop: reaction } })

describe('a partner', () => {
  test('answers what it is told, and has received what was sent', async () => {
    const { status, body, partners } = await with_(({ body: sent }) => ({ status: 201, body: { sent } }))
    expect({ status, body }).toStrictEqual({ status: 200, body: { sent: order } })
    expect(partners['shop']).toMatchObject([{ method: 'POST', path: '/orders/o-1', body: order }])
    expect(sends(orders)).toHaveLength(1)
  })
  test('answers as in the local run when it is told nothing', async () => {
    expect((await run(orders, order)).body).toMatchObject({ id: expect.stringMatching(/^[\w-]{36}$/) as string })
  })
  test.each([
    [500, 'PARTNER_FAILED'], [400, 'PARTNER_REFUSED'], ['drop', 'PARTNER_SILENT'], ['silent', 'PARTNER_SILENT'], ['unreachable', 'PARTNER_UNREACHABLE'],
    [{ body: '<html>' }, 'REPLY_INVALID'],
  ] as const)('%j: %s', async (reaction, fault) => {
    expect((await with_(reaction)).fault).toBe(fault)
  })
  test('that is unreachable received nothing', async () => {
    expect(await with_('unreachable')).toMatchObject({ partners: { shop: [] }, ledger: [] })
  })
  test('that is slower than its timeout is silent after exactly that', async () => {
    const late = await with_({ delay: 3_000, body: {} })
    expect(late).toMatchObject({ fault: 'PARTNER_SILENT', partners: { shop: [order].map((body) => ({ body })) } })
    expect(late.lines.at(-1)).toMatchObject({ ms: 3_000, started: '2026-01-01T00:00:00.000Z' })
    expect((await with_({ delay: 2_999, body: {} })).lines.at(-1)).toMatchObject({ outcome: 'done', ms: 2_999 })
  })
})

test('after a silent partner a resend is in doubt where repeating is not safe, and goes on where it is', async () => {
  const unsafe = sandbox({ partners: { shop: 'silent' } })
  await unsafe.run(orders, order)
  unsafe.tick(86_400_000)
  expect(await unsafe.run(orders, order)).toMatchObject({ fault: 'IN_DOUBT', partners: { shop: [] }, ledger: [{ state: 'doubt' }] })

  let asked = 0
  const safe = sandbox({ realm, partners: { 'loan-origination': () => asked++ === 0 ? 'silent' : { status: 201, body: { loanId: 'l-1' } } } })
  expect((await safe.run(loan, application())).fault).toBe('PARTNER_SILENT')
  expect((await safe.run(loan, application())).status).toBe(201)
})
