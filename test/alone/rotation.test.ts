import { createHmac, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CompactEncrypt, compactVerify, createLocalJWKSet, decodeProtectedHeader, importJWK, type JSONWebKeySet, type JWK } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { needs } from 'sallyport'
import { accounts } from '../../cli/accounts.ts'
import { signed } from '../../local/signed-fetch.ts'
import { startStack, type Stack } from '../../local/stack.ts'

/** Each kind of key is rotated while messages flow on a stack of its own: none lost, none accepted twice, old ones still open. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-rotation-'))
const pipelines = join(folder, 'pipelines')
let stack: Stack

const realm = (generation: number, next = false): string => `
import { account, digits, hashKey, identifier, keyPair, realm, signingKey, table } from 'sallyport'
import { importedSigningKey } from 'sallyport/accounts/imported-signing-key'
import { privateKey } from 'sallyport/accounts/private-key'
import { secretKey } from 'sallyport/accounts/secret-key'
export const inbox = keyPair('inbox', { custody: 'wrapped' })
export const vault = keyPair('vault', { custody: 'hsm', generation: ${generation} })
export const seal = signingKey('seal', { custody: 'wrapped', algorithm: 'ES256' })
export const notary = signingKey('notary', { custody: 'hsm', algorithm: 'PS256', generation: ${generation}, announced: ${next} })
export const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
export const archive = table('archive', { days: 30 })
export const theirInbox = account('their-inbox', privateKey())
export const theirSeal = account('their-seal', importedSigningKey())
export const theirSecret = account('their-secret', secretKey())
export default realm({ sensitive: ['ssn'] })
`
const sealedTo = (key: string, name: string, signer: string): string => `
import { flow, iam, pipeline, post } from 'sallyport'
import { decrypt, parseJson, sign, validate } from 'sallyport/steps'
import { jwe } from 'sallyport/ciphers/jwe'
import { jws } from 'sallyport/signatures/jws'
import * as v from 'valibot'
import { ${key}, ${signer} } from './realm.ts'
export default pipeline({ name: '${name}', timeout: 8, trigger: post('/${name}', { accept: 'application/jose', auth: iam() }), steps: flow(
  decrypt(jwe({ key: ${key} })), parseJson(), validate(v.object({ n: v.string() })), sign(jws({ key: ${signer} })),
) })
`
const files: Record<string, string> = {
  'realm.ts': realm(1),
  'open-wrapped.ts': sealedTo('inbox', 'open-wrapped', 'seal'),
  'open-hsm.ts': sealedTo('vault', 'open-hsm', 'notary'),
  'apply.ts': `
import { flow, iam, pipeline, post } from 'sallyport'
import { deduplicate, hash, store, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { archive, ssn } from './realm.ts'
export default pipeline({ name: 'apply', timeout: 8, trigger: post('/apply', { auth: iam(), status: 201 }), steps: flow(
  validate(v.object({ ssn: v.string(), id: v.string() })), deduplicate({ by: 'ssn', as: ssn, days: 30 }), store({ in: archive, by: 'ssn', as: ssn }), hash({ fields: ['ssn'], as: ssn }),
) })
`,
  'open-imported.ts': `
import { flow, iam, pipeline, post } from 'sallyport'
import { decrypt, deduplicate, encryptFields, hash, parseJson, sign, validate } from 'sallyport/steps'
import { aesGcm } from 'sallyport/ciphers/aes-gcm'
import { jwe } from 'sallyport/ciphers/jwe'
import { hmac } from 'sallyport/hashes/hmac'
import { jws } from 'sallyport/signatures/jws'
import * as v from 'valibot'
import { theirInbox, theirSeal, theirSecret } from './realm.ts'
export default pipeline({ name: 'open-imported', timeout: 8, trigger: post('/open-imported', { accept: 'application/jose', auth: iam() }), steps: flow(
  decrypt(jwe({ key: theirInbox })), parseJson(), validate(v.object({ id: v.string(), n: v.string(), ssn: v.string(), digest: v.string() })), deduplicate({ by: 'id', days: 30 }),
  encryptFields(aesGcm({ key: theirSecret, context: 'rotation' }), { fields: ['n'] }), hash({ fields: ['digest'], by: hmac({ key: theirSecret }) }), sign(jws({ key: theirSeal, algorithm: 'ES256' })),
) })
`,
  'check-imported.ts': `
import { flow, iam, pipeline, post } from 'sallyport'
import { decryptFields, hash, parseJson, validate, verify, verifyHash } from 'sallyport/steps'
import { aesGcm } from 'sallyport/ciphers/aes-gcm'
import { hmac } from 'sallyport/hashes/hmac'
import { jws } from 'sallyport/signatures/jws'
import * as v from 'valibot'
import { ssn, theirSeal, theirSecret } from './realm.ts'
const Sealed = v.object({ n: v.string(), ssn: v.string(), digest: v.string() })
export default pipeline({ name: 'check-imported', timeout: 8, trigger: post('/check-imported', { accept: 'application/jose', auth: iam() }), steps: flow(
  verify(jws({ key: theirSeal, algorithm: 'ES256' })), parseJson(), validate(Sealed), decryptFields(aesGcm({ key: theirSecret, context: 'rotation' }), { fields: ['n'] }),
  verifyHash({ value: 'ssn', hash: 'digest', by: hmac({ key: theirSecret }) }), hash({ fields: ['ssn'], as: ssn }),
) })
`,
  'recall.ts': `
import { flow, iam, pipeline, post } from 'sallyport'
import { load, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { archive, ssn } from './realm.ts'
export default pipeline({ name: 'recall', timeout: 8, trigger: post('/recall', { auth: iam() }), steps: flow(
  validate(v.object({ ssn: v.string() })), load({ from: archive, by: 'ssn', as: ssn, schema: v.object({ ssn: v.string(), id: v.string() }) }),
) })
`,
}

beforeAll(async () => {
  vi.stubEnv('SALLYPORT_KEY_AGE', '2')
  mkdirSync(pipelines)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(pipelines, file), text)
  stack = await startStack({ dir: join(folder, 'state'), pipelines, port: 0, env: {} })
})
afterAll(async () => {
  await stack?.stop()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer { readonly status: number; readonly body: Readonly<Record<string, string>> }
async function send(path: string, type: string, body: string): Promise<Answer> {
  const { endpoint: _, ...credentials } = stack.run.aws
  const url = `${stack.gateway}${path}`
  const response = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': type }, body }, { ...credentials, service: 'execute-api' }))
  const text = await response.text()
  return { status: response.status, body: response.headers.get('content-type') === 'application/jose' ? { signed: text } : JSON.parse(text) as Answer['body'] }
}
const json = (path: string, value: object): Promise<Answer> => send(path, 'application/json', JSON.stringify(value))
const published = async (): Promise<JSONWebKeySet> => (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json() as Promise<JSONWebKeySet>
const keyOf = async (pair: string): Promise<JWK> => (await published()).keys.find(({ kid, kty, use }) => kid?.startsWith(`${pair}-`) && kty === 'EC' && use === 'enc') as JWK
const sealed = async (key: JWK, plain = '{"n":"canary"}'): Promise<string> => new CompactEncrypt(Buffer.from(plain)).setProtectedHeader({ alg: key.alg as string, enc: 'A256GCM', kid: key.kid }).encrypt(await importJWK(key, key.alg))
/** What the command asks for: the port by which it asks the local run. */
const rotate = async (key: string): Promise<{ kid: string; from: number; made: boolean }[]> => (await fetch(`${stack.control}/keys/${key}/rotate`, { method: 'POST' })).json() as never
/** `sallyport accounts put`, as an administrator writes a secret. */
async function put(account: string, secret: object): Promise<void> {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.run.aws
  const own = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value)
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    expect(await accounts(['put', account, '--stage', 'local', '--id', 'Sallyport', '--pipelines', pipelines], Readable.from([Buffer.from(JSON.stringify(secret))]))).toBe(0)
  } finally {
    said.mockRestore()
    for (const name of Object.keys(own)) vi.stubEnv(name, undefined)
  }
}
const drawSsn = (): string => `9${String(randomInt(1e8)).padStart(8, '0')}`

/** Verifies as a partner would that reads the set when what it has is older than it may be, and never else. */
function verifier() {
  let held: { readonly set: JSONWebKeySet; readonly at: number } | undefined
  return async (token: string): Promise<string> => {
    if (held === undefined || Date.now() - held.at > 2_000) held = { set: await published(), at: Date.now() }
    await compactVerify(token, createLocalJWKSet(held.set))
    return decodeProtectedHeader(token).kid ?? ''
  }
}

/** Does something again and again, side by side, until it is ended; what it gave, in order. */
function flowing<T>(beside: number, act: () => Promise<T>): { readonly results: T[]; end(): Promise<T[]> } {
  let on = true
  const results: T[] = []
  const each = async (): Promise<void> => {
    while (on) {
      results.push(await act())
      await pause(40)
    }
  }
  const all = Promise.all(Array.from({ length: beside }, each))
  return { results, async end() { on = false; await all; return results } }
}

test('pairs, signing keys and digests in custody wrapped', { timeout: 120_000 }, async () => {
  const first = await keyOf('inbox')
  expect(first.kid).toBe('inbox-ec-1')
  const verify = verifier()
  const accepted: { ssn: string; hashed: string }[] = []
  // A sender that read the key once and never again, one that reads it as it may be cached, and a partner that verifies.
  let known = { key: first, at: Date.now() }
  const senders = flowing(3, async () => {
    if (Date.now() - known.at > 2_000) known = { key: await keyOf('inbox'), at: Date.now() }
    const key = Math.random() < 0.3 ? first : known.key
    const { status, body } = await send('/open-wrapped', 'application/jose', await sealed(key))
    return { status, opened: key.kid, signedBy: status === 200 ? await verify(body['signed'] ?? '').catch(() => 'not verified') : 'none' }
  })
  const applicants = flowing(4, async () => {
    const again = accepted.length > 5 && Math.random() < 0.4 ? accepted[randomInt(accepted.length)] : undefined
    const ssn = again?.ssn ?? drawSsn()
    // Two at once, written in two ways: of a new one exactly one is taken.
    const answers = await Promise.all([ssn, `${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`].map((spelt) => json('/apply', { ssn: spelt, id: randomUUID() })))
    const taken = answers.filter(({ status }) => status === 201)
    for (const { body } of taken) accepted.push({ ssn, hashed: body['ssn'] ?? '' })
    return { taken: taken.length, wanted: again === undefined ? 1 : 0, others: answers.filter(({ status }) => status !== 201).map(({ status, body }) => `${status} ${body['code']}`) }
  })
  await pause(2_500)
  for (const [key, kids] of [['inbox', ['inbox-rsa-2', 'inbox-ec-2']], ['seal', ['seal-sig-2']], ['identity', ['identity-digest-2']]] as const) {
    const rotated = await rotate(key)
    expect(rotated.map(({ kid }) => kid)).toEqual(kids)
    for (const { from, made } of rotated) expect([made, from - Date.now() > 12_000, from - Date.now() <= 17_000]).toEqual([true, true, true])
    // While one is awaited, there is no other.
    expect((await rotate(key)).every(({ made }) => !made)).toBe(true)
  }
  // A signing key is published before its first use; an encryption key not before everybody can open with it.
  await pause(2_500)
  expect((await published()).keys.map(({ kid }) => kid).filter((kid) => /^(inbox|seal)/.test(kid ?? '')).toSorted((a = '', b = '') => a < b ? -1 : 1)).toEqual(['inbox-ec-1', 'inbox-rsa-1', 'seal-sig-1', 'seal-sig-2'])
  await pause(19_000)
  const opened = await senders.end()
  const applied = await applicants.end()

  expect(opened.length).toBeGreaterThan(50)
  expect(new Set(opened.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(opened.map(({ opened }) => opened))).toEqual(new Set(['inbox-ec-1', 'inbox-ec-2']))
  expect(new Set(opened.map(({ signedBy }) => signedBy))).toEqual(new Set(['seal-sig-1', 'seal-sig-2']))
  expect(applied.length).toBeGreaterThan(50)
  expect(applied.filter(({ taken, wanted }) => taken !== wanted)).toEqual([])
  expect(new Set(applied.flatMap(({ others }) => others)).size).toBeLessThanOrEqual(2)
  for (const other of applied.flatMap(({ others }) => others)) expect(['409 DUPLICATE', '409 IN_PROGRESS']).toContain(other)
  // Both versions came to be written, and each that was accepted is refused from now on, and found where it is stored.
  expect(new Set(accepted.map(({ hashed }) => hashed.slice(0, 2)))).toEqual(new Set(['1.', '2.']))
  const { endpoint, region, ...credentials } = stack.run.aws
  const ledger = new DynamoDBClient({ endpoint, region, credentials })
  const { Items = [] } = await ledger.send(new ScanCommand({ TableName: 'Sallyport-local-ledger' }))
  ledger.destroy()
  expect(Items).toHaveLength(accepted.length)
  expect(new Set(Items.map(({ digestVersion }) => digestVersion?.N))).toEqual(new Set(['1', '2']))
  for (const { ssn } of accepted) {
    expect((await json('/apply', { ssn, id: 'again' })).body['code']).toBe('DUPLICATE')
    expect((await json('/recall', { ssn })).status).toBe(200)
  }
  expect(readFileSync(stack.logFile, 'utf8')).not.toContain('canary')
  // What a claim and a store need for the sake of a rotation alone, they did: no need is more than what is sent.
  const calls = readFileSync(stack.callsFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { role: string; service: string; operation: string })
  const sent = new Set(calls.filter(({ role }) => role === 'Sallyport-local-apply').map(({ service, operation }) => `${service}:${operation}`.replace('TransactWriteItems', 'ConditionCheckItem')))
  const apply = stack.pipelines.find(({ name }) => name === 'apply')
  const declared = new Set(apply === undefined ? [] : needs(apply).flatMap(({ actions }) => actions))
  // Every applicant is accepted or refused: none of these claims is released.
  declared.delete('dynamodb:DeleteItem')
  expect([...sent].toSorted((a, b) => a < b ? -1 : 1)).toStrictEqual([...declared].toSorted((a, b) => a < b ? -1 : 1))
})

test('pairs and signing keys in custody hsm, by another generation and a deployment', { timeout: 120_000 }, async () => {
  const first = await keyOf('vault')
  const verify = verifier()
  let known = { key: first, at: Date.now() }
  const senders = flowing(3, async () => {
    if (Date.now() - known.at > 2_000) known = { key: await keyOf('vault'), at: Date.now() }
    const key = Math.random() < 0.3 ? first : known.key
    const { status, body } = await send('/open-hsm', 'application/jose', await sealed(key))
    return { status, opened: key.kid ?? '', signedBy: status === 200 ? await verify(body['signed'] ?? '').catch(() => 'not verified') : 'none' }
  })
  await pause(1_000)
  // The next generation is announced, and signs when verifiers have read of it.
  for (const [generation, announced] of [[1, true], [2, false]] as const) {
    writeFileSync(join(pipelines, 'realm.ts'), realm(generation, announced))
    expect(await stack.reload()).toBe(true)
    await pause(5_000)
  }
  const opened = await senders.end()
  expect(opened.length).toBeGreaterThan(50)
  expect(new Set(opened.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(opened.map(({ opened }) => opened)).size).toBe(2)
  expect(new Set(opened.map(({ signedBy }) => signedBy)).size).toBe(2)
  for (const { opened: pair, signedBy } of opened) expect([pair, signedBy]).toEqual([expect.stringMatching(/^vault-ec-[0-9a-f]{8}$/), expect.stringMatching(/^notary-sig-[0-9a-f]{8}$/)])
  expect((await keyOf('vault')).kid).not.toBe(first.kid)
})

test('imported keys, by accounts put: encryption, signatures, hashes and sealed fields', { timeout: 120_000 }, async () => {
  const pairs = ['ec-1', 'ec-2', 'sig-1', 'sig-2'].map((kid) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return { publicKey: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ECDH-ES+A256KW' }, privateKey: { ...privateKey.export({ format: 'jwk' }), kid } }
  })
  const [inbox, nextInbox, seal, nextSeal] = pairs as [typeof pairs[number], typeof pairs[number], typeof pairs[number], typeof pairs[number]]
  const [secret, nextSecret] = [randomBytes(32), randomBytes(32)]
  const written = (key: Buffer): string => key.toString('base64url')
  const enter = async (inboxes: readonly typeof inbox[], seals: readonly typeof inbox[], secretKey: object): Promise<void> => {
    await put('their-inbox', { privateKeys: inboxes.map(({ privateKey }) => privateKey) })
    await put('their-seal', { privateKeys: seals.map(({ privateKey }) => privateKey) })
    await put('their-secret', secretKey)
    // What was read before is used for two seconds, and a run that began then goes on for less than one.
    await pause(3_500)
  }
  const made: { readonly token: string; readonly ssn: string }[] = []
  let known: readonly typeof inbox[] = [inbox]
  const post = async ({ publicKey }: typeof inbox): Promise<Answer[]> => {
    const ssn = drawSsn()
    const plain = JSON.stringify({ id: randomUUID(), n: 'canary', ssn, digest: ssn })
    // The same message twice, side by side: one is taken.
    const answers = await Promise.all([plain, plain].map(async (each) => send('/open-imported', 'application/jose', await sealed(publicKey, each))))
    for (const { status, body } of answers) if (status === 200) made.push({ token: body['signed'] ?? '', ssn })
    return answers
  }
  const checked = async (token: string): Promise<Answer> => send('/check-imported', 'application/jose', token)

  await enter([inbox], [seal], { secretKey: written(secret) })
  for (let i = 0; i < 3; i++) await post(inbox)
  const first = [...made]
  expect(first).toHaveLength(3)
  const senders = flowing(3, async () => {
    const key = known[randomInt(known.length)] as typeof inbox
    return { key: key.publicKey.kid, answers: (await post(key)).map(({ status, body }) => status === 200 ? '200' : `${status} ${body['code']}`).toSorted((a, b) => a < b ? -1 : 1) }
  })
  const checkers = flowing(3, async () => {
    const { status, body } = await checked(made[randomInt(made.length)]?.token ?? '')
    return status === 200 && body['n'] === 'canary' ? 'right' : `${status} ${body['code']}`
  })
  await pause(1_500)
  // The new ones stand behind the old until every environment knows them, and senders are told; then before them.
  await enter([inbox, nextInbox], [seal, nextSeal], { secretKey: written(secret), previous: [written(nextSecret)] })
  known = [inbox, nextInbox]
  await enter([nextInbox, inbox], [nextSeal, seal], { secretKey: written(nextSecret), previous: [written(secret)] })
  const [opened, verified] = [await senders.end(), await checkers.end()]

  expect(opened.length).toBeGreaterThan(10)
  expect(new Set(opened.map(({ key }) => key))).toEqual(new Set(['ec-1', 'ec-2']))
  for (const { answers } of opened) expect([['200', '409 DUPLICATE'], ['200', '409 IN_PROGRESS']]).toContainEqual(answers)
  expect(verified.length).toBeGreaterThan(10)
  expect(new Set(verified)).toEqual(new Set(['right']))
  expect(new Set(made.map(({ token }) => decodeProtectedHeader(token).kid))).toEqual(new Set(['sig-1', 'sig-2']))
  const by = (key: Buffer, ssn: string): string => createHmac('sha256', key).update(ssn).digest('hex')
  const digests = made.map(({ token, ssn }) => {
    const { digest } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { digest: string }
    return digest === by(secret, ssn) ? 'old' : digest === by(nextSecret, ssn) ? 'new' : 'neither'
  })
  expect(new Set(digests)).toEqual(new Set(['old', 'new']))
  for (const { token } of first) expect((await checked(token)).status).toBe(200)

  // Taken out, they are gone.
  const [last] = made.slice(-1)
  await enter([nextInbox], [nextSeal], { secretKey: written(nextSecret) })
  expect((await checked(last?.token ?? '')).status).toBe(200)
  expect((await checked(first[0]?.token ?? '')).body['code']).toBe('SIGNATURE_INVALID')
  expect((await post(inbox)).map(({ body }) => body['code'])).toEqual(['DECRYPTION_FAILED', 'DECRYPTION_FAILED'])
  expect((await post(nextInbox)).some(({ status }) => status === 200)).toBe(true)
  expect(readFileSync(stack.logFile, 'utf8')).not.toContain('canary')
})
