import { expect, it } from 'vitest'
import { createCustomResource } from '../../../local/cloudformation.ts'
import type { Outcome } from '../../../local/lambda/function.ts'

interface Event {
  readonly ResponseURL: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly [member: string]: unknown
}

const resource = { stack: 'app', id: 'pairs', type: 'Custom::KeyPairs', function: 'keys', properties: { ServiceToken: 'arn:keys', pairs: [] } }
const place = { region: 'us-east-1', account: '000000000000' }
const answering = (answer: (event: Event) => object) => async (name: string, event: object): Promise<Outcome> => {
  const { ResponseURL } = event as Event
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify(answer(event as Event)) })
  return { ok: true, payload: name }
}
const ids = ({ StackId, RequestId, LogicalResourceId }: Event) => ({ StackId, RequestId, LogicalResourceId })

it('sends what CloudFormation sends, and takes SUCCESS', async () => {
  let seen: Event | undefined
  await createCustomResource(resource, place, answering((event) => {
    seen = event
    return { Status: 'SUCCESS', ...ids(event) }
  }))
  expect(seen).toMatchObject({ RequestType: 'Create', LogicalResourceId: 'pairs', ResourceType: 'Custom::KeyPairs', ServiceToken: 'arn:keys', ResourceProperties: { pairs: [] } })
  expect(seen?.StackId).toBe('arn:aws:cloudformation:us-east-1:000000000000:stack/app/local')
})

it.each([
  ['FAILED, with its reason', (event: Event) => ({ Status: 'FAILED', Reason: 'no key', ...ids(event) }), 'custom resource app/pairs failed: no key'],
  ['an answer to another request', (event: Event) => ({ Status: 'SUCCESS', ...ids(event), RequestId: 'other' }), 'another RequestId'],
  ['no status', ids, 'failed'],
])('does not take %s', async (_, answer, sentence) => {
  await expect(createCustomResource(resource, place, answering(answer))).rejects.toThrow(sentence)
})

it('does not take a function that failed', async () => {
  await expect(createCustomResource(resource, place, async () => ({ ok: false, reason: 'timeout', message: 'Task timed out' }))).rejects.toThrow('its function failed (Task timed out)')
})

it('takes an answer only at the address that it sent', async () => {
  let status = 0
  await createCustomResource(resource, place, async (_, event) => {
    const { ResponseURL } = event as Event
    status = (await fetch(new URL('/other', ResponseURL), { method: 'PUT', body: '{"Status":"SUCCESS"}' })).status
    await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify({ Status: 'SUCCESS', ...ids(event as Event) }) })
    return { ok: true, payload: '' }
  })
  expect(status).toBe(403)
})
