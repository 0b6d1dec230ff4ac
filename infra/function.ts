import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, LayerVersion, LoggingFormat, Runtime, type ILayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { CfnResource } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { manifest } from 'sallyport/manifest'
import type { Blueprint } from './blueprint.ts'
import { keptLog, type Keeping } from './logs.ts'
import { environmentOf } from './own.ts'
import { feed, hasQueue } from './queues.ts'
import type { State } from './state.ts'
import { logging, statements } from './statements.ts'

/** What all functions of an app have in common. */
export interface Equipment {
  readonly layer: ILayerVersion
  readonly keeping: Keeping
  readonly memory?: number
  readonly reservedConcurrency?: Readonly<Record<string, number>>
}

export interface Made {
  readonly name: string
  readonly lambda: LambdaFunction
  readonly log: LogGroup
}

/** The runtime that all functions of a blueprint share. */
export const runtimeLayer = (scope: Construct, id: string, { built }: Blueprint): LayerVersion => new LayerVersion(scope, id, {
  code: Code.fromAsset(built.layer), description: 'The runtime of Sallyport',
  compatibleRuntimes: [Runtime.NODEJS_24_X], compatibleArchitectures: [Architecture.ARM_64], removalPolicy: RemovalPolicy.DESTROY,
})

/**
 * One Lambda function, directly under its stack so that `sam local` finds it by name; with a role, a policy and a log
 * group of its own. What is beside it has a capital in its id, which no pipeline's name has. The policy is a customer-managed one: what stands in it is what `needs` says, and nothing is added.
 */
export function makeFunction(
  scope: Construct, name: string, { blueprint, blueprint: { names, built, members }, state }: { readonly blueprint: Blueprint; readonly state: State },
  { layer, memory = 512, keeping, reservedConcurrency = {} }: Equipment,
): Made {
  const member = members.find((each) => each.name === name)
  const folder = built.functions[name]
  if (member === undefined || folder === undefined) throw new TypeError(`there is no function ${name}: there are ${members.map((each) => each.name).join(', ')}`)
  const concurrency = reservedConcurrency[name]
  const allowed = statements(member, (resource) => state.place(resource).arn)
  const environment = environmentOf(member, blueprint, (resource) => state.place(resource).address, (value) => Stack.of(scope).toJsonString(value))
  const log = keptLog(scope, `${name}-Log`, names.logGroup(name), keeping)
  const role = new Role(scope, `${name}-Role`, {
    roleName: names.function(name),
    description: `Runs ${names.function(name)}`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: [new ManagedPolicy(scope, `${name}-Policy`, {
      description: `What ${names.function(name)} may do: the needs of its definition, and its own log`,
      document: new PolicyDocument({
        // Not the group's own ARN attribute: the name is fixed, and a literal shows in review what it is.
        statements: [...allowed, logging(`arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${names.logGroup(name)}`)],
        minimize: false,
      }),
    })],
  })
  const lambda = new LambdaFunction(scope, name, {
    functionName: names.function(name),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(folder),
    layers: [layer],
    environment,
    role,
    timeout: Duration.seconds(member.timeout),
    memorySize: memory,
    loggingFormat: LoggingFormat.JSON,
    logGroup: log,
    ...concurrency !== undefined && { reservedConcurrentExecutions: concurrency },
  })
  if (member.pipeline !== undefined) (lambda.node.defaultChild as CfnResource).addMetadata('sallyport:manifest', manifest(member.pipeline))
  if (member.pipeline !== undefined && hasQueue(member.pipeline)) feed(scope, member.pipeline, lambda, { names, state })
  return { name, lambda, log }
}
