/**
 * CPU per message of both pipelines, in process, against the same work by hand. Runs in a process of its own with its
 * standard output at /dev/null, since both sides write their log lines there; the result goes to the parent by IPC.
 */
import { createHmac, createSecretKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { CompactEncrypt } from 'jose'
import { house, shared } from '../infra/build.ts'
import { pay } from './baseline/payment.ts'
import { lend } from './baseline/loan.ts'
import { median } from './row.ts'

const home = fileURLToPath(new URL('..', import.meta.url))
type Handler = (event: object, context: object) => Promise<{ statusCode: number }>

/** The real handler with the real runtime in it; only AWS and the partner answer from memory. */
async function inMemory(name: string): Promise<Handler> {
  const outfile = join(home, 'dist/bench', `${name}.cjs`)
  await build({
    ...shared, outfile, entryPoints: [join(home, 'functions/handlers/http.ts')],
    plugins: [
      { name: 'memory', setup: (b) => {
        b.onResolve({ filter: /\/aws\/index\.ts$/ }, () => ({ path: join(home, 'bench/memory/aws.ts') }))
        b.onResolve({ filter: /^\.\/send\.ts$/ }, () => ({ path: join(home, 'bench/memory/send.ts') }))
      } },
      house('bundled', {
        '#pipeline': { file: join(home, 'functions/pipelines', `${name}.ts`) },
        '#realm': { file: join(home, 'functions/pipelines/realm.ts') },
        '#stage': { text: `export default { stage: 'dev', origins: {} }` },
      }),
    ],
  })
  return (createRequire(outfile)(outfile) as { handler: Handler }).handler
}

/** Microseconds of CPU a message, of all threads of this process. */
async function cost(messages: number, run: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < messages; i++) await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / messages
}

export interface Comparison { readonly measured: number; readonly baseline: number; readonly ratio: number; readonly samples: number }

async function compare(rounds: number, messages: number, ours: () => Promise<{ statusCode: number }>, theirs: () => unknown, status: number): Promise<Comparison> {
  if ((await ours()).statusCode !== status) throw new Error('the pipeline does not answer as it should')
  await cost(messages, ours)
  await cost(messages, theirs)
  const pairs: [number, number][] = []
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in a round is second in the next.
    if (round % 2 === 0) pairs.push([await cost(messages, ours), await cost(messages, theirs)])
    else {
      const baseline = await cost(messages, theirs)
      pairs.push([await cost(messages, ours), baseline])
    }
  }
  return { measured: median(pairs.map(([a]) => a)), baseline: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)), samples: rounds }
}

const inbox = generateKeyPairSync('rsa', { modulusLength: 3072 })
const acquirer = generateKeyPairSync('rsa', { modulusLength: 3072 })
const kid = 'payments-inbox-rsa-1'
Object.assign(globalThis, {
  memory: {
    wrapped: [{ pair: 'payments-inbox', kid, type: 'rsa', pkcs8: inbox.privateKey.export({ format: 'der', type: 'pkcs8' }) }],
    secrets: {
      acquirer: '{"apiKey":"a-key-of-the-bench"}',
      'acquirer-key': JSON.stringify({ publicKey: { ...acquirer.publicKey.export({ format: 'jwk' }), kid: 'acquirer' } }),
      'loan-origination': '{"username":"user","password":"password"}',
    },
  },
})
for (const [name, value] of Object.entries({ TABLE_LEDGER: 'ledger', TABLE_KEYS: 'keys', KEY_LEDGER: 'ledger', KEY_IDENTITY: 'identity', KEY_PAYMENTS_INBOX: 'inbox', ACCOUNT_ACQUIRER: 'acquirer', ACCOUNT_ACQUIRER_KEY: 'acquirer-key', ACCOUNT_LOAN_ORIGINATION: 'loan-origination' })) process.env[name] = value

const payment = JSON.stringify({ paymentId: 'py-7Qm4x9Kd2v', amount: '12.50', currency: 'EUR', card: { number: '4111111111111111', expiry: '12/29', cvv: '123' }, payer: { name: 'Ada Lovelace', nationalId: '529-98-2247' } })
const token = await new CompactEncrypt(Buffer.from(payment)).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid }).encrypt(inbox.publicKey)
const loan = JSON.stringify({ applicationId: 'ln-7Qm4x9Kd2v', applicant: { name: 'Ada Lovelace', ssn: '078-05-1120', email: 'ada@example.org', birthDate: '1985-12-10' }, amount: 25000, income: 72000 })

const write = process.stdout.write.bind(process.stdout)
const line = (text: string): void => { write(`${text}\n`) }
const store = (item: object): void => { last = item }
let last: object = {}
const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 15_000 }

const rounds = Number(process.env['ROUNDS'] ?? 21)
const label = (purpose: string, scope: string) => createSecretKey(createHmac('sha256', 'bench').update(JSON.stringify(['sallyport', purpose, scope, 1])).digest())

async function payments(): Promise<Comparison> {
  const handler = await inMemory('encrypted-payment')
  const event = { headers: { 'content-type': 'application/jose' }, body: Buffer.from(token).toString('base64'), isBase64Encoded: true }
  const keys = { inbox: inbox.privateKey, acquirer: acquirer.publicKey, ledger: label('ledger', 'encrypted-payment'), fingerprint: label('fingerprint', 'encrypted-payment') }
  const receipt = Buffer.from('{"authorizationId":"3f0c9f6e-6a43-4c1e-9a51-2d1c1c4f9a10"}')
  return compare(rounds, 150, () => handler(event, context), async () => pay(Buffer.from(event.body, 'base64').toString(), keys, context.awsRequestId, line, store, () => receipt), 202)
}

async function loans(): Promise<Comparison> {
  const handler = await inMemory('loan-application')
  const event = { headers: { 'content-type': 'application/json' }, body: loan, isBase64Encoded: false }
  const keys = { ledger: label('ledger', 'loan-application'), fingerprint: label('fingerprint', 'loan-application'), hash: label('hash', 'ssn') }
  const accepted = Buffer.from('{"loanId":"3f0c9f6e-6a43-4c1e-9a51-2d1c1c4f9a10"}')
  return compare(rounds, 2_000, () => handler(event, context), async () => lend(event.body, keys, context.awsRequestId, line, store, () => accepted), 201)
}

// One pipeline a process: each takes over the standard output.
const result = await (process.argv[2] === 'loan' ? loans() : payments())
if (process.send) process.send(result)
else writeSync(2, `${JSON.stringify({ ...result, last: Object.keys(last).length })}\n`)
