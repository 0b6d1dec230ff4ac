import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks, type NagPack } from 'cdk-nag'
import type { Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { acknowledgements } from '../../infra/acknowledgements.ts'
import { examples, failures, fixture, queues, stores, synthesized, type Template } from './synthesized.ts'

const packs = { AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks, ServerlessChecks }

/** `path rule` of everything that the packs find in a stack; with `raw`, whatever was acknowledged. */
function findings(stack: Stack, raw = false): string[] {
  return Object.values(packs).flatMap((Pack) => {
    const pack: NagPack = new Pack()
    if (raw) Object.defineProperty(pack, 'isAcknowledged', { value: () => false })
    return pack.validateScope(stack).violations.flatMap(({ ruleName, violatingResources }) => violatingResources.map(({ constructPath }) => `${constructPath} ${ruleName}`))
  }).sort()
}

const written = ({ Resources }: Template): { path: string; reason: string; rule: string }[] => Object.values(Resources).flatMap(({ Metadata }) =>
  ((Metadata?.['cdk_nag'] as { rules_to_suppress: { id: string; reason: string }[] } | undefined)?.rules_to_suppress ?? []).map(({ id: rule, reason }) => ({ path: Metadata?.['aws:cdk:path'] as string, rule, reason })))

const apps = {
  'examples dev': synthesized(examples), 'examples prod': synthesized(examples, { stage: 'prod' }),
  'hsm, open route, e-mail': synthesized(fixture, { stage: 'prod', alarmEmail: 'oncall@bank.example' }),
  'a table and a bucket': synthesized(stores),
  'queues, events and messages that wait': synthesized(queues),
  'records of failures, and what runs them again': synthesized(failures),
  'reserved concurrency': synthesized(fixture, { reservedConcurrency: { intake: 20 } }),
}

describe.each(Object.entries(apps))('%s', (_, { sallyport, state, stateless }) => {
  test('AwsSolutions, NIST 800-53 R5, HIPAA, PCI DSS 3.2.1 and Serverless: nothing unacknowledged', () => {
    expect([...findings(sallyport.state), ...findings(sallyport.stateless)]).toEqual([])
  })

  test.each([['state', sallyport.state, state], ['stateless', sallyport.stateless, stateless]] as const)('%s: each acknowledgement is used, and all are written into the template', (_, stack, template) => {
    expect(written(template).map(({ path, rule }) => `${path} ${rule}`).sort()).toEqual(findings(stack, true))
  })

  test('each has a reason of its own words', () => {
    for (const { reason, rule } of [...written(state), ...written(stateless)]) expect(reason.split(' ').length, rule).toBeGreaterThan(7)
  })
})

test('no line of the list is idle', () => {
  const rules = new Set(Object.values(apps).flatMap(({ state, stateless }) => [...written(state), ...written(stateless)]).map(({ rule }) => rule.replace(/\[.*/, '')))
  const listed = acknowledgements.flatMap((line) => typeof line.rules === 'function' ? ['AwsSolutions-IAM5'] : line.rules)
  expect(listed.filter((rule) => !rules.has(rule))).toEqual([])
})

test('the packs look at all: a table without recovery and a key without rotation are found', async () => {
  const { Stack } = await import('aws-cdk-lib')
  const { CfnTable } = await import('aws-cdk-lib/aws-dynamodb')
  const { CfnKey } = await import('aws-cdk-lib/aws-kms')
  const stack = new Stack()
  const bare = [new CfnTable(stack, 'table', { keySchema: [{ attributeName: 'id', keyType: 'HASH' }] }), new CfnKey(stack, 'key', {})]
  expect(findings(bare[0]?.stack ?? stack)).toEqual(expect.arrayContaining(['Default/key AwsSolutions-KMS5', 'Default/table AwsSolutions-DDB3', 'Default/table NIST.800.53.R5-DynamoDBPITREnabled']))
})

test('an open route is acknowledged in the words of its definition', () => {
  expect(written(apps['hsm, open route, e-mail'].stateless).filter(({ rule }) => rule === 'AwsSolutions-APIG4').map(({ path, reason }) => [path, reason.slice(0, 60)])).toEqual([
    ['Sallyport-prod/POST :vault/Route', 'Open by its definition: sealed payloads only, from anybody'],
    ['Sallyport-prod/GET :.well-known:jwks.json/Route', 'Public keys are published for anybody: senders must fetch th'],
    ['Sallyport-prod/$default/Route', 'Answers 404 or 405 to whatever no route takes. Its function '],
  ])
})
