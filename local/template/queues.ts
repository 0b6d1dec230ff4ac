import type { Found, Template } from './template.ts'

/** A queue as the template wants it. */
export interface WantedQueue {
  readonly found: Found
  readonly name: string
  readonly arn: string
  /** As the API takes them, without those that name another queue. */
  readonly attributes: Readonly<Record<string, string>>
  /** `RedrivePolicy` and `RedriveAllowPolicy`: for when all queues are there. */
  readonly redrive: Readonly<Record<string, string>>
  /** Resolved when it is asked for: it names queues by URLs, which only creating them tells. */
  readonly policy: () => object | undefined
}

const plain = [
  'DelaySeconds', 'MaximumMessageSize', 'MessageRetentionPeriod', 'ReceiveMessageWaitTimeSeconds', 'VisibilityTimeout', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled', 'FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit',
]
const policies = ['RedrivePolicy', 'RedriveAllowPolicy']

function attributeTexts(wanted: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = wanted[name]
    // The API has no FifoQueue=false.
    if (value === undefined || (name === 'FifoQueue' && value === false)) return []
    return [[name, typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`]]
  }))
}

/** The template's queues. Their KMS keys must have been created. */
export function queuesOf(template: Template): WantedQueue[] {
  const documents = template.ofType('AWS::SQS::QueuePolicy')
  return template.ofType('AWS::SQS::Queue').map((found) => {
    const wanted = template.properties(found)
    for (const member of Object.keys(wanted)) {
      if (![...plain, ...policies, 'QueueName', 'Tags'].includes(member)) throw new Error(`queue ${found.id}: the local run does not know ${member}`)
    }
    return {
      found,
      name: template.att(found, 'QueueName'),
      arn: template.att(found, 'Arn'),
      attributes: attributeTexts(wanted, plain),
      redrive: attributeTexts(wanted, policies),
      policy() {
        const url = template.ref(found)
        const own = documents.filter((policy) => (template.property(policy, 'Queues') as string[]).includes(url))
        if (own.length > 1) throw new Error(`queue ${found.id} has more than one policy, and SQS keeps one`)
        return own[0] && template.property(own[0], 'PolicyDocument') as object
      },
    }
  })
}
