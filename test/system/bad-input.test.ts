import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { call, drawLoan, drawPayment, during, lend, pay, plain, run, seal, type Reply } from './client.ts'

/** What a problem is, exactly; and that nothing of what was sent is in the reply or in a log line. */
async function expectProblem(send: () => Promise<Reply>, status: number, code: string, paths?: readonly string[], marks: readonly string[] = []): Promise<Reply> {
  const { result, lines } = await during(run().log, send)
  expect([result.status, result.body['code']]).toStrictEqual([status, code])
  expect(result.headers.get('content-type')).toBe('application/problem+json')
  expect(Object.keys(result.body).sort()).toStrictEqual(['code', 'id', ...paths ? ['paths'] : [], 'status', 'title', 'type'])
  if (paths) expect(result.body['paths']).toStrictEqual(paths)
  const everything = [result.text, ...lines].join('\n')
  for (const mark of marks) expect(everything).not.toContain(mark)
  return result
}

describe('DECRYPTION_FAILED for whatever does not open, saying no more', () => {
  const token = () => seal(JSON.stringify(drawPayment()))
  test.each<[string, () => Promise<string>]>([
    ['not a JWE', async () => 'hello'],
    ['truncated', async () => (await token()).slice(0, -4)],
    ['a flipped bit in the tag', async () => { const t = await token(); return t.slice(0, -1) + (t.endsWith('A') ? 'B' : 'A') }],
    ['a flipped bit in the wrapped key', async () => { const parts = (await token()).split('.'); return parts.with(1, (parts[1] ?? '').replace(/^./, (c) => c === 'A' ? 'B' : 'A')).join('.') }],
    ['a wrong kid', () => seal('{}', { header: { kid: 'payments-inbox-rsa-999' } })],
    ['alg outside of the list', async () => { const [, ...rest] = (await token()).split('.'); return [Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM","kid":"payments-inbox-rsa-1"}').toString('base64url'), ...rest].join('.') }],
    ['zip', async () => { const [, ...rest] = (await token()).split('.'); return [Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"payments-inbox-rsa-1","zip":"DEF"}').toString('base64url'), ...rest].join('.') }],
    ['crit', async () => { const [, ...rest] = (await token()).split('.'); return [Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"payments-inbox-rsa-1","crit":["x"],"x":1}').toString('base64url'), ...rest].join('.') }],
    ['an empty body', async () => ''],
  ])('%s', async (_, body) => {
    const sent = await body()
    await expectProblem(() => pay(sent), 400, 'DECRYPTION_FAILED')
  })
})

describe('PAYLOAD_UNREADABLE', () => {
  const name = `Canary-${randomUUID()}`
  test.each<[string, string | Uint8Array]>([
    ['not UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')])],
    ['not JSON', `{"name": ${name}`],
    ['a duplicate key', `{"name":"${name}","name":"${name}"}`],
    ['depth over 64', `${'['.repeat(65)}"${name}"${']'.repeat(65)}`],
    ['__proto__', `{"__proto__":{"name":"${name}"}}`],
    ['a number that would lose precision', `{"name":"${name}","n":9007199254740993}`],
  ])('%s, sealed', async (_, text) => {
    const sealed = await seal(text)
    await expectProblem(() => pay(sealed), 400, 'PAYLOAD_UNREADABLE', undefined, [name])
  })
  test.each([['not JSON', `{"name": ${name}`], ['a duplicate key', `{"applicationId":"${name}","applicationId":"1"}`], ['nothing', '']])('%s, plain', async (_, text) => {
    await expectProblem(() => lend(text), 400, 'PAYLOAD_UNREADABLE', undefined, [name])
  })
})

describe('PAYLOAD_INVALID, with paths and no value', () => {
  const loan = drawLoan()
  const mark = `canary${randomUUID().slice(0, 8)}`
  test.each<[string, unknown, string[]]>([
    ['a missing field', { ...loan, applicationId: undefined }, ['applicationId']],
    ['an extra field', { ...loan, [mark]: mark }, ['*']],
    ['an extra field, nested', { ...loan, applicant: { ...loan.applicant, '4111111111111111': mark } }, ['applicant.*']],
    ['an SSN of eight digits', { ...loan, applicant: { ...loan.applicant, ssn: '9123-4567' } }, ['applicant.ssn']],
    ['an SSN with letters', { ...loan, applicant: { ...loan.applicant, ssn: `912345678${mark}` } }, ['applicant.ssn']],
    ['a day that is not', { ...loan, applicant: { ...loan.applicant, birthDate: '1999-02-29' } }, ['applicant.birthDate']],
    ['a number as text', { ...loan, amount: '25000' }, ['amount']],
    ['a list', [mark], ['applicationId', 'applicant', 'amount', 'income', '*']],
    ['null', null, ['$']],
  ])('loan: %s', async (_, application, paths) => {
    await expectProblem(() => lend(application), 422, 'PAYLOAD_INVALID', paths, [mark, loan.applicant.ssn])
  })

  const payment = drawPayment()
  test.each<[string, object, string[]]>([
    ['a card number that fails Luhn', { ...payment, card: { ...payment.card, number: '4111111111111112' } }, ['card.number']],
    ['a cvv of five digits', { ...payment, card: { ...payment.card, cvv: '12345' } }, ['card.cvv']],
    ['a month 13', { ...payment, card: { ...payment.card, expiry: '13/30' } }, ['card.expiry']],
    ['a currency that is none', { ...payment, currency: 'XYZ' }, ['currency']],
    ['an amount without cents', { ...payment, amount: '12.5' }, ['amount']],
    ['a paymentId of 36 characters', { ...payment, paymentId: 'x'.repeat(36) }, ['paymentId']],
    ['a line end in the paymentId', { ...payment, paymentId: 'a\r\nx-injected: 1' }, ['paymentId']],
  ])('payment: %s', async (_, bad, paths) => {
    const sealed = await seal(JSON.stringify(bad))
    await expectProblem(() => pay(sealed), 422, 'PAYLOAD_INVALID', paths, ['4111111111111112', 'x-injected'])
  })
})

describe('what is no payload at all', () => {
  test('over 4 MB: 413', async () => {
    const big = JSON.stringify({ ...drawLoan(), filler: 'x'.repeat(4 * 1024 * 1024) })
    await expectProblem(() => lend(big), 413, 'PAYLOAD_TOO_LARGE')
    await expectProblem(() => pay('x'.repeat(4 * 1024 * 1024 + 1)), 413, 'PAYLOAD_TOO_LARGE')
  })
  test('exactly 4 MB is not too large', async () => {
    await expectProblem(() => pay('x'.repeat(4 * 1024 * 1024)), 400, 'DECRYPTION_FAILED')
  })
  test('beyond what Lambda takes, the gateway answers', async () => {
    const { status, body } = await pay('x'.repeat(7 * 1024 * 1024))
    expect([status, body]).toStrictEqual([413, { message: 'Request Entity Too Large' }])
  })
  test.each(['text/plain', 'application/xml', '', 'application/jose', 'application/json; charset=latin1'])('content type %j on the loan route: 415', async (type) => {
    await expectProblem(() => call('POST', '/loan-applications', type, '{}'), 415, 'UNSUPPORTED_MEDIA_TYPE')
  })
  test('application/json; charset=utf-8 is JSON', async () => {
    expect((await call('POST', '/loan-applications', 'Application/JSON; charset=UTF-8', JSON.stringify(drawLoan()))).status).toBe(201)
  })
  test('another method: 405 with Allow, signed or not', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const unsigned = await expectProblem(() => plain(method, '/payments'), 405, 'METHOD_NOT_ALLOWED')
      expect(unsigned.headers.get('allow')).toBe('POST')
    }
    const signed = await expectProblem(() => call('PUT', '/loan-applications', 'application/json', '{}'), 405, 'METHOD_NOT_ALLOWED')
    expect(signed.headers.get('allow')).toBe('POST')
    expect((await plain('POST', '/.well-known/jwks.json')).headers.get('allow')).toBe('GET')
  })
  test('another path: 404, signed or not', async () => {
    await expectProblem(() => plain('GET', '/'), 404, 'NOT_FOUND')
    await expectProblem(() => plain('POST', '/payments/'), 404, 'NOT_FOUND')
    await expectProblem(() => call('POST', '/nowhere', 'application/json', '{}'), 404, 'NOT_FOUND')
  })
})
