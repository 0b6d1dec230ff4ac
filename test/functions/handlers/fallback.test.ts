import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { beforeAll, expect, test, vi } from 'vitest'
import type { HttpReply } from 'sallyport'

let handler: (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpReply>
beforeAll(async () => {
  process.env['ROUTES'] = JSON.stringify([{ method: 'POST', path: '/payouts' }, { method: 'GET', path: '/payouts/{id}' }])
  // What it takes over belongs to a process of its own.
  vi.doMock('sallyport', async (original) => ({ ...await original<object>(), own: () => undefined, emit: () => undefined }))
  handler = (await import('../../../functions/handlers/fallback.ts')).handler
})

test.each([
  ['/payouts', 405, 'POST'], ['/payouts/0f0e', 405, 'GET'], ['/payouts/', 404, undefined], ['/payouts/0f0e/more', 404, undefined], ['/other', 404, undefined], ['/payouts/{id}', 405, 'GET'],
])('%s: %i', async (rawPath, status, allow) => {
  const { statusCode, headers } = await handler({ rawPath } as APIGatewayProxyEventV2, { awsRequestId: 'r-1' } as Context)
  expect([statusCode, headers['allow']]).toStrictEqual([status, allow])
})
