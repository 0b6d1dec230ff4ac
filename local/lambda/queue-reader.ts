import { setTimeout as pause } from 'node:timers/promises'
import { DeleteMessageBatchCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs'
import type { EventSource } from './event-source.ts'
import type { LambdaFunction, Outcome } from './function.ts'
import { batchesOf, failuresIn, type Batch } from './sqs-event.ts'

/** What a reader needs of the outside. */
export interface Reading {
  readonly endpoint: string
  readonly region: string
  readonly invoke: (name: string, event: string) => Promise<Outcome>
  /** Told once why a queue is not read. */
  readonly note: (sentence: string) => void
}

/** Reads one queue for one function, until it is stopped. */
export interface QueueReader {
  /** Ends the waiting at once; what was handed to the function is left to it. */
  stop(): void
}

const longPollSeconds = 20
/** Five is what Lambda begins with. */
const usualConcurrency = 5
const pauses = [200, 500, 1_000, 2_000]

/** Names of AWS alone: no message of a request is repeated. */
const nameOf = (error: unknown): string => error instanceof Error ? error.name : 'Error'
/** What no second attempt changes while policies and queues stay as they are. */
const lasting = /^(?:AccessDenied|Kms|QueueDoesNotExist|UnrecognizedClient|InvalidSignature)/

export function readQueue(source: EventSource, credentials: LambdaFunction['credentials'], { endpoint, region, invoke, note }: Reading): QueueReader {
  // With the role's keys, as Lambda does: what its policies lack is lacking here too.
  const client = new SQSClient({ endpoint, region, credentials: { ...credentials } })
  const stopping = new AbortController()
  const { signal: abortSignal } = stopping
  const { queueUrl: QueueUrl, queueArn, batchSize, windowSeconds, reportsFailures, concurrency = usualConcurrency } = source
  const told = new Map<string, string>()
  let running = 0
  let free: (() => void) | undefined

  function tell(action: string, error: unknown): void {
    const name = nameOf(error)
    if (!lasting.test(name) || told.get(action) === name) return
    told.set(action, name)
    note(`${source.function} cannot read ${queueArn}: ${action} gives ${name}`)
  }

  /** Again and again, with pauses that grow: the endpoint may be starting, or a policy be on its way. */
  async function patiently<T>(action: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; !abortSignal.aborted; attempt += 1) {
      try {
        const done = await work()
        told.delete(action)
        return done
      } catch (error) {
        if (abortSignal.aborted) break
        tell(action, error)
        await pause(pauses[Math.min(attempt, pauses.length - 1)], undefined, { signal: abortSignal }).catch(() => undefined)
      }
    }
    return undefined
  }

  async function receive(most: number, seconds: number): Promise<readonly Message[]> {
    const received = await patiently('sqs:ReceiveMessage', () => client.send(new ReceiveMessageCommand({
      QueueUrl, MaxNumberOfMessages: Math.min(10, most), WaitTimeSeconds: seconds, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'],
    }), { abortSignal }))
    return received?.Messages ?? []
  }

  async function gather(): Promise<readonly Message[]> {
    const messages = [...await receive(batchSize, longPollSeconds)]
    const until = Date.now() + windowSeconds * 1_000
    while (messages.length > 0 && messages.length < batchSize && Date.now() < until && !abortSignal.aborted) {
      messages.push(...await receive(batchSize - messages.length, Math.min(longPollSeconds, Math.ceil((until - Date.now()) / 1_000))))
    }
    return messages
  }

  async function remove(messages: readonly Message[]): Promise<void> {
    for (let at = 0; at < messages.length; at += 10) {
      const Entries = messages.slice(at, at + 10).map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
      try {
        await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
        told.delete('sqs:DeleteMessage')
      } catch (error) {
        // They come again when their time is over.
        if (!abortSignal.aborted) tell('sqs:DeleteMessage', error)
      }
    }
  }

  async function hand({ messages, event }: Batch): Promise<void> {
    const outcome = await invoke(source.function, event)
    if (!outcome.ok) return
    const ids = new Set(messages.map(({ MessageId = '' }) => MessageId))
    const failed = reportsFailures ? failuresIn(outcome.payload, ids) : new Set<string>()
    if (failed) await remove(messages.filter(({ MessageId = '' }) => !failed.has(MessageId)))
  }

  async function start(batch: Batch): Promise<void> {
    running += 1
    try {
      await hand(batch)
    } catch {
      // There is no such function any more: the messages come again when their time is over.
    } finally {
      running -= 1
      free?.()
    }
  }

  const room = async (): Promise<void> => {
    while (running >= concurrency && !abortSignal.aborted) await new Promise<void>((resolve) => { free = resolve })
  }

  async function read(): Promise<void> {
    // Lambda asks for it when the mapping is made.
    await patiently('sqs:GetQueueAttributes', () => client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] }), { abortSignal }))
    while (!abortSignal.aborted) {
      await room()
      const messages = await gather()
      for (const batch of batchesOf(messages, queueArn)) {
        await room()
        void start(batch)
      }
    }
  }
  void read()

  return {
    stop() {
      stopping.abort()
      free?.()
      // What the function still does may have to be deleted: the client closes its sockets when they are idle.
      if (running === 0) client.destroy()
    },
  }
}
