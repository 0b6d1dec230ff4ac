import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alarmKinds } from '../../infra/alarms.ts'
import { fixture, synthesized } from './synthesized.ts'

const { all, plain, state } = synthesized(fixture, { alarmEmail: 'oncall@bank.example' })
const alarms = Object.values(all('AWS::CloudWatch::Alarm')).map(({ Properties }) => plain(Properties) as Record<string, unknown> & { AlarmName: string; AlarmDescription: string })
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
const articles = new Map(runbook.split(/^## /m).slice(1).map((article) => [article.slice(0, article.indexOf('\n')), article]))

test('the runbook has one article per kind of alarm, and no other', () => {
  expect([...articles.keys()]).toEqual(Object.values(alarmKinds).map(({ heading }) => heading))
})

test.each([...articles])('the article %s says what it means, what to look at, what to do and what not', (_, article) => {
  for (const part of ['**Means**', '**Look at**', '**Do**', '**Do not**', '```\nfields @timestamp']) expect(article).toContain(part)
})

test('links inside the runbook lead to an article', () => {
  const anchors = [...articles.keys()].map((heading) => `#${heading.toLowerCase().replaceAll(' ', '-')}`)
  for (const [, link] of runbook.matchAll(/\]\((#[^)]*)\)/g)) expect(anchors).toContain(link)
})

test('each alarm ends with its heading and describes itself with the anchor', () => {
  const headings = [...articles.keys()]
  for (const { AlarmName, AlarmDescription } of alarms) {
    const heading = headings.find((each) => AlarmName.endsWith(` ${each}`))
    expect(heading, AlarmName).toBeDefined()
    expect(AlarmDescription).toMatch(new RegExp(`docs/runbook\\.md#${heading?.toLowerCase().replaceAll(' ', '-')}$`))
  }
  expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual([
    ...['intake', 'vault-intake'].flatMap((name) => ['Faults of ours', 'Partner faults', 'In doubt', 'Unconfirmed'].map((kind) => `Sallyport-dev ${name}: ${kind}`)),
    ...['intake', 'vault-intake', 'jwks', 'keys', 'ledger', 'fallback'].flatMap((name) => ['Crashes', 'Throttled'].map((kind) => `Sallyport-dev ${name}: ${kind}`)),
    'Sallyport-dev Doubts waiting', 'Sallyport-dev API errors', 'Sallyport-dev Ledger throttled',
  ].sort())
})

test('each alarm is told, and is quiet where no message comes', () => {
  for (const { AlarmActions, TreatMissingData, ComparisonOperator } of alarms) {
    expect([AlarmActions, TreatMissingData, ComparisonOperator]).toEqual([['Sallyport-dev/Alarms'], 'notBreaching', 'GreaterThanOrEqualToThreshold'])
  }
  expect(plain(Object.values(all('AWS::SNS::Topic')).map(({ Properties }) => Properties))).toEqual([{ TopicName: 'Sallyport-dev-alarms', DisplayName: 'Sallyport Sallyport-dev', KmsMasterKeyId: 'Sallyport-dev-state/logs-key.Arn' }])
  expect(plain(Object.values(all('AWS::SNS::Subscription')).map(({ Properties }) => Properties))).toEqual([{ Protocol: 'email', Endpoint: 'oncall@bank.example', TopicArn: 'Sallyport-dev/Alarms' }])
  expect(Object.keys(synthesized(fixture).all('AWS::SNS::Subscription'))).toEqual([])
})

// An alarm that may not publish, or not encrypt what it publishes, looks well everywhere and tells nobody.
test('CloudWatch may publish its alarms, and nobody without TLS', () => {
  const [policy] = Object.values(all('AWS::SNS::TopicPolicy'))
  const { PolicyDocument } = plain(policy?.Properties) as { PolicyDocument: { Statement: object[] } }
  expect(PolicyDocument.Statement).toEqual([
    { Sid: 'AllowPublishThroughSSLOnly', Effect: 'Deny', Principal: '*', Action: 'sns:Publish', Resource: 'Sallyport-dev/Alarms', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    {
      Sid: 'AlarmsOfThisAccount', Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish', Resource: 'Sallyport-dev/Alarms',
      Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:*' } },
    },
  ])
  const { KeyPolicy } = plain(all('AWS::KMS::Key')['Sallyport-dev-state/logs-key']?.Properties) as { KeyPolicy: { Statement: { Sid: string }[] } }
  expect(KeyPolicy.Statement.find(({ Sid }) => Sid === 'AlarmMessages')).toEqual({
    Sid: 'AlarmMessages', Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*',
  })
})

// An alarm on a metric that nobody writes never goes off: each must be one that a filter makes, spelled alike.
test('each alarm on a line reads a metric that a filter of that function writes', () => {
  const filters = Object.values(all('AWS::Logs::MetricFilter')).map(({ Properties }) => plain(Properties) as { LogGroupName: string; FilterPattern: string; MetricTransformations: { MetricName: string; MetricNamespace: string; Dimensions?: { Key: string; Value: string }[]; MetricValue: string }[] })
  expect(filters.filter(({ LogGroupName }) => LogGroupName === 'Sallyport-dev/intake-Log').map(({ FilterPattern, MetricTransformations: [{ MetricName, Dimensions, MetricValue } = { MetricName: '', Dimensions: [], MetricValue: '' }] }) => [MetricName, MetricValue, FilterPattern, (Dimensions ?? []).map(({ Key, Value }) => `${Key}=${Value}`).join(' ')])).toEqual([
    ['Duration', '$.ms', '{ $.event = "execution" && $.ms >= 0 }', 'Pipeline=$.pipeline'],
    ['Faults', '1', '{ $.event = "execution" && $.outcome = "fault" }', 'Pipeline=$.pipeline Blame=$.blame'],
    ['Uncertain', '1', '{ $.event = "execution" && ($.fault = "IN_DOUBT" || $.fault = "UNCONFIRMED") }', 'Pipeline=$.pipeline Fault=$.fault'],
  ])
  const written = new Set(filters.flatMap(({ MetricTransformations }) => MetricTransformations.map(({ MetricNamespace, MetricName, Dimensions }) => [MetricNamespace, MetricName, ...(Dimensions ?? []).map(({ Key }) => Key).sort()].join(' '))))
  for (const { Namespace, MetricName, Dimensions, AlarmName } of alarms.filter(({ Namespace }) => !String(Namespace).startsWith('AWS/'))) {
    expect(written, AlarmName).toContain([Namespace, MetricName, ...(Dimensions as { Name: string }[] | undefined ?? []).map(({ Name }) => Name).sort()].join(' '))
  }
})

test('the dashboard has a row a pipeline, the API and the ledger', () => {
  const [dashboard] = Object.values(all('AWS::CloudWatch::Dashboard'))
  const body = JSON.parse(plain(dashboard?.Properties['DashboardBody'])) as { widgets: { properties: { title?: string } }[] }
  expect(body.widgets.flatMap(({ properties: { title } }) => title ?? [])).toEqual([
    ...['intake', 'vault-intake'].flatMap((name) => [`${name}: executions`, `${name}: faults by blame`, `${name}: duration`]), 'API', 'Ledger',
  ])
  expect(state.Outputs).toHaveProperty('LedgerTable')
})
