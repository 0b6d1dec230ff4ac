import { randomUUID } from 'node:crypto'
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs'
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda'
import { deadQueueOf, queueOf, visibilityOf, type Environment, type Pipeline, type QueuedTrigger } from 'sallyport'
import type { Place } from './resources.ts'

export type Queued = Pipeline & { readonly trigger: QueuedTrigger }
export const isQueuedPipeline = (pipeline: Pipeline): pipeline is Queued => pipeline.trigger.kind !== 'http'

/** A message that lies in a dead-letter queue. */
export interface DeadLetter {
  readonly body: string
  /** Of its attributes: why it was put there, and by which execution. Undefined: SQS did it, since no function did in time. */
  readonly fault: string | undefined
  readonly execution: string | undefined
  /** The id under which it was first known, and is again when it is driven back. */
  readonly first: string | undefined
}

/** The queues of a pipeline, as infra/queues.ts has them. */
export class Queues {
  readonly #client: SQSClient

  constructor(admin: Environment) {
    this.#client = admin.client(SQSClient)
  }

  /** Both, by the names of their resources. */
  async create(pipeline: Queued): Promise<readonly (readonly [name: string, place: Place])[]> {
    const { trigger } = pipeline
    const [waiting, dead] = [queueOf(pipeline), deadQueueOf(pipeline)]
    const physical = (name: string): string => `${name}${waiting.fifo ? '.fifo' : ''}`
    const fifo = waiting.fifo ? { FifoQueue: 'true' } : undefined
    const buried = await this.#make(physical(dead.name), { ...fifo })
    const queue = await this.#make(physical(waiting.name), {
      ...fifo, VisibilityTimeout: String(visibilityOf(pipeline)), RedrivePolicy: JSON.stringify({ deadLetterTargetArn: buried.arn, maxReceiveCount: trigger.attempts + 1 }),
    })
    return [[waiting.name, queue], [dead.name, buried]]
  }

  async #make(QueueName: string, Attributes: Record<string, string>): Promise<Place> {
    const { QueueUrl } = await this.#client.send(new CreateQueueCommand({ QueueName, Attributes }))
    const { Attributes: { QueueArn = '' } = {} } = await this.#client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
    return { address: QueueUrl ?? '', arn: QueueArn }
  }

  /** Its id. */
  async send(QueueUrl: string, { trigger }: Queued, body: string, group: string | undefined): Promise<string> {
    const fifo = trigger.kind === 'queue' && trigger.fifo === true
    const { MessageId } = await this.#client.send(new SendMessageCommand({
      QueueUrl, MessageBody: body, ...fifo && { MessageGroupId: group ?? 'group', MessageDeduplicationId: randomUUID() },
    }))
    return MessageId ?? ''
  }

  /** The next one that is visible, as Lambda hands it over. */
  async receive(QueueUrl: string, arn: string): Promise<SQSRecord | undefined> {
    const { Messages: [message] = [] } = await this.#client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] }))
    return message && recordOf(message, arn)
  }

  async delete(QueueUrl: string, { receiptHandle: ReceiptHandle }: SQSRecord): Promise<void> {
    await this.#client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  }

  /** Moves all that lies in one queue into another, where each is a new message. Gives how many. */
  async move(from: string, to: string): Promise<number> {
    for (let moved = 0; ; moved++) {
      const { Messages: [message] = [] } = await this.#client.send(new ReceiveMessageCommand({ QueueUrl: from, MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['MessageGroupId'], MessageAttributeNames: ['All'] }))
      if (message === undefined) return moved
      const { Body, ReceiptHandle, MessageAttributes, Attributes: { MessageGroupId } = {} } = message
      await this.#client.send(new SendMessageCommand({ QueueUrl: to, MessageBody: Body, MessageAttributes, ...MessageGroupId !== undefined && { MessageGroupId, MessageDeduplicationId: randomUUID() } }))
      await this.#client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle }))
    }
  }

  /** All that lies there; it stays. */
  async dead(QueueUrl: string): Promise<DeadLetter[]> {
    const letters = new Map<string, DeadLetter>()
    for (;;) {
      const { Messages = [] } = await this.#client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1, MessageAttributeNames: ['All'] }))
      if (Messages.length === 0) return [...letters.values()]
      for (const { MessageId = '', Body = '', MessageAttributes: { first, fault, execution } = {} } of Messages) letters.set(MessageId, { body: Body, fault: fault?.StringValue, execution: execution?.StringValue, first: first?.StringValue })
    }
  }
}

function recordOf({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {}, MessageAttributes = {}, MD5OfBody = '' }: Message, eventSourceARN: string): SQSRecord {
  const messageAttributes: SQSMessageAttributes = Object.fromEntries(Object.entries(MessageAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [name, {
    dataType: DataType, ...StringValue !== undefined && { stringValue: StringValue }, ...BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') },
  }]))
  return {
    messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes as unknown as SQSRecord['attributes'], messageAttributes,
    md5OfBody: MD5OfBody, eventSource: 'aws:sqs', eventSourceARN, awsRegion: 'us-east-1',
  }
}
