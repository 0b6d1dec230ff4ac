import { flow, hashKey, iam, identifier, leaves, pipeline, post, type Identifier } from 'sallyport'
import { deduplicate, hash, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { madeKeys } from '../../infra/rotation.ts'

interface Loan { readonly id: string; readonly ssn: string }
const [identity, monthly] = [hashKey('identity'), hashKey('monthly', { rotateDays: 30 })]
const ssn = identifier('ssn', { key: identity })
const card = identifier('card', { key: monthly })
const claiming = (name: string, ...options: Parameters<typeof deduplicate<Loan>>) => pipeline({
  name, trigger: post(`/${name}`, { auth: iam() }), steps: flow(validate(v.object({ id: v.string(), ssn: v.string() })), deduplicate<Loan>(...options)),
})
const keys = (...as: (Identifier | undefined)[]) => as.map((each) => ({ by: 'id' as const, ...each && { as: each } })) as never
const countsOf = (...pipelines: Parameters<typeof madeKeys>[0]['pipelines']) => Object.fromEntries(madeKeys({ pipelines }).map(({ name, counts }) => [name, counts]))

test('a hash key knows how many of its versions a claim can ask for in one transaction of a hundred, and for how long one counts', () => {
  // Ninety days beyond the retention.
  expect(countsOf(claiming('one', { by: 'id' }))).toStrictEqual({ ledger: [{ days: 97, most: 100 }] })
  // 100 / 3, and the sender's own key is under `ledger`.
  expect(countsOf(claiming('three', { keys: keys(ssn, ssn), days: 365, idempotencyKey: 'optional' }))).toStrictEqual({ identity: [{ days: 455, most: 33 }], ledger: [{ days: 455, most: 33 }] })
})
test('what the schedule makes of one key is not there for the other', () => {
  // ceil(1090 / 30) + 2 = 39 versions of the one, 2 of the other: of 59 that are left each may have 29 more.
  expect(countsOf(claiming('two', { keys: keys(ssn, card), days: 1_000 }))).toStrictEqual({ identity: [{ days: 1_090, most: 31 }], monthly: [{ days: 1_090, most: 68 }] })
})
test('each claim that uses a key says so once, and hashing alone bounds nothing', () => {
  const hashing = pipeline({ name: 'hashing', trigger: post('/hashing', { auth: iam() }), steps: flow(validate(v.object({ ssn: v.string() })), hash({ fields: ['ssn'], as: ssn })) })
  expect(countsOf(hashing)).toStrictEqual({ identity: undefined })
  expect(countsOf(hashing, claiming('a', { by: 'ssn', as: ssn }), claiming('b', { by: 'ssn', as: ssn }), claiming('c', { keys: keys(ssn, undefined), days: 1 }))).toStrictEqual({
    identity: [{ days: 97, most: 100 }, { days: 91, most: 50 }], ledger: [{ days: 91, most: 50 }],
  })
})
test('what a step of somebody else\'s shows of itself is its own matter', () => {
  const [own] = leaves(deduplicate<Loan>({ by: 'id' }))
  for (const config of [{ keys: 3 }, { keys: { a: 1 } }, { keys: [null, 1], days: 7 }, { by: 'id', as: 'ssn', days: 7 }]) {
    expect(countsOf(pipeline({ name: 'theirs', trigger: post('/theirs', { auth: iam() }), steps: { ...own, config } as never }))).toHaveProperty('ledger')
  }
})
