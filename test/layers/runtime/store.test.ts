import { expect, test } from 'vitest'
import { digits, hashKey, identifier } from 'sallyport'
import { bucket, loadNeeds, storeKey, storeNeeds, table } from '../../../layers/runtime/store.ts'

const archive = table('archive', { days: 365 })
const documents = bucket('documents', { days: 30 })

test('a table and a bucket as values', () => {
  expect([archive, documents]).toStrictEqual([
    { kind: 'store', name: 'archive', on: 'dynamodb', days: 365 }, { kind: 'store', name: 'documents', on: 's3', days: 30 },
  ])
  expect(storeKey(archive)).toStrictEqual({ kind: 'key', name: 'store-archive', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' })
})

test.each([0, -1, 1.5, 3_661, Number.NaN, Number.POSITIVE_INFINITY])('%d days', (days) => {
  expect(() => table('archive', { days })).toThrow(new TypeError('store archive: days is a whole number, 1 to 3660'))
  expect(() => bucket('archive', { days })).toThrow(TypeError)
})

test('a name that cannot be', () => {
  expect(() => table('My_Archive', { days: 1 })).toThrow('store name "My_Archive": write lower-case words joined by hyphens')
})

test('storing may seal and never open; loading may open and never put', () => {
  const key = { kind: 'key', name: 'store-archive', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' }
  const ledger = [{ resource: { kind: 'table', name: 'keys' }, actions: ['dynamodb:Query'] }, { resource: { kind: 'key', name: 'ledger', spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' }, actions: ['kms:GenerateMac'] }]
  expect(storeNeeds(archive)).toStrictEqual([{ resource: archive, actions: ['dynamodb:GetItem', 'dynamodb:PutItem'] }, { resource: key, actions: ['kms:GenerateDataKey'] }, ...ledger])
  expect(loadNeeds(archive)).toStrictEqual([{ resource: archive, actions: ['dynamodb:GetItem'] }, { resource: key, actions: ['kms:Decrypt'] }, ...ledger])
  expect(storeNeeds(documents)[0]?.actions).toStrictEqual(['s3:GetObject', 's3:PutObject'])
  expect(loadNeeds(documents)[0]?.actions).toStrictEqual(['s3:GetObject', 's3:ListBucket'])
  const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
  expect(loadNeeds(archive, ssn)[3]?.resource.name).toBe('identity')
})
