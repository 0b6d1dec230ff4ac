import { randomInt, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawPayment, seal } from '../../local/demonstration.ts'
import { startStack, type Stack } from '../../local/stack.ts'
import { childrenOf } from '../load/children.ts'
import { door, longestLease, type Door } from '../load/door.ts'
import { ledger } from '../load/evidence.ts'

/**
 * Every call that a message of the examples makes to AWS, and every way in which it may fail: once, so that the SDK's next
 * attempt succeeds, and always, so that all of its attempts fail. What is expected was written down from the design.
 */

/** `loan-unkeyed` is the loan application without `once`: what it may have done is never repeated. */
type Pipeline = 'loan-application' | 'encrypted-payment' | 'loan-unkeyed'
type Failure = 'throttle' | 'timeout' | 'reset' | 'lostReply' | 'conflict' | 'unavailable'
type Stored = 'nothing' | 'claimed' | 'lapsed' | 'confirmed' | 'doubt'
/** `accepted` is 201 for an application and 202 for a payment. */
type Row = readonly [Failure, 'once' | 'always', first: string, ledger: Stored, partner: number, again: string, later?: string]

interface Site {
  readonly title: string
  readonly service: 'dynamodb' | 'kms' | 'secretsmanager'
  readonly operation: string
  readonly of: readonly Pipeline[]
  /** How the partners behave until the first answer. */
  readonly partner?: '400' | 'drop'
  /** In an execution environment that is new. */
  readonly cold?: true
  readonly rows: readonly Row[]
}

const both: readonly Pipeline[] = ['loan-application', 'encrypted-payment']

const sites: readonly Site[] = [
  { title: 'the claim', service: 'dynamodb', operation: 'PutItem', of: both, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['conflict', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    // It was written, and released with what it held.
    ['lostReply', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['conflict', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
  { title: 'the confirm', service: 'dynamodb', operation: 'UpdateItem', of: both, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['conflict', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNCONFIRMED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['timeout', 'always', '503 UNCONFIRMED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['reset', 'always', '503 UNCONFIRMED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    // It was written, and nobody could tell.
    ['lostReply', 'always', '503 UNCONFIRMED', 'confirmed', 1, '409 DUPLICATE'],
    ['conflict', 'always', '503 UNCONFIRMED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['unavailable', 'always', '503 UNCONFIRMED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
  ] },
  { title: 'the release, after a partner that did nothing', service: 'dynamodb', operation: 'DeleteItem', of: both, partner: '400', rows: [
    ['throttle', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['timeout', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['reset', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['lostReply', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['conflict', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['unavailable', 'once', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['throttle', 'always', '502 PARTNER_REFUSED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['timeout', 'always', '502 PARTNER_REFUSED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['reset', 'always', '502 PARTNER_REFUSED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['lostReply', 'always', '502 PARTNER_REFUSED', 'nothing', 1, 'accepted'],
    ['conflict', 'always', '502 PARTNER_REFUSED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['unavailable', 'always', '502 PARTNER_REFUSED', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
  ] },
  { title: 'the yield, after a partner that did not answer', service: 'dynamodb', operation: 'UpdateItem', of: both, partner: 'drop', rows: [
    ['throttle', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['timeout', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['reset', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['lostReply', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['conflict', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['unavailable', 'once', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['throttle', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['timeout', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['reset', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['lostReply', 'always', '504 PARTNER_SILENT', 'lapsed', 1, 'accepted'],
    ['conflict', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
    ['unavailable', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', 'accepted'],
  ] },
  { title: 'the doubt, after a partner that did not answer and knows no key', service: 'dynamodb', operation: 'UpdateItem', of: ['loan-unkeyed'], partner: 'drop', rows: [
    ['throttle', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['timeout', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['reset', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['lostReply', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['conflict', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['unavailable', 'once', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['throttle', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', '409 IN_DOUBT'],
    ['timeout', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', '409 IN_DOUBT'],
    ['reset', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', '409 IN_DOUBT'],
    ['lostReply', 'always', '504 PARTNER_SILENT', 'doubt', 1, '409 IN_DOUBT'],
    ['conflict', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', '409 IN_DOUBT'],
    ['unavailable', 'always', '504 PARTNER_SILENT', 'claimed', 1, '409 IN_PROGRESS', '409 IN_DOUBT'],
  ] },
  // What reads, and KMS, knows no conflict.
  { title: 'the key of a digest', service: 'kms', operation: 'GenerateMac', of: both, cold: true, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['lostReply', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
  { title: 'the private half of the inbox', service: 'kms', operation: 'Decrypt', of: ['encrypted-payment'], cold: true, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['lostReply', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
  { title: 'the credential, when the claim is held', service: 'secretsmanager', operation: 'GetSecretValue', of: both, cold: true, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 ACCOUNT_UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 ACCOUNT_UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 ACCOUNT_UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['lostReply', 'always', '503 ACCOUNT_UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 ACCOUNT_UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
  { title: 'the versions of the keys', service: 'dynamodb', operation: 'Query', of: both, cold: true, rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['lostReply', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
  // The last one: from its rotation on, what the key of the SSN digests is claimed under two versions.
  { title: 'the claim while digests of two versions count', service: 'dynamodb', operation: 'TransactWriteItems', of: ['loan-application'], rows: [
    ['throttle', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['timeout', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['reset', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['lostReply', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['conflict', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['unavailable', 'once', 'accepted', 'confirmed', 1, '409 DUPLICATE'],
    ['throttle', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['timeout', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['reset', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['lostReply', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['conflict', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
    ['unavailable', 'always', '503 UNAVAILABLE', 'nothing', 0, 'accepted'],
  ] },
]

const folder = mkdtempSync(join(tmpdir(), 'sallyport-faults-'))
const examples = fileURLToPath(new URL('../../functions/pipelines', import.meta.url))
let stack: Stack
let at: Door

beforeAll(async () => {
  const pipelines = join(folder, 'pipelines')
  cpSync(examples, pipelines, { recursive: true })
  // Without records of failures, whose calls test/testing/aws-faults.test.ts tries: they would fail with what is tried here.
  const loan = readFileSync(join(examples, 'loan-application.ts'), 'utf8').replace("    entity({ by: 'applicationId' }),\n", '').replace(' entity,', '')
  writeFileSync(join(pipelines, 'loan-application.ts'), loan)
  writeFileSync(join(pipelines, 'loan-unkeyed.ts'), loan.replace("'loan-application'", "'loan-unkeyed'").replace('/loan-applications', '/loans-unkeyed').replace("once: 'applicationId', ", ''))
  stack = await startStack({ dir: join(folder, 'state'), pipelines, port: 0, env: {} })
  at = door(() => stack.run)
})
afterAll(async () => {
  at?.close()
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Message { readonly pipeline: Pipeline; readonly id: string; readonly send: () => Promise<string> }
const accepted: Readonly<Record<Pipeline, string>> = { 'loan-application': '201', 'loan-unkeyed': '201', 'encrypted-payment': '202' }

async function draw(pipeline: Pipeline): Promise<Message> {
  const payment = drawPayment()
  const id = pipeline === 'encrypted-payment' ? payment.paymentId : `app-${randomUUID()}`
  const loan = { applicationId: id, applicant: { name: 'Grace Hopper', ssn: `9${String(randomInt(1e8)).padStart(8, '0')}`, email: 'grace@example.org', birthDate: '1986-12-09' }, amount: 25_000, income: 84_000 }
  const sealed = pipeline === 'encrypted-payment' ? await seal(stack.gateway, payment) : ''
  const path = pipeline === 'loan-unkeyed' ? '/loans-unkeyed' : '/loan-applications'
  return { pipeline, id, async send() {
    const { said, retryAfter } = await (sealed === '' ? at.post(path, 'application/json', JSON.stringify(loan)) : at.post('/payments', 'application/jose', sealed))
    // Who may come again is told when.
    const when = /^503|IN_PROGRESS$/.test(said) && !(retryAfter !== undefined && retryAfter > 0 && retryAfter <= longestLease) ? ' without Retry-After' : ''
    return said === accepted[pipeline] ? 'accepted' : `${said}${when}`
  } }
}

async function put(path: string, body: unknown): Promise<void> {
  const response = await fetch(`${stack.control}${path}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}`)
}
const behave = (mode: string): Promise<unknown> => Promise.all(['acquirer', 'loan-origination'].map((partner) => put(`/partners/${partner}`, { mode })))

/** Requests at a partner that are of a message, by its key or by what is in it. */
const requests = ({ pipeline, id }: Message): number => readFileSync(stack.run.partners[pipeline === 'encrypted-payment' ? 'acquirer' : 'loan-origination']?.received ?? '', 'utf8').split('\n').filter(Boolean)
  .map((line) => JSON.parse(line) as { headers: Record<string, string>; body: string })
  .filter(({ headers, body }) => headers['idempotency-key'] === id || Buffer.from(body, 'base64').includes(id)).length

async function coldStart(): Promise<void> {
  for (const pid of childrenOf(stack.run.pids.gateway)) process.kill(pid, 'SIGKILL')
  while (childrenOf(stack.run.pids.gateway).length > 0) await pause(10)
  // The gateway is told a moment after its children are gone.
  await pause(100)
}

/** What a message that was answered IN_PROGRESS is waited for: when, and what sends it again. */
interface Later { readonly from: number; readonly messages: readonly Message[] }
const waiting = new Map<string, Later>()
const name = ({ operation, title }: Site, error: Failure, times: Row[1]): string => `${operation}, ${title}: ${error} ${times}`

describe.each(sites)('$service:$operation, $title', (site) => {
  const { service, operation, of, partner, cold } = site
  beforeAll(async () => {
    if (operation === 'TransactWriteItems') {
      expect((await fetch(`${stack.control}/keys/identity/rotate`, { method: 'POST' })).status).toBe(200)
      await coldStart()
    }
    // Warm, whatever was done before.
    for (const pipeline of of) expect(await (await draw(pipeline)).send()).toBe('accepted')
  })

  for (const [error, times, first, stored, received, again, later] of site.rows) {
    test(`${error}, ${times}: ${first}`, async () => {
      const messages = await Promise.all(of.map(draw))
      const before = await ledger(stack.run)
      if (cold) await coldStart()
      if (partner) await behave(partner)
      const seen = stack.callsFile
      const from = readFileSync(seen).length
      await put('/faults', [{ service, operation, error, times: times === 'once' ? messages.length : 100 }])
      const answers = await Promise.all(messages.map(({ send }) => send()))
      await put('/faults', [])
      // What was asked beside it, and is shared with whoever asks next, ends a moment later.
      if (cold && error === 'timeout') await pause(1_000)
      if (partner) await behave('ok')
      const began = Date.now()

      expect(answers).toStrictEqual(messages.map(() => first))
      // It was asked, and did not answer: a plan that hits nothing would prove nothing.
      const struck = readFileSync(seen).subarray(from).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as { service: string; operation: string; status: number })
        .filter((call) => call.service === service && call.operation === operation && call.status !== 200)
      expect(struck.length).toBeGreaterThanOrEqual(times === 'once' ? messages.length : 3 * messages.length)
      const entries = [...await ledger(stack.run)].filter(([id]) => !before.has(id)).map(([, entry]) => entry)
      for (const message of messages) expect(entries.filter(({ pipeline }) => pipeline === message.pipeline).map(({ state }) => state), message.pipeline).toStrictEqual(stored === 'nothing' ? [] : [stored])
      expect(messages.map(requests)).toStrictEqual(messages.map(() => received))
      expect(await Promise.all(messages.map(({ send }) => send()))).toStrictEqual(messages.map(() => again))
      if (later !== undefined) waiting.set(name(site, error, times), { from: began + longestLease * 1_000, messages })
    })
  }
})

describe('when the lease has ended, the same message is answered', () => {
  const rows = sites.flatMap((site) => site.rows.filter((row) => row[6] !== undefined).map((row) => [name(site, row[0], row[1]), row[6]] as const))
  test.each(rows)('%s: %s', async (which, answer) => {
    const { from, messages } = waiting.get(which) as Later
    await pause(Math.max(0, from - Date.now()))
    const sent = messages.map(requests)
    expect(await Promise.all(messages.map(({ send }) => send()))).toStrictEqual(messages.map(() => answer))
    // Repeated under its key, or not at all.
    expect(messages.map(requests)).toStrictEqual(sent.map((count) => answer === 'accepted' ? count + 1 : count))
    expect(await Promise.all(messages.map(({ send }) => send()))).toStrictEqual(messages.map(() => answer === 'accepted' ? '409 DUPLICATE' : answer))
  })
})

test('there is no other call that a message makes', () => {
  const all = ['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:TransactWriteItems', 'dynamodb:UpdateItem', 'kms:Decrypt', 'kms:GenerateMac', 'secretsmanager:GetSecretValue']
  const calls = readFileSync(stack.callsFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { role: string; service: string; operation: string })
  const made = calls.filter(({ role }) => ['Sallyport-local-loan-application', 'Sallyport-local-encrypted-payment', 'Sallyport-local-loan-unkeyed'].includes(role)).map(({ service, operation }) => `${service}:${operation}`)
  expect([...new Set(made)].toSorted((a, b) => a < b ? -1 : 1)).toStrictEqual(all)
  expect([...new Set(sites.map(({ service, operation }) => `${service}:${operation}`))].toSorted((a, b) => a < b ? -1 : 1)).toStrictEqual(all)
})
