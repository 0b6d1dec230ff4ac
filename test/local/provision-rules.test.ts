import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provisionQueues } from '../../local/provision-queues.ts'
import { provisionRules } from '../../local/provision-rules.ts'
import { signed } from '../../local/signed-fetch.ts'
import type { RawResource } from '../../local/template/assembly.ts'
import { eventRulesOf, schedulesOf } from '../../local/template/rules.ts'
import { template, type Template } from '../../local/template/template.ts'
import { account, admin, allow, credentialsOf, region, standIn } from './aws/harness.ts'

const read = (Resources: Record<string, RawResource>): Template => template({ folder: '/out', stacks: { app: { Resources } } }, { region, account })
const arn = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`
const bus = `arn:aws:events:${region}:${account}:event-bus/default`

const admits = (id: string, SourceArn: unknown = { 'Fn::GetAtt': ['rule', 'Arn'] }): RawResource => ({ Type: 'AWS::SQS::QueuePolicy', Properties: {
  Queues: [{ Ref: id }],
  PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': [id, 'Arn'] }, Condition: { ArnEquals: { 'aws:SourceArn': SourceArn } } }] },
} })
const target = (id: string, more: object = {}): object => ({ Id: id, Arn: { 'Fn::GetAtt': [id, 'Arn'] }, ...more })
const rule = (targets: readonly object[], more: object = {}): RawResource => ({ Type: 'AWS::Events::Rule', Properties: { Name: 'requested', EventPattern: { source: ['loans'], detail: { amount: [{ numeric: ['>', 100] }] } }, Targets: targets, ...more } })
const resources = (more: Record<string, RawResource> = {}): Record<string, RawResource> => ({
  plain: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'plain' } },
  order: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'order.fifo', FifoQueue: true, ContentBasedDeduplication: true } },
  shut: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'shut' } },
  admitsPlain: admits('plain'), admitsOrder: admits('order'), admitsAnother: admits('shut', `arn:aws:events:${region}:${account}:rule/another`),
  rule: rule([target('plain'), target('order', { SqsParameters: { MessageGroupId: 'all' } }), target('shut')]),
  ...more,
})

let aws: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => { aws = await standIn([admin, { name: 'publisher', policies: [allow(['events:PutEvents'], bus)] }, { name: 'bare', policies: [] }]) })
afterAll(() => aws.close())

const endpoint = () => ({ url: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') })
async function provision(subject: Template): Promise<readonly string[]> {
  await provisionQueues(subject, aws.as('admin').sqs)
  return provisionRules(subject, endpoint())
}
/** Hand-signed: the client for EventBridge is not among our libraries. */
async function put(Entries: readonly object[], name = 'publisher'): Promise<{ status: number; answer: Record<string, unknown> }> {
  const { url } = endpoint()
  const init = signed(`${url}/`, { method: 'POST', headers: { 'x-amz-target': 'AWSEvents.PutEvents', 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify({ Entries }) }, { ...credentialsOf(name), region, service: 'events' })
  const response = await fetch(`${url}/`, init)
  return { status: response.status, answer: await response.json() as Record<string, unknown> }
}
async function take(name: string): Promise<{ body: Record<string, unknown>; attributes: Record<string, string> }[]> {
  const { Messages = [] } = await aws.as('admin').sqs.send(new ReceiveMessageCommand({ QueueUrl: `${endpoint().url}/${account}/${name}`, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], VisibilityTimeout: 43_200 }))
  return Messages.map(({ Body = '', Attributes = {} }) => ({ body: JSON.parse(Body) as Record<string, unknown>, attributes: Attributes }))
}
const entry = (more: object = {}): object => ({ Source: 'loans', DetailType: 'Loan Requested', Detail: '{"amount":250,"id":"a"}', ...more })

describe('rules for events', () => {
  test('put the documented event into each queue that admits them, and no other', async () => {
    expect(await provision(read(resources()))).toEqual([])
    const { status, answer } = await put([entry({ Time: 1767225600, Resources: ['arn:aws:x:1'] }), entry({ Detail: '{"amount":1}' })])
    expect(status).toBe(200)
    expect(answer).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string }, { EventId: expect.any(String) as string }] })
    const [first = { EventId: '' }] = answer['Entries'] as { EventId: string }[]
    const event = {
      version: '0', id: first.EventId, 'detail-type': 'Loan Requested', source: 'loans', account, time: '2026-01-01T00:00:00Z', region, resources: ['arn:aws:x:1'], detail: { amount: 250, id: 'a' },
    }
    expect((await take('plain')).map(({ body }) => body)).toEqual([event])
    expect(await take('order.fifo')).toMatchObject([{ body: event, attributes: { MessageGroupId: 'all' } }])
    expect(await take('shut')).toEqual([])
  })

  test('lose targets that the template has no more, and rest while they are disabled', async () => {
    await provision(read(resources({ rule: rule([target('order', { SqsParameters: { MessageGroupId: 'all' } })]) })))
    await put([entry({ Detail: '{"amount":300}' })])
    expect([(await take('plain')).length, (await take('order.fifo')).length]).toEqual([0, 0])
    await provision(read(resources({ rule: rule([target('plain')], { State: 'DISABLED' }) })))
    await put([entry()])
    expect(await take('plain')).toEqual([])
    await provision(read(resources({ rule: rule([target('plain')]) })))
    await put([entry()])
    expect(await take('plain')).toHaveLength(1)
  })

  test('reach a queue with a key of its own only where the key admits them', async () => {
    const statement = (Principal: object): object => ({ Effect: 'Allow', Principal, Action: ['kms:GenerateDataKey', 'kms:Decrypt', ...'AWS' in Principal ? ['kms:*'] : []], Resource: '*' })
    const key = async (...principals: object[]): Promise<string> => (await aws.as('admin').kms.send(new CreateKeyCommand({ Policy: JSON.stringify({ Version: '2012-10-17', Statement: principals.map(statement) }) }))).KeyMetadata?.Arn ?? ''
    const root = { AWS: `arn:aws:iam::${account}:root` }
    for (const [KmsMasterKeyId, reached] of [[await key(root), 0], [await key(root, { Service: 'events.amazonaws.com' }), 1]] as const) {
      await provision(read(resources({ plain: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'plain', KmsMasterKeyId } }, rule: rule([target('plain')]) })))
      await put([entry()])
      expect(await take('plain')).toHaveLength(reached)
    }
  })

  test('are refused, or noted, with what the local run leaves out', async () => {
    const noted = read(resources({ rule: rule([target('plain', { DeadLetterConfig: { Arn: arn('shut') } }), { Id: 'fn', Arn: `arn:aws:lambda:${region}:${account}:function:f` }]) }))
    expect(eventRulesOf(noted).notes).toEqual([
      'rule requested: what does not reach its target plain is lost here, and not put into its dead-letter queue', 'rule requested: its target fn is no queue, and gets no events here',
    ])
    expect(() => eventRulesOf(read(resources({ rule: rule([target('plain', { InputPath: '$.detail' })]) })))).toThrow('rule requested, target plain: the local run does not know InputPath')
    expect(() => eventRulesOf(read(resources({ rule: rule([], { EventBusName: 'other' }) })))).toThrow('rule requested: the local run knows the default event bus alone')
    await expect(provision(read(resources({ rule: rule([], { EventPattern: { source: [{ wildcard: '*' }] } }) })))).rejects.toThrow('EventBridge refused PutRule (400 InvalidEventPatternException)')
  })
})

describe('PutEvents', () => {
  test.each([
    [{ Source: undefined }, 'InvalidArgument'], [{ DetailType: '' }, 'InvalidArgument'], [{ Detail: 'text' }, 'MalformedDetail'], [{ Detail: '[1]' }, 'MalformedDetail'],
    [{ Source: 'aws.s3' }, 'NotAuthorizedForSourceException'], [{ EventBusName: 'other' }, 'InvalidArgument'], [{ Detail: JSON.stringify({ x: 'x'.repeat(1_048_576) }) }, 'InvalidArgument'],
  ])('refuses the entry with %o alone: %s', async (change, code) => {
    const { answer } = await put([entry(change), entry({ Source: 'nobody' })])
    expect(answer).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode: code }, { EventId: expect.any(String) as string }] })
    expect(JSON.stringify(answer)).not.toContain('xxxx')
  })
  test('asks for the bus', async () => {
    expect(await put([entry()], 'bare')).toMatchObject({ status: 400, answer: { __type: 'AccessDeniedException' } })
    expect(await put(Array.from({ length: 11 }, () => entry()))).toMatchObject({ status: 400, answer: { __type: 'ValidationException' } })
  })
  test('takes planned faults', async () => {
    await aws.faults([{ service: 'events', operation: 'PutEvents', error: 'throttle' }])
    expect(await put([entry({ Source: 'nobody' })])).toMatchObject({ status: 400, answer: { __type: 'ThrottlingException' } })
  })
})

describe('schedules', () => {
  const fn: RawResource = { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'f-sweep' } }
  const daily = (Targets: object[]): RawResource => ({ Type: 'AWS::Events::Rule', Properties: { Name: 'daily', ScheduleExpression: 'rate(1 day)', Targets } })
  const permission: RawResource = { Type: 'AWS::Lambda::Permission', Properties: { Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com', FunctionName: { 'Fn::GetAtt': ['fn', 'Arn'] }, SourceArn: { 'Fn::GetAtt': ['daily', 'Arn'] } } }
  const at = new Date('2026-02-03T04:05:06.789Z')

  test('have the input of the rule, or else what EventBridge would say', () => {
    const own = schedulesOf(read({ fn, permission, daily: daily([{ Id: 'a', Arn: { 'Fn::GetAtt': ['fn', 'Arn'] }, Input: '{"sweep":true}' }]) }))
    expect(own.map((each) => ({ ...each, event: each.event(at) }))).toEqual([{ rule: 'daily', function: 'f-sweep', event: { sweep: true } }])
    const [usual] = schedulesOf(read({ fn, permission, daily: daily([{ Id: 'a', Arn: { 'Fn::GetAtt': ['fn', 'Arn'] } }]) }))
    expect(usual?.event(at)).toMatchObject({
      version: '0', 'detail-type': 'Scheduled Event', source: 'aws.events', account, time: '2026-02-03T04:05:06Z', region, resources: [`arn:aws:events:${region}:${account}:rule/daily`], detail: {},
    })
  })
  test('must be allowed to invoke their function', () => {
    expect(() => schedulesOf(read({ fn, daily: daily([{ Id: 'a', Arn: { 'Fn::GetAtt': ['fn', 'Arn'] } }]) }))).toThrow('rule daily: no permission of the template lets EventBridge invoke f-sweep')
  })
})
