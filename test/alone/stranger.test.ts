import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CompactEncrypt, importJWK, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signed } from '../../local/signed-fetch.ts'
import { startStack, type Stack } from '../../local/stack.ts'
import { drawPayment } from '../system/client.ts'
import { children } from '../system/processes.ts'

/** Pipelines of somebody else, in a folder that knows nothing of this repository but the package's name. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-stranger-'))
const root = fileURLToPath(new URL('../..', import.meta.url))
let stack: Stack
let log: () => string

const files: Record<string, string> = {
  'clumsy.ts': `
import { flow, iam, pipeline, post, type Step } from 'sallyport'
import { validate } from 'sallyport/steps'
import * as v from 'valibot'
/** A step of the user's own that does with a payload everything one should not. */
const clumsy = <T extends { how: string; ssn: string; note: string }>(): Step<T, T> => ({
  kind: 'clumsy', config: {}, needs: [],
  async run(payload) {
    const text = 'the applicant ' + payload.ssn + ' came'
    if (payload.how === 'console') { console.log(text); console.error(payload); console.warn('%s', payload.ssn, { nested: [payload.ssn] }); console.table([payload]) }
    if (payload.how === 'stdout') { process.stdout.write(text + '\\n'); process.stderr.write(Buffer.from(text)) }
    if (payload.how === 'error') console.error(new Error(text))
    if (payload.how === 'throw') throw new Error(text, { cause: payload })
    if (payload.how === 'throw text') throw text
    if (payload.how === 'parse') JSON.parse(payload.ssn + '}')
    if (payload.how === 'warning') process.emitWarning(text)
    if (payload.how === 'uncaught') { setTimeout(() => { throw new Error(text) }, 1); await new Promise((r) => setTimeout(r, 2000)) }
    if (payload.how === 'unhandled') { Promise.reject(new Error(text)); await new Promise((r) => setTimeout(r, 2000)) }
    if (payload.how === 'slow') await new Promise((r) => setTimeout(r, 10_000))
    if (payload.how === 'block') { const end = Date.now() + 10_000; while (Date.now() < end); }
    return payload
  },
})
export default pipeline({ name: 'clumsy', trigger: post('/clumsy', { auth: iam() }), sensitive: ['ssn'], timeout: 3, steps: flow(validate(v.object({ how: v.string(), ssn: v.string(), note: v.string() })), clumsy()) })
`,
  'checked.ts': `
import { flow, jsonSchema, open, pipeline, post } from 'sallyport'
import { transform, validate } from 'sallyport/steps'
import order from './order.schema.json' with { type: 'json' }
export default pipeline({ name: 'checked', trigger: post('/orders', { auth: open('orders of the shop window are public'), status: 202 }), steps: flow(validate(jsonSchema<{ id: string; lines: { sku: string; count: number }[] }>(order)), transform(({ lines }) => ({ pieces: lines.reduce((sum, { count }) => sum + count, 0) }))) })
`,
  'order.schema.json': JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false, required: ['id', 'lines'],
    properties: {
      id: { type: 'string', maxLength: 10, pattern: '^[a-z0-9]+$' },
      lines: { type: 'array', maxItems: 3, items: { type: 'object', additionalProperties: false, required: ['sku', 'count'], properties: { sku: { type: 'string', maxLength: 8 }, count: { type: 'integer', minimum: 1, maximum: 99 } } } },
    },
  }),
  'sealed-reply.ts': `
import { account, flow, iam, pipeline, post } from 'sallyport'
import { secretKey } from 'sallyport/accounts/secret-key'
import { aesGcm } from 'sallyport/ciphers/aes-gcm'
import { encrypt, validate } from 'sallyport/steps'
import * as v from 'valibot'
export default pipeline({ name: 'sealed-reply', trigger: post('/sealed-reply', { auth: iam() }), steps: flow(validate(v.object({ text: v.string() })), encrypt(aesGcm({ key: account('reply-key', secretKey()), context: 'replies' }))) })
`,
}

beforeAll(async () => {
  const pipelines = join(folder, 'pipelines')
  mkdirSync(pipelines)
  cpSync(join(root, 'functions/pipelines/encrypted-payment.ts'), join(pipelines, 'encrypted-payment.ts'))
  cpSync(join(root, 'functions/pipelines/schemas'), join(pipelines, 'schemas'), { recursive: true })
  // The same pipeline in custody hsm: one word of the realm.
  const realm = readFileSync(join(root, 'functions/pipelines/realm.ts'), 'utf8')
  const changed = realm.replace("custody: 'wrapped'", "custody: 'hsm'")
  expect(changed).not.toBe(realm)
  writeFileSync(join(pipelines, 'realm.ts'), changed)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(pipelines, name), text)
  stack = await startStack({ dir: join(folder, 'state'), pipelines, port: 0, env: {} })
  log = () => readFileSync(stack.logFile, 'utf8')
})
afterAll(async () => {
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function send(path: string, type: string, body: string): Promise<{ status: number; text: string; code: unknown; body: Record<string, unknown> }> {
  const response = await fetch(`${stack.gateway}${path}`, signed(`${stack.gateway}${path}`, { method: 'POST', headers: { 'content-type': type }, body }, { ...stack.run.aws, service: 'execute-api' }))
  const text = await response.text()
  const json = (/^[[{]/.test(text) ? JSON.parse(text) : {}) as Record<string, unknown>
  return { status: response.status, text, code: json['code'], body: json }
}

describe('custody hsm', () => {
  test.each(['RSA', 'EC'])('a payment sealed to the %s key is opened by KMS, with one call to it a message', async (kty) => {
    const { keys } = await (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json() as { keys: (JWK & { alg: string; kid: string })[] }
    const key = keys.find((each) => each.kty === kty)
    if (key === undefined) throw new Error('no such key')
    expect(key).toMatchObject({ use: 'enc', kid: expect.stringMatching(new RegExp(`^payments-inbox-${kty === 'RSA' ? 'rsa' : 'ec'}-[0-9a-f]{8}$`)) as string })
    const seal = async () => new CompactEncrypt(Buffer.from(JSON.stringify(drawPayment()))).setProtectedHeader({ alg: key.alg, enc: 'A256GCM', kid: key.kid }).encrypt(await importJWK(key, key.alg))
    expect((await send('/payments', 'application/jose', await seal())).status).toBe(202)

    const before = readFileSync(stack.callsFile).length
    expect((await send('/payments', 'application/jose', await seal())).status).toBe(202)
    const calls = readFileSync(stack.callsFile).subarray(before).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as { service: string; operation: string }).map(({ service, operation }) => `${service}:${operation}`).sort()
    expect(calls).toStrictEqual(['dynamodb:PutItem', 'dynamodb:UpdateItem', kty === 'RSA' ? 'kms:Decrypt' : 'kms:DeriveSharedSecret'])

    // A wrapped key that does not open, and a point off the curve: the sender's mistake, as in custody wrapped.
    const parts = (await seal()).split('.')
    const header = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()) as { epk?: { y: string } }
    const bad = kty === 'RSA' ? parts.with(1, Buffer.alloc(384, 1).toString('base64url')) : parts.with(0, Buffer.from(JSON.stringify({ ...header, epk: { ...header.epk, y: Buffer.alloc(32, 1).toString('base64url') } })).toString('base64url'))
    expect(await send('/payments', 'application/jose', bad.join('.'))).toMatchObject({ status: 400, code: 'DECRYPTION_FAILED' })
  })
})

describe('a clumsy step of the user\'s own', () => {
  const ssn = `9${String(Date.now()).slice(-8)}`
  test.each<[string, number, string | undefined]>([
    ['console', 200, undefined], ['stdout', 200, undefined], ['error', 200, undefined], ['warning', 200, undefined],
    ['throw', 500, 'STEP_FAILED'], ['throw text', 500, 'STEP_FAILED'], ['parse', 500, 'STEP_FAILED'],
    ['slow', 504, 'OUT_OF_TIME'],
    // The process ends: what the sender sees is the gateway's own 500, as from AWS.
    ['uncaught', 500, undefined], ['unhandled', 500, undefined], ['block', 500, undefined],
  ])('%s: the value stays inside', async (how, status, code) => {
    const before = log().length
    const reply = await send('/clumsy', 'application/json', JSON.stringify({ how, ssn, note: 'x' }))
    expect([reply.status, reply.code]).toStrictEqual([status, code])
    await new Promise((resolve) => { setTimeout(resolve, 200) })
    const lines = log().slice(before)
    expect(lines.length).toBeGreaterThan(20)
    if (status !== 200) expect(reply.text).not.toContain(ssn)
    expect(lines).not.toContain(ssn)
    expect(lines).not.toContain(ssn.slice(1))
    if (how === 'console' || how === 'stdout') expect(lines).toContain('the applicant *** came')
  })
})

test('a JSON Schema, compiled while bundling', async () => {
  const order = { id: 'a1', lines: [{ sku: 'x', count: 2 }, { sku: 'y', count: 3 }] }
  const post = (body: unknown) => fetch(`${stack.gateway}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const good = await post(order)
  expect([good.status, await good.json()]).toStrictEqual([202, { pieces: 5 }])
  const bad = await post({ ...order, lines: [{ sku: 'x', count: 2.5 }] })
  expect([bad.status, (await bad.json() as { paths: string[] }).paths]).toStrictEqual([422, ['lines[0].count']])
  const extra = await post({ ...order, 'secret-name': 1 })
  expect([extra.status, (await extra.json() as { paths: string[] }).paths]).toStrictEqual([422, ['*']])
})

test('a sealed reply leaves as sealed text', async () => {
  const { status, text } = await send('/sealed-reply', 'application/json', '{"text":"for one reader"}')
  expect(status).toBe(200)
  const bytes = Buffer.from(text, 'base64url')
  expect([bytes[0], bytes.length]).toStrictEqual([1, '{"text":"for one reader"}'.length + 61])
})

test('a secret that is malformed: 503 ACCOUNT_UNAVAILABLE, and not a word of it', async () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.run.aws
  const client = new SecretsManagerClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  await client.send(new PutSecretValueCommand({ SecretId: 'Sallyport/local/accounts/reply-key', SecretString: '{"secretKey":"malformed-canary"' }))
  // The function has read the good one before: a new execution environment reads this one.
  for (const pid of children(stack.run.pids.gateway)) process.kill(pid, 'SIGKILL')
  await new Promise((resolve) => { setTimeout(resolve, 300) })
  const before = log().length
  const { status, code, text } = await send('/sealed-reply', 'application/json', '{"text":"x"}')
  expect([status, code]).toStrictEqual([503, 'ACCOUNT_UNAVAILABLE'])
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  expect(text + log().slice(before)).not.toContain('malformed-canary')
})

test('with AWS_ENDPOINT_URL the same functions use that endpoint, as their own roles, and what is created is created there', async () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.run.aws
  // As a user has them: the AWS SDK finds credentials in the environment.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey })
  const other = await startStack({
    dir: join(folder, 'other'), pipelines: join(folder, 'pipelines'), port: 0,
    env: { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region },
  })
  try {
    expect(other.run.pids.aws).toBeNull()
    const before = readFileSync(stack.callsFile).length
    const { keys } = await (await fetch(`${other.gateway}/.well-known/jwks.json`)).json() as { keys: (JWK & { alg: string; kid: string })[] }
    const key = keys.find(({ kty }) => kty === 'EC') as JWK & { alg: string; kid: string }
    const sealed = await new CompactEncrypt(Buffer.from(JSON.stringify(drawPayment()))).setProtectedHeader({ alg: key.alg, enc: 'A256GCM', kid: key.kid }).encrypt(await importJWK(key, key.alg))
    const url = `${other.gateway}/payments`
    const reply = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': 'application/jose' }, body: sealed }, { ...other.run.aws, service: 'execute-api' }))
    expect(reply.status).toBe(202)
    const calls = readFileSync(stack.callsFile).subarray(before).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as { role: string; operation: string })
    expect(calls.filter(({ role }) => role === 'Sallyport-local-encrypted-payment').map(({ operation }) => operation)).toEqual(expect.arrayContaining(['DeriveSharedSecret', 'PutItem', 'UpdateItem']))
  } finally {
    await other.stop()
    delete process.env['AWS_ACCESS_KEY_ID']
    delete process.env['AWS_SECRET_ACCESS_KEY']
  }
}, 60_000)
