import type { EventSource } from '../lambda/event-source.ts'
import type { Found, Template } from './template.ts'

const known = ['EventSourceArn', 'FunctionName', 'BatchSize', 'MaximumBatchingWindowInSeconds', 'FunctionResponseTypes', 'ScalingConfig', 'Enabled', 'Tags']

/** Throws what Lambda refuses when the mapping is created: see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
function refuseSizes(where: string, { batchSize, windowSeconds, concurrency, queueArn }: EventSource): void {
  const fifo = queueArn.endsWith('.fifo')
  if (batchSize < 1 || batchSize > (fifo ? 10 : 10_000)) throw new Error(`${where}: BatchSize must be from 1 to ${fifo ? '10 for a FIFO queue' : '10000'}`)
  if (batchSize > 10 && windowSeconds < 1) throw new Error(`${where}: a BatchSize above 10 wants a MaximumBatchingWindowInSeconds of at least 1`)
  if (windowSeconds > (fifo ? 0 : 300)) throw new Error(`${where}: MaximumBatchingWindowInSeconds must be from 0 to 300, and a FIFO queue has none`)
  if (concurrency !== undefined && (concurrency < 2 || concurrency > 1_000)) throw new Error(`${where}: MaximumConcurrency must be from 2 to 1000`)
}

/** The queues that Lambda reads for functions of the template. All must have been created. */
export function eventSourcesOf(template: Template): EventSource[] {
  const queues = new Map(template.ofType('AWS::SQS::Queue').map((found): [string, Found] => [template.att(found, 'Arn'), found]))
  const functions = template.ofType('AWS::Lambda::Function')
  return template.ofType('AWS::Lambda::EventSourceMapping').flatMap((found) => {
    const where = `event source ${found.stack}/${found.id}`
    const wanted = template.properties(found)
    for (const member of Object.keys(wanted)) if (!known.includes(member)) throw new Error(`${where}: the local run does not know ${member}`)
    const queue = queues.get(String(wanted['EventSourceArn']))
    if (queue === undefined) throw new Error(`${where} reads no queue of the template, and the local run knows nothing else`)
    const target = functions.find((fn) => [template.ref(fn), template.att(fn, 'Arn')].includes(String(wanted['FunctionName'])))
    if (target === undefined) throw new Error(`${where} leads to no function of the template`)
    const types = (wanted['FunctionResponseTypes'] ?? []) as string[]
    const strange = types.find((type) => type !== 'ReportBatchItemFailures')
    if (strange !== undefined) throw new Error(`${where}: the local run does not know the response type ${strange}`)
    const concurrency = (wanted['ScalingConfig'] as { MaximumConcurrency?: number } | undefined)?.MaximumConcurrency
    const source: EventSource = {
      id: `${found.stack}/${found.id}`, queueArn: template.att(queue, 'Arn'), queueUrl: template.ref(queue), function: template.ref(target),
      batchSize: Number(wanted['BatchSize'] ?? 10), windowSeconds: Number(wanted['MaximumBatchingWindowInSeconds'] ?? 0), reportsFailures: types.length > 0,
      ...concurrency !== undefined && { concurrency },
    }
    refuseSizes(where, source)
    const [hidden, timeout] = [Number(template.property(queue, 'VisibilityTimeout') ?? 30), Number(template.property(target, 'Timeout') ?? 3)]
    if (hidden < timeout) throw new Error(`${where}: Lambda refuses a queue whose visibility timeout (${hidden} seconds) is less than the function's timeout (${timeout} seconds)`)
    return wanted['Enabled'] === false ? [] : [source]
  })
}
