import { randomUUID } from 'node:crypto'
import { CreateTableCommand, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digits, hashKey, identifier } from 'sallyport'
import { system } from '../../../layers/runtime/clock.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { load, store } from '../../../layers/runtime/records.ts'
import { bucket, storeContext, storeKey, table, type Store } from '../../../layers/runtime/store.ts'
import { credentialsOf, region, standIn } from '../../local/aws/harness.ts'
import { inEurope, s3 as s3At } from '../../local/aws/s3/client.ts'

/** Stores as they run in Lambda, against the stand-in over HTTP; only the clock is the test's. */
let aws: Awaited<ReturnType<typeof standIn>>
let variables: Record<string, string>
const start = Date.UTC(2026, 10, 22)
const day = 86_400_000
let now = start
const archive = table('archive', { days: 30 })
const documents = bucket('documents', { days: 30 })
const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })

/** An execution environment of its own: its caches are empty. */
const cold = (): Environment => new Environment({
  variables, clock: { ...system, now: () => now, wait: () => Promise.resolve() },
  aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin'), retryMode: 'standard' },
})
let environment: Environment

beforeAll(async () => {
  // It deletes nothing by itself: the test's clock is not the stand-in's.
  aws = await standIn(undefined, { sweepTtl: false })
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'archive', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] }))
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  await s3At(aws.port)({ method: 'PUT', path: '/documents', body: inEurope })
  const mac = async () => (await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))).KeyMetadata?.Arn as string
  const symmetric = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string
  variables = {
    STORE_ARCHIVE: 'archive', STORE_DOCUMENTS: 'documents', STORE_OTHER: 'archive', TABLE_KEYS: 'keys', KEY_LEDGER: await mac(), KEY_IDENTITY: await mac(),
    KEY_STORE_ARCHIVE: await symmetric(), KEY_STORE_DOCUMENTS: await symmetric(),
  }
  variables['KEY_STORE_OTHER'] = variables['KEY_STORE_ARCHIVE'] as string
})
afterAll(() => aws.close())
beforeEach(() => {
  environment = cold()
  now = start
})

const keep = (to: Store, value: string, content: unknown, in_ = environment) => store(in_, to, { as: undefined, value, content })
const met: string[] = []
const fetched = (from: Store, value: string, in_ = environment) => load(in_, from, { as: undefined, value }, (name) => met.push(name))
const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'done', (error: { code?: string }) => error.code ?? error)
const fresh = (): string => randomUUID()
/** The calls that something makes, `service:Operation`, in order. */
async function calls(what: () => Promise<unknown>): Promise<string[]> {
  const before = aws.calls().length
  await what()
  return aws.calls().slice(before).map(({ service, operation }) => `${String(service)}:${String(operation)}`)
}
const rows = async () => (await aws.as('admin').dynamodb.send(new ScanCommand({ TableName: 'archive', ConsistentRead: true }))).Items ?? []
const row = async (value: string, as = archive) => {
  const before = new Set((await rows()).map(({ id }) => id?.S))
  await keep(as, value, { value })
  return (await rows()).find(({ id }) => !before.has(id?.S)) ?? {}
}

describe.each([['a table', archive], ['a bucket', documents]] as const)('%s', (_, place) => {
  test('gives back what was put', async () => {
    const content = { applicant: { ssn: '078-05-1120', name: 'Ada "é\n' }, list: [1, null, { deep: ['x'] }], amount: 12.5, none: null, no: false }
    const value = fresh()
    await keep(place, value, content)
    expect(await fetched(place, value, cold())).toStrictEqual(content)
  })

  test('meets every name that it reads, so that what is sensitive is masked', async () => {
    const value = fresh()
    await keep(place, value, { applicant: { ssn: '1' } })
    met.length = 0
    await fetched(place, value)
    expect(met).toEqual(expect.arrayContaining(['ssn', 'applicant']))
  })

  test('the same again succeeds and changes nothing; other content is STORED_OTHERWISE', async () => {
    const value = fresh()
    await keep(place, value, { a: 1, b: 2 })
    now = start + 10 * day
    expect(await code(keep(place, value, { b: 2, a: 1 }))).toBe('done')
    expect(await code(keep(place, value, { a: 1, b: 3 }))).toBe('STORED_OTHERWISE')
    expect(await fetched(place, value)).toStrictEqual({ a: 1, b: 2 })
    now = start + 30 * day
    expect(await code(fetched(place, value)), 'its lifetime counts from the first time').toBe('NOT_STORED')
  })

  test('of twenty at once with other contents one is stored, and the others are told', async () => {
    const value = fresh()
    const codes = await Promise.all(Array.from({ length: 20 }, (_, i) => code(keep(place, value, { i }))))
    expect(codes.filter((each) => each === 'done')).toHaveLength(1)
    expect(new Set(codes)).toStrictEqual(new Set(['done', 'STORED_OTHERWISE']))
  })

  test('nothing there: NOT_STORED', async () => {
    expect(await code(fetched(place, fresh()))).toBe('NOT_STORED')
  })

  test('expired: not loaded to the second, though nothing deleted it, and free for another', async () => {
    const value = fresh()
    await keep(place, value, 'old')
    now = start + 30 * day - 1_000
    expect(await fetched(place, value)).toBe('old')
    expect(await code(keep(place, value, 'new'))).toBe('STORED_OTHERWISE')
    now = start + 30 * day
    expect(await code(fetched(place, value))).toBe('NOT_STORED')
    await keep(place, value, 'new')
    expect(await fetched(place, value)).toBe('new')
    expect(await code(keep(place, value, 'old'))).toBe('STORED_OTHERWISE')
  })

  test('a put whose reply was lost is a put, of what is new and of what replaces the expired', async () => {
    const value = fresh()
    const [service, operation] = place.on === 'dynamodb' ? ['dynamodb', 'PutItem'] : ['s3', 'PutObject']
    await aws.faults([{ service, operation, error: 'lostReply', times: 1 }])
    expect(await code(keep(place, value, 'first'))).toBe('done')
    now = start + 31 * day
    await aws.faults([{ service, operation, error: 'lostReply', times: 1 }])
    expect(await code(keep(place, value, 'second'))).toBe('done')
    expect(await fetched(place, value)).toBe('second')
  })

  test.each(['throttle', 'unavailable', 'reset'])('%s: UNAVAILABLE, and nothing of the reason', async (error) => {
    const value = fresh()
    await keep(place, value, 'x')
    for (const operation of place.on === 'dynamodb' ? ['PutItem', 'GetItem'] : ['PutObject', 'GetObject']) {
      await aws.faults([{ service: '*', operation, error, times: 9 }])
      const failed = operation.startsWith('Put') ? keep(place, fresh(), 'y') : fetched(place, value)
      await expect(failed).rejects.toMatchObject({ name: 'Fault', code: 'UNAVAILABLE', message: 'UNAVAILABLE' })
    }
    await aws.faults([])
  })

  test('denied is not absent', async () => {
    await aws.faults([{ service: '*', operation: place.on === 'dynamodb' ? 'GetItem' : 'GetObject', error: place.on === 'dynamodb' ? 'denied' : 'AccessDenied', times: 1 }])
    expect(await code(fetched(place, fresh()))).toBe('UNAVAILABLE')
  })

  test('a KMS that is down: UNAVAILABLE, and asked again next time', async () => {
    const value = fresh()
    await keep(place, value, 'x')
    const other = cold()
    await fetched(place, fresh(), other).catch(() => undefined)
    await aws.faults([{ service: 'kms', operation: '*', error: 'unavailable', times: 3 }])
    expect(await code(fetched(place, value, other))).toBe('UNAVAILABLE')
    expect(await fetched(place, value, other)).toBe('x')
  })

  test('warm: one write, one read, no KMS; cold: one data key for all who ask at once', async () => {
    const [write, read] = place.on === 'dynamodb' ? ['dynamodb:PutItem', 'dynamodb:GetItem'] : ['s3:PutObject', 's3:GetObject']
    const values = Array.from({ length: 10 }, fresh)
    const first = await calls(() => Promise.all(values.map((value) => keep(place, value, value))))
    expect(first.filter((call) => call === 'kms:GenerateDataKey')).toHaveLength(1)
    expect(first.filter((call) => call === 'kms:GenerateMac')).toHaveLength(2)
    expect(await calls(() => keep(place, fresh(), 'x'))).toStrictEqual([write])
    const second = await calls(() => Promise.all(values.map((value) => fetched(place, value))))
    expect(second.filter((call) => call === 'kms:Decrypt')).toHaveLength(1)
    expect(await calls(() => fetched(place, values[0] as string))).toStrictEqual([read])
    now += 300_000
    expect(await calls(() => keep(place, fresh(), 'x'))).toStrictEqual(['dynamodb:Query', 'kms:GenerateDataKey', write])
    expect((await calls(() => fetched(place, values[0] as string))).sort()).toStrictEqual([read, 'kms:Decrypt'].sort())
  })

  test('an identifier is brought to one spelling; another kind of identifier is another record', async () => {
    const as = (value: string) => ({ as: ssn, value })
    await store(environment, place, { ...as('078-05-1121'), content: 'by ssn' })
    expect(await load(environment, place, as('078051121'), () => undefined)).toBe('by ssn')
    expect(await code(fetched(place, '078051121'))).toBe('NOT_STORED')
  })

  test('a date is what JSON makes of it', async () => {
    const value = fresh()
    await keep(place, value, { at: new Date(start) })
    expect(await fetched(place, value)).toStrictEqual({ at: '2026-11-22T00:00:00.000Z' })
    expect(await code(keep(place, value, { at: new Date(start + 1) }))).toBe('STORED_OTHERWISE')
  })
})

test('in a table stand a keyed digest, the sealed record, a fingerprint and when it expires; what is revealed stands beside it', async () => {
  const value = '078-05-1120'
  const before = new Set((await rows()).map(({ id }) => id?.S))
  await store(environment, archive, { as: undefined, value, content: { ssn: value }, revealed: { status: 'open', 'cards[*].brand': ['visa', 'elo'] } })
  const [item = {}] = (await rows()).filter(({ id }) => !before.has(id?.S))
  expect(Object.keys(item).sort()).toStrictEqual(['expires', 'fingerprint', 'id', 'revealed.cards[*].brand', 'revealed.status', 'sealed'])
  expect(item['id']?.S).toMatch(/^1\.[\w-]{43}$/)
  expect(item['fingerprint']?.S).toMatch(/^1\.[\w-]{43}$/)
  expect(item['expires']).toStrictEqual({ N: '1797897600' })
  expect([item['revealed.status'], item['revealed.cards[*].brand']]).toStrictEqual([{ S: 'open' }, { L: [{ S: 'visa' }, { S: 'elo' }] }])
  expect(JSON.stringify(item) + Buffer.from(item['sealed']?.B ?? []).toString('latin1')).not.toContain('1120')
  expect(await code(store(environment, archive, { as: undefined, value, content: { ssn: value }, revealed: { status: 'closed', 'cards[*].brand': ['visa', 'elo'] } }))).toBe('STORED_OTHERWISE')
})

test('in a bucket the key is a keyed digest, and the metadata a fingerprint and when it expires', async () => {
  const { text } = await s3At(aws.port)({ path: '/documents?list-type=2' })
  const keys = [...text.matchAll(/<Key>([^<]*)</g)].map(([, key]) => key ?? '')
  for (const key of keys) expect(key).toMatch(/^1\.[\w-]{43}$/)
  const { headers } = await s3At(aws.port)({ method: 'HEAD', path: `/documents/${keys[0] ?? ''}` })
  expect([...headers.keys()].filter((name) => name.startsWith('x-amz-meta-'))).toStrictEqual(['x-amz-meta-expires', 'x-amz-meta-fingerprint'])
})

describe('what was tampered with', () => {
  const put = async (Item: Awaited<ReturnType<typeof row>>) => aws.as('admin').dynamodb.send(new PutItemCommand({ TableName: 'archive', Item }))
  test('a lifetime that was prolonged, a byte that was changed, a record moved to another identifier: STORED_UNREADABLE', async () => {
    const [one, two] = [fresh(), fresh()]
    const item = await row(one)
    const other = await row(two)
    await put({ ...item, expires: { N: '1900000000' } })
    expect(await code(fetched(archive, one))).toBe('STORED_UNREADABLE')
    const changed = Buffer.from(item['sealed']?.B as Uint8Array)
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1)
    await put({ ...item, sealed: { B: changed } })
    expect(await code(fetched(archive, one))).toBe('STORED_UNREADABLE')
    await put({ ...item, sealed: other['sealed'] as { B: Uint8Array } })
    expect(await code(fetched(archive, one))).toBe('STORED_UNREADABLE')
    await put({ id: item['id'] as { S: string } })
    expect(await code(fetched(archive, one))).toBe('STORED_UNREADABLE')
    await put(item)
    expect(await fetched(archive, one)).toStrictEqual({ value: one })
  })

  test('a wrapped key of another store: KMS does not unwrap it', async () => {
    const value = fresh()
    const other = table('other', { days: 30 })
    const item = await row(value)
    const theirs = await row(value, other)
    await put({ ...theirs, sealed: item['sealed'] as { B: Uint8Array } })
    expect(await code(fetched(other, value, cold()))).toBe('STORED_UNREADABLE')
  })
})

test('a record over 400 KB does not go into a table, and no request is made for it', async () => {
  const value = fresh()
  // Of the 409,600 bytes of an item some 400 name, bind and open the record.
  const wide = (length: number) => 'x'.repeat(length)
  await keep(archive, value, wide(409_000))
  expect(await fetched(archive, value)).toHaveLength(409_000)
  expect(await calls(async () => expect(await code(keep(archive, fresh(), wide(409_500)))).toBe('PAYLOAD_TOO_LARGE'))).toStrictEqual([])
  await keep(documents, value, wide(3_000_000))
  expect(await fetched(documents, value, cold())).toHaveLength(3_000_000)
})

test('a conflict of two writes in a bucket is tried again', async () => {
  await aws.faults([{ service: 's3', operation: 'PutObject', error: 'conflict', times: 2 }])
  expect(await calls(() => keep(documents, fresh(), 'x'))).toEqual(expect.arrayContaining(['s3:PutObject', 's3:PutObject', 's3:PutObject']))
})

test('an expired object that the lifecycle deletes while it is replaced', async () => {
  await aws.faults([{ service: 's3', operation: 'PutObject', error: 'PreconditionFailed', times: 1 }])
  expect(await code(keep(documents, fresh(), 'x'))).toBe('done')
})

test('a data key seals 65,536 records or a gigabyte, and not one more', async () => {
  const { sealingKey } = await import('../../../layers/runtime/data-key.ts')
  const wrapping = { name: 'store archive', key: storeKey(archive), context: storeContext(archive) }
  const first = sealingKey(environment, wrapping, 1)
  for (let i = 1; i < 2 ** 16; i++) expect(sealingKey(environment, wrapping, 1)).toBe(first)
  const second = sealingKey(environment, wrapping, 2 ** 29)
  expect(second).not.toBe(first)
  expect(sealingKey(environment, wrapping, 2 ** 29)).toBe(second)
  expect(sealingKey(environment, wrapping, 1)).not.toBe(second)
})

test('data keys that open are held for 256 environments that sealed', async () => {
  // Each key is used for five minutes, so one environment makes as many as 257 would.
  const writer = cold()
  const values: string[] = []
  for (let i = 0; i < 257; i++) {
    now += 300_000
    values.push(fresh())
    await keep(archive, values[i] as string, 'x', writer)
  }
  for (const value of values) await fetched(archive, value)
  expect(await calls(() => fetched(archive, values[256] as string))).toStrictEqual(['dynamodb:GetItem'])
  expect(await calls(() => fetched(archive, values[0] as string))).toStrictEqual(['dynamodb:GetItem', 'kms:Decrypt'])
}, 120_000)

test('an environment without the need says so', async () => {
  await expect(keep(table('elsewhere', { days: 1 }), 'x', 'y')).rejects.toThrow('store elsewhere is not among the needs of this pipeline')
  expect(await aws.as('admin').dynamodb.send(new GetItemCommand({ TableName: 'archive', Key: { id: { S: 'x' } } }))).not.toHaveProperty('Item')
})

describe.each([['a table', archive], ['a bucket', documents]])('%s, after its key was rotated', (_, place) => {
  test('what was stored before is found, compared, and expires; what is new has the new version', async () => {
    const [before, expired, after] = [fresh(), fresh(), fresh()]
    const as = (value: string) => ({ as: ssn, value: value.replace(/\D/g, '').padEnd(30, '7') })
    await store(environment, place, { ...as(before), content: { a: 1 } })
    await store(environment, place, { ...as(expired), content: { a: 1 } })
    await aws.as('admin').dynamodb.send(new PutItemCommand({ TableName: 'keys', Item: {
      pair: { S: 'identity' }, kid: { S: 'identity-digest-2' }, type: { S: 'digest' }, version: { N: '2' }, from: { N: String(start + 600_000) }, created: { S: '2026-11-22T00:00:00.000Z' },
    } }))
    now = start + 1_000_000
    environment = cold()
    const put = (value: string, content: unknown) => code(store(environment, place, { ...as(value), content }))
    expect(await load(environment, place, as(before), () => undefined)).toEqual({ a: 1 })
    expect(await put(before, { a: 1 })).toBe('done')
    expect(await put(before, { a: 2 })).toBe('STORED_OTHERWISE')
    expect(await put(after, { a: 3 })).toBe('done')
    expect(await load(environment, place, as(after), () => undefined)).toEqual({ a: 3 })
    const { Items = [] } = await aws.as('admin').dynamodb.send(new ScanCommand({ TableName: 'archive' }))
    if (place === archive) expect(Items.filter(({ id }) => id?.S?.startsWith('2.'))).toHaveLength(1)
    now = start + 31 * day
    expect(await code(load(environment, place, as(expired), () => undefined))).toBe('NOT_STORED')
    expect(await put(expired, { a: 4 })).toBe('done')
  })
})
