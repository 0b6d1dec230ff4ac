import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startAws } from '../../../local/aws/server.ts'
import type { EventSource } from '../../../local/lambda/event-source.ts'
import type { Outcome } from '../../../local/lambda/function.ts'
import { queueReaders, type QueueReaders } from '../../../local/lambda/queue-readers.ts'
import { account, admin, allow, clientsFor, configIn, credentialsOf, region, standIn, tempDir } from '../aws/harness.ts'
import { fixture } from './functions.ts'

const arn = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`
const rights = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']

let aws: Awaited<ReturnType<typeof standIn>>
let sqs: SQSClient
beforeAll(async () => {
  aws = await standIn([admin, { name: 'worker', policies: [allow(rights)] }, ...rights.map((right, i) => ({ name: `lacks${i}`, policies: [allow(rights.filter((each) => each !== right))] }))])
  sqs = aws.as('admin').sqs
})
afterAll(() => aws.close())
const open: QueueReaders[] = []
afterEach(() => open.splice(0).forEach((readers) => readers.stop()))

type Handler = (bodies: string[], ids: string[]) => unknown
const handlerFailed: Outcome = { ok: false, reason: 'handler', message: 'Error' }

/** Reads a new queue for a function that is a handler here. */
async function reading(name: string, handle: Handler, extra: Partial<EventSource> = {}, { role = 'worker', port = aws.port, client = sqs, attributes }: { role?: string; port?: number; client?: SQSClient; attributes?: Record<string, string> } = {}) {
  const Attributes = { VisibilityTimeout: '1', ...name.endsWith('.fifo') && { FifoQueue: 'true', ContentBasedDeduplication: 'true' }, ...attributes }
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }))
  const [seen, notes]: [string[][], string[]] = [[], []]
  const readers = queueReaders({
    endpoint: `http://127.0.0.1:${port}`, region, note: (sentence) => notes.push(sentence),
    async invoke(_, event) {
      const { Records } = JSON.parse(event) as { Records: { body: string; messageId: string }[] }
      seen.push(Records.map(({ body }) => body))
      const answer = await handle(Records.map(({ body }) => body), Records.map(({ messageId }) => messageId))
      return answer === handlerFailed ? handlerFailed : { ok: true, payload: JSON.stringify(answer ?? null) }
    },
  })
  open.push(readers)
  const source: EventSource = { id: `app/${name}`, queueArn: arn(name), queueUrl: QueueUrl, function: 'f', batchSize: 10, windowSeconds: 0, reportsFailures: true, ...extra }
  const fn = fixture({ name: 'f', credentials: credentialsOf(role) })
  readers.replace([source], [fn])
  return {
    QueueUrl, seen, notes, readers, source, fn,
    send: (MessageBody: string, MessageGroupId?: string) => client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...MessageGroupId !== undefined && { MessageGroupId } })),
    sendAll: (bodies: readonly string[]) => client.send(new SendMessageBatchCommand({ QueueUrl, Entries: bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody })) })),
    /** Messages in the queue, hidden ones too. */
    left: async (): Promise<number> => {
      const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] }))
      return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0)
    },
  }
}

describe('a queue that is read for a function', () => {
  it('gives batches, and what was not reported is deleted', async () => {
    const { sendAll, seen, left, readers } = await reading('batches', (bodies, ids) => ({ batchItemFailures: ids.filter((_, i) => bodies[i] === 'bad').map((itemIdentifier) => ({ itemIdentifier })) }))
    await sendAll(['good', 'bad', 'also good'])
    readers.start()
    // The bad one comes again when its time is over, and alone.
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(2)
    expect(seen).toEqual([['good', 'bad', 'also good'], ['bad']])
    expect(await left()).toBe(1)
  })

  it.each([
    ['throws', () => handlerFailed, {}], ['reports an id of nobody', () => ({ batchItemFailures: [{ itemIdentifier: 'nobody' }] }), {}],
  ])('keeps the whole batch when the function %s', async (name, handle, extra) => {
    const { send, seen, left, readers } = await reading(name.replaceAll(' ', '-'), handle, extra)
    await send('one')
    readers.start()
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(2)
    expect(await left()).toBe(1)
  })

  it('looks at no report where none was agreed on', async () => {
    const { send, left, readers } = await reading('silent', (_, ids) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) }), { reportsFailures: false })
    await send('one')
    readers.start()
    await expect.poll(left, { timeout: 5_000 }).toBe(0)
  })

  it('gathers for as long as it was told, up to the size of a batch', async () => {
    const { send, seen, readers } = await reading('window', () => null, { batchSize: 12, windowSeconds: 1 }, { attributes: { VisibilityTimeout: '30' } })
    readers.start()
    await send('one')
    await new Promise((resolve) => { setTimeout(resolve, 200) })
    await send('two')
    await expect.poll(() => seen, { timeout: 5_000 }).toEqual([['one', 'two']])
  })

  it('runs no more invocations at once than it may', async () => {
    let [now, most] = [0, 0]
    const { sendAll, seen, readers } = await reading('bounded', async () => {
      most = Math.max(most, now += 1)
      await new Promise((resolve) => { setTimeout(resolve, 100) })
      now -= 1
    }, { batchSize: 1, concurrency: 2 })
    await sendAll(['a', 'b', 'c', 'd', 'e'])
    readers.start()
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(5)
    expect(most).toBe(2)
  })

  it('takes the messages of a group one batch after another', async () => {
    let [active, most] = [0, 0]
    const { send, seen, readers, left } = await reading('groups.fifo', async () => {
      most = Math.max(most, active += 1)
      await new Promise((resolve) => { setTimeout(resolve, 50) })
      active -= 1
    }, { batchSize: 1 })
    for (const body of ['1', '2', '3']) await send(body, 'g')
    readers.start()
    await expect.poll(left, { timeout: 5_000 }).toBe(0)
    expect(seen.flat()).toEqual(['1', '2', '3'])
    expect(most).toBe(1)
  })
})

describe('the role of the function', () => {
  it.each([
    ['sqs:ReceiveMessage', 'lacks0', 0], ['sqs:DeleteMessage', 'lacks1', 1], ['sqs:GetQueueAttributes', 'lacks2', 0],
  ])('needs %s, and it is said once when it has not', async (right, role, invocations) => {
    const name = `needs-${role}`
    const { send, seen, notes, readers, left } = await reading(name, () => null, {}, { role })
    await send('one')
    readers.start()
    await expect.poll(() => notes, { timeout: 5_000 }).toEqual([`f cannot read ${arn(name)}: ${right} gives AccessDenied`])
    await new Promise((resolve) => { setTimeout(resolve, 400) })
    expect(notes).toHaveLength(1)
    expect(seen.length).toBe(invocations)
    expect(await left()).toBe(1)
  })
})

describe('while others come and go', () => {
  it('reads on after the stand-in was started again', async () => {
    const config = configIn(tempDir())
    const first = await startAws(config)
    const { send, seen, readers, notes } = await reading('restarted', () => null, {}, { role: 'admin', port: first.port, client: clientsFor(first.port).sqs })
    readers.start()
    await send('before')
    await expect.poll(() => seen.flat(), { timeout: 5_000 }).toEqual(['before'])
    await first.close()
    const second = await startAws({ ...config, port: first.port })
    await clientsFor(second.port, 'admin', 3).sqs.send(new SendMessageCommand({ QueueUrl: `http://127.0.0.1:${second.port}/${account}/restarted`, MessageBody: 'after' }))
    await expect.poll(() => seen.flat(), { timeout: 8_000 }).toEqual(['before', 'after'])
    expect(notes).toEqual([])
    readers.stop()
    await second.close()
  })

  it('reads nothing before it is started, stops at once, and leaves what is unchanged alone', async () => {
    const { send, seen, readers, source, fn, left } = await reading('replaced', () => null)
    await send('waits')
    await new Promise((resolve) => { setTimeout(resolve, 300) })
    expect(seen).toEqual([])
    readers.start()
    await expect.poll(left, { timeout: 5_000 }).toBe(0)
    const asked = (): number => aws.calls().filter(({ operation }) => operation === 'GetQueueAttributes').length
    const before = asked()
    readers.replace([{ ...source }], [fn])
    await send('still')
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(2)
    expect(asked()).toBe(before)
    readers.replace([], [fn])
    await send('nobody reads')
    await new Promise((resolve) => { setTimeout(resolve, 300) })
    expect([seen.length, await left()]).toEqual([2, 1])
    readers.replace([source], [fn])
    await expect.poll(() => seen.at(-1), { timeout: 5_000 }).toEqual(['nobody reads'])
  })
})
