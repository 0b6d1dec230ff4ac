import type { Context } from 'aws-lambda'
import { expect, test, vi } from 'vitest'

const lines: unknown[] = []
vi.mock('sallyport', async (original) => ({ ...await original<object>(), own: () => undefined, emit: (line: unknown) => { lines.push(line) } }))
const { handler } = await import('../../../functions/handlers/ledger.ts')

const decision = { id: 'aaaaaaaaaa.bbbbbb', how: 'confirm', reason: 'the bank, ticket 4711: booked', by: 'ada' }

test.each([{ id: '078-05-1120' }, { how: 'forget' }, { reason: 'because' }, { reason: 'x'.repeat(301) }])('what is no decision is refused in a sentence without it, and nothing fails: %j', async (wrong) => {
  lines.length = 0
  const refused = 'a decision has the id of a doubt, confirm or release, and a reason of 10 to 300 characters'
  expect(await handler({ decide: { ...decision, ...wrong } as never }, {} as Context)).toStrictEqual({ refused })
  expect(lines).toStrictEqual([{ time: expect.any(String) as string, level: 'warn', event: 'doubts', refused }])
})

test('where AWS fails so does the function', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x')
  vi.stubEnv('TABLE_LEDGER', 'ledger')
  await expect(handler({ list: {} }, {} as Context)).rejects.toThrow('ECONNREFUSED')
  vi.unstubAllEnvs()
})
