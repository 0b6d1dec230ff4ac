import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { compactDecrypt, CompactEncrypt, importJWK, type JWK } from 'jose'
import { signed, type Signer } from './signed-fetch.ts'
import type { Run } from './run.ts'

/** What one request came to. */
export interface Answered {
  readonly title: 'payment' | 'loan' | 'again'
  readonly sent: string
  readonly status: number
  /** Of a problem. */
  readonly code?: string
  readonly body: string
  readonly right: boolean
}

/** What a partner was given, as the partner sees it. */
export interface Delivered {
  readonly partner: string
  readonly request: string
  readonly idempotencyKey: string
  readonly sealed: boolean
  readonly body: unknown
}

export interface Demonstrated {
  readonly answers: readonly Answered[]
  readonly deliveries: readonly Delivered[]
  /** Lines of the log in which something is masked. */
  readonly masked: readonly string[]
  /** What was not as it should be, in sentences. */
  readonly wrong: readonly string[]
}

/** The card of the published test numbers of the card schemes; the cvv is drawn. */
const cardNumber = '4111 1111 1111 1111'

/** Nine digits that were never given to anybody: no SSN begins with 9. */
const drawSsn = (): string => `9${String(randomInt(1e8)).padStart(8, '0')}`

export const drawPayment = () => ({
  paymentId: `pay-${randomUUID().slice(0, 18)}`, amount: '12.50', currency: 'EUR',
  card: { number: cardNumber, expiry: '12/30', cvv: String(randomInt(100, 1000)) },
  payer: { name: 'Ada Lovelace', nationalId: `X${randomInt(1e7, 1e8)}` },
})

export function drawApplication(ssn = drawSsn(), separator = '-') {
  const written = [ssn.slice(0, 3), ssn.slice(3, 5), ssn.slice(5)].join(separator)
  return {
    applicationId: `app-${randomUUID().slice(0, 18)}`,
    applicant: { name: 'Grace Hopper', ssn: written, email: 'grace@example.com', birthDate: '1986-12-09' },
    amount: 25_000, income: 84_000,
  }
}

/** Seals to the key of a pair that the gateway publishes, as an outside sender would: RSA-OAEP-256 where there is an RSA key. */
export async function seal(gateway: string, value: object, pair = ''): Promise<string> {
  const response = await fetch(`${gateway}/.well-known/jwks.json`)
  const { keys: published = [] } = await response.json() as { keys?: (JWK & { alg?: string })[] }
  const keys = published.filter(({ kid }) => kid?.startsWith(pair))
  const key = keys.find(({ kty }) => kty === 'RSA') ?? keys[0]
  if (key?.alg === undefined || key.kid === undefined) throw new Error(`GET /.well-known/jwks.json answered ${response.status} without a key`)
  return new CompactEncrypt(Buffer.from(JSON.stringify(value)))
    .setProtectedHeader({ alg: key.alg, enc: 'A256GCM', kid: key.kid }).encrypt(await importJWK(key, key.alg))
}

interface Line {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a partner received under an Idempotency-Key, opened with the partner's own key where it was sealed. */
async function received(run: Run, partner: string, key: string): Promise<Delivered | undefined> {
  const { received: file = '', privateKey } = run.partners[partner] ?? {}
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line)
  const line = lines.find(({ headers }) => headers['idempotency-key'] === key)
  if (line === undefined) return undefined
  const text = Buffer.from(line.body, 'base64').toString()
  const sealed = privateKey !== undefined && /^[\w-]+(\.[\w-]*){4}$/.test(text)
  const opened = sealed ? Buffer.from((await compactDecrypt(text, await importJWK(privateKey as JWK, privateKey.alg as string))).plaintext).toString() : text
  return { partner, request: `${line.method} ${line.path}`, idempotencyKey: key, sealed, body: JSON.parse(opened) as unknown }
}

/** The lines that were written since a moment, which is a length of the file. */
async function linesSince(file: string, from: number, settled: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
  for (let attempt = 0; ; attempt++) {
    const lines = readFileSync(file).subarray(from).toString().split('\n').filter(Boolean)
    if (settled(lines) || attempt === 20) return lines
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

/** Sends a payment, a loan application and the same applicant again through the gateway, and looks what became of them. */
export async function demonstrate(run: Run): Promise<Demonstrated> {
  const from = statSync(run.log, { throwIfNoEntry: false })?.size ?? 0
  const signer: Signer = { ...run.aws, service: 'execute-api' }
  const send = async (title: Answered['title'], path: string, type: string, body: string, wanted: { status: number; code?: string }): Promise<Answered> => {
    const url = `${run.gateway}${path}`
    const response = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': type }, body }, signer))
    const text = await response.text()
    const code = /"code":"([A-Z_]+)"/.exec(text)?.[1]
    return { title, sent: `POST ${path}`, status: response.status, ...code !== undefined && { code }, body: text, right: response.status === wanted.status && code === wanted.code }
  }

  const payment = drawPayment()
  const first = drawApplication()
  const again = drawApplication(first.applicant.ssn.replaceAll('-', ''), '.')
  const answers = [
    await send('payment', '/payments', 'application/jose', await seal(run.gateway, payment), { status: 202 }),
    await send('loan', '/loan-applications', 'application/json', JSON.stringify(first), { status: 201 }),
    await send('again', '/loan-applications', 'application/json', JSON.stringify(again), { status: 409, code: 'DUPLICATE' }),
  ]
  const deliveries = (await Promise.all([received(run, 'acquirer', payment.paymentId), received(run, 'loan-origination', first.applicationId)])).filter((each) => each !== undefined)
  const lines = await linesSince(run.log, from, (lines) => lines.filter((line) => line.includes('***')).length >= 3)
  const masked = lines.filter((line) => line.includes('***'))

  const secrets = [cardNumber, cardNumber.replaceAll(' ', ''), first.applicant.ssn, first.applicant.ssn.replaceAll('-', ''), again.applicant.ssn, payment.payer.nationalId]
  const shown = JSON.stringify(deliveries)
  const wrong = [
    ...answers.filter(({ right }) => !right).map(({ title, status, code }) => `${title} was answered ${status}${code === undefined ? '' : ` ${code}`}`),
    ...deliveries.length === 2 ? [] : ['a partner did not receive what was sent'],
    ...deliveries.some(({ partner, sealed }) => partner === 'acquirer' && !sealed) ? ['the acquirer received a payment that was not sealed to it'] : [],
    ...shown.includes(payment.card.number.replaceAll(' ', '')) ? [] : ['the acquirer could not read the card number'],
    ...shown.includes(first.applicant.ssn.replaceAll('-', '')) || shown.includes(first.applicant.ssn) ? ['the loan system received the SSN'] : [],
    ...masked.length > 0 ? [] : ['no line of the log shows that something was masked'],
    ...lines.some((line) => secrets.some((secret) => line.includes(secret))) ? ['the log shows what it should mask'] : [],
  ]
  return { answers, deliveries, masked, wrong }
}
