import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { CfnRule } from 'aws-cdk-lib/aws-events'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption, RedrivePermission, type QueuePolicy, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { deadQueueOf, isQueued, queueOf, visibilityOf, waitingDays, type Pipeline, type QueuedTrigger } from 'sallyport'
import type { Names } from './names.ts'
import type { State } from './state.ts'

/** A pipeline whose messages wait. */
export type Queued = Pipeline & { readonly trigger: QueuedTrigger }

export const hasQueue = (pipeline: Pipeline): pipeline is Queued => isQueued(pipeline.trigger)

/** Seconds that an invocation may take. */
export const invocationSeconds = ({ timeout, trigger: { batch } }: Queued): number => timeout * batch

/**
 * The queue of a pipeline and its dead-letter queue, by the names of their resources; under a customer key, over TLS alone.
 * Whoever may send is said by IAM; of events, the rule of the pipeline alone.
 */
export function waitingQueues(scope: Construct, pipeline: Queued, { names, key, removalPolicy }: {
  readonly names: Names
  readonly key: IKey
  readonly removalPolicy: RemovalPolicy
}): readonly (readonly [name: string, queue: Queue])[] {
  const { trigger } = pipeline
  const [waiting, dead] = [queueOf(pipeline), deadQueueOf(pipeline)]
  const alike = (queueName: string): QueueProps => ({
    queueName, encryption: QueueEncryption.KMS, encryptionMasterKey: key, enforceSSL: true, removalPolicy, ...waiting.fifo && { fifo: true },
  })
  const deadQueue = new Queue(scope, `${dead.name}-queue`, {
    ...alike(names.queue(dead)), retentionPeriod: Duration.days(14),
    // By its name: the two would wait for each other.
    redriveAllowPolicy: { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues: [Queue.fromQueueArn(scope, `${waiting.name}-source`, names.queueArn(waiting))] },
  })
  const queue = new Queue(scope, `${waiting.name}-queue`, {
    ...alike(names.queue(waiting)), retentionPeriod: Duration.days(waitingDays),
    // The function itself puts away what fails on its last attempt; once more it is brought there when it was killed in it.
    deadLetterQueue: { queue: deadQueue, maxReceiveCount: trigger.attempts + 1 },
    visibilityTimeout: Duration.seconds(visibilityOf(pipeline)),
  })
  if (trigger.kind === 'event') {
    for (const each of [queue, deadQueue]) {
      each.addToResourcePolicy(new PolicyStatement({
        sid: 'EventsOfItsRule', principals: [new ServicePrincipal('events.amazonaws.com')], actions: ['sqs:SendMessage'], resources: [each.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': names.ruleArn(pipeline.name) } },
      }))
    }
  }
  // Kept as long as the queue: one without its policy would answer without TLS.
  for (const each of [queue, deadQueue]) (each.node.tryFindChild('Policy') as QueuePolicy | undefined)?.applyRemovalPolicy(removalPolicy)
  return [[waiting.name, queue], [dead.name, deadQueue]]
}

/** What brings messages to the function of a pipeline: Lambda, which polls its queue, and the rule that puts events there. */
export function feed(scope: Construct, pipeline: Queued, lambda: IFunction, { names, state }: { readonly names: Names; readonly state: State }): void {
  const { name, trigger } = pipeline
  const { arn } = state.place(queueOf(pipeline))
  new EventSourceMapping(scope, `${name}-Messages`, {
    target: lambda, eventSourceArn: arn, batchSize: trigger.batch, reportBatchItemFailures: true,
    ...trigger.concurrency !== undefined && { maxConcurrency: trigger.concurrency },
  })
  if (trigger.kind !== 'event') return
  new CfnRule(scope, `${name}-Rule`, {
    name: names.function(name), description: `Events for ${names.function(name)}`, eventPattern: trigger.pattern,
    targets: [{ id: 'queue', arn, deadLetterConfig: { arn: state.place(deadQueueOf(pipeline)).arn } }],
  })
}
