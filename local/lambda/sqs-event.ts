import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'
import { payloadLimit } from './function.ts'

const attributeOf = ({ DataType, StringValue, BinaryValue }: MessageAttributeValue): object => ({
  ...StringValue !== undefined && { stringValue: StringValue },
  ...BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') },
  stringListValues: [], binaryListValues: [], dataType: DataType,
})

/** One record of the event that Lambda makes of messages (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). */
function recordOf({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {}, MD5OfBody, MD5OfMessageAttributes }: Message, queueArn: string): object {
  return {
    messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes ?? {},
    messageAttributes: Object.fromEntries(Object.entries(MessageAttributes).map(([name, value]) => [name, attributeOf(value)])),
    md5OfBody: MD5OfBody, ...MD5OfMessageAttributes !== undefined && { md5OfMessageAttributes: MD5OfMessageAttributes },
    eventSource: 'aws:sqs', eventSourceARN: queueArn, awsRegion: queueArn.split(':')[3],
  }
}

/** Messages of one invocation, and its event. */
export interface Batch {
  readonly messages: readonly Message[]
  readonly event: string
}

const frame = Buffer.byteLength('{"Records":[]}')

/** As many events as it takes for each to stay within what a function can be given. */
export function batchesOf(messages: readonly Message[], queueArn: string): readonly Batch[] {
  const batches: { messages: Message[]; records: string[]; size: number }[] = []
  for (const message of messages) {
    const record = JSON.stringify(recordOf(message, queueArn))
    const size = Buffer.byteLength(record) + 1
    const last = batches.at(-1)
    if (last && last.size + size <= payloadLimit) {
      last.messages.push(message)
      last.records.push(record)
      last.size += size
    } else batches.push({ messages: [message], records: [record], size: frame + size })
  }
  return batches.map(({ messages, records }) => ({ messages, event: `{"Records":[${records.join(',')}]}` }))
}

/**
 * The ids that a function reports as failed; undefined where the whole batch counts as failed: an answer that is no JSON, an
 * identifier that is missing, empty or of no message. No list, an empty one and no answer mean that all is well
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting).
 */
export function failuresIn(payload: string, ids: ReadonlySet<string>): ReadonlySet<string> | undefined {
  let answer: unknown
  try {
    answer = payload === '' ? null : JSON.parse(payload)
  } catch {
    return undefined
  }
  if (answer === null) return new Set()
  if (typeof answer !== 'object' || Array.isArray(answer)) return undefined
  const { batchItemFailures: list = null } = answer as { readonly batchItemFailures?: unknown }
  if (list === null) return new Set()
  if (!Array.isArray(list)) return undefined
  const failed = list.map((entry: unknown) => (entry as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier)
  return failed.every((id) => typeof id === 'string' && ids.has(id)) ? new Set(failed as string[]) : undefined
}
