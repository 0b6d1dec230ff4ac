import { describe, expect, test } from 'vitest'
import { drawLoan, drawPayment, drawSsn, lend, pay, received, seal, whilePartner, type Mode } from './client.ts'

const codes = ({ status, body }: { status: number; body: Readonly<Record<string, unknown>> }) => [status, body['code']]

describe('what a partner does, and what the sender is told', () => {
  test.each<[Mode, number, string, boolean]>([
    ['refuse', 503, 'PARTNER_UNREACHABLE', true],
    ['400', 502, 'PARTNER_REFUSED', true],
    ['500', 502, 'PARTNER_FAILED', false],
    ['nonsense', 502, 'REPLY_INVALID', false],
    ['drop', 504, 'PARTNER_SILENT', false],
    ['slow', 504, 'PARTNER_SILENT', false],
  ])('%s', async (mode, status, code, nothingDone) => {
    const loan = drawLoan()
    const first = await whilePartner('loan-origination', mode, () => lend(loan), 6_000)
    expect(codes(first)).toStrictEqual([status, code])
    if (status === 503) expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0)
    else expect(first.headers.get('retry-after')).toBeNull()
    // Another application of this applicant: free to come if nothing was done, else a person's matter.
    const other = await lend(drawLoan(loan.applicant.ssn))
    expect(codes(other)).toStrictEqual(nothingDone ? [201, undefined] : [409, 'IN_DOUBT'])
    // The same message again: repeated under the same key and confirmed.
    if (!nothingDone) expect((await lend(loan)).status).toBe(201)
    expect(codes(await lend(loan))).toStrictEqual([409, 'DUPLICATE'])
  })
})

test('a partner that acted and dropped the connection: nothing is lost, nothing is done twice', async () => {
  const loan = drawLoan()
  const first = await whilePartner('loan-origination', 'drop', () => lend(loan))
  expect(codes(first)).toStrictEqual([504, 'PARTNER_SILENT'])
  expect(codes(await lend(drawLoan(loan.applicant.ssn)))).toStrictEqual([409, 'IN_DOUBT'])
  expect((await lend(loan)).status).toBe(201)
  const requests = received('loan-origination', loan.applicationId)
  expect(requests.length).toBe(2)
  expect(new Set(requests.map(({ text }) => text)).size).toBe(1)
  expect(codes(await lend(loan))).toStrictEqual([409, 'DUPLICATE'])
})

test('the same for a payment, though each resend is sealed anew', async () => {
  const payment = drawPayment()
  expect(codes(await whilePartner('acquirer', 'drop', async () => pay(await seal(JSON.stringify(payment)))))).toStrictEqual([504, 'PARTNER_SILENT'])
  const changed = { ...payment, amount: '99.00' }
  expect(codes(await pay(await seal(JSON.stringify(changed))))).toStrictEqual([409, 'IN_DOUBT'])
  expect((await pay(await seal(JSON.stringify(payment)))).status).toBe(202)
  expect(received('acquirer', payment.paymentId)).toHaveLength(2)
})

test('the order of members makes no other message', async () => {
  const loan = drawLoan(drawSsn())
  await whilePartner('loan-origination', 'drop', () => lend(loan))
  expect((await lend(`{"income":84000.5,"amount":25000,"applicant":${JSON.stringify(loan.applicant)},"applicationId":"${loan.applicationId}"}`)).status).toBe(201)
})
