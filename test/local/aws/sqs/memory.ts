import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient, type Message, type ReceiveMessageCommandInput, type SendMessageCommandInput } from '@aws-sdk/client-sqs'
import { MemoryAws } from '../../../../testing/aws.ts'
import { StillClock } from '../../../../testing/clock.ts'

/** The stand-in on a clock that the test moves. */
export function memory() {
  const clock = new StillClock(Date.UTC(2026, 0, 1))
  const aws = new MemoryAws(clock)
  const sqs = new SQSClient(aws.administration())
  return {
    clock, aws, sqs,
    create: async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> => (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '',
    send: (QueueUrl: string, MessageBody: string, extra: Partial<SendMessageCommandInput> = {}) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...extra })),
    receive: async (QueueUrl: string, extra: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> =>
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'], ...extra }))).Messages ?? [],
  }
}
export const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body)
