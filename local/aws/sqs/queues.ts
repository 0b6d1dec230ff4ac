import { Failure } from '../failure.ts'
import type { Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { attributesOf, changed, refuseTarget } from './attributes.ts'
import { invalidValue, noQueue } from './failures.ts'
import { expire, messagesOf } from './message.ts'
import { allQueues, askForQueue, findQueue, namedQueue, queueArn, queueName, queueUrl, redriveOf, saveQueue, settingOf, settingsOf, theQueue, type Queue } from './queue.ts'
import { optionalText, optionalWhole, text, texts } from './request.ts'
import { wake } from './waiting.ts'

const asks = (action: string) => (input: Members, world: World): readonly Ask[] => [askForQueue(action, namedQueue(input, world), world)]

const createQueue: Operation = {
  asks: (input, world) => [{ action: 'sqs:CreateQueue', resource: queueArn(text(input, 'QueueName'), world) }],
  run(input, world, caller) {
    const name = text(input, 'QueueName')
    if (!queueName.test(name)) throw invalidValue('QueueName', 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.')
    const fifo = name.endsWith('.fifo')
    const attributes = changed({}, attributesOf(input, fifo))
    if (fifo !== (attributes['FifoQueue'] === 'true')) throw invalidValue('QueueName', 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.')
    return world.store.write(() => {
      const before = findQueue(name, world)
      const settings = before ? settingsOf(before) : {}
      if (before && Object.entries(attributes).some(([attribute, value]) => settings[attribute] !== value))
        throw new Failure('QueueNameExists', 'A queue already exists with the same name and a different value for an attribute.')
      const queue: Queue = { name, created: world.now(), changed: world.now(), attributes }
      if (!before) {
        refuseTarget(queue, world)
        saveQueue(queue, world)
      }
      return { QueueUrl: queueUrl(name, world, caller) }
    })
  },
}

const getQueueUrl: Operation = {
  asks: (input, world) => [askForQueue('GetQueueUrl', text(input, 'QueueName'), world)],
  run(input, world, caller) {
    const owner = optionalText(input, 'QueueOwnerAWSAccountId')
    const queue = owner === undefined || owner === world.account ? findQueue(text(input, 'QueueName'), world) : undefined
    if (!queue) throw noQueue()
    return { QueueUrl: queueUrl(queue.name, world, caller) }
  },
}

function attributesNow(queue: Queue, world: World): Readonly<Record<string, string>> {
  expire(queue.name, settingOf(queue, 'MessageRetentionPeriod') * 1000, world)
  const messages = messagesOf(queue.name, world)
  const [hidden, now] = [messages.filter(({ visible }) => visible > world.now()), messages.length]
  const inFlight = hidden.filter(({ receives }) => receives > 0).length
  const numbers = {
    ApproximateNumberOfMessages: now - hidden.length, ApproximateNumberOfMessagesNotVisible: inFlight, ApproximateNumberOfMessagesDelayed: hidden.length - inFlight,
    CreatedTimestamp: Math.floor(queue.created / 1000), LastModifiedTimestamp: Math.floor(queue.changed / 1000),
  }
  return {
    QueueArn: queueArn(queue.name, world), ...settingsOf(queue), ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
    SqsManagedSseEnabled: queue.attributes['SqsManagedSseEnabled'] ?? String(queue.attributes['KmsMasterKeyId'] === undefined),
  }
}

const getQueueAttributes: Operation = {
  asks: asks('GetQueueAttributes'),
  run(input, world) {
    const queue = theQueue(input, world)
    const names = texts(input, 'AttributeNames')
    const all = world.store.write(() => attributesNow(queue, world))
    const wanted = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name))
    return wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {}
  },
}

const setQueueAttributes: Operation = {
  asks: asks('SetQueueAttributes'),
  run: (input, world) => world.store.write(() => {
    const queue = theQueue(input, world)
    const change = attributesOf(input, queue.name.endsWith('.fifo'))
    const next = { ...queue, changed: world.now(), attributes: changed(queue.attributes, change) }
    if (change['RedrivePolicy'] !== undefined) refuseTarget(next, world)
    saveQueue(next, world)
    wake(world)
    return undefined
  }),
}

const purgeMs = 60_000

const purgeQueue: Operation = {
  asks: asks('PurgeQueue'),
  run: (input, world) => world.store.write(() => {
    const queue = theQueue(input, world)
    if (queue.purged !== undefined && queue.purged > world.now() - purgeMs)
      throw new Failure('PurgeQueueInProgress', 'Only one PurgeQueue operation on this queue is allowed every 60 seconds.', {}, 403)
    world.store.statement('DELETE FROM sqs_messages WHERE queue = ?').run(queue.name)
    saveQueue({ ...queue, purged: world.now() }, world)
    return undefined
  }),
}

const deleteQueue: Operation = {
  asks: asks('DeleteQueue'),
  run: (input, world) => world.store.write(() => {
    const { name } = theQueue(input, world)
    for (const table of ['sqs_messages', 'sqs_recent']) world.store.statement(`DELETE FROM ${table} WHERE queue = ?`).run(name)
    world.store.statement('DELETE FROM sqs_queues WHERE name = ?').run(name)
    wake(world)
    return undefined
  }),
}

/** A page of names, by `MaxResults` and `NextToken`. */
function pageOf(input: Members, names: readonly string[]): { readonly page: readonly string[]; readonly next: string | undefined } {
  const max = optionalWhole(input, 'MaxResults', 1, 1000)
  const after = optionalText(input, 'NextToken')
  const rest = names.filter((name) => after === undefined || name > Buffer.from(after, 'base64').toString())
  const page = rest.slice(0, max ?? 1000)
  // Without MaxResults SQS gives no token.
  return { page, next: max !== undefined && page.length < rest.length ? Buffer.from(page.at(-1) ?? '').toString('base64') : undefined }
}

const listQueues: Operation = {
  asks: () => [{ action: 'sqs:ListQueues', resource: '*' }],
  run(input, world, caller) {
    const prefix = optionalText(input, 'QueueNamePrefix') ?? ''
    const { page, next } = pageOf(input, allQueues(world).map(({ name }) => name).filter((name) => name.startsWith(prefix)))
    return { ...page.length > 0 && { QueueUrls: page.map((name) => queueUrl(name, world, caller)) }, ...next !== undefined && { NextToken: next } }
  },
}

const listSources: Operation = {
  asks: asks('ListDeadLetterSourceQueues'),
  run(input, world, caller) {
    const arn = queueArn(theQueue(input, world).name, world)
    const sources = allQueues(world).filter((queue) => redriveOf(queue)?.target === arn).map(({ name }) => name)
    const { page, next } = pageOf(input, sources)
    // In small letters, as the API's model has this one member.
    return { queueUrls: page.map((name) => queueUrl(name, world, caller)), ...next !== undefined && { NextToken: next } }
  },
}

/** The operations on queues themselves. */
export const queueOperations: Operations = {
  CreateQueue: createQueue, GetQueueUrl: getQueueUrl, GetQueueAttributes: getQueueAttributes, SetQueueAttributes: setQueueAttributes,
  PurgeQueue: purgeQueue, DeleteQueue: deleteQueue, ListQueues: listQueues, ListDeadLetterSourceQueues: listSources,
}
