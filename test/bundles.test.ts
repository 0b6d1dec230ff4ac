import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { build, type Built } from '../infra/build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
let built: Built
let bundle: (name: string) => string
beforeAll(async () => {
  built = await build({ pipelines: join(root, 'functions/pipelines'), stage: 'test' })
  bundle = (name) => readFileSync(join(built.functions[name] ?? '', 'index.js'), 'utf8')
})

test('each bundle holds its pipeline and the steps it imports, nothing else', () => {
  const payment = bundle('encrypted-payment')
  const loan = bundle('loan-application')
  for (const [text, has, hasNot] of [
    [payment, ['RSA-OAEP-256', '/authorizations', 'parse-json'], ['/applications', 'sallyport aes-gcm', '"hash"']],
    [loan, ['/applications', 'Basic '], ['RSA-OAEP', '/authorizations', 'sallyport aes-gcm', 'parse-json', 'id-aes256-wrap']],
  ] as const) {
    for (const part of has) expect(text).toContain(part)
    for (const part of hasNot) expect(text).not.toContain(part)
  }
})

test('no bundle holds an AWS client, the runtime, or a library that it does not use', () => {
  for (const name of Object.keys(built.functions)) {
    for (const part of ['DynamoDBClient', 'TrentService', 'SecretsManager', 'amazonaws', 'prependListener', 'ajv', 'CompactDecrypt']) expect(bundle(name), name).not.toContain(part)
    expect(bundle(name), name).toContain('require("sallyport-runtime")')
  }
})

test('bundles and runtime stay small', () => {
  for (const name of Object.keys(built.functions)) expect(statSync(join(built.functions[name] ?? '', 'index.js')).size, name).toBeLessThan(60_000)
  expect(statSync(join(built.layer, 'nodejs/node_modules/sallyport-runtime/index.js')).size).toBeLessThan(60_000)
})

/** Files of the layer that a function has read when it is initialised. */
function read(name: string, functions: Readonly<Record<string, string>>): string[] {
  const folder = functions[name] ?? built.functions[name] ?? ''
  return (JSON.parse(execFileSync(process.execPath, ['-e', `
    require(${JSON.stringify(join(folder, 'index.js'))})
    setTimeout(() => console.log(Object.keys(require.cache).flatMap((file) => /sallyport-runtime.(\\w+)\\.js$/.exec(file)?.[1] ?? []).join()), 20)
  `], { encoding: 'utf8', env: { ...process.env, NODE_PATH: join(built.layer, 'nodejs/node_modules'), AWS_REGION: 'us-east-1' } }).replace(/^.*"text":("[^"]*").*$/s, '$1')) as string).split(',')
}

test('each AWS client is read by those who need it: S3 by a pipeline with a bucket, none by a pipeline without needs', async () => {
  const { functions } = await build({ pipelines: join(root, 'test/infra/fixtures/stores'), stage: 'test', layer: built.layer })
  expect(read('fallback', functions)).toStrictEqual(['index'])
  expect(read('loan-application', functions).sort()).toStrictEqual(['aws', 'index'])
  expect(read('keep', functions).sort()).toStrictEqual(['aws', 'index', 's3'])
})

test('what waits is read by functions with a queue alone: SQS at once where messages are sent on', async () => {
  const { functions } = await build({ pipelines: join(root, 'test/infra/fixtures/queues'), stage: 'test', layer: built.layer })
  expect(read('loan-application', functions).sort()).toStrictEqual(['aws', 'index'])
  expect(read('settlement', functions).filter((file) => file !== 'custody').sort()).toStrictEqual(['aws', 'index', 'queue'])
  expect(read('notice', functions).sort()).toStrictEqual(['index', 'queue'])
  expect(read('payout', functions).sort()).toStrictEqual(['aws', 'index', 'queue', 'sqs'])
  for (const [name, folder] of Object.entries(functions)) expect(statSync(join(folder, 'index.js')).size, name).toBeLessThan(60_000)
  expect(statSync(join(built.layer, 'nodejs/node_modules/sallyport-runtime/queue.js')).size).toBeLessThan(30_000)
})

test('the bundle of a queue works on a message, and its line says so', async () => {
  const { functions } = await build({ pipelines: join(root, 'test/infra/fixtures/queues'), stage: 'test', layer: built.layer })
  const event = { Records: [{ messageId: 'm-1', receiptHandle: 'h', body: JSON.stringify({ id: 'e-1', detail: { order: 'o-1', amount: 120 } }), attributes: { ApproximateReceiveCount: '2' }, messageAttributes: {} }] }
  const printed = execFileSync(process.execPath, ['-e', `
    require(${JSON.stringify(join(functions['notice'] ?? '', 'index.js'))}).handler(${JSON.stringify(event)}, { awsRequestId: 'i-1', getRemainingTimeInMillis: () => 15_000 }).then((answer) => console.log(JSON.stringify(answer)))
  `], { encoding: 'utf8', env: { ...process.env, NODE_PATH: join(built.layer, 'nodejs/node_modules'), AWS_REGION: 'us-east-1' } }).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(printed).toMatchObject([{ event: 'log', order: 'o-1' }, { event: 'execution', pipeline: 'notice', message: 'm-1', attempt: 2, outcome: 'done' }, { event: 'print', text: '{"batchItemFailures":[]}' }])
})

test('two builds are the same to the byte', async () => {
  const before = Object.keys(built.functions).map(bundle)
  await build({ pipelines: join(root, 'functions/pipelines'), stage: 'test' })
  expect(Object.keys(built.functions).map(bundle)).toStrictEqual(before)
})
