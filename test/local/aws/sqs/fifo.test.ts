import { ChangeMessageVisibilityCommand, DeleteMessageCommand, type Message } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal } from '../harness.ts'
import { bodies, memory } from './memory.ts'

const { clock, sqs, create: make, send, receive } = memory()
const create = (name: string, extra: Record<string, string> = {}): Promise<string> => make(`${name}.fifo`, { FifoQueue: 'true', ContentBasedDeduplication: 'true', VisibilityTimeout: '30', ...extra })
const settle = (QueueUrl: string, message: Message | undefined) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))

describe('a FIFO queue', () => {
  test('gives no message of a group while an earlier one is in flight', async () => {
    const url = await create('groups')
    for (const [body, MessageGroupId] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['a3', 'a']]) await send(url, body ?? '', { MessageGroupId })
    const [first] = await receive(url, { MaxNumberOfMessages: 1 })
    expect(first).toMatchObject({ Body: 'a1', Attributes: { MessageGroupId: 'a' } })
    const [other] = await receive(url)
    expect(other?.Body).toBe('b1')
    expect(await receive(url)).toEqual([])
    await settle(url, first)
    // What is left of the group may come at once, in order.
    const rest = await receive(url)
    expect(bodies(rest)).toEqual(['a2', 'a3'])
    // The first again: the group waits for the other, which is still in flight.
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: rest[0]?.ReceiptHandle, VisibilityTimeout: 0 }))
    expect(await receive(url)).toEqual([])
    await settle(url, rest[1])
    expect(bodies(await receive(url))).toEqual(['a2'])
  })

  test('numbers its messages, and each greater than the one before', async () => {
    const url = await create('numbers')
    const numbers = [await send(url, 'a', { MessageGroupId: 'g' }), await send(url, 'b', { MessageGroupId: 'g' })].map(({ SequenceNumber = '' }) => SequenceNumber)
    expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true)
    expect((numbers[0] ?? '') < (numbers[1] ?? '')).toBe(true)
    expect((await receive(url)).map(({ Attributes }) => Attributes?.['SequenceNumber'])).toEqual(numbers)
  })

  test('takes the same message once in five minutes, even after it was deleted', async () => {
    const url = await create('same')
    const first = await send(url, 'one', { MessageGroupId: 'g' })
    const [got] = await receive(url)
    // SHA-256 of the three letters.
    expect(got?.Attributes?.['MessageDeduplicationId']).toBe('7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed')
    await settle(url, got)
    clock.tick(299_999)
    const second = await send(url, 'one', { MessageGroupId: 'other' })
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber])
    expect(await receive(url)).toEqual([])
    clock.tick(1)
    await send(url, 'one', { MessageGroupId: 'g' })
    expect(bodies(await receive(url))).toEqual(['one'])
  })

  test('goes by the id that was given, in the scope that was set', async () => {
    const url = await create('ids', { ContentBasedDeduplication: 'false', DeduplicationScope: 'messageGroup' })
    await send(url, 'one', { MessageGroupId: 'g', MessageDeduplicationId: 'd' })
    await send(url, 'two', { MessageGroupId: 'g', MessageDeduplicationId: 'd' })
    await send(url, 'three', { MessageGroupId: 'h', MessageDeduplicationId: 'd' })
    expect(bodies(await receive(url))).toEqual(['one', 'three'])
    expect(await refusal(send(url, 'one', { MessageGroupId: 'g' }))).toContain('The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly')
  })

  test('wants a group, and no delay of one message', async () => {
    const url = await create('wants')
    expect(await refusal(send(url, 'one'))).toBe('MissingParameter: The request must contain the parameter MessageGroupId.')
    expect(await refusal(send(url, 'one', { MessageGroupId: 'g', DelaySeconds: 1 }))).toContain('InvalidParameterValue')
    expect(await refusal(send(url, 'one', { MessageGroupId: 'g g' }))).toContain('MessageGroupId can only include alphanumeric and punctuation characters')
  })

  test('keeps a group behind a message that is still delayed', async () => {
    const url = await create('delay', { DelaySeconds: '2' })
    await send(url, 'a1', { MessageGroupId: 'a' })
    clock.tick(2_000)
    await send(url, 'a2', { MessageGroupId: 'a' })
    expect(bodies(await receive(url))).toEqual(['a1'])
  })

  test('refuses a handle whose time is over', async () => {
    const url = await create('late')
    await send(url, 'one', { MessageGroupId: 'g' })
    const [got] = await receive(url)
    clock.tick(30_000)
    expect(await refusal(settle(url, got))).toContain('The receipt handle has expired.')
  })
})
