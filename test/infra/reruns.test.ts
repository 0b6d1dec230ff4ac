import { describe, expect, test } from 'vitest'
import { envelopeKey, envelopeKeyOf, flow, iam, post, rerunsKey, type Pipeline, type Step } from 'sallyport'
import { costsOf } from '../../infra/cost.ts'
import { assumed } from '../../infra/prices.ts'
import { evaluate } from '../../local/aws/iam.ts'
import { construct, failures, fixture, queues, synthesized } from './synthesized.ts'

const { all, plain, state, stateless } = synthesized(failures)
const properties = (type: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> => plain(Object.fromEntries(Object.entries(all(type)).map(([path, { Properties }]) => [path, Properties])))
const statementsOf = (policy: string) => (properties('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${policy}-Policy`] as { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown; Effect: string; Condition?: object }[] } }).PolicyDocument.Statement

/** The states that the machine uses, as the Amazon States Language has them. */
interface State {
  readonly Type: string
  readonly Next?: string
  readonly End?: boolean
  readonly Default?: string
  readonly Choices?: readonly { readonly Variable: string; readonly IsPresent?: boolean; readonly BooleanEquals?: boolean; readonly Next: string }[]
  readonly Parameters?: Json
  readonly Result?: Json
  readonly ResultPath?: string
  readonly Resource?: string
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number }[]
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[]
  readonly Error?: string
  readonly CausePath?: string
  readonly ItemsPath?: string
  readonly MaxConcurrencyPath?: string
  readonly ItemSelector?: Json
  readonly ItemProcessor?: Machine & { readonly ProcessorConfig: { readonly Mode: string } }
}
interface Machine { readonly StartAt: string; readonly States: Readonly<Record<string, State>> }
type Json = unknown
type Lambda = (event: Record<string, Json>) => Json

const machine = JSON.parse(properties('AWS::StepFunctions::StateMachine')['Sallyport-dev/Reruns']?.['DefinitionString'] as string) as Machine

/** `$`, `$.a.b`, `$.a[0]` and `$$.Map.Item.Value`; undefined where nothing is. */
function at(path: string, input: Json, item: Json): Json {
  if (path === '$$.Map.Item.Value') return item
  if (!/^\$(\.\w+|\[\d+\])*$/.test(path)) throw new Error(`this path is not known here: ${path}`)
  return [...path.matchAll(/\w+/g)].reduce<Json>((value, [name]) => (value as Record<string, Json> | null | undefined)?.[name], input)
}
const must = (value: Json, path: string): Json => {
  // Step Functions ends an execution whose path leads nowhere.
  if (value === undefined) throw new Error(`States.ParameterPathFailure: ${path}`)
  return value
}
const filled = (template: Json, input: Json, item: Json): Json => typeof template !== 'object' || template === null || Array.isArray(template) ? template
  : Object.fromEntries(Object.entries(template).map(([name, value]) => name.endsWith('.$') ? [name.slice(0, -2), must(at(value as string, input, item), value as string)] : [name, filled(value, input, item)]))
const put = (input: Json, path: string | undefined, result: Json): Json => path === undefined ? result : { ...input as object, [/^\$\.(\w+)$/.exec(path)?.[1] ?? 'no path of one name']: result }

/** Runs it; every state must be known, and each error be thrown by its name. */
function interpret({ StartAt, States }: Machine, given: Json, lambda: Lambda, item?: Json, widths: number[] = []): Json {
  let [input, name] = [given, StartAt]
  for (let steps = 0; steps < 200; steps++) {
    const here: State = States[name] as State
    let next = here.Next
    if (here.Type === 'Pass') input = put(input, here.ResultPath, here.Parameters !== undefined ? filled(here.Parameters, input, item) : here.Result ?? input)
    else if (here.Type === 'Choice') {
      next = here.Choices?.find(({ Variable, IsPresent, BooleanEquals }) => IsPresent !== undefined ? (at(Variable, input, item) !== undefined) === IsPresent : must(at(Variable, input, item), Variable) === BooleanEquals)?.Next ?? here.Default
    } else if (here.Type === 'Task') {
      const event = here.Parameters === undefined ? input : filled(here.Parameters, input, item)
      for (let tries = 0; ; tries++) {
        try {
          // Through JSON, as to a function.
          input = put(input, here.ResultPath, JSON.parse(JSON.stringify(lambda(JSON.parse(JSON.stringify(event)) as Record<string, Json>))))
          break
        } catch (error) {
          const thrown = (error as Error).name
          const { MaxAttempts = 0 } = here.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes(thrown)) ?? {}
          if (tries < MaxAttempts) continue
          const caught = here.Catch?.find(({ ErrorEquals }) => ErrorEquals.includes('States.ALL'))
          if (caught === undefined) throw error
          return interpret({ StartAt: caught.Next, States }, { Error: thrown }, lambda, item)
        }
      }
    } else if (here.Type === 'Map') {
      widths.push(must(at(here.MaxConcurrencyPath as string, input, item), 'MaxConcurrencyPath') as number)
      input = put(input, here.ResultPath, (at(here.ItemsPath as string, input, item) as Json[]).map((each) => interpret(here.ItemProcessor as Machine, filled(here.ItemSelector, input, each), lambda, each)))
    } else if (here.Type === 'Fail') {
      throw Object.assign(new Error(must(at(here.CausePath as string, input, item), 'CausePath') as string), { name: here.Error })
    } else throw new Error(`a state of type ${here.Type} is not known here`)
    if (here.End === true) return input
    name = next as string
  }
  throw new Error('it does not end')
}

const machines: [string, Machine][] = [['the machine', machine], ...Object.entries(machine.States).flatMap(([name, { ItemProcessor }]) => ItemProcessor === undefined ? [] : [[name, ItemProcessor] as [string, Machine]])]

describe.each(machines)('%s', (_, { StartAt, States }) => {
  const nextOf = ({ Next, Default, Choices = [], Catch = [] }: State): string[] => [Next, Default, ...Choices.map(({ Next }) => Next), ...Catch.map(({ Next }) => Next)].filter((name) => name !== undefined)
  test('every state that is named is there, every state that is there is reached, and each goes on or ends', () => {
    const met = new Set<string>()
    const reach = (name: string): void => {
      expect(Object.keys(States)).toContain(name)
      if (met.has(name)) return
      met.add(name)
      nextOf(States[name] as State).forEach(reach)
    }
    reach(StartAt)
    expect([...met].sort()).toStrictEqual(Object.keys(States).sort())
    for (const [name, { Type, Next, End, Default }] of Object.entries(States)) expect(Type === 'Choice' ? Default !== undefined : Type === 'Fail' ? Next === undefined && End === undefined : (Next === undefined) === (End === true), name).toBe(true)
    expect(Object.values(States).some(({ End }) => End === true)).toBe(true)
  })
  test('only what Lambda itself failed at is asked again: at most three times, at random within half a minute', () => {
    for (const [name, { Type, Resource, Retry }] of Object.entries(States)) {
      if (Type !== 'Task') continue
      expect(Resource).toBe('Sallyport-dev/failures.Arn')
      expect(Retry).toStrictEqual([{
        // A rerun that was lost on its way may have run; one that was turned away has not.
        ErrorEquals: [...name === 'Rerun' ? [] : ['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'], 'Lambda.TooManyRequestsException'],
        IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 30, JitterStrategy: 'FULL',
      }])
    }
  })
})

describe('an execution', () => {
  const thrown = (name: string): Error => Object.assign(new Error('a word'), { name })
  const page = (ids: readonly string[], more: boolean, from: string | null, counts = { done: 0, failed: 0 }) => ({ ids, ...counts, more, left: false, from, concurrency: 7, force: false })

  test('runs three of a page, of which one crashes and one fails again, then a page without any, then what is left, and counts', () => {
    const [batches, reruns]: [Record<string, Json>[], string[]] = [[], []]
    const answers = [page(['f.1', 'f.2', 'f.3'], true, 'a'), page([], true, 'b', { done: 1, failed: 2 }), page(['f.4'], false, null, { done: 1, failed: 2 }), page([], false, null, { done: 2, failed: 2 })]
    const widths: number[] = []
    const given = { pipeline: 'applicant', fault: 'UNAVAILABLE', since: 1_000 }
    const told = interpret(machine, given, ({ batch, rerun }) => {
      if (batch !== undefined) return answers[batches.push(batch as Record<string, Json>) - 1]
      expect(rerun).toStrictEqual({ id: expect.any(String) as string, force: false })
      const { id } = rerun as { id: string }
      reruns.push(id)
      if (id === 'f.2') throw thrown('Unhandled')
      return id === 'f.3' ? { id, done: false, fault: 'UNAVAILABLE' } : { id, done: true }
    }, undefined, widths)
    expect(told).toStrictEqual({ done: 2, failed: 2, left: false, from: null })
    expect(reruns).toStrictEqual(['f.1', 'f.2', 'f.3', 'f.4'])
    expect(widths).toStrictEqual([7, 7])
    expect(batches).toStrictEqual([
      { asked: given, last: null, results: [] },
      { asked: given, last: answers[0], results: [{ id: 'f.1', done: true }, { done: false }, { id: 'f.3', done: false, fault: 'UNAVAILABLE' }] },
      // Counted once.
      { asked: given, last: answers[1], results: [] },
      { asked: given, last: answers[2], results: [{ id: 'f.4', done: true }] },
    ])
  })
  test('repeats what Lambda turned away, and ends where it stays away', () => {
    let asked = 0
    const once = interpret(machine, { pipeline: 'applicant' }, () => {
      if (++asked < 4) throw thrown('Lambda.TooManyRequestsException')
      return page([], false, null)
    })
    expect([asked, once]).toStrictEqual([4, { done: 0, failed: 0, left: false, from: null }])
    expect(() => interpret(machine, { pipeline: 'applicant' }, () => { throw thrown('Lambda.ServiceException') })).toThrow('a word')
    // What a function of ours throws is no error of Lambda.
    asked = 0
    expect(() => interpret(machine, {}, () => { asked++; throw thrown('TypeError') })).toThrow('a word')
    expect(asked).toBe(1)
  })
  test('of a rerun, not what may have run', () => {
    const reran: string[] = []
    const answers = [page(['f.1', 'f.2'], false, null), page([], false, null, { done: 1, failed: 1 })]
    const told = interpret(machine, { pipeline: 'applicant' }, ({ batch, rerun }) => {
      if (batch !== undefined) return answers.shift()
      const { id } = rerun as { id: string }
      reran.push(id)
      if (id === 'f.1') throw thrown('Lambda.SdkClientException')
      if (reran.length < 4) throw thrown('Lambda.TooManyRequestsException')
      return { id, done: true }
    })
    expect([reran, told]).toStrictEqual([['f.1', 'f.2', 'f.2', 'f.2'], { done: 1, failed: 1, left: false, from: null }])
  })
  test('fails with the sentence in which its input is refused', () => {
    const asked: unknown[] = []
    expect(() => interpret(machine, { pipeline: 'applicant', concurrency: 41 }, (event) => { asked.push(event); return { refused: 'concurrency is a whole number, 1 to 40' } })).toThrow(expect.objectContaining({ name: 'Refused', message: 'concurrency is a whole number, 1 to 40' }))
    expect(asked).toHaveLength(1)
  })
})

test('no data of an execution is logged, nothing is traced, and it keeps its history by itself', () => {
  expect(properties('AWS::StepFunctions::StateMachine')['Sallyport-dev/Reruns']).toMatchObject({
    StateMachineName: 'Sallyport-dev-reruns', StateMachineType: 'STANDARD', TracingConfiguration: { Enabled: false },
    LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false, Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: 'Sallyport-dev/Reruns-Log.Arn' } }] },
  })
  expect(properties('AWS::Logs::LogGroup')['Sallyport-dev/Reruns-Log']).toMatchObject({ LogGroupName: '/aws/vendedlogs/states/Sallyport-dev-reruns', RetentionInDays: 90, KmsKeyId: 'Sallyport-dev-state/logs-key.Arn' })
  expect(JSON.stringify(properties('AWS::KMS::Key')['Sallyport-dev-state/logs-key'])).toContain('log-group:/aws/vendedlogs/states/Sallyport-dev-reruns')
})

describe('who may do what', () => {
  test('the state machine: invoke one function, and have its log delivered; by the state machine of this name alone', () => {
    const [invoke, deliver, ...more] = statementsOf('Reruns')
    expect([invoke, more]).toStrictEqual([{ Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:Sallyport-dev-failures' }, []])
    // https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    expect(deliver).toStrictEqual({ Effect: 'Allow', Resource: '*', Action: [
      'logs:CreateLogDelivery', 'logs:DeleteLogDelivery', 'logs:DescribeLogGroups', 'logs:DescribeResourcePolicies', 'logs:GetLogDelivery', 'logs:ListLogDeliveries', 'logs:PutResourcePolicy', 'logs:UpdateLogDelivery',
    ] })
    expect(properties('AWS::IAM::Role')['Sallyport-dev/Reruns-Role']?.['AssumeRolePolicyDocument']).toMatchObject({ Statement: [{
      Action: 'sts:AssumeRole', Principal: { Service: 'states.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' }, ArnEquals: { 'aws:SourceArn': 'arn:aws:states:us-east-1:123456789012:stateMachine:Sallyport-dev-reruns' } },
    }] })
  })
  test('the function: the table and its indexes, the one key, and the functions of pipelines that keep records', () => {
    expect(statementsOf('failures').filter(({ Action }) => !JSON.stringify(Action).includes('logs:')).map(({ Action, Resource }) => [Action, Resource])).toStrictEqual([
      [['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Scan'], 'Sallyport-dev-state/outcomes-table.Arn'],
      ['dynamodb:Query', 'Sallyport-dev-state/outcomes-table.Arn/index/failures'], ['dynamodb:Query', 'Sallyport-dev-state/outcomes-table.Arn/index/entities'],
      ['kms:Decrypt', 'Sallyport-dev-state/realm-reruns-key.Arn'],
      ['lambda:InvokeFunction', ['arn:aws:lambda:us-east-1:123456789012:function:Sallyport-dev-applicant', 'arn:aws:lambda:us-east-1:123456789012:function:Sallyport-dev-shipment']],
    ])
    const bound = (name: string) => statementsOf(name).filter(({ Resource }) => Resource === 'Sallyport-dev-state/realm-reruns-key.Arn').map(({ Action, Condition }) => [Action, Condition])
    const context = (pipelines: unknown) => ({ StringEquals: { 'kms:EncryptionContext:sallyport:key': 'reruns', 'kms:EncryptionContext:sallyport:context': pipelines } })
    expect(bound('failures')).toStrictEqual([['kms:Decrypt', context(['applicant', 'shipment'])]])
    expect(bound('applicant')).toStrictEqual([['kms:GenerateDataKey', context('applicant')]])
    expect(properties('AWS::Lambda::Function')['Sallyport-dev/failures']).toMatchObject({
      FunctionName: 'Sallyport-dev-failures', Timeout: 75,
      Environment: { Variables: { TABLE_OUTCOMES: 'Sallyport-dev-state/outcomes-table', KEY_RERUNS: 'Sallyport-dev-state/realm-reruns-key.Arn', PIPELINES: '["applicant","shipment"]', FUNCTION_PREFIX: 'Sallyport-dev-' } },
    })
  })
  test('what a pipeline seals it cannot open, and nobody else can seal or open', () => {
    const { KeyPolicy } = properties('AWS::KMS::Key')['Sallyport-dev-state/realm-reruns-key'] as { KeyPolicy: object }
    const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
    const may = (role: string, action: string): boolean => evaluate({
      action, resource: 'arn:aws:kms:us-east-1:123456789012:key/reruns', principalArn: `arn:aws:iam::123456789012:role/${role}`, identity: [everything], resourcePolicy: KeyPolicy, resourceMustDelegate: true,
      context: { 'kms:CallerAccount': '123456789012', 'aws:PrincipalIsAWSService': 'false', 'aws:PrincipalArn': `arn:aws:iam::123456789012:role/${role}` },
    }).allowed
    expect(['applicant', 'failures', 'shipment', 'ledger'].map((name) => [may(`Sallyport-dev-${name}`, 'kms:GenerateDataKey'), may(`Sallyport-dev-${name}`, 'kms:Decrypt')])).toStrictEqual([[true, false], [false, true], [false, false], [false, false]])
    expect([may('Administrator', 'kms:Decrypt'), may('Administrator', 'kms:Encrypt')]).toStrictEqual([false, false])
  })
})

test('names that senders gave are sealed by a pipeline that claims them, though its entity is in the clear, and opened by the function failures alone', () => {
  const [, shipment] = failures.pipelines
  const claiming: Step<never, never> = { kind: 'deduplicate', config: { idempotencyKey: 'required' }, needs: [], claimsMessage: true, run: (payload) => payload }
  const named = { ...shipment, name: 'named', timeout: 15, trigger: post('/named', { auth: iam() }), steps: flow(shipment?.steps as typeof claiming, claiming) } as Pipeline
  const made = synthesized({ ...failures, pipelines: [shipment as Pipeline, named] })
  const asked = (name: string) => (made.plain(made.all('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${name}-Policy`]?.Properties) as { PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] } }).PolicyDocument.Statement
    .filter(({ Resource }) => Resource === 'Sallyport-dev-state/realm-reruns-key.Arn').map(({ Action }) => Action)
  expect(['shipment', 'named', 'failures'].map(asked)).toStrictEqual([[], ['kms:GenerateDataKey'], ['kms:Decrypt']])
  expect(costsOf([made.state, made.stateless], assumed).pipelines.map(({ name, failures }) => [name, failures?.lines.map(({ what }) => what)])).toStrictEqual([['shipment', ['record write units']], ['named', ['record write units', 'KMS requests, at most']]])
})

test('failures that leave a record are counted, and ten in five minutes are told', () => {
  expect(Object.values(properties('AWS::Logs::MetricFilter')).filter(({ MetricTransformations }) => (MetricTransformations as { MetricName: string }[])[0]?.MetricName === 'Recorded').map(({ LogGroupName, FilterPattern }) => [LogGroupName, FilterPattern]))
    .toStrictEqual(['applicant', 'shipment'].map((name) => [`Sallyport-dev/${name}-Log`, '{ $.event = "execution" && $.recorded IS TRUE }']))
  expect(Object.values(properties('AWS::CloudWatch::Alarm')).filter(({ MetricName }) => MetricName === 'Recorded').map(({ AlarmName, Threshold, Statistic, Period, Dimensions }) => [AlarmName, Threshold, Statistic, Period, Dimensions]))
    .toStrictEqual(['applicant', 'shipment'].map((name) => [`Sallyport-dev ${name}: Failures recorded`, 10, 'Sum', 300, [{ Name: 'Pipeline', Value: name }]]))
})

test('the dashboard shows how many leave a record, by pipeline, and what waits for a person', () => {
  const { widgets } = JSON.parse(properties('AWS::CloudWatch::Dashboard')['Sallyport-dev/Dashboard']?.['DashboardBody'] as string) as { widgets: { properties: { title?: string; metrics?: unknown[][] } }[] }
  const metrics = (title: string) => widgets.find(({ properties }) => properties.title === title)?.properties.metrics?.map((metric) => metric.slice(0, -1))
  expect(metrics('Failures recorded')).toStrictEqual(['applicant', 'shipment'].map((name) => ['Sallyport/Sallyport-dev', 'Recorded', 'Pipeline', name]))
  expect(metrics('Doubts waiting')).toStrictEqual([['Sallyport/Sallyport-dev', 'Doubts']])
})

test('a million failures cost three million write units, and where the entity is sealed at most a request to KMS each', () => {
  const costs = costsOf([state, stateless], assumed).pipelines
  expect(costs.map(({ name, failures }) => [name, failures?.lines.map(({ what, count }) => [what, count]), Math.round((failures?.dollars ?? 0) * 1_000) / 1_000])).toStrictEqual([
    // 3 × 0.625 + 3.00
    ['applicant', [['record write units', 3e6], ['KMS requests, at most', 1e6]], 4.875], ['shipment', [['record write units', 3e6]], 1.875],
  ])
  expect(costsOf([synthesized(fixture).stateless], assumed).pipelines.every((costs) => !('failures' in costs))).toBe(true)
})

test('an app that keeps no records has none of it; of messages that wait the rows can be forgotten', () => {
  const without = synthesized(fixture)
  expect(JSON.stringify([without.state, without.stateless])).not.toMatch(/StateMachine|Reruns|reruns|outcomes|-failures"/)
  const waiting = synthesized(queues)
  expect(Object.keys(waiting.all('AWS::StepFunctions::StateMachine'))).toStrictEqual([])
  const policy = waiting.plain(waiting.all('AWS::IAM::ManagedPolicy')['Sallyport-dev/failures-Policy']?.Properties) as { PolicyDocument: { Statement: { Action: string | string[] }[] } }
  expect(policy.PolicyDocument.Statement.map(({ Action }) => Action)).toStrictEqual([['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Scan'], ['logs:CreateLogStream', 'logs:PutLogEvents']])
})

test('records of a pipeline without a queue have their table as well', () => {
  const { all } = synthesized({ ...failures, pipelines: failures.pipelines.slice(0, 1) })
  expect(Object.keys(all('AWS::DynamoDB::Table'))).toContain('Sallyport-dev-state/outcomes-table')
  expect(Object.keys(all('AWS::SQS::Queue'))).toStrictEqual([])
  expect(JSON.stringify(state)).toContain('outcomes')
  expect(JSON.stringify(stateless)).toContain('outcomes')
})

test('the key of the records is no other step’s', () => {
  const thief: Step<never, never> = { kind: 'made-up', config: {}, needs: [{ resource: envelopeKeyOf(envelopeKey(rerunsKey.name)), actions: ['kms:Decrypt'] }], run: (payload) => payload }
  const made: Pipeline = { name: 'thief', trigger: post('/thief', { auth: iam() }), sensitive: [], timeout: 15, steps: flow(thief) }
  expect(() => construct({ ...failures, pipelines: [...failures.pipelines, made] })).toThrow('pipeline thief: it needs key reruns, under which records of failures are sealed; give it another name')
})
