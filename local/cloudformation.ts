import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Outcome } from './lambda/function.ts'
import type { CustomResource } from './template/custom-resources.ts'
import type { Place } from './template/template.ts'

interface Answer {
  readonly Status?: string
  readonly Reason?: string
  readonly RequestId?: string
  readonly LogicalResourceId?: string
  readonly StackId?: string
}

/** A listener for the one document that a custom resource puts at the address it was sent, as CloudFormation's bucket takes it. */
async function mailbox(): Promise<{ readonly url: string; readonly delivered: Promise<Answer>; close(): void }> {
  let deliver: (answer: Answer) => void
  const delivered = new Promise<Answer>((resolve) => { deliver = resolve })
  const path = `/${randomUUID()}`
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const right = request.method === 'PUT' && request.url === path
      response.writeHead(right ? 200 : 403).end()
      if (!right) return
      try {
        deliver(JSON.parse(Buffer.concat(chunks).toString()) as Answer)
      } catch {
        deliver({ Status: 'FAILED', Reason: 'the answer is not JSON' })
      }
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    delivered,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Invokes the function of a custom resource as CloudFormation does when a stack is made. Throws unless it says SUCCESS. */
export async function createCustomResource({ stack, id, type, function: name, properties }: CustomResource, place: Place, invoke: (name: string, event: object) => Promise<Outcome>): Promise<void> {
  const box = await mailbox()
  const ids = { StackId: `arn:aws:cloudformation:${place.region}:${place.account}:stack/${stack}/local`, RequestId: randomUUID(), LogicalResourceId: id }
  const what = `custom resource ${stack}/${id}`
  try {
    const outcome = await invoke(name, { RequestType: 'Create', ...ids, ResponseURL: box.url, ResourceType: type, ServiceToken: properties['ServiceToken'], ResourceProperties: properties })
    if (!outcome.ok) throw new Error(`${what}: its function failed (${outcome.message})`)
    const silence = new Promise<Answer>((resolve) => { setTimeout(() => resolve({ Status: 'FAILED', Reason: 'it ended without an answer' }), 5_000).unref() })
    const answer = await Promise.race([box.delivered, silence])
    if (answer.Status !== 'SUCCESS') throw new Error(`${what} failed: ${answer.Reason ?? 'no reason given'}`)
    for (const member of ['StackId', 'RequestId', 'LogicalResourceId'] as const) {
      if (answer[member] !== ids[member]) throw new Error(`${what}: its answer has another ${member} than it was sent, which CloudFormation would not take`)
    }
  } finally {
    box.close()
  }
}
