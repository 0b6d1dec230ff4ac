import { describe, expect, test } from 'vitest'
import { drawLoan, drawPayment, lend, pay, received, seal, whileAws, type PlannedFault } from './client.ts'
import { coldStart } from './processes.ts'

const dynamodb = (operation: string, error: string, times: number): PlannedFault => ({ service: 'dynamodb', operation, error, times })
const codes = ({ status, body }: { status: number; body: Readonly<Record<string, unknown>> }) => [status, body['code']]

describe('the claim', () => {
  test.each([['throttle'], ['unavailable'], ['reset']])('%s, for longer than the client tries: 503 UNAVAILABLE, nothing sent, and the message may come again', async (error) => {
    const loan = drawLoan()
    const reply = await whileAws([dynamodb('PutItem', error, 3)], () => lend(loan))
    expect(codes(reply)).toStrictEqual([503, 'UNAVAILABLE'])
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(received('loan-origination', loan.applicationId)).toHaveLength(0)
    expect((await lend(loan)).status).toBe(201)
  })
  test.each([['throttle'], ['unavailable'], ['reset'], ['lostReply'], ['conflict'], ['timeout']])('%s, once: nobody notices', async (error) => {
    const loan = drawLoan()
    expect((await whileAws([dynamodb('PutItem', error, 1)], () => lend(loan))).status).toBe(201)
    expect(received('loan-origination', loan.applicationId)).toHaveLength(1)
    expect(codes(await lend(loan))).toStrictEqual([409, 'DUPLICATE'])
  })
  test('conflicts without end are no duplicate: 503', async () => {
    expect(codes(await whileAws([dynamodb('PutItem', 'conflict', 50)], () => lend(drawLoan())))).toStrictEqual([503, 'UNAVAILABLE'])
  })
})

describe('the confirm', () => {
  test.each([['throttle', 3], ['unavailable', 3], ['denied', 1]])('%s: 503 UNCONFIRMED though the partner acted; the same again is repeated under its key and confirmed', async (error, times) => {
    const loan = drawLoan()
    const reply = await whileAws([dynamodb('UpdateItem', error, times)], () => lend(loan))
    expect(codes(reply)).toStrictEqual([503, 'UNCONFIRMED'])
    // The claim is still held until its lease ends: the sender is told when to come back.
    const early = await lend(loan)
    expect(codes(early)).toStrictEqual([409, 'IN_PROGRESS'])
    expect(Number(early.headers.get('retry-after'))).toBeLessThanOrEqual(18)
    expect(received('loan-origination', loan.applicationId)).toHaveLength(1)
  })
  test('a lost reply to a confirm that was written is a confirm', async () => {
    const loan = drawLoan()
    expect((await whileAws([dynamodb('UpdateItem', 'lostReply', 1)], () => lend(loan))).status).toBe(201)
  })
})

describe('a cold start', () => {
  test.each([['denied', 'denied'], ['missing', 'ResourceNotFoundException'], ['out of reach', 'unavailable']])('a secret that is %s: 503 ACCOUNT_UNAVAILABLE, and nothing is held', async (_, error) => {
    await coldStart()
    const loan = drawLoan()
    const reply = await whileAws([{ service: 'secretsmanager', operation: 'GetSecretValue', error, times: 5 }], () => lend(loan))
    expect(codes(reply)).toStrictEqual([503, 'ACCOUNT_UNAVAILABLE'])
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await lend(loan)).status).toBe(201)
  })
  test('KMS is throttled: 503 UNAVAILABLE, and the next message works', async () => {
    await coldStart()
    const payment = await seal(JSON.stringify(drawPayment()))
    expect(codes(await whileAws([{ service: 'kms', operation: '*', error: 'throttle', times: 20 }], () => pay(payment)))).toStrictEqual([503, 'UNAVAILABLE'])
    expect((await pay(payment)).status).toBe(202)
  })
  test('a keys table that does not answer: 503 UNAVAILABLE, not a decryption failure', async () => {
    await coldStart()
    const payment = await seal(JSON.stringify(drawPayment()))
    expect(codes(await whileAws([dynamodb('Query', 'unavailable', 3)], () => pay(payment)))).toStrictEqual([503, 'UNAVAILABLE'])
  })
  test('AWS that hangs at every turn: 504 OUT_OF_TIME, before Lambda ends the invocation', async () => {
    await coldStart()
    const reply = await whileAws([
      { service: 'kms', operation: 'GenerateMac', error: 'timeout', times: 4 }, dynamodb('PutItem', 'timeout', 2),
      { service: 'secretsmanager', operation: 'GetSecretValue', error: 'timeout', times: 3 },
    ], () => lend(drawLoan()))
    expect(codes(reply)).toStrictEqual([504, 'OUT_OF_TIME'])
  })
})
