import { describe, expect, test } from 'vitest'
import { envelopeKey, envelopeKeyOf, event, flow, iam, post, queue, type Pipeline, type Step, type Trigger } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { costsOf } from '../../infra/cost.ts'
import { assumed } from '../../infra/prices.ts'
import { evaluate } from '../../local/aws/iam.ts'
import { construct, fixture, queues, synthesized } from './synthesized.ts'

const { all, plain, state, stateless } = synthesized(queues)
const properties = (type: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> => plain(Object.fromEntries(Object.entries(all(type)).map(([path, { Properties }]) => [path, Properties])))
const key = 'Sallyport-dev-state/queues-key.Arn'
const arn = (name: string): string => `arn:aws:sqs:us-east-1:123456789012:Sallyport-dev-${name}`

test('queues: customer key, four days, six times the time of an invocation, and fourteen days where dead letters end', () => {
  const dead = (name: string) => ({ KmsMasterKeyId: key, MessageRetentionPeriod: 1_209_600, QueueName: `Sallyport-dev-${name.replace(/(\.fifo)?$/, '-dead$1')}`, RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [arn(name)] } })
  const waiting = (name: string, deadQueue: string, maxReceiveCount: number, VisibilityTimeout: number) => ({
    KmsMasterKeyId: key, MessageRetentionPeriod: 345_600, QueueName: `Sallyport-dev-${name}`, RedrivePolicy: { deadLetterTargetArn: `Sallyport-dev-state/${deadQueue}.Arn`, maxReceiveCount }, VisibilityTimeout,
  })
  expect(properties('AWS::SQS::Queue')).toEqual({
    'Sallyport-dev-state/notice-dead-queue': dead('notice'), 'Sallyport-dev-state/notice-queue': waiting('notice', 'notice-dead-queue', 6, 90),
    'Sallyport-dev-state/payout-dead-queue': dead('payout'), 'Sallyport-dev-state/payout-queue': waiting('payout', 'payout-dead-queue', 6, 360),
    'Sallyport-dev-state/queue-settlements-dead-queue': { ...dead('queue-settlements.fifo'), FifoQueue: true },
    // Two messages of 20 seconds, six times; tried three times, and once more to be put away.
    'Sallyport-dev-state/queue-settlements-queue': { ...waiting('queue-settlements.fifo', 'queue-settlements-dead-queue', 4, 240), FifoQueue: true },
  })
})

describe('who may send', () => {
  const policies = Object.values(properties('AWS::SQS::QueuePolicy')) as unknown as { Queues: [string]; PolicyDocument: { Statement: object[] } }[]
  const policyOf = (queue: string) => policies.find(({ Queues }) => Queues[0] === `Sallyport-dev-state/${queue}`)?.PolicyDocument
  const events = { 'aws:PrincipalService': 'events.amazonaws.com', 'aws:SourceArn': 'arn:aws:events:us-east-1:123456789012:rule/Sallyport-dev-notice', 'aws:SecureTransport': 'true' }

  test('nobody without TLS', () => {
    for (const { PolicyDocument, Queues: [at] } of policies) {
      expect(PolicyDocument.Statement[0]).toEqual({ Action: 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } }, Effect: 'Deny', Principal: { AWS: '*' }, Resource: `${at}.Arn` })
    }
    expect(policies).toHaveLength(6)
  })
  test.each(['notice-queue', 'notice-dead-queue'])('%s: EventBridge, for the rule of the pipeline alone', (name) => {
    expect(policyOf(name)?.Statement.slice(1)).toEqual([{
      Sid: 'EventsOfItsRule', Effect: 'Allow', Action: 'sqs:SendMessage', Principal: { Service: 'events.amazonaws.com' }, Resource: `Sallyport-dev-state/${name}.Arn`,
      Condition: { ArnEquals: { 'aws:SourceArn': events['aws:SourceArn'] } },
    }])
  })
  test('the others by IAM alone', () => {
    expect(policies.filter(({ Queues: [at] }) => !at.includes('notice')).map(({ PolicyDocument: { Statement } }) => Statement.length)).toEqual([1, 1, 1, 1])
  })
})

describe('the key of the queues', () => {
  const { KeyPolicy } = properties('AWS::KMS::Key')['Sallyport-dev-state/queues-key'] as { KeyPolicy: { Statement: { Sid: string }[] } }
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  const may = (action: string, context: Record<string, string>): boolean => evaluate({
    action, resource: 'arn:aws:kms:us-east-1:123456789012:key/queues', principalArn: 'arn:aws:iam::123456789012:role/Administrator', identity: [everything], resourcePolicy: KeyPolicy, resourceMustDelegate: true,
    context: { 'kms:CallerAccount': '123456789012', 'aws:PrincipalIsAWSService': 'false', ...context },
  }).allowed
  test('through SQS alone', () => {
    expect(may('kms:Decrypt', { 'kms:ViaService': 'sqs.us-east-1.amazonaws.com' })).toBe(true)
    expect(may('kms:GenerateDataKey', { 'kms:ViaService': 'sqs.us-east-1.amazonaws.com' })).toBe(true)
    expect(may('kms:Decrypt', { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' })).toBe(false)
    expect(may('kms:Decrypt', {})).toBe(false)
  })
  test('and by EventBridge, where there is an event trigger', () => {
    expect(KeyPolicy.Statement.find(({ Sid }) => Sid === 'EventsIntoQueues')).toEqual({ Sid: 'EventsIntoQueues', Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' })
    const without = synthesized({ ...queues, pipelines: queues.pipelines.filter(({ trigger }) => trigger.kind !== 'event') })
    expect(JSON.stringify(without.state)).not.toContain('events.amazonaws.com')
    expect(Object.keys(without.all('AWS::KMS::Key'))).toContain('Sallyport-dev-state/queues-key')
  })
})

test('what became of messages: a table that expires, with an index for what failed and one for whom it was about', () => {
  expect(properties('AWS::DynamoDB::Table')['Sallyport-dev-state/outcomes-table']).toEqual({
    TableName: 'Sallyport-dev-outcomes', BillingMode: 'PAY_PER_REQUEST', DeletionProtectionEnabled: false, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: 'Sallyport-dev-state/table-key.Arn' }, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'failed', AttributeType: 'S' }, { AttributeName: 'at', AttributeType: 'N' }, { AttributeName: 'entity', AttributeType: 'S' }],
    GlobalSecondaryIndexes: [
      { IndexName: 'failures', KeySchema: [{ AttributeName: 'failed', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }], Projection: { ProjectionType: 'ALL' } },
      { IndexName: 'entities', KeySchema: [{ AttributeName: 'entity', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }], Projection: { ProjectionType: 'ALL' } },
    ],
  })
})

test('Lambda polls each queue for its function, which reports what must come again', () => {
  const shared = { FunctionResponseTypes: ['ReportBatchItemFailures'] }
  expect(properties('AWS::Lambda::EventSourceMapping')).toEqual({
    'Sallyport-dev/notice-Messages': { ...shared, BatchSize: 1, FunctionName: 'Sallyport-dev/notice', EventSourceArn: 'Sallyport-dev-state/notice-queue.Arn' },
    'Sallyport-dev/payout-Messages': { ...shared, BatchSize: 1, FunctionName: 'Sallyport-dev/payout', EventSourceArn: 'Sallyport-dev-state/payout-queue.Arn' },
    'Sallyport-dev/settlement-Messages': { ...shared, BatchSize: 2, FunctionName: 'Sallyport-dev/settlement', EventSourceArn: 'Sallyport-dev-state/queue-settlements-queue.Arn', ScalingConfig: { MaximumConcurrency: 4 } },
  })
  expect(Object.entries(properties('AWS::Lambda::Function')).filter(([path]) => /notice|payout|settlement/.test(path)).map(([path, { Timeout }]) => [path, Timeout])).toEqual([['Sallyport-dev/notice', 15], ['Sallyport-dev/payout', 60], ['Sallyport-dev/settlement', 40]])
})

test('a rule puts the events into the queue, and what it cannot put there into the one beside it', () => {
  expect(Object.entries(properties('AWS::Events::Rule')).filter(([path]) => path.endsWith('-Rule'))).toEqual([['Sallyport-dev/notice-Rule', {
    Name: 'Sallyport-dev-notice', Description: 'Events for Sallyport-dev-notice',
    EventPattern: { source: ['shop.orders'], 'detail-type': ['OrderPaid'], detail: { amount: [{ numeric: ['>', 100] }] } },
    Targets: [{ Id: 'queue', Arn: 'Sallyport-dev-state/notice-queue.Arn', DeadLetterConfig: { Arn: 'Sallyport-dev-state/notice-dead-queue.Arn' } }],
  }]])
})

describe('a function', () => {
  const policyOf = (name: string) => (properties('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${name}-Policy`] as { PolicyDocument: { Statement: { Action: string | string[]; Resource: string }[] } }).PolicyDocument.Statement
    .filter(({ Resource }) => /queue|outcomes|waiting/.test(Resource)).map(({ Action, Resource }) => [Resource.replace('Sallyport-dev-state/', ''), Action])
  const receives = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage']
  test('of a queue may receive, and put away what failed', () => {
    expect(policyOf('settlement')).toEqual([['queue-settlements-queue.Arn', receives], ['queue-settlements-dead-queue.Arn', 'sqs:SendMessage']])
    expect(policyOf('notice')).toEqual([['notice-queue.Arn', receives], ['notice-dead-queue.Arn', 'sqs:SendMessage']])
  })
  test('of a route that answers at once may send as well, and keep what became of messages', () => {
    expect(policyOf('payout')).toEqual([
      ['realm-outcomes-key.Arn', ['kms:Decrypt', 'kms:GenerateDataKey']], ['realm-waiting-key.Arn', ['kms:Decrypt', 'kms:GenerateDataKey']],
      ['payout-queue.Arn', [...receives, 'sqs:SendMessage']], ['payout-dead-queue.Arn', 'sqs:SendMessage'],
      ['outcomes-table.Arn', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']],
    ])
  })
  test('seals and opens what is of its own name alone', () => {
    const document = (properties('AWS::IAM::ManagedPolicy')['Sallyport-dev/payout-Policy'] as { PolicyDocument: object }).PolicyDocument
    const resourcePolicy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' }] }
    const principalArn = 'arn:aws:iam::123456789012:role/Sallyport-dev-payout'
    const may = (key: string, action: string, context: Record<string, string>): boolean => evaluate({
      action, resource: `Sallyport-dev-state/realm-${key}-key.Arn`, principalArn, identity: [document], resourcePolicy, resourceMustDelegate: true,
      context: { 'kms:CallerAccount': '123456789012', 'aws:PrincipalArn': principalArn, ...Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value])) },
    }).allowed
    for (const key of ['waiting', 'outcomes']) {
      for (const action of ['kms:Decrypt', 'kms:GenerateDataKey']) {
        expect(may(key, action, { 'sallyport:key': key, 'sallyport:context': 'payout' })).toBe(true)
        expect(may(key, action, { 'sallyport:key': key, 'sallyport:context': 'notice' })).toBe(false)
        expect(may(key, action, { 'sallyport:key': 'replies', 'sallyport:context': 'payout' })).toBe(false)
        expect(may(key, action, {})).toBe(false)
      }
    }
  })
  test('finds the addresses of its queues', () => {
    expect((properties('AWS::Lambda::Function')['Sallyport-dev/payout'] as { Environment: { Variables: object } }).Environment.Variables).toMatchObject({
      QUEUE_PAYOUT: 'Sallyport-dev-state/payout-queue', QUEUE_PAYOUT_DEAD: 'Sallyport-dev-state/payout-dead-queue', TABLE_OUTCOMES: 'Sallyport-dev-state/outcomes-table',
      KEY_WAITING: 'Sallyport-dev-state/realm-waiting-key.Arn', KEY_OUTCOMES: 'Sallyport-dev-state/realm-outcomes-key.Arn',
    })
  })
  test('has its definition beside it', () => {
    const definition = (name: string) => Object.values(stateless.Resources).find(({ Metadata }) => Metadata?.['aws:cdk:path'] === `Sallyport-dev/${name}/Resource`)?.Metadata?.['sallyport:manifest']
    for (const pipeline of queues.pipelines) expect(definition(pipeline.name)).toEqual(JSON.parse(JSON.stringify(manifest(pipeline))))
  })
})

test('routes: both of one that answers at once, and none of a queue', () => {
  expect(Object.values(properties('AWS::ApiGatewayV2::Route')).map(({ RouteKey, AuthorizationType }) => [RouteKey, AuthorizationType])).toEqual([
    ['POST /payouts', 'AWS_IAM'], ['GET /payouts/{id}', 'AWS_IAM'], ['GET /.well-known/jwks.json', 'NONE'], ['$default', 'NONE'],
  ])
  expect(Object.values(properties('AWS::Lambda::Permission')).map(({ SourceArn }) => String(SourceArn).split(':').at(-1))).toContain('Sallyport-dev/Api/*/GET/payouts/{id}')
})

test('alarms on dead letters and on what waits for ten minutes', () => {
  const found = Object.values(properties('AWS::CloudWatch::Alarm')).filter(({ Namespace }) => Namespace === 'AWS/SQS')
  expect(found.map(({ AlarmName, MetricName, Dimensions, Statistic, Threshold }) => [AlarmName, MetricName, (Dimensions as { Value: string }[])[0]?.Value, Statistic, Threshold])).toEqual([
    ['notice', 'notice'], ['payout', 'payout'], ['settlement', 'queue-settlements'],
  ].flatMap(([name, queue]) => {
    const fifo = name === 'settlement' ? '.fifo' : ''
    return [
      [`Sallyport-dev ${name}: Dead letters`, 'ApproximateNumberOfMessagesVisible', `Sallyport-dev-${queue}-dead${fifo}`, 'Maximum', 1],
      [`Sallyport-dev ${name}: Messages waiting`, 'ApproximateAgeOfOldestMessage', `Sallyport-dev-${queue}${fifo}`, 'Maximum', 600],
    ]
  }))
})

test('faults at the door of a route that answers at once are counted with those behind it', () => {
  const faults = (name: string) => Object.values(properties('AWS::Logs::MetricFilter')).find(({ LogGroupName, MetricTransformations }) => LogGroupName === `Sallyport-dev/${name}-Log` && (MetricTransformations as { MetricName: string }[])[0]?.MetricName === 'Faults')?.['FilterPattern']
  expect(faults('payout')).toBe('{ ($.event = "execution" || $.event = "door") && $.outcome = "fault" }')
  expect(faults('settlement')).toBe('{ $.event = "execution" && $.outcome = "fault" }')
})

test('prod keeps queues and their policies', () => {
  const { all } = synthesized(queues, { stage: 'prod' })
  for (const type of ['AWS::SQS::Queue', 'AWS::SQS::QueuePolicy']) {
    expect(Object.values(all(type)).map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy])).toEqual(Array.from({ length: 6 }, () => ['Retain', 'Retain']))
  }
})

test('an app without queues has none of it', () => {
  const { state } = synthesized(fixture)
  expect(JSON.stringify(state)).not.toMatch(/AWS::SQS|outcomes|queues-key/)
})

describe('what a million messages cost', () => {
  const costs = costsOf([state, stateless], assumed).pipelines
  const lines = (name: string) => Object.fromEntries(costs.find((each) => each.name === name)?.lines.map(({ what, count, dollars }) => [what, [count, Math.round(dollars * 100) / 100]]) ?? [])
  test('three requests of SQS each: 0.40 a million, 0.50 where they keep their order', () => {
    expect(lines('notice')).toMatchObject({ 'SQS requests': [3e6, 1.2], 'Lambda requests': [1e6, 0.2] })
    expect(lines('notice')).not.toHaveProperty('API requests')
    // Two messages an invocation.
    expect(lines('settlement')).toMatchObject({ 'SQS requests, fifo': [3e6, 1.5], 'Lambda requests': [5e5, 0.1] })
  })
  test('a route that answers at once: asked twice, two writes of what became of it', () => {
    expect(lines('payout')).toMatchObject({ 'API requests': [2e6, 2], 'SQS requests': [3e6, 1.2], 'Lambda requests': [3e6, 0.6], 'outcome writes': [2e6, 1.25], 'outcome reads': [1e6, 0.13], 'ledger write units': [4e6, 2.5] })
  })
})

describe('what is refused', () => {
  const step = (parts: Partial<Step<never, unknown>> = {}): Step<never, never> => ({ kind: 'made-up', config: {}, needs: [], run: (payload) => payload, ...parts }) as Step<never, never>
  const made = (name: string, trigger: Trigger<never>, parts: Partial<Step<never, unknown>> = {}, more: object = {}): Pipeline => ({ name, trigger, sensitive: [], timeout: 15, steps: flow(step(parts)), ...more })
  const sealed = { accept: 'application/jose' } as const
  const waits = queue('todo', sealed)
  const sentence = (pipelines: readonly Pipeline[], props: Parameters<typeof construct>[1] = {}): string => {
    try {
      construct({ ...fixture, pipelines }, props)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      return (error as TypeError).message
    }
    return 'nothing was refused'
  }
  const changed = (trigger: object, changes: object): Trigger<never> => ({ ...trigger, ...changes }) as Trigger<never>

  test('what is right is not', () => {
    expect(sentence([made('a', waits), made('b', event({ source: ['shop'] }, sealed)), made('c', post('/c', { mode: 'async', auth: iam() }), {}, { outcomeDays: 7 })])).toBe('nothing was refused')
  })
  test.each([
    [made('a', changed(waits, { accept: 'application/json' })), 'pipeline a: application/json would rest readable in the queue: take it sealed, as application/jose, or say in a sentence why in readable'],
    [made('a', changed(waits, { attempts: 1_000 })), 'pipeline a: attempts is a whole number, 1 to 100'],
    [made('a', changed(waits, { name: 'A_queue' })), 'pipeline a: "A_queue" is no name of a queue: write lower-case words joined by hyphens'],
    [made('a', changed(event({ source: ['shop'] }, sealed), { pattern: {} })), 'pipeline a: name the sources of the events in source'],
    [made('a', changed(post('/a', { mode: 'async', auth: iam() }), { auth: { scheme: 'jwt' } })), 'pipeline a: this version cannot enforce the auth scheme "jwt"; write iam() or open(\'why anybody may call it\')'],
    [made('a', waits, {}, { timeout: 901 }), 'pipeline a: timeout is 3 to 300 seconds'],
    [made('a', changed(waits, { batch: 10 }), {}, { timeout: 100 }), 'pipeline a: timeout × batch is 1000 seconds, and Lambda takes 900'],
  ])('%#', (pipeline, expected) => {
    expect(sentence([pipeline])).toBe(expected)
  })
  test('two pipelines of one queue, also where a dead-letter queue of one is the other', () => {
    expect(sentence([made('a', waits), made('b', waits)])).toBe('pipelines a and b: they have one queue, queue-todo; give one of them another name')
    const events = event({ source: ['shop'] }, sealed)
    expect(sentence([made('a', events), made('a-dead', events)])).toBe('pipelines a and a-dead: they have one queue, a-dead; give one of them another name')
    expect(sentence([made('queue-todo', events), made('b', waits)])).toBe('pipelines queue-todo and b: they have one queue, queue-todo; give one of them another name')
  })
  test('a queue name over 80 characters', () => {
    const name = `a${'b'.repeat(39)}`
    expect(sentence([made('a', queue(name, { ...sealed, fifo: true }))], { stage: 'abcdefghijklmnop' })).toBe(`pipeline a: the name of its dead-letter queue, Sallyport-abcdefghijklmnop-queue-${name}-dead.fifo, has 83 characters, and AWS takes 80`)
  })
  test.each([['waiting', 'messages that wait'], ['outcomes', 'replies that wait'], ['reruns', 'records of failures'], ['replies', 'first replies']])('the key %s, which pipelines share', (name, what) => {
    const needs = { needs: [{ resource: envelopeKeyOf(envelopeKey(name)), actions: ['kms:Decrypt'] }] }
    expect(sentence([made('a', waits, needs)])).toBe(`pipeline a: it needs key ${name}, under which ${what} are sealed; give it another name`)
  })
  test('a queue that a step asks for by itself', () => {
    expect(sentence([made('a', waits, { needs: [{ resource: { kind: 'queue', name: 'queue-other' }, actions: ['sqs:SendMessage'] }] })])).toBe('pipeline a: it needs queue queue-other, which nothing here provides')
  })
})
