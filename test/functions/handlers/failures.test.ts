import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, GetItemCommand, PutItemCommand, ScanCommand, TransactWriteItemsCommand, type AttributeValue, type TransactWriteItem } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import type { Context } from 'aws-lambda'
import { Environment, rerunsKey } from 'sallyport'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Event } from '../../../functions/handlers/failures.ts'
import { sealEnvelope } from '../../../layers/runtime/sealing.ts'
import { account, admin, allow, credentialsOf, region, standIn } from '../../local/aws/harness.ts'

const lines: [line: Record<string, unknown>, content: Record<string, unknown> | undefined][] = []
vi.mock('sallyport', async (original) => ({
  ...await original<object>(), own: () => undefined,
  emit: (line: Record<string, unknown>, content?: Record<string, unknown>) => { lines.push([line, content]) },
}))

let aws: Awaited<ReturnType<typeof standIn>>
let lambda: Server
let handler: (event: Event, context: Context) => Promise<object>
let sealing: Environment
/** What pipelines were asked, and what they answer; a text is how Lambda spells a failure. */
const asked: { name: string; event: unknown }[] = []
let answers: (name: string, event: { rerun?: { id: string } }) => object | 'crashed' | 'throttled'
const now = Date.now()
const soon = Math.ceil(now / 1_000) + 86_400
/** Nine digits that may be in no answer and in no line. */
const canary = '078051120'

beforeAll(async () => {
  const table = `arn:aws:dynamodb:${region}:${account}:table/outcomes`
  const policies = [allow(['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Scan'], table), allow(['dynamodb:Query'], [`${table}/index/failures`, `${table}/index/entities`]), allow(['kms:Decrypt'])]
  aws = await standIn([admin, { name: 'failures', policies }])
  const endpoint = `http://127.0.0.1:${aws.port}`
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({
    TableName: 'outcomes', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [['id', 'S'], ['failed', 'S'], ['entity', 'S'], ['at', 'N']].map(([AttributeName, type]) => ({ AttributeName, AttributeType: type as 'S' })),
    GlobalSecondaryIndexes: [['failures', 'failed'], ['entities', 'entity']].map(([IndexName, AttributeName]) => ({
      IndexName, KeySchema: [{ AttributeName, KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }], Projection: { ProjectionType: 'ALL' },
    })),
  }))
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const KEY_RERUNS = KeyMetadata?.Arn ?? ''
  sealing = new Environment({ variables: { KEY_RERUNS }, aws: { endpoint, region, credentials: credentialsOf('admin') } })
  lambda = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const name = /\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '')?.[1] ?? ''
      const event = JSON.parse(Buffer.concat(chunks).toString()) as { rerun?: { id: string } }
      asked.push({ name, event })
      const answer = answers(name, event)
      if (answer === 'throttled') response.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException' }).end('{}')
      else if (answer === 'crashed') response.writeHead(200, { 'x-amz-function-error': 'Unhandled' }).end('{"errorMessage":"a word"}')
      else response.writeHead(200).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((done) => { lambda.listen(0, '127.0.0.1', done) })
  const { accessKeyId, secretAccessKey } = credentialsOf('failures')
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey,
    TABLE_OUTCOMES: 'outcomes', KEY_RERUNS, PIPELINES: '["loans","parcels"]', FUNCTION_PREFIX: 'Bank-dev-',
  })) vi.stubEnv(name, value)
  handler = (await import('../../../functions/handlers/failures.ts')).handler
})
afterAll(async () => {
  vi.unstubAllEnvs()
  lambda.close()
  lambda.closeAllConnections()
  await aws.close()
})
beforeEach(async () => {
  const { dynamodb } = aws.as('admin')
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: 'outcomes' }))
  await together(Items.map(({ id }) => ({ Delete: { TableName: 'outcomes', Key: { id: id as AttributeValue } } })))
  asked.length = lines.length = 0
  answers = () => ({ done: true })
})

/** A hundred are written at once: each write by itself waits for the disk. */
async function together(TransactItems: TransactWriteItem[]): Promise<void> {
  for (let i = 0; i < TransactItems.length; i += 100) await aws.as('admin').dynamodb.send(new TransactWriteItemsCommand({ TransactItems: TransactItems.slice(i, i + 100) }))
}
type Row = Record<string, AttributeValue | undefined>
function row(id: string, minutes: number, rest: Row = {}): TransactWriteItem {
  const Item: Row = {
    id: { S: id }, failed: { S: 'loans' }, pipeline: { S: 'loans' }, at: { N: String(now - minutes * 60_000) }, first: { N: String(now - minutes * 60_000 - 1) }, attempt: { N: '2' }, version: { S: '0123456789ab' }, execution: { S: `e-${id}` },
    step: { S: 'call' }, fault: { S: 'PARTNER_FAILED' }, blame: { S: 'partner' }, retry: { BOOL: true }, effect: { S: 'unknown' }, entity: { S: 'loans/1042' }, waits: { N: '0' }, source: { BOOL: true }, fingerprint: { S: '1.abc' }, expires: { N: String(soon) }, ...rest,
  }
  return { Put: { TableName: 'outcomes', Item: Object.fromEntries(Object.entries(Item).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined)) } }
}
const put = (id: string, minutes: number, rest?: Row): Promise<void> => together([row(id, minutes, rest)])
const fill = (): Promise<void> => together(Array.from({ length: 102 }, (_, i) => row(`f.${i}`, i)))
const parcels = { failed: { S: 'parcels' }, pipeline: { S: 'parcels' }, entity: { S: 'parcels/7' } }
const accepted = (id: string, pipeline: string, entity?: string): Promise<void> => put(id, 1, { pipeline: { S: pipeline }, failed: undefined, state: { S: 'accepted' }, entity: entity === undefined ? undefined : { S: entity } })
const ask = <Answer>(event: Event, remaining = 60_000): Promise<Answer> => handler(event, { awsRequestId: 'r', getRemainingTimeInMillis: () => remaining } as Context) as Promise<Answer>
interface Listed { readonly failures: readonly { readonly id: string }[]; readonly from?: string }
const ids = ({ failures }: Listed): string[] => failures.map(({ id }) => id)
const left = async (): Promise<string[]> => ((await aws.as('admin').dynamodb.send(new ScanCommand({ TableName: 'outcomes' }))).Items ?? []).map(({ id }) => id?.S ?? '').sort()

describe('list', () => {
  test('shows what a person may see of a failure, and nothing that opens or tells a payload', async () => {
    await put('f.a', 3, { sealed: { B: Buffer.from('sealed') }, entity: { S: `loans/1.${'d'.repeat(43)}` } })
    expect(await ask({ list: {} })).toStrictEqual({ failures: [{
      id: 'f.a', pipeline: 'loans', at: now - 180_000, first: now - 180_001, attempt: 2, execution: 'e-f.a', version: '0123456789ab', step: 'call', fault: 'PARTNER_FAILED', blame: 'partner', retry: true, effect: 'unknown',
      entity: `1.${'d'.repeat(43)}`, waits: false, source: true,
    }] })
    expect(lines).toStrictEqual([[{ time: expect.any(String) as string, level: 'info', event: 'failures', id: 'r', action: 'list', pipeline: undefined, rows: 1 }, undefined]])
  })
  test('the newest first, those of all pipelines together, page by page', async () => {
    for (const [id, minutes, of] of [['f.1', 1, {}], ['f.2', 2, parcels], ['f.3', 3, {}], ['f.4', 4, parcels], ['f.5', 5, {}]] as const) await put(id, minutes, of)
    const first = await ask<Listed>({ list: { limit: 2 } })
    expect(ids(first)).toStrictEqual(['f.1', 'f.2'])
    // What is reported meanwhile is newer, and is not on the pages behind.
    await put('f.0', 0)
    const second = await ask<Listed>({ list: { limit: 2, from: first.from } })
    expect(ids(second)).toStrictEqual(['f.3', 'f.4'])
    expect(await ask<Listed>({ list: { limit: 2, from: second.from } }).then((page) => [ids(page), page.from])).toStrictEqual([['f.5'], undefined])
  })
  test('rows of one moment are each on one page', async () => {
    for (const id of ['f.a', 'f.b', 'f.c', 'f.d', 'f.e']) await put(id, 1)
    const met: string[] = []
    for (let from: string | undefined, pages = 0; pages < 9; pages++) {
      const page: Listed = await ask({ list: { limit: 2, ...from !== undefined && { from } } })
      met.push(...ids(page))
      if (page.from === undefined) break
      from = page.from
    }
    expect(met.sort()).toStrictEqual(['f.a', 'f.b', 'f.c', 'f.d', 'f.e'])
  })
  test('by pipeline, fault, blame and time, and those that a rerun may help; none that has expired, or was accepted only', async () => {
    await together([
      row('f.ours', 1, { fault: { S: 'UNAVAILABLE' }, blame: { S: 'us' } }), row('f.parcel', 2, parcels), row('f.waits', 3, { waits: { N: String(now + 60_000) } }), row('f.final', 4, { retry: { BOOL: false } }),
      row('f.expired', 1, { expires: { N: String(Math.floor(now / 1_000) - 1) } }),
    ])
    await accepted('0b6c4f4e-0000-4000-8000-000000000000', 'loans')
    const listed = async (list: Extract<Event, { list: unknown }>['list']): Promise<string[]> => ids(await ask({ list }))
    expect(await listed({})).toStrictEqual(['f.ours', 'f.parcel', 'f.waits', 'f.final'])
    expect(await listed({ pipeline: 'parcels' })).toStrictEqual(['f.parcel'])
    expect(await listed({ fault: 'UNAVAILABLE' })).toStrictEqual(['f.ours'])
    expect(await listed({ blame: 'us' })).toStrictEqual(['f.ours'])
    expect(await listed({ since: now - 150_000 })).toStrictEqual(['f.ours', 'f.parcel'])
    // Neither what comes again by itself, nor what would fail alike.
    expect(await listed({ retry: true })).toStrictEqual(['f.ours', 'f.parcel'])
  })
  test('by the entity, whose digest only its pipeline can tell; the text is in no line', async () => {
    await put('f.hers', 1, { entity: { S: `loans/1.${'h'.repeat(43)}` } })
    await put('f.other', 2)
    await accepted('0b6c4f4e-0000-4000-8000-000000000001', 'loans', `loans/1.${'h'.repeat(43)}`)
    answers = () => ({ entities: [`loans/1.${'h'.repeat(43)}`] })
    expect(ids(await ask({ list: { pipeline: 'loans', entity: canary } }))).toStrictEqual(['f.hers'])
    expect(asked).toStrictEqual([{ name: 'Bank-dev-loans', event: { find: { entity: canary } } }])
    expect(JSON.stringify(lines)).not.toContain(canary)
    // One of another pipeline is not looked for.
    answers = () => ({ entities: ['loans/1042', 'parcels/7'] })
    expect(await ask({ list: { pipeline: 'loans', entity: canary } })).toStrictEqual({ refused: 'the function of the pipeline loans could not look for the entity: see its log' })
  })
  test('by the entity under each version of the key, the newest failures first, page by page', async () => {
    const [before, after] = [`loans/1.${'h'.repeat(43)}`, `loans/2.${'g'.repeat(43)}`]
    for (const [id, minutes, entity] of [['f.1', 1, after], ['f.2', 2, before], ['f.3', 3, before], ['f.4', 4, after]] as const) await put(id, minutes, { entity: { S: entity } })
    answers = () => ({ entities: [after, before] })
    const list = { pipeline: 'loans', entity: canary, limit: 3 }
    const first = await ask<Listed>({ list })
    expect(ids(first)).toStrictEqual(['f.1', 'f.2', 'f.3'])
    expect(Buffer.from(first.from ?? '', 'base64url').toString()).not.toMatch(/hhh|ggg/)
    // Another version is written meanwhile.
    answers = () => ({ entities: [`loans/3.${'i'.repeat(43)}`, before, after] })
    expect(ids(await ask<Listed>({ list: { ...list, from: first.from } }))).toStrictEqual(['f.4'])
    expect(await ask({ count: { pipeline: 'loans', entity: canary } })).toMatchObject({ total: 4 })
  })
  test('one by its id', async () => {
    await put('f.a', 1)
    expect(ids(await ask({ list: { id: 'f.a' } }))).toStrictEqual(['f.a'])
    expect(ids(await ask({ list: { id: 'f.b' } }))).toStrictEqual([])
  })
  test('reads the index of a pipeline in one request', async () => {
    const before = aws.calls().length
    await ask({ list: { pipeline: 'loans' } })
    expect(aws.calls().slice(before).map(({ operation }) => operation)).toStrictEqual(['Query'])
  })
})

test('count: by pipeline and fault, the most first', async () => {
  await put('f.1', 1)
  await put('f.2', 9, { retry: { BOOL: false } })
  await put('f.3', 2, parcels)
  expect(await ask({ count: {} })).toStrictEqual({ total: 3, more: false, counts: [
    { pipeline: 'loans', fault: 'PARTNER_FAILED', blame: 'partner', count: 2, retry: 1, oldest: now - 540_000, newest: now - 60_000 },
    { pipeline: 'parcels', fault: 'PARTNER_FAILED', blame: 'partner', count: 1, retry: 1, oldest: now - 120_000, newest: now - 120_000 },
  ] })
})

describe('rerun', () => {
  test('reads the message again by its entity', async () => {
    await put('f.a', 1)
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: true })
    expect(asked).toStrictEqual([{ name: 'Bank-dev-loans', event: { rerun: { id: 'f.a', entity: '1042' } } }])
    expect(lines[0]?.[0]).toMatchObject({ event: 'failures', action: 'rerun', pipeline: 'loans', failure: 'f.a', done: true, given: false, forced: false })
  })
  test('says whom its sender asks for', async () => {
    await put('f.a', 1, { request: { S: '0b6c4f4e-0000-4000-8000-000000000000' } })
    await ask({ rerun: { id: 'f.a' } })
    expect(asked).toStrictEqual([{ name: 'Bank-dev-loans', event: { rerun: { id: 'f.a', entity: '1042', request: '0b6c4f4e-0000-4000-8000-000000000000' } } }])
  })
  const sealed = async (id: string, pipeline = 'loans', what = 'entity', text: string = canary): Promise<AttributeValue> => ({ B: await sealEnvelope(sealing, rerunsKey, pipeline, Buffer.from(text), [pipeline, id, what]) })
  test('the name of its message is opened here, and goes with it, whatever it may have done; it opens in no other place', async () => {
    const origin = JSON.stringify(['iam arn', 'POST /loans', canary])
    await put('f.a', 1, { effect: { S: 'unknown' }, origin: await sealed('f.a', 'loans', 'origin', origin) })
    const body = Buffer.from('{}').toString('base64')
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: true })
    expect(await ask({ rerun: { id: 'f.a', body } })).toStrictEqual({ id: 'f.a', done: true })
    expect(asked.map(({ event }) => event)).toStrictEqual([{ rerun: { id: 'f.a', entity: '1042', origin } }, { rerun: { id: 'f.a', fingerprint: '1.abc', body, origin } }])
    expect(JSON.stringify(lines)).not.toContain(canary)
    for (const moved of [await sealed('f.a', 'loans', 'entity', origin), await sealed('f.b', 'loans', 'origin', origin)]) {
      await put('f.a', 1, { origin: moved })
      expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: false, fault: 'DECRYPTION_FAILED' })
    }
    expect(asked).toHaveLength(2)
  })
  test('a sensitive one is opened here, is in no answer and in no line, and opens in no other row', async () => {
    await put('f.a', 1, { entity: { S: `loans/1.${'d'.repeat(43)}` }, sealed: await sealed('f.a') })
    answers = () => ({ done: false, fault: 'PARTNER_SILENT', entity: canary })
    const answer = await ask({ rerun: { id: 'f.a' } })
    expect(answer).toStrictEqual({ id: 'f.a', done: false, fault: 'PARTNER_SILENT' })
    expect(asked).toStrictEqual([{ name: 'Bank-dev-loans', event: { rerun: { id: 'f.a', entity: canary } } }])
    expect(JSON.stringify([answer, lines])).not.toContain(canary)
    for (const moved of [await sealed('f.other'), await sealed('f.b', 'parcels')]) {
      await put('f.b', 1, { entity: { S: `loans/1.${'d'.repeat(43)}` }, sealed: moved })
      expect(await ask({ rerun: { id: 'f.b' } })).toStrictEqual({ id: 'f.b', done: false, fault: 'DECRYPTION_FAILED' })
    }
    expect(asked).toHaveLength(1)
  })
  test('takes the payload that a person gives, with the fingerprint of the one that failed', async () => {
    await put('f.a', 1, { source: { BOOL: false }, retry: { BOOL: false } })
    const body = Buffer.from(`{"ssn":"${canary}"}`).toString('base64')
    expect(await ask({ rerun: { id: 'f.a', body } })).toStrictEqual({ id: 'f.a', done: true })
    expect(asked).toStrictEqual([{ name: 'Bank-dev-loans', event: { rerun: { id: 'f.a', fingerprint: '1.abc', body } } }])
    expect(JSON.stringify(lines)).not.toContain(body)
  })
  test.each([
    ['waits', { waits: { N: String(now + 60_000) } }, true], ['final', { retry: { BOOL: false } }, true],
    // Force gives no payload.
    ['body', { source: { BOOL: false } }, false], ['body', { entity: undefined }, false],
  ] as const)('is refused: %s', async (why, rest, forced) => {
    await put('f.a', 1, rest)
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: false, why })
    expect(asked).toStrictEqual([])
    expect(await ask({ rerun: { id: 'f.a', force: true } })).toStrictEqual(forced ? { id: 'f.a', done: true } : { id: 'f.a', done: false, why })
  })
  test('of a message that should have come again and has not', async () => {
    await put('f.a', 1, { waits: { N: String(now - 1) } })
    expect(await ask<{ readonly failures: readonly object[] }>({ list: { retry: true } })).toMatchObject({ failures: [{ id: 'f.a', waits: false }] })
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: true })
  })
  test('of one that is gone, or has expired, asks nobody', async () => {
    await put('f.a', 1, { expires: { N: String(Math.floor(now / 1_000) - 1) } })
    for (const id of ['f.a', 'f.b']) expect(await ask({ rerun: { id } })).toStrictEqual({ id, done: false, why: 'gone' })
    expect(asked).toStrictEqual([])
  })
  test('says that the function crashed, and repeats nothing; turned away, it has not run, and is asked again', async () => {
    await put('f.a', 1)
    answers = () => 'crashed'
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: false, why: 'crashed' })
    expect(asked).toHaveLength(1)
    answers = () => asked.length < 3 ? 'throttled' : { done: true }
    expect(await ask({ rerun: { id: 'f.a' } })).toStrictEqual({ id: 'f.a', done: true })
    expect(asked).toHaveLength(3)
  })
})

describe('batch, of the state machine', () => {
  interface Batch { readonly ids: readonly string[]; readonly done: number; readonly failed: number; readonly more: boolean; readonly left: boolean; readonly from: string | null; readonly concurrency: number; readonly force: boolean }
  test('ids and counts alone; what waits, is final or cannot be read again is left out', async () => {
    await put('f.1', 1)
    await put('f.2', 2, { waits: { N: String(now + 60_000) } })
    await put('f.3', 3, { retry: { BOOL: false } })
    await put('f.4', 4, { source: { BOOL: false } })
    const first = await ask<Batch>({ batch: { asked: { pipeline: 'loans', concurrency: 2 }, last: null, results: [] } })
    expect(first).toStrictEqual({ ids: ['f.1'], done: 0, failed: 0, more: false, left: false, from: null, concurrency: 2, force: false })
    const told = [{ id: 'f.1', done: true }, { id: 'f.0', done: false, why: 'gone' as const }, { id: 'f.9', done: false, fault: 'UNAVAILABLE' }]
    expect(await ask({ batch: { asked: { pipeline: 'loans', concurrency: 2 }, last: first, results: told } })).toStrictEqual({ ids: [], done: 2, failed: 1, more: false, left: false, from: null, concurrency: 2, force: false })
    expect((await ask<Batch>({ batch: { asked: { pipeline: 'loans', force: true } } })).ids).toStrictEqual(['f.1', 'f.2', 'f.3'])
  })
  test('a hundred a page, and a thousand an execution: the next one begins where it ended', async () => {
    await fill()
    const first = await ask<Batch>({ batch: { asked: { pipeline: 'loans' } } })
    expect([first.ids.length, first.more, first.concurrency]).toStrictEqual([100, true, 5])
    expect((await ask<Batch>({ batch: { asked: { pipeline: 'loans' }, last: first, results: [] } })).ids).toStrictEqual(['f.100', 'f.101'])
    const ended = await ask<Batch>({ batch: { asked: { pipeline: 'loans' }, last: { ...first, done: 990 }, results: Array.from({ length: 10 }, () => ({ id: 'f.x', done: true })) } })
    expect(ended).toMatchObject({ ids: [], done: 1_000, more: false, left: true, from: first.from })
    expect((await ask<Batch>({ batch: { asked: { pipeline: 'loans', from: ended.from as string } } })).ids).toStrictEqual(['f.100', 'f.101'])
  })
})

describe('forget', () => {
  const why = { reason: 'the applicant asked for it, ticket 4711', by: 'ada' }
  const digest = `1.${'h'.repeat(43)}`
  test('an entity: its failures and its messages that waited, and no other', async () => {
    await put('f.hers', 1, { entity: { S: `loans/${digest}` } })
    await put('f.other', 1)
    await accepted('0b6c4f4e-0000-4000-8000-000000000002', 'loans', `loans/${digest}`)
    answers = () => ({ entities: [`loans/${digest}`] })
    expect(await ask({ forget: { pipeline: 'loans', entity: canary, ...why } })).toStrictEqual({ rows: 2 })
    expect(await left()).toStrictEqual(['f.other'])
    expect(lines[0]).toStrictEqual([{ time: expect.any(String) as string, level: 'warn', event: 'audit', action: 'forget', pipeline: 'loans', of: 'entity', rows: 2, entity: digest, whole: true }, why])
    expect(JSON.stringify(lines)).not.toContain(canary)
  })
  test('an entity under each version of its key; the audit line has the digest that is written now', async () => {
    const newer = `2.${'g'.repeat(43)}`
    for (const [id, each] of [['f.before', digest], ['f.after', newer]] as const) await put(id, 1, { entity: { S: `loans/${each}` } })
    answers = () => ({ entities: [`loans/${newer}`, `loans/${digest}`] })
    expect(await ask({ forget: { pipeline: 'loans', entity: canary, ...why } })).toStrictEqual({ rows: 2 })
    expect(await left()).toStrictEqual([])
    expect(lines[0]?.[0]).toMatchObject({ event: 'audit', entity: newer })
  })
  test('of one that is not sensitive the audit line says no more than that it was one', async () => {
    await put('f.a', 1)
    answers = () => ({ entities: ['loans/1042'] })
    expect(await ask({ forget: { pipeline: 'loans', entity: '1042', ...why } })).toStrictEqual({ rows: 1 })
    expect(lines[0]?.[0]).not.toHaveProperty('entity')
    expect(JSON.stringify(lines)).not.toContain('1042')
  })
  test('a whole pipeline: failures, and messages that waited', async () => {
    await put('f.a', 1)
    await put('f.parcel', 1, parcels)
    for (const [id, pipeline] of [['0b6c4f4e-0000-4000-8000-000000000003', 'loans'], ['0b6c4f4e-0000-4000-8000-000000000004', 'payouts']] as const) await accepted(id, pipeline)
    expect(await ask({ forget: { pipeline: 'loans', ...why } })).toStrictEqual({ rows: 2 })
    expect(await left()).toStrictEqual(['0b6c4f4e-0000-4000-8000-000000000004', 'f.parcel'])
    // Nobody's failures are recorded there, and rows of a pipeline that is gone stay otherwise.
    expect(await ask({ forget: { pipeline: 'payouts', ...why } })).toStrictEqual({ rows: 1 })
  })
  test('when time is up, says where it goes on', async () => {
    await fill()
    answers = () => ({ entities: ['loans/1042'] })
    expect(await ask({ forget: { pipeline: 'loans', entity: '1042', ...why } }, 1_000)).toStrictEqual({ rows: 100, from: 'again' })
    expect(lines[0]?.[0]).toMatchObject({ rows: 100, whole: false })
    expect(await ask({ forget: { pipeline: 'loans', entity: '1042', ...why, from: 'again' } }, 1_000)).toStrictEqual({ rows: 2 })
  })
  test('is not done without a reason', async () => {
    await put('f.a', 1)
    expect(await ask({ forget: { pipeline: 'loans', reason: 'because', by: 'ada' } })).toStrictEqual({ refused: 'forgetting takes a pipeline, and a reason of 10 to 300 characters' })
    expect(await left()).toStrictEqual(['f.a'])
  })
})

describe('what is refused', () => {
  test.each([
    [{ list: { pipeline: 'payouts' } }, 'this pipeline keeps no records of failures'], [{ list: { entity: canary } }, 'an entity is one of a pipeline: name it'], [{ list: { fault: canary } }, 'fault is none'],
    [{ list: { from: 'bm8' } }, 'from is what the page before gave'], [{ list: { id: canary } }, 'this is no id of a failure'], [{ count: { since: Number.NaN } }, 'since is a time in epoch milliseconds'],
    [{ rerun: { id: canary } }, 'this is no id of a failure'], [{ rerun: { id: 'f.a', body: `{"ssn":"${canary}"}` } }, 'body is base64 of at most 4.5 MB'], [{ batch: { asked: { pipeline: 'loans', concurrency: 41 } } }, 'concurrency is a whole number, 1 to 40'],
    [{ batch: { asked: {} } }, 'name a pipeline'], [{ other: canary }, 'there are list, count, rerun, batch and forget'],
  ])('%#, in a sentence without the value, which is an answer and no failure of the function', async (event, refused) => {
    expect(await ask(event as Event)).toStrictEqual({ refused })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.[0]).toMatchObject({ level: 'warn', event: 'failures', refused })
    expect(JSON.stringify(lines)).not.toContain(canary)
  })
})

/** Each call of its own, once and always; what reads and deletes meets no transaction. */
describe.each<readonly [operation: string, service: 'dynamodb' | 'kms', event: Event, told: object, left: readonly string[]]>([
  ['Query', 'dynamodb', { list: { pipeline: 'loans' } }, { failures: [{ id: 'f.a' }] }, ['f.a']],
  ['Query', 'dynamodb', { count: { pipeline: 'loans' } }, { total: 1 }, ['f.a']],
  ['GetItem', 'dynamodb', { list: { id: 'f.a' } }, { failures: [{ id: 'f.a' }] }, ['f.a']],
  ['GetItem', 'dynamodb', { rerun: { id: 'f.a' } }, { id: 'f.a', done: true }, ['f.a']],
  ['Scan', 'dynamodb', { forget: { pipeline: 'loans', reason: 'the customer asked, ticket 12', by: 'ada' } }, { rows: 1 }, []],
  ['DeleteItem', 'dynamodb', { forget: { pipeline: 'loans', reason: 'the customer asked, ticket 12', by: 'ada' } }, { rows: 1 }, []],
])('%s fails, for %j %j', (operation, service, event, told, rest) => {
  test.each(['throttle', 'reset', 'unavailable', 'lostReply', 'timeout'])('once by %s: the SDK asks again', async (error) => {
    await put('f.a', 1)
    await aws.faults([{ service, operation, error, times: 1 }])
    expect(await ask(event)).toMatchObject(told)
    expect(await left()).toStrictEqual(rest)
  })
  test.each(['throttle', 'reset', 'unavailable'])('always by %s: so does the function, and tells the name of the error alone', async (error) => {
    await put('f.a', 1)
    await aws.faults([{ service, operation, error, times: 100 }])
    await expect(ask(event)).rejects.toThrow(/^the records could not be read or written: \w+$/)
    await aws.faults([])
    expect(lines.at(-1)?.[0]).toMatchObject({ level: 'error', event: 'failures' })
    expect(await left()).toStrictEqual(['f.a'])
  })
})

test('what it does is done with the policy that infra gives it: each call that is not in it would be refused', async () => {
  await put('f.a', 1)
  const { dynamodb } = aws.as('failures')
  await expect(dynamodb.send(new PutItemCommand({ TableName: 'outcomes', Item: { id: { S: 'f.b' } } }))).rejects.toThrow('dynamodb:PutItem')
  expect((await dynamodb.send(new GetItemCommand({ TableName: 'outcomes', Key: { id: { S: 'f.a' } } }))).Item?.['id']).toStrictEqual({ S: 'f.a' })
})
