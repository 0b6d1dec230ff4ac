import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { batchesOf, failuresIn } from '../../../local/lambda/sqs-event.ts'

const queueArn = 'arn:aws:sqs:us-east-2:123456789012:my-queue'

describe('the event of messages', () => {
  it('is the documented one', () => {
    const documented = JSON.parse(readFileSync(new URL('../../../../shared/vectors/lambda-events/powertools-python/sqsEvent.json', import.meta.url), 'utf8')) as { Records: Record<string, unknown>[] }
    const [batch] = batchesOf([{
      MessageId: '059f36b4-87a3-44ab-83d2-661975830a7d', ReceiptHandle: 'handle', Body: 'Test message.', MD5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1545082649183', SenderId: 'AIDAIENQZJOLO23YVJ4VO', ApproximateFirstReceiveTimestamp: '1545082649185' },
      MessageAttributes: { text: { DataType: 'String', StringValue: 't' }, raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) } },
    }], queueArn)
    const [record = {}] = (JSON.parse(batch?.event ?? '{}') as { Records: Record<string, unknown>[] }).Records
    expect(Object.keys(documented.Records[0] ?? {})).toEqual(expect.arrayContaining(Object.keys(record)))
    expect(record).toEqual({
      messageId: '059f36b4-87a3-44ab-83d2-661975830a7d', receiptHandle: 'handle', body: 'Test message.', md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1545082649183', SenderId: 'AIDAIENQZJOLO23YVJ4VO', ApproximateFirstReceiveTimestamp: '1545082649185' },
      messageAttributes: {
        text: { stringValue: 't', stringListValues: [], binaryListValues: [], dataType: 'String' }, raw: { binaryValue: 'AP8=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
      },
      eventSource: 'aws:sqs', eventSourceARN: queueArn, awsRegion: 'us-east-2',
    })
  })

  it('is split where it would be more than a function can be given', () => {
    const messages = Array.from({ length: 10 }, (_, i) => ({ MessageId: String(i), Body: 'x'.repeat(1_048_576) }))
    const batches = batchesOf(messages, queueArn)
    expect(batches.map(({ messages }) => messages.length)).toEqual([5, 5])
    expect(batches.flatMap(({ messages }) => messages.map(({ MessageId }) => MessageId))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    for (const { event } of batches) expect(Buffer.byteLength(event)).toBeLessThanOrEqual(6_291_556)
    expect(batchesOf([], queueArn)).toEqual([])
  })
})

describe('what a function reports', () => {
  const ids = new Set(['a', 'b'])
  // The two lists of the Lambda Developer Guide: complete success, and complete failure.
  it.each(['{"batchItemFailures":[]}', '{"batchItemFailures":null}', '{}', 'null', ''])('%s: all is well', (payload) => {
    expect(failuresIn(payload, ids)).toEqual(new Set())
  })
  it.each([
    '{"batchItemFailures":', '{"batchItemFailures":[{"itemIdentifier":""}]}', '{"batchItemFailures":[{"itemIdentifier":null}]}', '{"batchItemFailures":[{"id":"a"}]}',
    '{"batchItemFailures":[{"itemIdentifier":"c"}]}', '{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}', '{"batchItemFailures":["a"]}', '{"batchItemFailures":[null]}',
    '{"batchItemFailures":"a"}', '"text"', '[]', '7',
  ])('%s: the whole batch failed', (payload) => {
    expect(failuresIn(payload, ids)).toBeUndefined()
  })
  it('is what stays', () => {
    expect(failuresIn('{"batchItemFailures":[{"itemIdentifier":"b"}]}', ids)).toEqual(new Set(['b']))
  })
})
