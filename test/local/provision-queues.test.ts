import { GetQueueAttributesCommand, ListDeadLetterSourceQueuesCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provisionQueues } from '../../local/provision-queues.ts'
import type { RawResource } from '../../local/template/assembly.ts'
import { eventSourcesOf } from '../../local/template/event-sources.ts'
import { queuesOf } from '../../local/template/queues.ts'
import { template, type Template } from '../../local/template/template.ts'
import { account, admin, region, standIn } from './aws/harness.ts'

const read = (Resources: Record<string, RawResource>) => template({ folder: '/out', stacks: { app: { Resources } } }, { region, account })
const queue = (Properties: object): RawResource => ({ Type: 'AWS::SQS::Queue', Properties: { ...Properties } })
const arn = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`

const resources = (more: Record<string, RawResource> = {}): Record<string, RawResource> => ({
  // The dead-letter queue comes later, as CDK may order them.
  work: queue({
    QueueName: 'loans', VisibilityTimeout: 90, KmsMasterKeyId: 'alias/aws/sqs', Tags: [{ Key: 'a', Value: 'b' }],
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['dead', 'Arn'] }, maxReceiveCount: 3 },
  }),
  dead: queue({ QueueName: 'loans-dead' }),
  order: queue({ FifoQueue: true, ContentBasedDeduplication: true }),
  policy: { Type: 'AWS::SQS::QueuePolicy', Properties: {
    Queues: [{ Ref: 'work' }, { Ref: 'dead' }],
    PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sqs:*', Resource: { 'Fn::GetAtt': ['work', 'Arn'] }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] },
  } },
  role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } },
  fn: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'f', Timeout: 90, Role: { 'Fn::GetAtt': ['role', 'Arn'] }, Environment: { Variables: { QUEUE: { Ref: 'work' } } } } },
  ...more,
})
const mapping = (Properties: object): Record<string, RawResource> => ({ map: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { EventSourceArn: { 'Fn::GetAtt': ['work', 'Arn'] }, FunctionName: { Ref: 'fn' }, ...Properties } } })

let aws: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => { aws = await standIn([admin]) })
afterAll(() => aws.close())
const attributes = async (QueueUrl: string) => (await aws.as('admin').sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {}
const provisioned = async (resources: Record<string, RawResource>): Promise<Template> => {
  const subject = read(resources)
  await provisionQueues(subject, aws.as('admin').sqs)
  return subject
}
const urlOf = (subject: Template, id: string): string => subject.ref(subject.ofType('AWS::SQS::Queue').find((found) => found.id === id) ?? (() => { throw new Error(id) })())

describe('the queues of a template', () => {
  test('have ARNs before they are there, and URLs afterwards', async () => {
    const before = read(resources())
    expect(queuesOf(before).map((each) => each.arn)).toEqual([arn('loans'), arn('loans-dead'), arn('app-order.fifo')])
    const [fn] = before.ofType('AWS::Lambda::Function')
    expect(() => fn && before.properties(fn)).toThrow('app/work is referred to before it is created')
    const after = await provisioned(resources())
    expect(fn && after.property(fn, 'Environment')).toEqual({ Variables: { QUEUE: `http://127.0.0.1:${aws.port}/${account}/loans` } })
  })

  test('are created with their attributes, dead-letter queues and policies, again and again', async () => {
    await provisioned(resources())
    const subject = await provisioned(resources())
    const loans = await attributes(urlOf(subject, 'work'))
    expect(loans).toMatchObject({ VisibilityTimeout: '90', KmsMasterKeyId: 'alias/aws/sqs', RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('loans-dead'), maxReceiveCount: 3 }) })
    expect(JSON.parse(loans['Policy'] ?? '')).toMatchObject({ Statement: [{ Effect: 'Deny', Resource: arn('loans') }] })
    expect(await attributes(urlOf(subject, 'order'))).toMatchObject({ FifoQueue: 'true', ContentBasedDeduplication: 'true' })
    const { queueUrls } = await aws.as('admin').sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: urlOf(subject, 'dead') }))
    expect(queueUrls).toEqual([urlOf(subject, 'work')])
  })

  test('lose what the template has no more, and take what it has now', async () => {
    await provisioned(resources())
    const { policy: _, ...rest } = resources({ work: queue({ QueueName: 'loans', VisibilityTimeout: 120 }) })
    const loans = await attributes(urlOf(await provisioned(rest), 'work'))
    expect(loans).toMatchObject({ VisibilityTimeout: '120' })
    expect(loans).not.toHaveProperty('Policy')
    expect(loans).not.toHaveProperty('RedrivePolicy')
  })

  test('are refused with what the local run does not know, and with two policies', async () => {
    expect(() => queuesOf(read({ work: queue({ Colour: 'red' }) }))).toThrow('queue work: the local run does not know Colour')
    const policy = resources()['policy'] as RawResource
    await expect(provisioned(resources({ second: policy }))).rejects.toThrow('queue work has more than one policy, and SQS keeps one')
  })
})

describe('event sources', () => {
  test('are read as Lambda would run them', async () => {
    const subject = await provisioned(resources(mapping({ BatchSize: 5, FunctionResponseTypes: ['ReportBatchItemFailures'], ScalingConfig: { MaximumConcurrency: 4 } })))
    expect(eventSourcesOf(subject)).toEqual([{
      id: 'app/map', queueArn: arn('loans'), queueUrl: `http://127.0.0.1:${aws.port}/${account}/loans`, function: 'f', batchSize: 5, windowSeconds: 0, reportsFailures: true, concurrency: 4,
    }])
    const [usual] = eventSourcesOf(await provisioned(resources(mapping({ FunctionName: { 'Fn::GetAtt': ['fn', 'Arn'] } }))))
    expect(usual).toMatchObject({ function: 'f', batchSize: 10, windowSeconds: 0, reportsFailures: false })
    expect(usual).not.toHaveProperty('concurrency')
    expect(eventSourcesOf(await provisioned(resources(mapping({ Enabled: false }))))).toEqual([])
  })

  test.each([
    [{ FilterCriteria: { Filters: [] } }, 'event source app/map: the local run does not know FilterCriteria'],
    [{ EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/s' }, 'event source app/map reads no queue of the template, and the local run knows nothing else'],
    [{ FunctionName: 'other' }, 'event source app/map leads to no function of the template'],
    [{ FunctionResponseTypes: ['Other'] }, 'does not know the response type Other'],
    [{ BatchSize: 11 }, 'a BatchSize above 10 wants a MaximumBatchingWindowInSeconds of at least 1'],
    [{ BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 }, 'BatchSize must be from 1 to 10000'],
    [{ MaximumBatchingWindowInSeconds: 301 }, 'MaximumBatchingWindowInSeconds must be from 0 to 300'],
    [{ EventSourceArn: { 'Fn::GetAtt': ['order', 'Arn'] }, MaximumBatchingWindowInSeconds: 1 }, 'a FIFO queue has none'],
    [{ ScalingConfig: { MaximumConcurrency: 1 } }, 'MaximumConcurrency must be from 2 to 1000'],
    [{ EventSourceArn: { 'Fn::GetAtt': ['dead', 'Arn'] } }, "Lambda refuses a queue whose visibility timeout (30 seconds) is less than the function's timeout (90 seconds)"],
  ])('%j is refused in a sentence', async (properties, sentence) => {
    const subject = await provisioned(resources(mapping(properties)))
    expect(() => eventSourcesOf(subject)).toThrow(sentence)
  })
})
