import { Stack } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Template } from 'aws-cdk-lib/assertions'
import { expect, test } from 'vitest'
import { blueprint, KeyPairs, PipelineFunction, Sallyport, State } from '../../infra/index.ts'
import { fixture, newApp, stubs } from './synthesized.ts'

/** In an app that is there already, cut in another way than ours. */
test('a pipeline behind a door of the user\'s own, with keys and tables of a state stack', () => {
  const app = newApp()
  const plan = blueprint({ id: 'Bank', stage: 'dev', pipelines: './pipelines' }, { built: stubs(fixture), definitions: fixture })
  const state = new State(app, 'BankState', { blueprint: plan })
  const mine = new Stack(app, 'Mine')
  const intake = new PipelineFunction(mine, 'Intake', { blueprint: plan, state, pipeline: 'intake', memory: 1_024 })
  const keys = new KeyPairs(mine, 'Keys', { blueprint: plan, state })
  expect(keys.node.path).toBe('Mine/Keys')
  new HttpApi(mine, 'Door').addRoutes({ path: '/in', methods: [HttpMethod.POST], integration: new HttpLambdaIntegration('Intake', intake.lambda) })

  const template = Template.fromStack(mine)
  template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'Bank-dev-intake', MemorySize: 1_024 })
  template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'Bank-dev-keys' })
  template.resourceCountIs('Custom::KeyPairs', 1)
  template.resourceCountIs('AWS::Lambda::Function', 2)
  template.resourceCountIs('AWS::Logs::LogGroup', 2)
  Template.fromStack(state).hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'Bank-dev-ledger' })
})

test('a pipeline that is not there is named', () => {
  const plan = blueprint({ id: 'Bank', stage: 'dev', pipelines: './pipelines' }, { built: stubs(fixture), definitions: fixture })
  const app = newApp()
  const state = new State(app, 'S', { blueprint: plan })
  expect(() => new PipelineFunction(new Stack(app, 'M'), 'F', { blueprint: plan, state, pipeline: 'intak' })).toThrow('there is no function intak: there are intake,')
})

test('two apps and two stages live in one account: no name is shared', () => {
  const app = newApp()
  const prepared = { built: stubs(fixture), definitions: fixture }
  const made = [['Bank', 'dev'], ['Bank', 'prod'], ['Shop', 'dev']].map(([id = '', stage = '']) => new Sallyport(new Stack(app, `${id}${stage}`), id, { pipelines: './pipelines', stage }, prepared))
  const names = made.flatMap(({ state, stateless }) => [state, stateless].flatMap((stack) => Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, { Properties?: Record<string, unknown> }>)
    .flatMap(({ Properties = {} }) => ['FunctionName', 'RoleName', 'TableName', 'LogGroupName', 'AliasName', 'Name', 'TopicName', 'AlarmName', 'DashboardName'].flatMap((name) => typeof Properties[name] === 'string' ? [`${name} ${Properties[name]}`] : []))))
  expect(names.length).toBeGreaterThan(60)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})
