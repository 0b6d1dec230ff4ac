import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawLoan, drawSsn, lend, plain, received, run, whilePartner } from './client.ts'

test('an application is accepted, and the loan system gets a digest instead of the SSN, under Idempotency-Key', async () => {
  const loan = drawLoan()
  const { status, headers, body } = await lend(loan)
  expect([status, body, headers.get('content-type')]).toStrictEqual([201, { applicationId: loan.applicationId, status: 'accepted' }, 'application/json'])
  const [request, ...more] = received('loan-origination', loan.applicationId)
  expect(more).toStrictEqual([])
  expect(request).toMatchObject({ method: 'POST', path: '/applications' })
  expect(request?.headers['authorization']).toMatch(/^Basic /)
  const sent = JSON.parse(request?.text ?? '') as typeof loan
  expect(sent).toStrictEqual({ ...loan, applicant: { ...loan.applicant, ssn: expect.stringMatching(/^1\.[A-Za-z0-9_-]{43}$/) as string } })
})

test('the same SSN written differently is a DUPLICATE', async () => {
  const ssn = drawSsn()
  const written = [ssn, `${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`, `${ssn.slice(0, 3)} ${ssn.slice(3, 5)} ${ssn.slice(5)}`, `${ssn.slice(0, 3)}.${ssn.slice(3, 5)}.${ssn.slice(5)}`]
  const replies = []
  for (const one of written) replies.push(await lend(drawLoan(one)))
  expect(replies.map(({ status, body }) => [status, body['code']])).toStrictEqual([[201, undefined], [409, 'DUPLICATE'], [409, 'DUPLICATE'], [409, 'DUPLICATE']])
  expect(replies[1]?.body).toStrictEqual({
    type: 'urn:sallyport:problem:DUPLICATE', title: expect.any(String) as string, status: 409, code: 'DUPLICATE', id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  })
  expect(replies[1]?.headers.get('content-type')).toBe('application/problem+json')
})

test('equal SSNs give equal digests, which are no plain hash', async () => {
  const loan = drawLoan()
  await lend(loan)
  const digest = (JSON.parse(received('loan-origination', loan.applicationId)[0]?.text ?? '') as typeof loan).applicant.ssn
  const { createHash } = await import('node:crypto')
  for (const algorithm of ['sha256', 'sha512', 'sha1', 'md5']) expect(digest).not.toContain(createHash(algorithm).update(loan.applicant.ssn).digest('base64url').slice(0, 16))
})

test('while the first is running, the same SSN is IN_PROGRESS, with Retry-After', async () => {
  const ssn = drawSsn()
  await whilePartner('loan-origination', 'slow', async () => {
    const first = lend(drawLoan(ssn))
    await new Promise((resolve) => { setTimeout(resolve, 700) })
    const { status, headers, body } = await lend(drawLoan(ssn))
    expect([status, body['code']]).toStrictEqual([409, 'IN_PROGRESS'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(19)
    expect((await first).status).toBe(201)
  }, 2_500)
})

test('ten rounds of 200 concurrent identical applications: one 201 each, and one at the partner', async () => {
  for (let round = 0; round < 10; round++) {
    const loan = drawLoan()
    const replies = await Promise.all(Array.from({ length: 200 }, () => lend(loan)))
    const codes = Map.groupBy(replies, ({ status, body }) => status === 201 ? '201' : `${status} ${String(body['code'])}`)
    expect(codes.get('201')?.length).toBe(1)
    expect([...codes.keys()].filter((code) => !['201', '409 DUPLICATE', '409 IN_PROGRESS'].includes(code))).toStrictEqual([])
    expect(received('loan-origination', loan.applicationId)).toHaveLength(1)
  }
}, 120_000)

test('an unsigned or badly signed call gets the gateway\'s own 403', async () => {
  const body = JSON.stringify(drawLoan())
  const unsigned = await plain('POST', '/loan-applications', { body, headers: { 'content-type': 'application/json' } })
  expect([unsigned.status, unsigned.body]).toStrictEqual([403, { message: 'Forbidden' }])
  const forged = await plain('POST', '/loan-applications', { body, headers: { 'content-type': 'application/json', 'x-amz-date': '20261122T000000Z', authorization: `AWS4-HMAC-SHA256 Credential=AKIA${randomUUID().slice(0, 8)}/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=00` } })
  expect([forged.status, forged.body]).toStrictEqual([403, { message: 'Forbidden' }])
})

test('the id of any reply, good or bad, leads to the line of its execution', async () => {
  const loan = drawLoan()
  const [good, again] = [await lend(loan), await lend(loan)]
  expect(again.headers.get('x-execution-id')).toBe(again.body['id'])
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  const lines = readFileSync(run().log, 'utf8').split('\n').filter((line) => line.includes('"event":"execution"')).map((line) => JSON.parse(line) as { id: string; outcome: string; status: number })
  const outcome = (id: string | null) => lines.filter((line) => line.id === id).map(({ outcome, status }) => [outcome, status])
  expect(outcome(good.headers.get('x-execution-id'))).toStrictEqual([['done', 201]])
  expect(outcome(again.headers.get('x-execution-id'))).toStrictEqual([['fault', 409]])
})
