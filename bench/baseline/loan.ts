/** The work of the loan pipeline by hand: node:crypto and nothing else. */
import { createHmac, randomBytes, type KeyObject } from 'node:crypto'

interface Loan { applicationId: string; applicant: { name: string; ssn: string; email: string; birthDate: string }; amount: number; income: number }
export interface Keys { readonly ledger: KeyObject; readonly fingerprint: KeyObject; readonly hash: KeyObject }

const text = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value)
function valid(loan: Loan): boolean {
  return text(loan.applicationId, /^[\x21-\x7e]{1,64}$/) && text(loan.applicant.name, /^.{1,140}$/) && text(loan.applicant.ssn, /^(?:[ .-]*\d){9}[ .-]*$/)
    && text(loan.applicant.email, /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/) && text(loan.applicant.birthDate, /^\d{4}-\d\d-\d\d$/) && !Number.isNaN(Date.parse(loan.applicant.birthDate))
    && typeof loan.amount === 'number' && loan.amount > 0 && typeof loan.income === 'number' && loan.income >= 0
}
/** Members sorted at every level: the fingerprint must not depend on their order. */
const sorted = (value: unknown): unknown => typeof value !== 'object' || value === null ? value
  : Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, member]) => [name, sorted(member)]))

export function lend(body: string, keys: Keys, id: string, write: (line: string) => void, store: (item: object) => void, partner: (headers: object, body: string) => Buffer): object {
  const start = performance.now()
  const loan = JSON.parse(body) as Loan
  if (!valid(loan)) throw new Error('invalid')
  write(JSON.stringify({ time: new Date().toISOString(), id, application: { ...loan, applicant: { name: '***', ssn: '***', email: '***', birthDate: '***' } } }))

  const ssn = loan.applicant.ssn.replace(/\D/g, '')
  const attempt = randomBytes(16).toString('base64url')
  const key = createHmac('sha256', keys.ledger).update(ssn).digest('base64url')
  const fingerprint = createHmac('sha256', keys.fingerprint).update(JSON.stringify(sorted(loan))).digest('base64url')
  store({ id: { S: key }, state: { S: 'claimed' }, attempt: { S: attempt }, fingerprint: { S: fingerprint }, lease: { N: String(Date.now() + 18_000) } })

  const forPartner = JSON.stringify({ ...loan, applicant: { ...loan.applicant, ssn: createHmac('sha256', keys.hash).update(ssn).digest('base64url') } })
  const reply = JSON.parse(partner({ authorization: `Basic ${Buffer.from('user:password').toString('base64')}`, 'content-type': 'application/json', 'idempotency-key': loan.applicationId }, forPartner).toString()) as { loanId: string }
  if (!text(reply.loanId, /^.{1,64}$/)) throw new Error('reply')
  store({ id: { S: key }, state: { S: 'confirmed' }, attempt: { S: attempt }, expires: { N: String(Date.now() / 1_000 + 31_536_000) } })
  write(JSON.stringify({ time: new Date().toISOString(), id, outcome: 'done', status: 201, ms: performance.now() - start }))
  return { statusCode: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ applicationId: loan.applicationId, status: 'accepted' }) }
}
