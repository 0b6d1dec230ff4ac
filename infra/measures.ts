import { Duration } from 'aws-cdk-lib'
import { Metric, Unit } from 'aws-cdk-lib/aws-cloudwatch'
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Names } from './names.ts'

/**
 * What the one line per execution is counted by. Three filters a function rather than one a number: their dimensions
 * are read from the line, and a stack takes 500 resources.
 */
export function countLines(scope: Construct, name: string, logGroup: ILogGroup, names: Names, doors = false): void {
  const executions = '$.event = "execution"'
  // Where messages wait, the door may fail by itself.
  const all = doors ? `(${executions} || $.event = "door")` : executions
  const filter = (metricName: string, pattern: string, dimensions: Record<string, string>, metricValue: string, unit: Unit, events = executions): MetricFilter =>
    new MetricFilter(scope, `${name}-${metricName}`, {
      logGroup, metricNamespace: namespace(names), metricName, metricValue, unit, filterPattern: FilterPattern.literal(`{ ${events} && ${pattern} }`),
      dimensions: { Pipeline: '$.pipeline', ...dimensions },
    })
  filter('Duration', '$.ms >= 0', {}, '$.ms', Unit.MILLISECONDS)
  filter('Faults', '$.outcome = "fault"', { Blame: '$.blame' }, '1', Unit.COUNT, all)
  filter('Uncertain', '($.fault = "IN_DOUBT" || $.fault = "UNCONFIRMED")', { Fault: '$.fault' }, '1', Unit.COUNT)
}

/** Failures of a pipeline that left a record, or renewed one. */
export function countRecords(scope: Construct, name: string, logGroup: ILogGroup, names: Names): void {
  new MetricFilter(scope, `${name}-Recorded`, {
    logGroup, metricNamespace: namespace(names), metricName: 'Recorded', metricValue: '1', unit: Unit.COUNT,
    filterPattern: FilterPattern.literal('{ $.event = "execution" && $.recorded IS TRUE }'), dimensions: { Pipeline: '$.pipeline' },
  })
}

/** What waits for a person, as each sweep of the ledger counts it. */
export function countDoubts(scope: Construct, logGroup: ILogGroup, names: Names): void {
  new MetricFilter(scope, 'ledger-Doubts', {
    logGroup, metricNamespace: namespace(names), metricName: 'Doubts', metricValue: '$.waiting', unit: Unit.COUNT, filterPattern: FilterPattern.literal('{ $.event = "sweep" && $.waiting >= 0 }'),
  })
}

const namespace = ({ prefix }: Names): string => `Sallyport/${prefix}`
const period = Duration.minutes(5)

/** The numbers that alarms and the dashboard read. */
export const measuresOf = (names: Names) => {
  const own = (metricName: string, statistic: string, dimensionsMap: Record<string, string>): Metric =>
    new Metric({ namespace: namespace(names), metricName, dimensionsMap, statistic, period })
  const aws = (namespace: string, metricName: string, dimensionsMap: Record<string, string>): Metric =>
    new Metric({ namespace: `AWS/${namespace}`, metricName, dimensionsMap, statistic: 'Sum', period })
  return {
    executions: (Pipeline: string) => own('Duration', 'SampleCount', { Pipeline }),
    duration: (Pipeline: string, statistic: 'p50' | 'p99') => own('Duration', statistic, { Pipeline }),
    faults: (Pipeline: string, Blame: 'us' | 'partner' | 'sender') => own('Faults', 'Sum', { Pipeline, Blame }),
    uncertain: (Pipeline: string, Fault: 'IN_DOUBT' | 'UNCONFIRMED') => own('Uncertain', 'Sum', { Pipeline, Fault }),
    recorded: (Pipeline: string) => own('Recorded', 'Sum', { Pipeline }),
    doubts: () => own('Doubts', 'Maximum', {}),
    crashes: (name: string) => aws('Lambda', 'Errors', { FunctionName: names.function(name) }),
    throttles: (name: string) => aws('Lambda', 'Throttles', { FunctionName: names.function(name) }),
    api: (ApiId: string, metricName: '4xx' | '5xx' | 'Count') => aws('ApiGateway', metricName, { ApiId }),
    /** `dead`: messages that lie there. `waiting`: seconds that the oldest has waited. */
    dead: (QueueName: string) => aws('SQS', 'ApproximateNumberOfMessagesVisible', { QueueName }).with({ statistic: 'Maximum' }),
    waiting: (QueueName: string) => aws('SQS', 'ApproximateAgeOfOldestMessage', { QueueName }).with({ statistic: 'Maximum' }),
    table: (TableName: string, metricName: 'ConsumedWriteCapacityUnits' | 'WriteThrottleEvents') => aws('DynamoDB', metricName, { TableName }),
  }
}

export type Measures = ReturnType<typeof measuresOf>
