import { Aws, Stack } from 'aws-cdk-lib'
import { Effect, ManagedPolicy, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnStateMachine, LogLevel, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions'
import type { Construct } from 'constructs'
import { keptLog, type Keeping } from './logs.ts'
import type { Names } from './names.ts'

/** What Lambda itself says; what a function of ours says is no error. In seconds. */
const retry = (...ErrorEquals: readonly string[]): object[] => [{ ErrorEquals, IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 30, JitterStrategy: 'FULL' }]
/** It turned an invocation away: the function has not run. */
const turnedAway = 'Lambda.TooManyRequestsException'
/** It lost an invocation: the function may have run. */
const lost = ['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'] as const

/** A little more than a function may take. */
const patience = 960

/**
 * Runs again what failed, page by page: the function gives ids and counts, and runs each. No payload and no entity passes
 * through here, since the history is kept for months. What is done has no record any more, so whoever stops an execution
 * goes on by starting another. A rerun that may have run is not run once more here: it has its record, or is done. An execution ends
 * after a thousand reruns, since its history has room for 25,000 events.
 */
export const definitionOf = (failures: string): object => ({
  Comment: 'Reruns failures: input { pipeline, fault?, since?, concurrency?, force?, from? }, output { done, failed, left, from }',
  StartAt: 'Begin',
  TimeoutSeconds: 86_400,
  States: {
    Begin: { Type: 'Pass', Parameters: { 'asked.$': '$', page: null, results: [] }, Next: 'Page' },
    Page: {
      Type: 'Task', Resource: failures, TimeoutSeconds: patience, Retry: retry(...lost, turnedAway),
      Parameters: { batch: { 'asked.$': '$.asked', 'last.$': '$.page', 'results.$': '$.results' } },
      ResultPath: '$.page', Next: 'Which',
    },
    Which: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.page.refused', IsPresent: true, Next: 'Refused' },
        { Variable: '$.page.ids[0]', IsPresent: true, Next: 'Rerun each' }, { Variable: '$.page.more', BooleanEquals: true, Next: 'None of these' },
      ],
      Default: 'Tell',
    },
    Refused: { Type: 'Fail', Error: 'Refused', CausePath: '$.page.refused' },
    'None of these': { Type: 'Pass', Result: [], ResultPath: '$.results', Next: 'Page' },
    'Rerun each': {
      Type: 'Map', ItemsPath: '$.page.ids', MaxConcurrencyPath: '$.page.concurrency',
      ItemSelector: { rerun: { 'id.$': '$$.Map.Item.Value', 'force.$': '$.page.force' } },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'Rerun',
        States: {
          Rerun: { Type: 'Task', Resource: failures, TimeoutSeconds: patience, Retry: retry(turnedAway), Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Go on' }], End: true },
          'Go on': { Type: 'Pass', Result: { done: false }, End: true },
        },
      },
      ResultPath: '$.results', Next: 'Page',
    },
    Tell: { Type: 'Pass', Parameters: { 'done.$': '$.page.done', 'failed.$': '$.page.failed', 'left.$': '$.page.left', 'from.$': '$.page.from' }, End: true },
  },
})

/** What logging by Step Functions takes; AWS knows no resource for these. */
const delivery = [
  'logs:CreateLogDelivery', 'logs:DeleteLogDelivery', 'logs:DescribeLogGroups', 'logs:DescribeResourcePolicies', 'logs:GetLogDelivery', 'logs:ListLogDeliveries',
  'logs:PutResourcePolicy', 'logs:UpdateLogDelivery',
]

/** The state machine that reruns many failures in AWS: it may invoke the function `failures`, and log how an execution ended. */
export function rerunsInAws(scope: Construct, failures: IFunction, { names, keeping }: { readonly names: Names; readonly keeping: Keeping }): CfnStateMachine {
  const log = keptLog(scope, 'Reruns-Log', names.rerunsLog, keeping)
  const role = new Role(scope, 'Reruns-Role', {
    description: `Runs ${names.reruns}`,
    assumedBy: new ServicePrincipal('states.amazonaws.com', { conditions: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
      ArnEquals: { 'aws:SourceArn': `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.reruns}` },
    } }),
    managedPolicies: [new ManagedPolicy(scope, 'Reruns-Policy', {
      description: `What ${names.reruns} may do: invoke one function, and log`,
      document: new PolicyDocument({
        statements: [
          new PolicyStatement({ effect: Effect.ALLOW, actions: ['lambda:InvokeFunction'], resources: [names.functionArn('failures')] }),
          new PolicyStatement({ effect: Effect.ALLOW, actions: delivery, resources: ['*'] }),
        ],
        minimize: false,
      }),
    })],
  })
  return new CfnStateMachine(scope, 'Reruns', {
    stateMachineName: names.reruns, stateMachineType: StateMachineType.STANDARD, roleArn: role.roleArn,
    definitionString: Stack.of(scope).toJsonString(definitionOf(failures.functionArn)),
    loggingConfiguration: { level: LogLevel.ERROR, includeExecutionData: false, destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: log.logGroupArn } }] },
    tracingConfiguration: { enabled: false },
  })
}
