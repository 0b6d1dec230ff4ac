import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { drawLoan, drawPayment, lend, pay, publishedKeys, received, run, seal, whilePartner, type Reply } from './client.ts'
import { children } from './processes.ts'

/** Sends until there is an answer: while something is started again, connections are refused. */
async function untilAnswered(send: () => Promise<Reply>, patience = 15_000): Promise<Reply> {
  const until = Date.now() + patience
  for (;;) {
    try {
      const reply = await send()
      if (reply.status !== 503 || Date.now() > until) return reply
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await after(200)
  }
}

test('a function process is killed between the send and the confirm: in progress until its lease ends, then the same message is repeated and confirmed', async () => {
  const loan = drawLoan()
  const first = await whilePartner('loan-origination', 'slow', async () => {
    const sent = lend(loan)
    await after(800)
    for (const pid of children(run().pids.gateway)) process.kill(pid, 'SIGKILL')
    return sent
  }, 3_000)
  expect([first.status, first.body]).toStrictEqual([500, { message: 'Internal Server Error' }])
  // The others were idle: until their end is noticed, a message may still be handed to one of them.
  await after(700)
  const early = await lend(loan)
  expect([early.status, early.body['code']]).toStrictEqual([409, 'IN_PROGRESS'])
  const wait = Number(early.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(10)
  await after(wait * 1_000)
  // Another application of the applicant is a person's matter; the same message goes out again under its key.
  expect((await lend(drawLoan(loan.applicant.ssn))).body['code']).toBe('IN_DOUBT')
  expect((await lend(loan)).status).toBe(201)
  expect((await lend(loan)).body['code']).toBe('DUPLICATE')
  const requests = received('loan-origination', loan.applicationId)
  expect(requests.length).toBe(2)
  expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

test.each(['gateway', 'aws'] as const)('kill -9 of the %s under load: every accepted application is at the partner and in the ledger', async (which) => {
  const keys = await publishedKeys()
  const accepted: ReturnType<typeof drawLoan>[] = []
  let stop = false
  const sender = async (): Promise<void> => {
    while (!stop) {
      const loan = drawLoan()
      const reply = await lend(loan).catch(() => undefined)
      if (reply?.status === 201) accepted.push(loan)
    }
  }
  const senders = Array.from({ length: 6 }, sender)
  while (accepted.length < 15) await after(50)
  const pid = run().pids[which] as number
  process.kill(pid, 'SIGKILL')
  await after(2_500)
  stop = true
  await Promise.all(senders)

  expect(accepted.length).toBeGreaterThan(15)
  expect((await untilAnswered(() => lend(drawLoan()))).status).toBe(201)
  expect(run().pids[which]).not.toBe(pid)
  for (const loan of accepted) {
    expect(received('loan-origination', loan.applicationId).length).toBeGreaterThanOrEqual(1)
    expect((await lend(drawLoan(loan.applicant.ssn))).body['code']).toBe('DUPLICATE')
  }
  // Keys survive: what was sealed to the keys of before is opened.
  expect(await publishedKeys()).toStrictEqual(keys)
  expect((await pay(await seal(JSON.stringify(drawPayment())))).status).toBe(202)
})
