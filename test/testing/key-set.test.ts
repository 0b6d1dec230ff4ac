import { account, flow, open, path, pipeline, post, type StandardSchema } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { keySet } from 'sallyport/accounts/key-set'
import { jwe } from 'sallyport/ciphers/jwe'
import { call, validate } from 'sallyport/steps'
import { sandbox, type Partner } from 'sallyport/testing'
import { describe, expect, test } from 'vitest'
import { keySetsOf } from '../../infra/key-sets.ts'

const any = <T>(): StandardSchema<unknown, T> => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } })
const bank = account('bank', apiKey({ origin: { prod: 'https://bank.example' } }))
const bankKeys = account('bank-keys', keySet({ origin: { prod: 'https://keys.bank.example' }, path: '/v1/keys' }))
/** What it sends is sealed to a key that the bank publishes. */
const orders = pipeline({
  name: 'orders',
  trigger: post('/orders', { auth: open('a pipeline of the tests') }),
  steps: flow(
    validate(any<{ id: string }>()),
    call({ to: bank, reply: any<unknown>(), seal: jwe({ to: bankKeys }), request: (order) => ({ method: 'POST', path: path`/orders`, body: order }) }),
  ),
})
const order = { id: 'o-1' }

test('accounts of published keys are found in what steps show, wherever a cipher stands', () => {
  expect(keySetsOf([orders, orders])).toStrictEqual([bankKeys])
})

describe('published keys', () => {
  test('are asked for once, and what is sealed to them is opened by their owner', async () => {
    const world = sandbox()
    const first = await world.run(orders, order)
    expect(first.status).toBe(200)
    expect(first.partners['bank']).toMatchObject([{ body: order, sealed: true }])
    expect(first.partners['bank-keys']).toMatchObject([{ method: 'GET', path: '/v1/keys', headers: { accept: expect.stringContaining('json') as string } }])
    expect(first.partners['bank-keys']?.[0]?.headers).not.toHaveProperty('x-api-key')
    expect(first.calls.some(({ operation }) => operation === 'GetSecretValue')).toBe(true)
    const second = await world.run(orders, order)
    expect(second.status).toBe(200)
    expect(second.partners['bank-keys'] ?? []).toStrictEqual([])
  })
  test('the last ones are used for a day while their address fails, and no longer', async () => {
    let asked = 0
    const failing: Partner = () => asked++ === 0 ? { body: { keys: [{ kty: 'EC', crv: 'P-256', x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4', y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM', use: 'enc', kid: '1' }] }, cacheControl: 'max-age=60' } : 503
    const world = sandbox({ partners: { 'bank-keys': failing } })
    expect((await world.run(orders, order)).status).toBe(200)
    world.tick(61_000)
    expect((await world.run(orders, order)).status).toBe(200)
    expect(asked).toBe(2)
    world.tick(86_400_000)
    expect(await world.run(orders, order)).toMatchObject({ status: 503, fault: 'ACCOUNT_UNAVAILABLE', partners: { bank: [] } })
  })
  test('without any nothing is sent', async () => {
    for (const reaction of [500, 'unreachable', { body: '<html>' }, { body: { keys: [] } }] as const) {
      expect(await sandbox({ partners: { 'bank-keys': reaction } }).run(orders, order)).toMatchObject({ fault: 'ACCOUNT_UNAVAILABLE', partners: { bank: [] } })
    }
  })
})
