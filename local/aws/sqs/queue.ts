import { Failure } from '../failure.ts'
import type { Doc } from '../iam.ts'
import { policyDocument } from '../kms/operation.ts'
import type { Members } from '../members.ts'
import type { Ask, Caller, World } from '../operation.ts'
import { invalidValue, noQueue } from './failures.ts'
import { text } from './request.ts'

/** A queue with the attributes that were set. Times in epoch milliseconds. */
export type Queue = {
  readonly name: string
  readonly created: number
  readonly changed: number
  readonly purged?: number
  readonly attributes: Readonly<Record<string, string>>
}

/** Where messages go that were received too often. */
export type Redrive = { readonly target: string; readonly maxReceives: number }

const defaults: Readonly<Record<string, string>> = {
  DelaySeconds: '0', MaximumMessageSize: '1048576', MessageRetentionPeriod: '345600', ReceiveMessageWaitTimeSeconds: '0', VisibilityTimeout: '30',
}

export const queueName = /^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/

export const queueArn = (name: string, { region, account }: World): string => `arn:aws:sqs:${region}:${account}:${name}`

/** The name of a queue of this account and region, or undefined for an ARN of anything else. */
export function nameOfArn(arn: string, world: World): string | undefined {
  const prefix = queueArn('', world)
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined
}

export const queueUrl = (name: string, { account }: World, { origin }: Caller): string => `${origin ?? 'http://localhost'}/${account}/${name}`

export const isFifo = ({ name }: Queue): boolean => name.endsWith('.fifo')

/** An attribute as it was set, or else the service's default; numbers as numbers. */
export const settingOf = ({ attributes }: Queue, name: string): number => Number(attributes[name] ?? defaults[name])

/** All that GetQueueAttributes tells of what was set. */
export const settingsOf = ({ attributes }: Queue): Readonly<Record<string, string>> => ({ ...defaults, ...attributes })

export function redriveOf({ attributes }: Queue): Redrive | undefined {
  const policy = attributes['RedrivePolicy']
  if (policy === undefined) return undefined
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as { deadLetterTargetArn: string; maxReceiveCount: number | string }
  return { target: deadLetterTargetArn, maxReceives: Number(maxReceiveCount) }
}

export function findQueue(name: string, { store }: World): Queue | undefined {
  const row = store.statement('SELECT doc FROM sqs_queues WHERE name = ?').get(name)
  return row ? (JSON.parse(String(row['doc'])) as Queue) : undefined
}

export function saveQueue(queue: Queue, { store }: World): void {
  store.statement('INSERT INTO sqs_queues (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc').run(queue.name, JSON.stringify(queue))
}

export const allQueues = ({ store }: World): readonly Queue[] =>
  store.statement('SELECT doc FROM sqs_queues ORDER BY name').all().map((row) => JSON.parse(String(row['doc'])) as Queue)

/** The name out of `QueueUrl`: whatever the host, since the port is another at each start. */
export function namedQueue(input: Members, { account }: World): string {
  const [, owner, name = ''] = /^(?:https?:\/\/[^/]+)?\/?(\d{12})\/([^/]+)$/.exec(text(input, 'QueueUrl')) ?? []
  if (owner !== account || !queueName.test(name)) throw noQueue()
  return name
}

/** The queue that `QueueUrl` names. Throws `QueueDoesNotExist`. */
export function theQueue(input: Members, world: World): Queue {
  const queue = findQueue(namedQueue(input, world), world)
  if (!queue) throw noQueue()
  return queue
}

/** The queue behind an ARN of a request. Throws `ResourceNotFoundException`. */
export function queueOfArn(input: Members, member: string, world: World): Queue {
  const name = nameOfArn(text(input, member), world)
  const queue = name === undefined ? undefined : findQueue(name, world)
  if (!queue) throw new Failure('ResourceNotFoundException', `The resource that you specified for the ${member} parameter doesn't exist.`, {}, 404)
  return queue
}

/** The policy that was put on a queue. */
export function policyOf(queue: Queue | undefined): Doc | undefined {
  const policy = queue?.attributes['Policy']
  return policy === undefined || policy === '' ? undefined : policyDocument(policy)
}

/** What IAM and the queue's own policy must allow. */
export function askForQueue(action: string, name: string, world: World): Ask {
  const policy = policyOf(findQueue(name, world))
  return { action: `sqs:${action}`, resource: queueArn(name, world), ...policy && { policy } }
}

export const refuseKind = (queue: Queue, name: string): Failure =>
  invalidValue(name, `The request include parameter that is not valid for ${isFifo(queue) ? 'a FIFO queue' : 'this queue type'}.`)
