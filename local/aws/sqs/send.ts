import { createHash, randomUUID } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { Members } from '../members.ts'
import type { Ask, Operation, World } from '../operation.ts'
import { batch } from './batch.ts'
import { refuseKey } from './encryption.ts'
import { invalidValue, missing } from './failures.ts'
import { attributesMd5, attributesSize, messageAttributes, type MessageAttributes } from './message-attributes.ts'
import { insert, type Content } from './message.ts'
import { askForQueue, isFifo, namedQueue, refuseKind, settingOf, theQueue, type Queue } from './queue.ts'
import { optionalText, optionalWhole, text } from './request.ts'
import { wake } from './waiting.ts'

const deduplicationMs = 5 * 60_000
const token = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/
// #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF: what the API's page on SendMessage allows.
const refused = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

const md5 = (content: string): string => createHash('md5').update(content).digest('hex')

/** Twenty digits that only grow. */
export const sequenceNumber = (seq: number): string => String(18_800_000_000_000_000_000n + BigInt(seq))

type Sent = {
  readonly content: Content
  readonly system: MessageAttributes
  readonly group: string | undefined
  readonly delayMs: number
  readonly size: number
}

function tokenOf(input: Members, name: string): string | undefined {
  const given = optionalText(input, name)
  if (given !== undefined && !token.test(given)) throw invalidValue(name, `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`)
  return given
}

function orderOf(input: Members, queue: Queue, body: string): Pick<Sent, 'group'> & Pick<Content, 'deduplication'> {
  const [group, given] = [tokenOf(input, 'MessageGroupId'), tokenOf(input, 'MessageDeduplicationId')]
  if (!isFifo(queue)) {
    if (given !== undefined) throw refuseKind(queue, 'MessageDeduplicationId')
    return { group }
  }
  if (group === undefined) throw missing('MessageGroupId')
  const byContent = queue.attributes['ContentBasedDeduplication'] === 'true'
  if (given === undefined && !byContent)
    throw new Failure('InvalidParameterValueException', 'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly')
  return { group, deduplication: given ?? createHash('sha256').update(body).digest('hex') }
}

function sentOf(input: Members, queue: Queue): Sent {
  const body = text(input, 'MessageBody')
  const attributes = messageAttributes(input)
  const system = messageAttributes(input, 'MessageSystemAttributes')
  if (Object.keys(system).some((name) => name !== 'AWSTraceHeader')) throw invalidValue('MessageSystemAttributes', 'AWSTraceHeader alone is known.')
  const size = Buffer.byteLength(body) + attributesSize(attributes)
  const max = settingOf(queue, 'MaximumMessageSize')
  if (size > max) throw new Failure('InvalidParameterValueException', `One or more parameters are invalid. Reason: Message must be shorter than ${max} bytes.`)
  if ([body, ...Object.values(attributes).map(({ StringValue = '' }) => StringValue)].some((content) => refused.test(content)))
    throw new Failure('InvalidMessageContents', 'The message contains characters outside the allowed set.')
  const { group, deduplication } = orderOf(input, queue, body)
  const delay = optionalWhole(input, 'DelaySeconds', 0, 900)
  if (delay !== undefined && delay > 0 && isFifo(queue)) throw refuseKind(queue, 'DelaySeconds')
  const trace = system['AWSTraceHeader']?.StringValue
  return {
    content: { body, attributes, ...deduplication !== undefined && { deduplication }, ...trace !== undefined && { trace } },
    system, group, size, delayMs: 1000 * (delay ?? settingOf(queue, 'DelaySeconds')),
  }
}

/** What a FIFO queue took within five minutes under the same deduplication id. */
function repeated(queue: Queue, { content, group }: Sent, { store, now }: World): { readonly key: string; readonly before?: { readonly id: string; readonly seq: number } } | undefined {
  if (content.deduplication === undefined) return undefined
  const scope = queue.attributes['DeduplicationScope'] === 'messageGroup' ? group : ''
  const key = store.digest(JSON.stringify([scope, content.deduplication]), `sqs-deduplication/${queue.name}`)
  store.statement('DELETE FROM sqs_recent WHERE at <= ?').run(now() - deduplicationMs)
  const row = store.statement('SELECT id, seq FROM sqs_recent WHERE queue = ? AND token = ?').get(queue.name, key)
  return { key, ...row && { before: { id: String(row['id']), seq: Number(row['seq']) } } }
}

/** Puts one message into a queue, for whoever was allowed to. Inside the caller's `store.write`. */
export function deliver(queue: Queue, input: Members, sender: string, world: World): Readonly<Record<string, unknown>> {
  const { store, now } = world
  const sent = sentOf(input, queue)
  const { content, system, group, delayMs } = sent
  const twin = repeated(queue, sent, world)
  const id = twin?.before?.id ?? randomUUID()
  const seq = twin?.before?.seq ?? insert(queue.name, { id, group, visible: now() + delayMs, sent: now(), receives: 0, marks: { sender } }, content, world)
  if (twin && !twin.before) store.statement('INSERT INTO sqs_recent (queue, token, id, seq, at) VALUES (?, ?, ?, ?, ?)').run(queue.name, twin.key, id, seq, now())
  const [ofAttributes, ofSystem] = [attributesMd5(content.attributes), attributesMd5(system)]
  return {
    MessageId: id, MD5OfMessageBody: md5(content.body), ...ofAttributes !== undefined && { MD5OfMessageAttributes: ofAttributes },
    ...ofSystem !== undefined && { MD5OfMessageSystemAttributes: ofSystem }, ...isFifo(queue) && { SequenceNumber: sequenceNumber(seq) },
  }
}

const senderKeys = ['GenerateDataKey', 'Decrypt']

const asks = (input: Members, world: World): readonly Ask[] => [askForQueue('SendMessage', namedQueue(input, world), world)]

const sendMessage: Operation = {
  asks,
  run(input, world, caller) {
    const queue = theQueue(input, world)
    refuseKey(queue, senderKeys, (ask) => caller.may(ask), world)
    const answer = world.store.write(() => deliver(queue, input, caller.arn, world))
    wake(world)
    return answer
  },
}

const maxBatchBytes = 1_048_576

const sendMessageBatch: Operation = {
  // There is no permission for batches of their own.
  asks,
  run(input, world, caller) {
    const queue = theQueue(input, world)
    refuseKey(queue, senderKeys, (ask) => caller.may(ask), world)
    const size = (entry: Members): number => typeof entry['MessageBody'] === 'string' ? Buffer.byteLength(entry['MessageBody']) : 0
    const answer = world.store.write(() => batch(input, (entry) => deliver(queue, entry, caller.arn, world), (entries) => {
      if (entries.reduce((sum, entry) => sum + size(entry), 0) > maxBatchBytes)
        throw new Failure('BatchRequestTooLong', `Batch requests cannot be longer than ${maxBatchBytes} bytes.`)
    }))
    wake(world)
    return answer
  },
}

export const sendOperations = { SendMessage: sendMessage, SendMessageBatch: sendMessageBatch }
