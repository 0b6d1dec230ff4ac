import { Aws } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import { deadQueueOf, queueOf } from 'sallyport'
import type { Measures } from './measures.ts'
import type { Names } from './names.ts'
import type { Queued } from './queues.ts'

/** A kind of alarm. Its heading ends the alarm's name and is a heading of docs/runbook.md, spelled alike; a test holds it. */
export interface AlarmKind {
  readonly heading: string
  readonly meaning: string
  /** At least so many within five minutes; of what waits, seconds. */
  readonly threshold: number
}

export const alarmKinds = {
  ours: { heading: 'Faults of ours', meaning: 'executions ended with a fault that is ours to mend', threshold: 1 },
  partner: { heading: 'Partner faults', meaning: 'a partner refused, failed or did not answer', threshold: 5 },
  doubt: { heading: 'In doubt', meaning: 'a message met an earlier attempt whose outcome nobody knows', threshold: 1 },
  doubts: { heading: 'Doubts waiting', meaning: 'claims wait for a person to say whether they were done', threshold: 1 },
  unconfirmed: { heading: 'Unconfirmed', meaning: 'a good outcome could not be recorded in the ledger', threshold: 1 },
  crashes: { heading: 'Crashes', meaning: 'the function ended without a reply: out of memory, out of time, or an exception nobody caught', threshold: 1 },
  throttled: { heading: 'Throttled', meaning: 'Lambda turned invocations away', threshold: 1 },
  api: { heading: 'API errors', meaning: 'the API answered 5xx', threshold: 10 },
  ledger: { heading: 'Ledger throttled', meaning: 'DynamoDB turned writes to the ledger away', threshold: 1 },
  dead: { heading: 'Dead letters', meaning: 'messages lie in the dead-letter queue, which nobody works on', threshold: 1 },
  waiting: { heading: 'Messages waiting', meaning: 'the oldest message of the queue has waited for ten minutes', threshold: 600 },
  recorded: { heading: 'Failures recorded', meaning: 'messages failed, and records of them wait to be run again', threshold: 10 },
} as const satisfies Readonly<Record<string, AlarmKind>>

const anchor = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-')

/** Where alarms are told. Encrypted under the log key; only over TLS. */
export function alarmTopic(scope: Construct, { names, key, email }: { readonly names: Names; readonly key: IKey; readonly email?: string | undefined }): Topic {
  const topic = new Topic(scope, 'Alarms', { topicName: `${names.prefix}-alarms`, displayName: `Sallyport ${names.prefix}`, masterKey: key, enforceSSL: true })
  // A topic with a policy has lost the one it is born with, by which alarms of the account may publish.
  topic.addToResourcePolicy(new PolicyStatement({
    sid: 'AlarmsOfThisAccount', principals: [new ServicePrincipal('cloudwatch.amazonaws.com')], actions: ['sns:Publish'], resources: [topic.topicArn],
    conditions: { ArnLike: { 'aws:SourceArn': `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:*` } },
  }))
  if (email !== undefined) topic.addSubscription(new EmailSubscription(email))
  return topic
}

/** Every alarm of the app. */
export function alarms(scope: Construct, { names, measures, pipelines, queued, recording, functions, apiId, ledger, topic, runbook }: {
  readonly names: Names
  readonly measures: Measures
  readonly pipelines: readonly string[]
  readonly queued: readonly Queued[]
  /** Pipelines that keep records of failures. */
  readonly recording: readonly string[]
  readonly functions: readonly string[]
  readonly apiId: string
  readonly ledger: string
  readonly topic: Topic
  readonly runbook: string
}): Alarm[] {
  const action = new SnsAction(topic)
  const alarm = (kind: keyof typeof alarmKinds, metric: IMetric, who?: string): Alarm => {
    const { heading, meaning, threshold } = alarmKinds[kind]
    const made = new Alarm(scope, `${who === undefined ? '' : `${who}-`}${kind}-Alarm`, {
      alarmName: `${names.prefix} ${who === undefined ? '' : `${who}: `}${heading}`,
      alarmDescription: `${who ?? names.prefix}: ${meaning}. ${runbook}#${anchor(heading)}`,
      metric, threshold, evaluationPeriods: 1, comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // No message, no trouble: the numbers exist only where there were lines.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    made.addAlarmAction(action)
    return made
  }
  return [
    ...pipelines.flatMap((name) => [
      alarm('ours', measures.faults(name, 'us'), name),
      alarm('partner', measures.faults(name, 'partner'), name),
      alarm('doubt', measures.uncertain(name, 'IN_DOUBT'), name),
      alarm('unconfirmed', measures.uncertain(name, 'UNCONFIRMED'), name),
    ]),
    ...queued.flatMap((pipeline) => [
      alarm('dead', measures.dead(names.queue(deadQueueOf(pipeline))), pipeline.name),
      alarm('waiting', measures.waiting(names.queue(queueOf(pipeline))), pipeline.name),
    ]),
    ...recording.map((name) => alarm('recorded', measures.recorded(name), name)),
    ...functions.flatMap((name) => [alarm('crashes', measures.crashes(name), name), alarm('throttled', measures.throttles(name), name)]),
    ...functions.includes('ledger') ? [alarm('doubts', measures.doubts())] : [],
    alarm('api', measures.api(apiId, '5xx')),
    alarm('ledger', measures.table(ledger, 'WriteThrottleEvents')),
  ]
}
