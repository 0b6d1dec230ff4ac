import { Failure } from '../failure.ts'
import { readPolicy } from '../iam.ts'
import { policyDocument } from '../kms/operation.ts'
import { isMembers, type Members } from '../members.ts'
import type { World } from '../operation.ts'
import { invalidValue } from './failures.ts'
import { findQueue, isFifo, nameOfArn, queueArn, type Queue } from './queue.ts'
import { members } from './request.ts'

type Check = (value: string) => boolean

const whole = (min: number, max: number): Check => (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
const oneOf = (...values: readonly string[]): Check => (value) => values.includes(value)

function parsed(value: string): Members | undefined {
  try {
    const document: unknown = JSON.parse(value)
    return isMembers(document) ? document : undefined
  } catch {
    return undefined
  }
}

const redrive: Check = (value) => {
  const { deadLetterTargetArn, maxReceiveCount } = parsed(value) ?? {}
  return typeof deadLetterTargetArn === 'string' && /^\d{1,4}$/.test(String(maxReceiveCount)) && Number(maxReceiveCount) >= 1 && Number(maxReceiveCount) <= 1000
}

const policy: Check = (value) => {
  try {
    readPolicy(policyDocument(value))
    return true
  } catch {
    return false
  }
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html; 1 MiB since August 2025.
const known: Readonly<Record<string, Check>> = {
  DelaySeconds: whole(0, 900),
  MaximumMessageSize: whole(1024, 1_048_576),
  MessageRetentionPeriod: whole(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: whole(0, 20),
  VisibilityTimeout: whole(0, 43_200),
  Policy: policy,
  RedrivePolicy: redrive,
  RedriveAllowPolicy: (value) => parsed(value) !== undefined,
  KmsMasterKeyId: () => true,
  KmsDataKeyReusePeriodSeconds: whole(60, 86_400),
  SqsManagedSseEnabled: oneOf('true', 'false'),
  FifoQueue: oneOf('true'),
  ContentBasedDeduplication: oneOf('true', 'false'),
  DeduplicationScope: oneOf('messageGroup', 'queue'),
  FifoThroughputLimit: oneOf('perQueue', 'perMessageGroupId'),
}

const fifoOnly = new Set(['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'])
/** These are taken off by an empty value. */
const erasable = new Set(['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'])

/** `Attributes` of a request. Throws `InvalidAttributeName` or `InvalidAttributeValue`. */
export function attributesOf(input: Members, fifo: boolean): Readonly<Record<string, string>> {
  const given = members(input, 'Attributes')
  return Object.fromEntries(Object.entries(given).map(([name, value]) => {
    const check = Object.hasOwn(known, name) ? known[name] : undefined
    if (!check || (fifoOnly.has(name) && !fifo)) throw new Failure('InvalidAttributeName', `Unknown Attribute ${check ? name : 'in the request'}.`)
    const erased = value === '' && erasable.has(name)
    if (typeof value !== 'string' || (!erased && !check(value))) throw new Failure('InvalidAttributeValue', `Invalid value for the parameter ${name}.`)
    return [name, value]
  }))
}

function allows(target: Queue, source: string): boolean {
  const { redrivePermission = 'allowAll', sourceQueueArns = [] } = parsed(target.attributes['RedriveAllowPolicy'] ?? '{}') ?? {}
  if (redrivePermission === 'byQueue') return Array.isArray(sourceQueueArns) && sourceQueueArns.includes(source)
  return redrivePermission !== 'denyAll'
}

/** Throws unless the dead-letter queue is there, of the same kind, and lets this queue use it. */
export function refuseTarget(queue: Queue, world: World): void {
  const arn = parsed(queue.attributes['RedrivePolicy'] ?? '')?.['deadLetterTargetArn']
  if (typeof arn !== 'string') return
  const name = nameOfArn(arn, world)
  const target = name === undefined ? undefined : findQueue(name, world)
  if (!target) throw invalidValue('RedrivePolicy', 'Dead letter target does not exist.')
  if (isFifo(target) !== isFifo(queue)) throw invalidValue('RedrivePolicy', 'Dead-letter queue must be of the same queue type.')
  if (!allows(target, queueArn(queue.name, world))) throw invalidValue('RedrivePolicy', 'The dead-letter queue does not allow this source queue.')
}

/** The attributes after a change. */
export const changed = (before: Readonly<Record<string, string>>, change: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries({ ...before, ...change }).filter(([name, value]) => value !== '' || !erasable.has(name)))
