import { randomInt, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CopyObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type Need } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signed } from '../../local/signed-fetch.ts'
import { startStack, type Stack } from '../../local/stack.ts'
import { seenIn, spellings } from '../system/marks.ts'

/** One pipeline that stores in a table and in a bucket, and two that load, through HTTP on a stack of their own. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
const dir = join(folder, 'state')
let stack: Stack

const beginning = (steps: string): string => `
import { flow, iam, pipeline, post } from 'sallyport'
import { ${steps}, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { archive, documents, ssn } from './realm.ts'
const Known = v.object({ ssn: v.string(), id: v.string() })
`
const files: Record<string, string> = {
  'realm.ts': `
import { bucket, digits, hashKey, identifier, realm, table } from 'sallyport'
export const archive = table('archive', { days: 365 })
export const documents = bucket('documents', { days: 30 })
export const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
export default realm({ sensitive: ['ssn', 'name'] })
`,
  'keep.ts': `${beginning('store, transform')}
const Application = v.object({ id: v.string(), status: v.string(), applicant: v.object({ ssn: v.string(), name: v.string() }) })
export default pipeline({ name: 'keep', trigger: post('/keep', { auth: iam(), status: 201 }), steps: flow(
  validate(Application),
  store({ in: archive, by: 'applicant.ssn', as: ssn, fields: ['applicant.ssn', 'applicant.name'], reveals: ['status'] }),
  store({ in: documents, by: 'id' }),
  transform(({ id }) => ({ id })),
) })
`,
  'recall.ts': `${beginning('load, log, transform')}
const Stored = v.object({ applicant: v.object({ ssn: v.string(), name: v.string() }) })
export default pipeline({ name: 'recall', trigger: post('/recall', { auth: iam() }), steps: flow(
  validate(Known),
  load({ from: archive, by: 'ssn', as: ssn, schema: Stored, merge: (payload, stored) => ({ ...payload, stored }) }),
  log(({ stored }) => ({ stored, said: 'it is ' + stored.applicant.name })),
  transform(({ stored }) => ({ letters: stored.applicant.name.length })),
) })
`,
  'recall-document.ts': `${beginning('load, log, transform')}
const Stored = v.object({ status: v.string(), applicant: v.object({ name: v.string() }) })
export default pipeline({ name: 'recall-document', trigger: post('/recall-document', { auth: iam() }), steps: flow(
  validate(Known), load({ from: documents, by: 'id', schema: Stored }), log(({ applicant }) => ({ applicant })), transform(({ applicant }) => ({ letters: applicant.name.length })),
) })
`,
}

interface Call { readonly role: string; readonly service: string; readonly operation: string; readonly status: number; readonly units?: number }
const calls = (from = 0): Call[] => readFileSync(stack.callsFile).subarray(from).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Call).filter(({ role }) => role.startsWith('Sallyport-local-'))
const replies: string[] = []

beforeAll(async () => {
  const pipelines = join(folder, 'pipelines')
  mkdirSync(pipelines)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(pipelines, name), text)
  stack = await startStack({ dir, pipelines, port: 0, env: {}, requests: join(dir, 'requests.jsonl') })
})
afterAll(async () => {
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function send(path: string, body: unknown): Promise<{ readonly status: number; readonly code: unknown; readonly body: unknown }> {
  const url = `${stack.gateway}${path}`
  const response = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, { ...stack.run.aws, service: 'execute-api' }))
  const text = await response.text()
  replies.push(text)
  const json = JSON.parse(text) as Record<string, unknown>
  return { status: response.status, code: json['code'], body: json }
}
const drawSsn = (): string => `9${String(randomInt(1e8)).padStart(8, '0')}`
const draw = (ssn = drawSsn(), name = 'Grace Hopper') => ({ id: `doc-${randomUUID()}`, status: 'open', applicant: { ssn, name } })
const settings = (role?: string) => {
  const { endpoint, region, ...own } = stack.run.aws
  const { roles } = stack.run
  return { endpoint, region, credentials: { ...role === undefined ? own : roles[role] as typeof own }, forcePathStyle: true }
}
const table = 'Sallyport-local-store-archive'
const bucket = 'sallyport-local-documents-000000000000-us-east-1'

test('what was stored is loaded, by an identifier in another spelling', async () => {
  const application = draw()
  const { applicant: { ssn }, id } = application
  expect(await send('/keep', application)).toStrictEqual({ status: 201, code: undefined, body: { id } })
  expect(await send('/recall', { ssn: `${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`, id })).toMatchObject({ status: 200, body: { letters: 12 } })
  expect(await send('/recall-document', { ssn, id })).toMatchObject({ status: 200, body: { letters: 12 } })
})

test('the same again is stored already; something else under the same identifier is refused', async () => {
  const application = draw()
  expect((await send('/keep', application)).status).toBe(201)
  expect((await send('/keep', application)).status).toBe(201)
  expect(await send('/keep', { ...application, id: `doc-${randomUUID()}`, applicant: { ...application.applicant, name: 'Ada' } })).toMatchObject({ status: 409, code: 'STORED_OTHERWISE' })
  expect(await send('/keep', { ...application, applicant: { ...application.applicant, ssn: drawSsn() } })).toMatchObject({ status: 409, code: 'STORED_OTHERWISE' })
})

test('nothing there: 404, from a table and from a bucket', async () => {
  const nobody = { ssn: drawSsn(), id: `doc-${randomUUID()}` }
  expect(await send('/recall', nobody)).toMatchObject({ status: 404, code: 'NOT_STORED' })
  expect(await send('/recall-document', nobody)).toMatchObject({ status: 404, code: 'NOT_STORED' })
})

// Before the tests below, which act as these roles themselves.
test('needs are honest: what was really sent is what the definitions say', () => {
  const sent = Map.groupBy(calls(), ({ role }) => role)
  for (const pipeline of stack.pipelines) {
    const { needs } = manifest(pipeline) as { needs: Need[] }
    // No request has this name: it is by which S3 says that an object is not there, as was seen above.
    // A store in a table reads what stands under another version of its key, which rotation.test.ts makes happen.
    const rotated = pipeline.name === 'keep' ? ['dynamodb:GetItem'] : []
    const declared = new Set(needs.flatMap(({ actions }) => actions).filter((action) => action !== 's3:ListBucket' && !rotated.includes(action)))
    // Both are one action: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    const seen = new Set((sent.get(`Sallyport-local-${pipeline.name}`) ?? []).map(({ service, operation }) => `${service}:${operation}`.replace('HeadObject', 'GetObject')))
    expect([...seen].sort(), pipeline.name).toStrictEqual([...declared].sort())
  }
})

describe('as who may touch what lies there', () => {
  test('expired, or with another expiry written beside it', async () => {
    const application = draw()
    const known = { ssn: application.applicant.ssn, id: application.id }
    const dynamodb = new DynamoDBClient(settings())
    const s3 = new S3Client(settings('keep'))
    const items = async () => (await dynamodb.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? []
    const keys = async () => ((await new S3Client(settings()).send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key = '' }) => Key)
    const before = [new Set((await items()).map(({ id }) => id?.S)), new Set(await keys())] as const
    await send('/keep', application)
    const item = (await items()).find(({ id }) => !before[0].has(id?.S)) ?? {}
    const key = (await keys()).find((each) => !before[1].has(each)) ?? ''
    const { Body, Metadata = {} } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const content = await Body?.transformToByteArray()
    const expire = async (expires: string): Promise<void> => {
      await dynamodb.send(new PutItemCommand({ TableName: table, Item: { ...item, expires: { N: expires } } }))
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, ...content && { Body: content }, Metadata: { ...Metadata, expires } }))
    }
    await expire('4000000000')
    for (const path of ['/recall', '/recall-document']) expect(await send(path, known), path).toMatchObject({ status: 500, code: 'STORED_UNREADABLE' })
    await expire('1700000000')
    for (const path of ['/recall', '/recall-document']) expect(await send(path, known), path).toMatchObject({ status: 404, code: 'NOT_STORED' })
    expect((await send('/keep', { ...application, status: 'closed' })).status, 'its place is free').toBe(201)
    for (const path of ['/recall', '/recall-document']) expect((await send(path, known)).status, path).toBe(200)
  })

  test('nobody else reads or writes an object, the administrator included', async () => {
    const refused = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: Error) => error.name)
    const [Key = ''] = ((await new S3Client(settings()).send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key }) => Key ?? '')
    const administrator = new S3Client(settings())
    expect(await refused(administrator.send(new GetObjectCommand({ Bucket: bucket, Key })))).toBe('AccessDenied')
    expect(await refused(administrator.send(new PutObjectCommand({ Bucket: bucket, Key: 'mine', Body: 'x' })))).toBe('AccessDenied')
    const reader = new S3Client(settings('recall-document'))
    expect(await refused(reader.send(new GetObjectCommand({ Bucket: bucket, Key })))).toBe('done')
    expect(await refused(reader.send(new PutObjectCommand({ Bucket: bucket, Key: 'mine', Body: 'x' })))).toBe('AccessDenied')
    expect(await refused(reader.send(new CopyObjectCommand({ Bucket: bucket, Key: 'mine', CopySource: `${bucket}/${Key}` })))).not.toBe('done')
    expect(await refused(new S3Client(settings('recall')).send(new GetObjectCommand({ Bucket: bucket, Key })))).toBe('AccessDenied')
  })
})

test('AWS calls of a warm message: a write a store, a read a load, and no KMS', async () => {
  const warm = async (make: () => Promise<unknown>): Promise<string[]> => {
    // All processes of a function may serve it: each is warmed before it is counted.
    await Promise.all(Array.from({ length: 16 }, make))
    await Promise.all(Array.from({ length: 16 }, make))
    const before = readFileSync(stack.callsFile).length
    await make()
    return calls(before).map(({ service, operation }) => `${service}:${operation}`).sort()
  }
  const kept = draw()
  await send('/keep', kept)
  const known = { ssn: kept.applicant.ssn, id: kept.id }
  expect(await warm(() => send('/keep', draw()))).toStrictEqual(['dynamodb:PutItem', 's3:PutObject'])
  expect(await warm(() => send('/recall', known))).toStrictEqual(['dynamodb:GetItem'])
  expect(await warm(() => send('/recall-document', known))).toStrictEqual(['s3:GetObject'])
})

function* everyFile(where: string): Generator<string> {
  for (const entry of readdirSync(where, { withFileTypes: true })) {
    const path = join(where, entry.name)
    if (entry.isDirectory()) yield* everyFile(path)
    else if (entry.isFile()) yield path
  }
}

test('a marked value is in no reply, log line, state file or AWS request, but sealed; what is revealed is', async () => {
  const ssn = drawSsn()
  const name = `Canária "O'Brien" ${randomUUID()}`
  const status = `status-${randomUUID()}`
  const application = { ...draw(ssn, name), status }
  const hyphens = `${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`
  await send('/keep', application)
  await send('/keep', application)
  await send('/keep', { ...application, applicant: { ssn: hyphens, name } })
  await send('/recall', { ssn, id: application.id })
  await send('/recall', { ssn: hyphens, id: application.id })
  await send('/recall-document', { ssn, id: application.id })
  await send('/recall-document', { ssn, id: name })
  await new Promise((resolve) => { setTimeout(resolve, 300) })

  const marks = new Map([...spellings('SSN', ssn), ...spellings('SSN with hyphens', hyphens), ...spellings('name', name), ...spellings('document', application.id)])
  const revealed = spellings('status', status)
  const found: string[] = []
  const shown = new Set<string>()
  let searched = 0
  const search = (where: string, bytes: Buffer): void => {
    searched++
    found.push(...seenIn(bytes, marks).map((mark) => `${where}: ${mark}`))
    if (seenIn(bytes, revealed).length > 0) shown.add(where)
  }
  // The sender is told the id of its own document, by the definition.
  replies.forEach((text, i) => search(`reply ${i}`, Buffer.from(text.replaceAll(application.id, ''))))
  for (const file of everyFile(dir)) {
    const where = relative(dir, file)
    if (!where.startsWith('cdk.out/') && statSync(file).size > 0) search(where, readFileSync(file))
  }
  expect(found).toStrictEqual([])
  expect(searched).toBeGreaterThan(replies.length + 4)
  expect([...shown].filter((where) => !where.startsWith('aws/'))).toStrictEqual(['requests.jsonl'])
  const lines = readFileSync(stack.logFile, 'utf8')
  expect(lines.includes('"stored":{"applicant":{"ssn":"***","name":"***"}},"said":"it is ***"')).toBe(true)
})
