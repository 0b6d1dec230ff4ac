import { spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { accounts } from '../../cli/accounts.ts'
import { Refused } from '../../cli/usage.ts'
import { startAws, type Aws } from '../../local/aws/server.ts'

const script = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
let aws: Aws
let client: SecretsManagerClient

beforeAll(async () => {
  const principals = join(dir, 'principals.json')
  writeFileSync(principals, JSON.stringify([{ accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin', arn: 'arn:aws:iam::000000000000:user/admin', policies: [{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }] }]))
  mkdirSync(join(dir, 'aws'))
  aws = await startAws({ dir: join(dir, 'aws'), port: 0, calls: join(dir, 'calls'), principals, region: 'us-east-1', account: '000000000000', token: 't' })
  const endpoint = `http://127.0.0.1:${aws.port}`
  client = new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin' } })
  for (const name of ['acquirer', 'acquirer-key']) await client.send(new CreateSecretCommand({ Name: `Sallyport/dev/accounts/${name}` }))
  for (const [name, value] of Object.entries({ AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'LKIAADMIN', AWS_SECRET_ACCESS_KEY: 'admin', NO_COLOR: '1' })) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  client.destroy()
  await aws.close()
})

/** The verb in this process, with what it wrote. */
async function run(args: readonly string[], input: string): Promise<{ status: number; said: string }> {
  let said = ''
  for (const name of ['stdout', 'stderr'] as const) vi.spyOn(process[name], 'write').mockImplementation((text) => { said += String(text); return true })
  try {
    return { status: await accounts([...args], Readable.from([Buffer.from(input)])), said }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { status: 1, said: `${error.message}\n` }
  } finally {
    vi.restoreAllMocks()
  }
}
const stored = async (account: string): Promise<unknown> =>
  JSON.parse((await client.send(new GetSecretValueCommand({ SecretId: `Sallyport/dev/accounts/${account}` }))).SecretString ?? '')

describe('accounts put', () => {
  it('reads the credential from standard input, as JSON or as it is, and does not show it', async () => {
    const json = await run(['put', 'acquirer'], '{"apiKey": "canary-as-json-1"}\n')
    expect(json).toEqual({ status: 0, said: 'Sallyport/dev/accounts/acquirer holds the credential of acquirer now; running functions read it within minutes\n' })
    expect(await stored('acquirer')).toEqual({ apiKey: 'canary-as-json-1' })
    const bare = await run(['put', 'acquirer'], 'canary-as-it-is-2\n')
    expect(bare.status).toBe(0)
    expect(bare.said).not.toContain('canary')
    expect(await stored('acquirer')).toEqual({ apiKey: 'canary-as-it-is-2' })
  })
  it('takes a PEM for somebody else’s key, and refuses their private one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
    expect((await run(['put', 'acquirer-key'], publicKey)).status).toBe(0)
    expect(await stored('acquirer-key')).toEqual({ publicKey: publicKey.trim() })
    const refused = await run(['put', 'acquirer-key'], privateKey)
    expect(refused).toEqual({ status: 1, said: 'nothing was written. public-key account: {"publicKey": a public JWK, or PEM text}\n' })
    expect(await stored('acquirer-key')).toEqual({ publicKey: publicKey.trim() })
  })
  it.each([['short', 'canary'], ['another shape', '{"key": "canary-canary"}'], ['broken JSON', '{"apiKey": "canary-canary'], ['nothing', '']])('refuses %s in the words of the account, without what was entered', async (_, input) => {
    const before = await stored('acquirer')
    const { status, said } = await run(['put', 'acquirer'], input)
    expect(status).toBe(1)
    expect(said).toMatch(/^nothing was written\. api-key account: \{"apiKey"/)
    expect(said).not.toContain('canary')
    expect(await stored('acquirer')).toEqual(before)
  })
  it('says which accounts there are, and when the stage is not deployed', async () => {
    expect(await run(['put', 'acquire'], 'x')).toEqual({ status: 1, said: 'no pipeline names an account acquire; there are: acquirer, acquirer-key, loan-origination\n' })
    const { status, said } = await run(['put', 'acquirer', '--stage', 'prod'], 'canary-canary-1')
    expect(status).toBe(1)
    expect(said).toContain('the stage prod is not there: deploy it first')
    expect(said).not.toContain('canary')
  })
  it.skipIf(spawnSync('script', ['--version']).status !== 0)('asks on a terminal without showing what is typed', async () => {
    const child = spawn('script', ['-qec', `"${process.execPath}" "${script}" accounts put acquirer`, '/dev/null'], { stdio: 'pipe' })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (chunk.includes('acquirer: apiKey: ')) child.stdin.write('canary-typexx\u007f\u007fd-3\r')
    })
    expect(await new Promise((resolve) => { child.on('close', resolve) })).toBe(0)
    expect(said).toContain('holds the credential')
    expect(said).not.toContain('canary')
    expect(await stored('acquirer')).toEqual({ apiKey: 'canary-typed-3' })
  })
})

it('tells the local partner of a credential that is no JSON, and shows nothing of it when its type breaks', async () => {
  const project = mkdtempSync(join(tmpdir(), 'sallyport-own-'))
  const learnt: unknown[] = []
  const control = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      learnt.push([request.url, JSON.parse(Buffer.concat(chunks).toString())])
      response.end()
    })
  })
  await new Promise<void>((resolve) => { control.listen(0, '127.0.0.1', resolve) })
  for (const folder of ['pipelines', '.local']) mkdirSync(join(project, folder))
  writeFileSync(join(project, 'cdk.json'), '{}')
  writeFileSync(join(project, '.local/run.json'), JSON.stringify({
    control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    aws: { endpoint: `http://127.0.0.1:${aws.port}`, region: 'us-east-1', accessKeyId: 'LKIAADMIN', secretAccessKey: 'admin' },
  }))
  writeFileSync(join(project, 'pipelines/order.ts'), `
    import * as v from 'valibot'
    import { account, iam, partner, path, pipeline, post } from 'sallyport'
    import { call } from 'sallyport/steps'
    const ticket = { ...partner('ticket', { origin: { dev: 'https://shop.example' } }), read: (text: string) => text, headers: (text: string) => {
      if (text.includes('broken')) throw new Error('unexpected ' + text)
      return { ticket: text }
    } }
    export default pipeline({
      name: 'order', trigger: post('/orders', { auth: iam() }),
      steps: call({ to: account('shop', ticket), reply: v.strictObject({}), request: () => ({ method: 'GET', path: path\`/\` }) }),
    })`)
  await client.send(new CreateSecretCommand({ Name: 'App/local/accounts/shop' }))
  const put = (input: string) => new Promise<{ status: number | null; said: string }>((done) => {
    const { AWS_ENDPOINT_URL: _, ...env } = process.env
    const child = spawn(process.execPath, [script, 'accounts', 'put', 'shop', '--stage', 'local', '--id', 'App'], { cwd: project, env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
    child.on('close', (status) => done({ status, said }))
    child.stdin.end(input)
  })
  try {
    expect(await put('canary plain text')).toEqual({ status: 0, said: 'App/local/accounts/shop holds the credential of shop now; running functions read it within minutes\n' })
    expect(learnt).toEqual([['/partners/shop/credential', { ticket: 'canary plain text' }]])
    const broken = await put('canary broken')
    expect(broken.status).toBe(1)
    expect(broken.said).toContain('ticket made no headers of it')
    expect(broken.said).not.toContain('canary')
  } finally {
    control.close()
    rmSync(project, { recursive: true, force: true })
  }
})

it('accounts list tells what is set', async () => {
  const { status, said } = await run(['list'], '')
  expect(status).toBe(0)
  expect(said.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([['account', 'signs in by', 'secret'], ['acquirer', 'api-key', 'set'], ['acquirer-key', 'public-key', 'set'], ['loan-origination', 'basic', 'not deployed'], ['']])
})
