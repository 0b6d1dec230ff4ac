import { CancelMessageMoveTaskCommand, ListMessageMoveTasksCommand, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal, refusalName } from '../harness.ts'
import { bodies, memory } from './memory.ts'

const { clock, sqs, create, send, receive } = memory()
const arn = (name: string): string => `arn:aws:sqs:us-east-1:123456789012:${name}`

async function pair(name: string, maxReceiveCount = 2, kind = '', extra: Record<string, string> = {}): Promise<[string, string]> {
  const dead = await create(`${name}-dead${kind}`, extra)
  return [await create(`${name}${kind}`, { VisibilityTimeout: '1', RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(`${name}-dead${kind}`), maxReceiveCount }), ...extra }), dead]
}
const sent = Date.UTC(2026, 0, 1)

describe('a message that was received too often', () => {
  test('moves once, with its id, its receive count and the time that it was sent', async () => {
    const [url, dead] = await pair('plain')
    const { MessageId } = await send(url, 'bad')
    await receive(url)
    clock.tick(1_000)
    expect(await receive(url)).toHaveLength(1)
    expect(await receive(dead)).toEqual([])
    clock.tick(1_000)
    await send(url, 'good')
    // One receive moves the one and gives the other.
    expect(bodies(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['good'])
    const moved = await receive(dead)
    expect(moved).toMatchObject([{ MessageId, Body: 'bad', Attributes: { ApproximateReceiveCount: '3', SentTimestamp: String(sent), DeadLetterQueueSourceArn: arn('plain') } }])
    clock.tick(60_000)
    expect(bodies(await receive(url))).toEqual(['good'])
    expect(await receive(dead)).toHaveLength(1)
  })

  test('is sent anew where the queue is FIFO, and its group goes on', async () => {
    const [url, dead] = await pair('ordered', 1, '.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' })
    await send(url, 'bad', { MessageGroupId: 'g' })
    await send(url, 'good', { MessageGroupId: 'g' })
    expect(bodies(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['bad'])
    clock.tick(1_000)
    expect(bodies(await receive(url))).toEqual(['good'])
    const [moved] = await receive(dead)
    expect(moved).toMatchObject({ Body: 'bad', Attributes: { MessageGroupId: 'g', ApproximateReceiveCount: '2', SentTimestamp: String(clock.now()) } })
  })
})

describe('a move back', () => {
  test('brings all of it to where it came from, to begin anew', async () => {
    const [url, dead] = await pair('again', 1)
    const before = [(await send(url, 'a')).MessageId, (await send(url, 'b')).MessageId]
    await receive(url)
    clock.tick(1_000)
    await receive(url)
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('again-dead') }))
    const back = await receive(url)
    expect(bodies(back)).toEqual(['a', 'b'])
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html: they are new messages.
    for (const { MessageId } of back) expect(before).not.toContain(MessageId)
    expect(back[0]?.Attributes).toMatchObject({ ApproximateReceiveCount: '1', SentTimestamp: String(clock.now()) })
    expect(back[0]?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn')
    expect(await receive(dead)).toEqual([])
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arn('again-dead') }))
    expect(Results).toMatchObject([{ Status: 'COMPLETED', SourceArn: arn('again-dead'), ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: 2 }])
    expect(await refusal(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })))).toContain('Only active tasks can be cancelled.')
    expect(await refusalName(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: 'none' })))).toBe('ResourceNotFoundException')
  })

  test('goes to the queue that was named', async () => {
    const [url] = await pair('named', 1)
    const other = await create('other')
    await send(url, 'a')
    await receive(url)
    clock.tick(1_000)
    await receive(url)
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('named-dead'), DestinationArn: arn('other') }))
    expect(bodies(await receive(other))).toEqual(['a'])
  })

  test('is refused for a queue that is nobody’s dead-letter queue, and for one that is not there', async () => {
    expect(await refusal(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('other') })))).toContain('Source queue must be configured as a Dead Letter Queue.')
    expect(await refusalName(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('none') })))).toBe('ResourceNotFoundException')
  })
})
