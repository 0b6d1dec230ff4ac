import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readMode } from '../../../local/partners/mode.ts'
import { startPartner, type Partner } from '../../../local/partners/partner.ts'
import { publicHalf, readingKey } from '../../../local/partners/reading-key.ts'

let folder: string
let partner: Partner
const lines = (): Record<string, unknown>[] => readFileSync(partner.received, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
const send = async (headers: Record<string, string> = {}, body = '{"a":1}', path = '/authorizations'): Promise<Response> =>
  fetch(`http://127.0.0.1:${partner.port}${path}`, { method: 'POST', body, headers: { 'x-api-key': 'right-key', ...headers } })

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'sallyport-test-')), 'partners')
  mkdirSync(folder)
  partner = await startPartner({ name: 'acquirer', folder })
  partner.learn({ 'x-api-key': 'right-key' })
})
afterEach(() => partner.close())

describe('the credential', () => {
  it('is asked for, and nothing is done or written without it', async () => {
    expect((await send({ 'x-api-key': 'wrong' })).status).toBe(401)
    expect((await fetch(`http://127.0.0.1:${partner.port}/authorizations`, { method: 'POST' })).status).toBe(401)
    expect(lines()).toEqual([])
    expect((await send()).status).toBe(201)
  })
  it('is remembered over a restart, and is not in its file', async () => {
    await partner.close()
    partner = await startPartner({ name: 'acquirer', folder })
    expect(partner.hasCredential()).toBe(true)
    expect((await send()).status).toBe(201)
    expect(readFileSync(join(folder, 'acquirer.credential.json'), 'utf8')).not.toContain('right-key')
  })
  it('may be one of several', async () => {
    partner.learn({ 'x-api-key': 'another-key' })
    expect((await send()).status).toBe(201)
    expect((await send({ 'x-api-key': 'another-key' })).status).toBe(201)
    expect((await send({ 'x-api-key': 'third-key' })).status).toBe(401)
  })
  it('admits nobody before there is one', async () => {
    const fresh = await startPartner({ name: 'new', folder })
    expect(fresh.hasCredential()).toBe(false)
    expect((await fetch(`http://127.0.0.1:${fresh.port}/`, { method: 'POST' })).status).toBe(401)
    await fresh.close()
  })
})

describe('what it received', () => {
  it('is a line with method, path, headers and body, in a file for its owner alone', async () => {
    const response = await send({ 'idempotency-key': 'k' }, 'sealed', '/authorizations?x=1')
    expect(response.status).toBe(201)
    expect(lines()).toMatchObject([{ method: 'POST', path: '/authorizations?x=1', headers: { 'idempotency-key': 'k', 'x-api-key': 'right-key' }, body: Buffer.from('sealed').toString('base64'), acted: true }])
    expect(statSync(partner.received).mode & 0o777).toBe(0o600)
  })
  it('is done once under one Idempotency-Key, which gets the same reply again', async () => {
    const [first, second, other] = [await send({ 'idempotency-key': 'k' }), await send({ 'idempotency-key': 'k' }), await send({ 'idempotency-key': 'l' })]
    const [a, b, c] = [await first.json(), await second.json(), await other.json()] as { authorizationId: string }[]
    expect(a?.authorizationId).toMatch(/^[0-9a-f-]{36}$/)
    expect(b).toEqual(a)
    expect(c).not.toEqual(a)
    expect(lines().map(({ acted }) => acted)).toEqual([true, false, true])
  })
  it('is handed back with an id by a partner that we know nothing of', async () => {
    const other = await startPartner({ name: 'crm', folder })
    other.learn({ authorization: 'Basic eA==' })
    const response = await fetch(`http://127.0.0.1:${other.port}/contacts`, { method: 'POST', body: '{"name":"x"}', headers: { authorization: 'Basic eA==' } })
    expect(await response.json()).toEqual({ name: 'x', id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
    await other.close()
  })
})

describe('modes', () => {
  it.each([['500', 500], ['400', 400]] as const)('%s answers so and does nothing', async (mode, status) => {
    await partner.behave({ mode, ms: 0 })
    expect((await send({ 'idempotency-key': 'k' })).status).toBe(status)
    await partner.behave({ mode: 'ok', ms: 0 })
    expect((await send({ 'idempotency-key': 'k' })).status).toBe(201)
    expect(lines().map(({ acted }) => acted)).toEqual([false, true])
  })
  it('drop acts, then hangs up; the same key again gets the reply that was lost', async () => {
    await partner.behave({ mode: 'drop', ms: 0 })
    await expect(send({ 'idempotency-key': 'k' })).rejects.toThrow('fetch failed')
    expect(lines()).toMatchObject([{ acted: true }])
    await partner.behave({ mode: 'ok', ms: 0 })
    expect((await send({ 'idempotency-key': 'k' })).status).toBe(201)
    expect(lines().map(({ acted }) => acted)).toEqual([true, false])
  })
  it('refuse refuses connections, and the port is the same afterwards', async () => {
    await partner.behave({ mode: 'refuse', ms: 0 })
    const error = await send().catch((error: Error) => error.cause as NodeJS.ErrnoException)
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    await partner.behave({ mode: 'ok', ms: 0 })
    expect((await send()).status).toBe(201)
  })
  it('slow answers late', async () => {
    await partner.behave({ mode: 'slow', ms: 300 })
    const started = Date.now()
    expect((await send()).status).toBe(201)
    expect(Date.now() - started).toBeGreaterThanOrEqual(295)
  })
  it('nonsense is 200 and no JSON', async () => {
    await partner.behave({ mode: 'nonsense', ms: 0 })
    const response = await send()
    expect(response.status).toBe(200)
    await expect(response.json()).rejects.toThrow(SyntaxError)
  })
  it('ok may be told what to say', async () => {
    await partner.behave({ mode: 'ok', ms: 0, reply: { authorizationId: 7 } })
    expect(await (await send()).json()).toEqual({ authorizationId: 7 })
  })
  it('are read strictly', () => {
    expect(readMode({ mode: 'slow' })).toEqual({ mode: 'slow', ms: 15_000 })
    expect(readMode({ mode: 'slow', ms: 0 })).toEqual({ mode: 'slow', ms: 15_000 })
    expect(readMode({ mode: 'slow', ms: 20 })).toEqual({ mode: 'slow', ms: 20 })
    expect(readMode({ mode: 500 })).toEqual({ mode: '500', ms: 0 })
    for (const wrong of [{ mode: 'fast' }, {}, [], null, { mode: 'ok', ms: -1 }, { mode: 'ok', ms: '5' }, { mode: 'ok', foo: 1 }]) expect(() => readMode(wrong)).toThrow(TypeError)
  })
})

it('keeps the pair it reads with, and gives the public half away', async () => {
  const file = join(folder, 'acquirer-key.key.json')
  const key = await readingKey(file, 'acquirer-key')
  expect(await readingKey(file, 'acquirer-key')).toEqual(key)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const half = publicHalf(key)
  expect(half).toMatchObject({ kty: 'RSA', e: 'AQAB', kid: 'acquirer-key-1', use: 'enc', alg: 'RSA-OAEP-256' })
  expect(Object.keys(half)).not.toContain('d')
  expect(createPublicKey({ key: half, format: 'jwk' }).asymmetricKeyDetails?.modulusLength).toBe(3072)
  expect(createPublicKey(createPrivateKey({ key, format: 'jwk' })).export({ format: 'jwk' }).n).toBe(half.n)
})
