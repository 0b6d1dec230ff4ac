import { createHash } from 'node:crypto'
import type { Members } from '../members.ts'
import type { Operation, World } from '../operation.ts'
import { refuseKey } from './encryption.ts'
import { Failure } from '../failure.ts'
import { invalidValue } from './failures.ts'
import { newHandle } from './handle.ts'
import { asked, attributesMd5 } from './message-attributes.ts'
import { contentOf, expire, messagesOf, moveTo, nextVisible, take, visibleOf, type Content, type Message } from './message.ts'
import { askForQueue, findQueue, isFifo, nameOfArn, namedQueue, queueArn, redriveOf, settingOf, theQueue, type Queue } from './queue.ts'
import { optionalText, optionalWhole, texts } from './request.ts'
import { sequenceNumber } from './send.ts'
import { change } from './waiting.ts'

/** Messages of a FIFO queue that may be given: none of a group that has one in flight, or behind one that is still delayed. */
function inOrder(queue: Queue, world: World): readonly Message[] {
  const all = messagesOf(queue.name, world)
  const hidden = ({ visible }: Message): boolean => visible > world.now()
  const blocked = new Set(all.filter((message) => hidden(message) && message.receives > 0).map(({ group }) => group))
  const free: Message[] = []
  for (const message of all) {
    if (hidden(message)) blocked.add(message.group)
    else if (!blocked.has(message.group)) free.push(message)
  }
  return free
}

/**
 * Moves what was received too often. It keeps id and receive count; the time that it was sent stays in a standard queue and
 * begins anew in a FIFO queue (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html).
 */
function moveDead(queue: Queue, candidates: readonly Message[], world: World): readonly Message[] {
  const redrive = redriveOf(queue)
  const name = redrive && nameOfArn(redrive.target, world)
  const target = name === undefined ? undefined : findQueue(name, world)
  if (!redrive || !target) return candidates
  return candidates.filter((message) => {
    if (message.receives < redrive.maxReceives) return true
    const { sent, receives, marks } = message
    moveTo(target, message, { sent: isFifo(queue) ? world.now() : sent, receives, marks: { ...marks, from: queueArn(queue.name, world) } }, world)
    return false
  })
}

const systemNames: Readonly<Record<string, (message: Message, content: Content, queue: Queue) => string | number | undefined>> = {
  SenderId: ({ marks }) => marks.sender.split('/').at(-1),
  SentTimestamp: ({ sent }) => Math.floor(sent),
  ApproximateReceiveCount: ({ receives }) => receives,
  ApproximateFirstReceiveTimestamp: ({ marks }) => marks.firstReceived === undefined ? undefined : Math.floor(marks.firstReceived),
  MessageGroupId: ({ group }) => group,
  MessageDeduplicationId: (_, { deduplication }) => deduplication,
  SequenceNumber: ({ seq }, _, queue) => isFifo(queue) ? sequenceNumber(seq) : undefined,
  AWSTraceHeader: (_, { trace }) => trace,
  DeadLetterQueueSourceArn: ({ marks }) => marks.from,
}

type Wanted = { readonly system: readonly string[]; readonly attributes: readonly string[]; readonly max: number; readonly timeoutMs: number }

function shown(queue: Queue, message: Message, handle: string, { system, attributes }: Wanted, world: World): Readonly<Record<string, unknown>> {
  const content = contentOf(message, world)
  const received = { ...message, receives: message.receives + 1, marks: { ...message.marks, firstReceived: message.marks.firstReceived ?? world.now() } }
  const told = Object.entries(systemNames).flatMap(([name, read]) => {
    const value = system.includes(name) || system.includes('All') ? read(received, content, queue) : undefined
    return value === undefined ? [] : [[name, String(value)] as const]
  })
  const given = asked(content.attributes, attributes)
  const md5 = attributesMd5(given)
  return {
    MessageId: message.id, ReceiptHandle: handle, Body: content.body, MD5OfBody: createHash('md5').update(content.body).digest('hex'),
    ...told.length > 0 && { Attributes: Object.fromEntries(told) },
    ...md5 !== undefined && { MessageAttributes: given, MD5OfMessageAttributes: md5 },
  }
}

/** Takes up to `max` messages; each gets a new receipt handle, and an older one of it dies. */
function receive(queue: Queue, wanted: Wanted, world: World): readonly Readonly<Record<string, unknown>>[] {
  return world.store.write(() => {
    expire(queue.name, settingOf(queue, 'MessageRetentionPeriod') * 1000, world)
    const living: Message[] = []
    while (living.length < wanted.max) {
      const candidates = isFifo(queue) ? inOrder(queue, world) : visibleOf(queue.name, wanted.max, world)
      const kept = moveDead(queue, candidates.slice(0, wanted.max), world)
      living.splice(0, living.length, ...kept)
      // What was moved made room for others.
      if (kept.length === Math.min(candidates.length, wanted.max)) break
    }
    return living.map((message) => {
      const handle = newHandle(queue, message, world)
      const answer = shown(queue, message, handle, wanted, world)
      take(message, handle, world.now() + wanted.timeoutMs, world)
      return answer
    })
  })
}

function wantedOf(input: Members, queue: Queue): Wanted {
  if (optionalText(input, 'ReceiveRequestAttemptId') !== undefined) throw new Failure('UnsupportedOperation', 'ReceiveRequestAttemptId is not implemented by this stand-in')
  const system = [...texts(input, 'MessageSystemAttributeNames'), ...texts(input, 'AttributeNames')]
  if (system.some((name) => name !== 'All' && !Object.hasOwn(systemNames, name))) throw invalidValue('AttributeName', 'Unknown attribute.')
  return {
    system, attributes: texts(input, 'MessageAttributeNames'), max: optionalWhole(input, 'MaxNumberOfMessages', 1, 10) ?? 1,
    timeoutMs: 1000 * (optionalWhole(input, 'VisibilityTimeout', 0, 43_200) ?? settingOf(queue, 'VisibilityTimeout')),
  }
}

const receiveMessage: Operation = {
  asks: (input, world) => [askForQueue('ReceiveMessage', namedQueue(input, world), world)],
  async run(input, world, caller) {
    const queue = theQueue(input, world)
    const wanted = wantedOf(input, queue)
    const waitMs = 1000 * (optionalWhole(input, 'WaitTimeSeconds', 0, 20) ?? settingOf(queue, 'ReceiveMessageWaitTimeSeconds'))
    refuseKey(queue, ['Decrypt'], (ask) => caller.may(ask), world)
    const until = world.now() + waitMs
    for (;;) {
      // Whoever has gone away takes nothing along.
      if (caller.gone?.aborted) return {}
      // Its attributes may have changed while we waited, or it is gone.
      const current = findQueue(queue.name, world)
      const messages = current ? receive(current, wanted, world) : []
      if (messages.length > 0) return { Messages: messages }
      const left = until - world.now()
      if (left <= 0 || world.still || !current) return {}
      await change(world, Math.min(left, (nextVisible(queue.name, world) ?? Infinity) - world.now()), caller.gone)
    }
  },
}

export const receiveOperations = { ReceiveMessage: receiveMessage }
