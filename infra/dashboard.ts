import { Dashboard, GraphWidget, TextWidget, type Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { deadQueueOf, queueOf } from 'sallyport'
import type { Measures } from './measures.ts'
import type { Names } from './names.ts'
import type { Queued } from './queues.ts'

/** One row a pipeline, one more where its messages wait, one for failures of which there are records, then the door and the ledger. Counts and durations only: nothing of a message is a metric. */
export function dashboard(scope: Construct, { names, measures, pipelines, queued, recording, apiId, ledger }: {
  readonly names: Names
  readonly measures: Measures
  readonly pipelines: readonly string[]
  readonly queued: readonly Queued[]
  /** Pipelines that keep records of failures. */
  readonly recording: readonly string[]
  readonly apiId: string
  readonly ledger: string
}): Dashboard {
  const graph = (title: string, lines: Readonly<Record<string, Metric>>, width: number, yLabel: string): GraphWidget => new GraphWidget({
    title, left: Object.entries(lines).map(([label, metric]) => metric.with({ label })), width, height: 6, leftYAxis: { min: 0, label: yLabel, showUnits: false },
  })
  return new Dashboard(scope, 'Dashboard', {
    dashboardName: names.prefix,
    widgets: [
      [new TextWidget({ markdown: `# ${names.prefix}\nAlarms and what to do: docs/runbook.md`, width: 24, height: 2 })],
      ...pipelines.map((name) => [
        graph(`${name}: executions`, { executions: measures.executions(name) }, 8, 'executions'),
        graph(`${name}: faults by blame`, { us: measures.faults(name, 'us'), partner: measures.faults(name, 'partner'), sender: measures.faults(name, 'sender') }, 8, 'faults'),
        graph(`${name}: duration`, { p50: measures.duration(name, 'p50'), p99: measures.duration(name, 'p99') }, 8, 'ms'),
      ]),
      ...queued.map((pipeline) => [
        graph(`${pipeline.name}: oldest message waiting`, { seconds: measures.waiting(names.queue(queueOf(pipeline))) }, 12, 'seconds'),
        graph(`${pipeline.name}: dead letters`, { messages: measures.dead(names.queue(deadQueueOf(pipeline))) }, 12, 'messages'),
      ]),
      ...recording.length === 0 ? [] : [[
        graph('Failures recorded', Object.fromEntries(recording.map((name) => [name, measures.recorded(name)])), 12, 'failures'),
        graph('Doubts waiting', { doubts: measures.doubts() }, 12, 'doubts'),
      ]],
      [
        graph('API', { requests: measures.api(apiId, 'Count'), '4xx': measures.api(apiId, '4xx'), '5xx': measures.api(apiId, '5xx') }, 12, 'requests'),
        graph('Ledger', { writes: measures.table(ledger, 'ConsumedWriteCapacityUnits'), throttled: measures.table(ledger, 'WriteThrottleEvents') }, 12, 'writes'),
      ],
    ],
  })
}
