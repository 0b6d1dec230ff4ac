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

test('each AWS client is read by those who need it: S3 by a pipeline with a bucket, none by a pipeline without needs', async () => {
  const { functions } = await build({ pipelines: join(root, 'test/infra/fixtures/stores'), stage: 'test', layer: built.layer })
  const all: Record<string, string> = { ...built.functions, ...functions }
  /** Files of the layer that a function has read when it is initialised. */
  const read = (name: string): string[] => JSON.parse(execFileSync(process.execPath, ['-e', `
    require(${JSON.stringify(join(all[name] ?? '', 'index.js'))})
    setTimeout(() => console.log(Object.keys(require.cache).flatMap((file) => /sallyport-runtime.(\\w+)\\.js$/.exec(file)?.[1] ?? []).join()), 20)
  `], { encoding: 'utf8', env: { ...process.env, NODE_PATH: join(built.layer, 'nodejs/node_modules'), AWS_REGION: 'us-east-1' } }).replace(/^.*"text":("[^"]*").*$/s, '$1')).split(',')
  expect(read('fallback')).toStrictEqual(['index'])
  expect(read('loan-application').sort()).toStrictEqual(['aws', 'index'])
  expect(read('keep').sort()).toStrictEqual(['aws', 'index', 's3'])
})

test('two builds are the same to the byte', async () => {
  const before = Object.keys(built.functions).map(bundle)
  await build({ pipelines: join(root, 'functions/pipelines'), stage: 'test' })
  expect(Object.keys(built.functions).map(bundle)).toStrictEqual(before)
})
