import { CreateQueueCommand, GetQueueUrlCommand, SetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { isNamed } from './clients.ts'
import { queuesOf, type WantedQueue } from './template/queues.ts'
import type { Template } from './template/template.ts'

async function existing(sqs: SQSClient, { name }: WantedQueue): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl
  } catch (error) {
    if (isNamed(error, 'QueueDoesNotExist')) return undefined
    throw error
  }
}

/** What an attribute of an earlier run is taken off by. */
const erased = { Policy: '', RedrivePolicy: '', RedriveAllowPolicy: '' }

/** Creates the template's queues where they are missing; attributes and policies are set at every start. */
export async function provisionQueues(template: Template, sqs: SQSClient): Promise<void> {
  const wanted = queuesOf(template)
  const made: { readonly queue: WantedQueue; readonly url: string }[] = []
  for (const queue of wanted) {
    const before = await existing(sqs, queue)
    const url = before ?? (await sqs.send(new CreateQueueCommand({ QueueName: queue.name, Attributes: queue.attributes }))).QueueUrl
    if (url === undefined) throw new Error(`SQS gave no queue for ${queue.name}`)
    template.created(queue.found, { ref: url, atts: { Arn: queue.arn, QueueName: queue.name } })
    made.push({ queue, url })
  }
  // Dead-letter queues and URLs may be those of queues that came later.
  for (const { queue, url } of made) {
    const { FifoQueue: _, ...attributes } = queue.attributes
    const policy = queue.policy()
    const own = { ...attributes, ...queue.redrive, ...policy && { Policy: JSON.stringify(policy) } }
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { ...erased, ...own } }))
  }
}
