import { randomUUID } from 'node:crypto'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { reserve } from './execution.ts'
import { asFault, Fault, faults } from './fault.ts'
import type { Io } from './io.ts'
import { unwrap } from './keep.ts'
import type { Message } from './message.ts'
import { outcomesOf } from './outcome.ts'
import type { Pipeline } from './pipeline.ts'
import { payloadOf } from './receive.ts'
import type { Run } from './run.ts'
import { soon } from './soon.ts'
import type { QueuedTrigger } from './triggers.ts'
import { deadQueueOf, longestPause, queueOf, waitingKey } from './waiting.ts'

/** What seals by envelopes. */
const atRest = () => import('./at-rest.ts')

export type QueuedPipeline = Pipeline & { readonly trigger: QueuedTrigger }

/** Milliseconds at the end of an invocation in which no message is worked on: what failed is put away, and Lambda is answered. */
const closing = 1_000
/** A message is begun though so many milliseconds of its time are missing: starting, and putting away what was before it, took them. */
const slack = 1_000
/** What a dead letter says of itself, as attributes: under which id it was first known, and which execution put it there, with which fault. */
const told = ['first', 'fault', 'execution'] as const
/** Attributes that a message may have. */
const mostAttributes = 10
/** An id of SQS. Whoever may send can write another one: that makes its own message one that was there before, and no more. */
const idShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a message is, as far as it is known before it runs. */
interface Arrived {
  readonly message: Message
  readonly read: (io: Io) => unknown
  /** The id that its sender was answered. */
  readonly request?: string | undefined
}

const origin = (route: string, id: string): string => JSON.stringify(['', route, id])

/** What the door of a route puts into its queue: the id that the sender was answered, and the message, sealed. */
function kept(body: string): { readonly id: string; readonly sealed: string } | undefined {
  const [, id, sealed] = /^([0-9a-f-]{36})\.([\w-]+)$/.exec(body) ?? []
  return id === undefined || sealed === undefined ? undefined : { id, sealed }
}

/** Under which id it was there before: SQS gives what is driven back from the dead-letter queue another one. */
function firstOf({ messageAttributes }: SQSRecord): string | undefined {
  const first = messageAttributes['first']?.stringValue
  return first !== undefined && idShape.test(first) ? first : undefined
}

const idOf = (record: SQSRecord): string => firstOf(record) ?? record.messageId
const unreadable = (): never => { throw new Fault('PAYLOAD_UNREADABLE') }
const late = (): never => { throw new Fault('OUT_OF_TIME') }
/** Its last attempt ended without a word, or it could not be put away: it is here for that alone, and nobody knows what it did. */
const unknown = (): never => { throw new Fault('IN_DOUBT') }

/**
 * Works on the messages of a batch one after another: each is an execution of its own. What was done is acknowledged; what
 * may go well another time is left to the queue, and comes again after a pause that grows; what never will, and what was tried as
 * often as the trigger says, is put into the dead-letter queue, and acknowledged. It never rejects for the sake of a message.
 */
export function work(pipeline: QueuedPipeline, run: Run, environment: Environment): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const { name, trigger, timeout } = pipeline
  const { clock } = environment
  const outcomes = trigger.kind === 'async' ? outcomesOf(pipeline, environment) : undefined
  const ordered = trigger.kind === 'queue' && trigger.fifo === true

  /** Of an event: the id that EventBridge gave it, which is the same however often it is delivered. */
  function eventId(body: string): string | undefined {
    try {
      const { id } = JSON.parse(body) as { readonly id?: unknown }
      return typeof id === 'string' ? id : undefined
    } catch {
      return undefined
    }
  }

  const sealedOr = (text: string, io: Io): unknown => trigger.accept === 'application/json' ? io.json(Buffer.from(text)) : { sealed: text }

  function ofEvent(body: string, io: Io): unknown {
    const envelope = io.json(Buffer.from(body))
    const { detail } = (typeof envelope === 'object' && envelope !== null && !Array.isArray(envelope) ? envelope : {}) as { readonly detail?: unknown }
    if (trigger.accept === 'application/json') return detail === undefined ? unreadable() : detail
    const { sealed } = (typeof detail === 'object' && detail !== null ? detail : {}) as { readonly sealed?: unknown }
    return typeof sealed === 'string' ? { sealed } : unreadable()
  }

  /** What is known of a message before it is opened, and how it fails if it is not. Its name is not: a sender may have given it another one, which is sealed. */
  const unopened = (body: string, read: () => never): Arrived => ({ message: {}, request: trigger.kind === 'async' ? kept(body)?.id : undefined, read })

  /** Throws a Fault where the message cannot be opened. */
  async function arrive(record: SQSRecord): Promise<Arrived> {
    const { body } = record
    switch (trigger.kind) {
      case 'queue': return { message: { origin: origin(trigger.name, idOf(record)), acknowledges: true }, read: (io) => sealedOr(body, io) }
      case 'event': return { message: { origin: origin(name, eventId(body) ?? idOf(record)), acknowledges: true }, read: (io) => ofEvent(body, io) }
      case 'async': {
        const { id, sealed } = kept(body) ?? unreadable()
        try {
          const opened = unwrap(await (await atRest()).openEnvelope(environment, waitingKey, name, Buffer.from(sealed, 'base64url'), [name, id]))
          // What the sender named itself is the same message, whatever ids it was answered.
          return { message: { origin: opened.origin ?? origin(trigger.path, id), acknowledges: true }, request: id, read: (io) => payloadOf(trigger.accept, opened.body, io) }
        } catch (error) {
          const fault = asFault(error)
          const failing = unopened(body, () => { throw fault })
          // What does not open was not put here by the door: its id is nobody's word, and says nothing of a row.
          return fault.code === 'DECRYPTION_FAILED' ? { ...failing, request: undefined } : failing
        }
      }
    }
  }

  /** It comes again in so many seconds. Where that cannot be said, it comes when the queue's own visibility timeout is over. */
  const again = (until: number, { receiptHandle }: SQSRecord, seconds: number): Promise<unknown> => soon(clock, until, async () =>
    (await aws.sqs(environment)).changeVisibility({ QueueUrl: address(queueOf(pipeline), environment), ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }))

  /** Puts a message, as it is, into the dead-letter queue. Whether it lies there. */
  async function bury(until: number, record: SQSRecord, { code }: Fault, execution: string): Promise<boolean> {
    const { messageId, body, attributes: { MessageGroupId }, messageAttributes } = record
    const own = Object.entries(messageAttributes).filter(([called]) => !told.includes(called as never)).slice(0, mostAttributes - told.length).map(([called, { dataType, stringValue, binaryValue }]) => [called, {
      DataType: dataType, ...stringValue !== undefined && { StringValue: stringValue }, ...binaryValue !== undefined && { BinaryValue: Buffer.from(binaryValue, 'base64') },
    }])
    const said: Readonly<Record<typeof told[number], string>> = { first: idOf(record), fault: code, execution }
    return await soon(clock, until, async () => {
      await (await aws.sqs(environment)).send({
        QueueUrl: address(deadQueueOf(pipeline), environment), MessageBody: body,
        MessageAttributes: { ...Object.fromEntries(own), ...Object.fromEntries(told.map((called) => [called, { DataType: 'String', StringValue: said[called] }])) },
        // Of this delivery: under its first id a letter that was driven back, and fails again soon, would be taken for the one before.
        ...ordered && { MessageGroupId, MessageDeduplicationId: messageId },
      })
      return true
    }) ?? false
  }

  /** A pause before the next attempt, in whole seconds: at random, so that those who failed at once do not come back at once. */
  function pause(attempt: number, { retryAfter = 0 }: Fault): number {
    // It could not be put away twice: SQS does so, when it is asked for it.
    if (attempt > trigger.attempts) return 0
    return Math.max(retryAfter, Math.ceil(clock.jitter(longestPause(attempt) * 1_000) / 1_000))
  }

  /** One message. `undefined`: it is over; else in how many seconds it comes again. */
  async function one(record: SQSRecord, end: number): Promise<number | undefined> {
    const id = randomUUID()
    const attempt = Number(record.attributes.ApproximateReceiveCount)
    const deadline = Math.min(clock.now() + timeout * 1_000, end - closing)
    // The rest is for the record of its failure.
    const arrived = await soon(clock, deadline - reserve, () => arrive(record).catch((error: unknown): Arrived => ({ message: {}, read: () => { throw asFault(error) } })))
    const { message, read, request } = arrived ?? unopened(record.body, late)
    const ended = await run({
      id, deadline, message, read: attempt > trigger.attempts ? unknown : read,
      waited: { message: idOf(record), attempt, ...firstOf(record) !== undefined && { redriven: true }, ...request !== undefined && { request } },
    })
    const until = end - closing / 5
    const { fault } = ended
    // Accepted before is done: only its sender, if it asks, is told that this one was not needed.
    if (fault === undefined || fault.code === 'DUPLICATE') {
      if (request !== undefined) await outcomes?.tell(request, ended, id, until)
      return undefined
    }
    const last = attempt >= trigger.attempts
    const buried = (last || !faults[fault.code].retry) && await bury(until, record, fault, id)
    if ((buried || last) && request !== undefined) await outcomes?.tell(request, ended, id, until)
    if (buried) return undefined
    const seconds = pause(attempt, fault)
    await again(until, record, seconds)
    return seconds
  }

  return async ({ Records }, context) => {
    const end = clock.now() + context.getRemainingTimeInMillis()
    const failed: string[] = []
    /** Groups of which a message failed, and in how many seconds it comes again. */
    const held = new Map<string, number>()
    for (const [i, record] of Records.entries()) {
      const group = ordered ? record.attributes.MessageGroupId ?? '' : undefined
      const behind = group === undefined ? undefined : held.get(group)
      const begun = behind === undefined && (i === 0 || end - clock.now() + slack >= timeout * 1_000)
      let seconds: number | undefined = behind ?? 0
      try {
        if (begun) seconds = await one(record, end)
        else await again(end - closing / 5, record, seconds)
      } catch {
        // Left to the queue's own visibility timeout.
      }
      if (seconds === undefined) continue
      failed.push(record.messageId)
      if (group !== undefined && !held.has(group)) held.set(group, seconds)
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }
}
