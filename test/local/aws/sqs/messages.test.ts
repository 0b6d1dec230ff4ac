import {
  ChangeMessageVisibilityBatchCommand, ChangeMessageVisibilityCommand, DeleteMessageBatchCommand, DeleteMessageCommand, PurgeQueueCommand, SendMessageBatchCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal, refusalName } from '../harness.ts'
import { bodies, memory } from './memory.ts'

const { clock, sqs, create, send, receive } = memory()
const md5OfOne = 'f97c5d29941bfb1b2fdab0874906ab82'

describe('sending and receiving', () => {
  test('a message with its attributes and digests', async () => {
    const url = await create('plain')
    expect(url).toBe('http://localhost/123456789012/plain')
    const MessageAttributes = {
      trace: { DataType: 'String', StringValue: 'a-1' }, count: { DataType: 'Number', StringValue: '7' }, raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
    }
    const sent = await send(url, 'one', { MessageAttributes })
    // Computed by the documented algorithm with another program.
    expect(sent).toMatchObject({ MD5OfMessageBody: md5OfOne, MD5OfMessageAttributes: '6def8a773db67f026a185671ebda0f8c' })
    expect(sent.SequenceNumber).toBeUndefined()
    clock.tick(1500)
    const [got] = await receive(url)
    expect(got).toMatchObject({
      MessageId: sent.MessageId, Body: 'one', MD5OfBody: md5OfOne, MD5OfMessageAttributes: '6def8a773db67f026a185671ebda0f8c', MessageAttributes,
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.UTC(2026, 0, 1)), ApproximateFirstReceiveTimestamp: String(Date.UTC(2026, 0, 1) + 1500) },
    })
    expect(await receive(url)).toEqual([])
  })

  test('only the attributes that were asked for, by the old name too', async () => {
    const url = await create('asked')
    const MessageAttributes = { count: { DataType: 'Number', StringValue: '7' }, 'loan.id': { DataType: 'String', StringValue: 'x' } }
    await send(url, 'one', { MessageAttributes })
    const again = { VisibilityTimeout: 0, MessageSystemAttributeNames: [], MessageAttributeNames: [] }
    const [bare] = await receive(url, again)
    expect(bare).not.toHaveProperty('Attributes')
    expect(bare).not.toHaveProperty('MessageAttributes')
    const [old] = await receive(url, { ...again, AttributeNames: ['ApproximateReceiveCount' as never], MessageAttributeNames: ['count'] })
    expect(old).toMatchObject({ Attributes: { ApproximateReceiveCount: '2' }, MessageAttributes: { count: { DataType: 'Number', StringValue: '7' } }, MD5OfMessageAttributes: 'e1fd4655f8fa7a3ddc02f774ad95564c' })
    expect(Object.keys(old?.Attributes ?? {})).toEqual(['ApproximateReceiveCount'])
    expect(Object.keys((await receive(url, { ...again, MessageAttributeNames: ['loan.*'] }))[0]?.MessageAttributes ?? {})).toEqual(['loan.id'])
    expect(await refusal(receive(url, { MessageSystemAttributeNames: ['Everything' as never] }))).toContain('InvalidParameterValue')
  })

  test('a delay of the message, of the queue, and none', async () => {
    const url = await create('delayed', { DelaySeconds: '5' })
    await send(url, 'by the queue')
    await send(url, 'by itself', { DelaySeconds: 900 })
    await send(url, 'at once', { DelaySeconds: 0 })
    expect(bodies(await receive(url))).toEqual(['at once'])
    clock.tick(5_000)
    expect(bodies(await receive(url))).toEqual(['by the queue'])
    clock.tick(894_999)
    expect(bodies(await receive(url, { VisibilityTimeout: 43_200 }))).not.toContain('by itself')
    clock.tick(1)
    expect(bodies(await receive(url))).toEqual(['by itself'])
  })

  test('a message is gone when its queue does not keep it longer', async () => {
    const url = await create('short', { MessageRetentionPeriod: '60' })
    await send(url, 'one')
    clock.tick(60_000)
    expect(await receive(url)).toEqual([])
  })

  test('a long poll on a clock that stands still is answered at once', async () => {
    expect(await receive(await create('waiting'), { WaitTimeSeconds: 20 })).toEqual([])
  })
})

describe('what SQS refuses of a message', () => {
  const input: [what: string, body: string, extra: Partial<SendMessageCommandInput>, outcome: string][] = [
    ['nothing in it', '', {}, 'InvalidParameterValue'],
    ['a null character', 'a\u0000b', {}, 'InvalidMessageContents: The message contains characters outside the allowed set.'],
    ['a noncharacter', 'a\uFFFE', {}, 'InvalidMessageContents'],
    ['a noncharacter in an attribute', 'a', { MessageAttributes: { a: { DataType: 'String', StringValue: '\u0001' } } }, 'InvalidMessageContents'],
    ['one byte over 1 MiB', 'x'.repeat(1_048_577), {}, 'InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.'],
    // Two bytes each; name, type and value of an attribute count.
    ['one byte over with its attribute', 'é'.repeat(524_283), { MessageAttributes: { abc: { DataType: 'String', StringValue: 'xx' } } }, 'Message must be shorter than 1048576 bytes.'],
    ['too long a delay', 'a', { DelaySeconds: 901 }, 'InvalidParameterValue: Value for parameter DelaySeconds is invalid. Reason: Must be >= 0 and <= 900'],
    ['a deduplication id, not being FIFO', 'a', { MessageDeduplicationId: 'd' }, 'InvalidParameterValue'],
    ['a number that is none', 'a', { MessageAttributes: { n: { DataType: 'Number', StringValue: 'x' } } }, 'InvalidParameterValue'],
    ['an attribute of another type', 'a', { MessageAttributes: { n: { DataType: 'Text', StringValue: 'x' } } }, 'InvalidParameterValue'],
    ['an attribute of AWS', 'a', { MessageAttributes: { 'AWS.x': { DataType: 'String', StringValue: 'x' } } }, 'InvalidParameterValue'],
    ['eleven attributes', 'a', { MessageAttributes: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'x' }])) }, 'InvalidParameterValue'],
  ]
  test.each(input)('%s', async (_, body, extra, outcome) => {
    const url = await create('refusing')
    expect(await refusal(send(url, body, extra))).toContain(outcome)
    expect(await receive(url)).toEqual([])
  })

  test('and takes what is just within', async () => {
    const url = await create('just')
    await send(url, 'x'.repeat(1_048_576))
    await send(url, 'é'.repeat(524_282), { MessageAttributes: { abc: { DataType: 'String', StringValue: 'xxx' } } })
    await send(url, '\t\r\n\uD7FF\uE000\uFFFD\u{10000}\u{10FFFF}')
    expect((await receive(url)).map(({ Body }) => Body?.length)).toEqual([1_048_576, 524_282, 10])
  })

  test('no message names what was sent', async () => {
    const url = await create('silent')
    expect(await refusal(send(url, 'hush\u0000'))).not.toContain('hush')
    expect(await refusal(send(url, 'a', { MessageAttributes: { n: { DataType: 'Number', StringValue: 'hush' } } }))).not.toContain('hush')
    expect(await refusal(sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: 'hush' })))).not.toContain('hush')
  })
})

describe('visibility', () => {
  test('a message comes back when its time is over, and its older handle is dead then', async () => {
    const url = await create('back', { VisibilityTimeout: '10' })
    await send(url, 'one')
    const [first] = await receive(url)
    clock.tick(9_999)
    expect(await receive(url)).toEqual([])
    clock.tick(1)
    const [second] = await receive(url)
    expect(second).toMatchObject({ MessageId: first?.MessageId, Attributes: { ApproximateReceiveCount: '2', ApproximateFirstReceiveTimestamp: first?.Attributes?.['ApproximateFirstReceiveTimestamp'] } })
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle)
    // A standard queue says yes to a handle of before, and keeps the message.
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }))
    expect(await refusal(sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 1 })))).toContain('InvalidParameterValue')
    clock.tick(10_000)
    const [third] = await receive(url)
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: third?.ReceiptHandle }))
    clock.tick(10_000)
    expect(await receive(url)).toEqual([])
  })

  test('is made longer and shorter, within twelve hours of the receipt', async () => {
    const url = await create('change')
    await send(url, 'one')
    const change = (VisibilityTimeout: number, ReceiptHandle: string | undefined) => refusal(sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout })))
    const [{ ReceiptHandle } = {}] = await receive(url, { VisibilityTimeout: 1 })
    expect(await change(60, ReceiptHandle)).toBe('resolved')
    clock.tick(59_999)
    expect(await receive(url)).toEqual([])
    expect(await change(43_200, ReceiptHandle)).toContain('Total VisibilityTimeout for the message is beyond the limit [43200 seconds].')
    expect(await change(43_201, ReceiptHandle)).toContain('Must be >= 0 and <= 43200')
    expect(await change(0, ReceiptHandle)).toBe('resolved')
    expect(await change(0, ReceiptHandle)).toBe('MessageNotInflight: The specified message is not in flight.')
    expect(await receive(url)).toHaveLength(1)
  })

  test('a handle of nobody, and of another queue', async () => {
    const [url, other] = [await create('mine'), await create('others')]
    await send(other, 'one')
    const [{ ReceiptHandle } = {}] = await receive(other)
    for (const handle of ['none', ReceiptHandle]) {
      await expect(sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handle }))).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid', $metadata: { httpStatusCode: 404 } })
    }
  })
})

describe('batches', () => {
  test('each entry on its own', async () => {
    const url = await create('batch')
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: 'one' }, { Id: 'b', MessageBody: '\u0000' }] }))
    expect(sent.Successful).toMatchObject([{ Id: 'a', MD5OfMessageBody: md5OfOne }])
    expect(sent.Failed).toEqual([{ Id: 'b', SenderFault: true, Code: 'InvalidMessageContents', Message: 'The message contains characters outside the allowed set.' }])
    const [{ ReceiptHandle } = {}] = await receive(url)
    const hidden = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', ReceiptHandle, VisibilityTimeout: 100 }, { Id: 'b', ReceiptHandle: 'no', VisibilityTimeout: 1 }] }))
    expect([hidden.Successful, hidden.Failed?.map(({ Id, Code }) => [Id, Code])]).toEqual([[{ Id: 'a' }], [['b', 'ReceiptHandleIsInvalid']]])
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', ReceiptHandle }] }))
    expect([deleted.Successful, deleted.Failed ?? []]).toEqual([[{ Id: 'a' }], []])
    clock.tick(100_000)
    expect(await receive(url)).toEqual([])
  })

  const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody })
  test.each([
    ['EmptyBatchRequest', []],
    ['TooManyEntriesInBatchRequest', Array.from({ length: 11 }, (_, i) => entry(`e${i}`))],
    ['BatchEntryIdsNotDistinct', [entry('a'), entry('a')]],
    ['InvalidBatchEntryId', [entry('a b')]],
    ['BatchRequestTooLong', [entry('a', 'x'.repeat(600_000)), entry('b', 'x'.repeat(600_000))]],
  ])('%s', async (name, Entries) => {
    const url = await create('whole')
    expect(await refusalName(sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })))).toBe(name)
    expect(await receive(url)).toEqual([])
  })
})

test('a queue is emptied once a minute', async () => {
  const url = await create('purged')
  const purge = () => refusalName(sqs.send(new PurgeQueueCommand({ QueueUrl: url })))
  await send(url, 'one')
  expect(await purge()).toBe('resolved')
  expect(await receive(url)).toEqual([])
  expect(await purge()).toBe('PurgeQueueInProgress')
  clock.tick(60_000)
  expect(await purge()).toBe('resolved')
})
