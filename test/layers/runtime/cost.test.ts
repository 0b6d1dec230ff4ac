import { expect, test } from 'vitest'
import { prices as listed } from '../../../infra/prices.ts'
import { cost, prices } from '../../../layers/runtime/cost.ts'
import { Environment } from '../../../layers/runtime/environment.ts'

test('prices are those that the estimate of a stack uses, by the million', () => {
  const dollars = { ...listed, lambdaGbSecond: listed.lambdaGbSecond.arm64 } as Readonly<Record<string, unknown>>
  const shared = Object.entries(prices).filter(([name]) => name in dollars)
  expect(shared.map(([name]) => name)).toStrictEqual(expect.arrayContaining(['apiRequest', 'lambdaRequest', 'lambdaGbSecond', 'dynamodbWrite', 'kmsRequest', 'kmsAsymmetricRequest']))
  for (const [name, price] of shared) expect(price, name).toBeCloseTo(Number(dollars[name]) * 1e6, 9)
})

test('an execution costs its requests, its time by its memory, and its calls', () => {
  const environment = new Environment({ variables: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024' } })
  expect(cost(0, {}, environment)).toBe(1.2)
  expect(cost(1_000, {}, environment)).toBe(14.53)
  expect(cost(0, { 'dynamodb:PutItem': 1, 'dynamodb:UpdateItem': 1, 'kms:Decrypt': 2, 's3:Unknown': 9 }, environment)).toBe(8.45)
})

test('a claim and its end are four write units, one that is refused is one, and what is stored beside them one', () => {
  const environment = new Environment({ variables: { TABLE_LEDGER: 'ledger' } })
  // 1.20 for the request and the invocation; a unit is 0.625.
  expect(cost(0, { 'dynamodb:PutItem': 1, 'dynamodb:UpdateItem': 1 }, environment)).toBe(3.7)
  expect(cost(0, { 'dynamodb:PutItem': 1, 'dynamodb:DeleteItem': 1 }, environment)).toBe(3.7)
  expect(cost(0, { 'dynamodb:PutItem': 1 }, environment)).toBe(1.83)
  expect(cost(0, { 'dynamodb:PutItem': 2, 'dynamodb:UpdateItem': 1 }, environment)).toBe(4.33)
  // Two transactions of two items: twice for the transaction, and an entry of the index each.
  expect(cost(0, { 'dynamodb:TransactWriteItems': 2 }, environment)).toBe(8.7)
})

test('without a ledger a write is one unit', () => {
  expect(cost(0, { 'dynamodb:PutItem': 1, 'dynamodb:UpdateItem': 1 }, new Environment({ variables: {} }))).toBe(2.45)
})
