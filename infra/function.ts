import { Aws, Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyDocument, Role, ServicePrincipal, type PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime, type ILayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { CfnResource } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { keptLog, type Keeping } from './logs.ts'
import type { Names } from './names.ts'
import { logging } from './statements.ts'

/** What all functions of an app have in common. */
export interface Equipment {
  readonly names: Names
  readonly layer: ILayerVersion
  readonly memory: number
  readonly keeping: Keeping
  readonly removalPolicy: RemovalPolicy
  readonly reservedConcurrency: (name: string) => number | undefined
}

export interface Made {
  readonly name: string
  readonly lambda: LambdaFunction
  readonly log: LogGroup
}

/**
 * One Lambda function, directly under its stack so that `sam local` finds it by name; with a role, a policy and a log
 * group of its own. What is beside it has a capital in its id, which no pipeline's name has. The policy is a customer-managed one: what stands in it is what `needs` says, and nothing is added.
 */
export function makeFunction(scope: Construct, name: string, { folder, allowed, environment, timeout, manifest }: {
  readonly folder: string
  readonly allowed: readonly PolicyStatement[]
  readonly environment: Readonly<Record<string, string>>
  readonly timeout: number
  readonly manifest?: unknown
}, { names, layer, memory, keeping, reservedConcurrency }: Equipment): Made {
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
    environment: { ...environment },
    role,
    timeout: Duration.seconds(timeout),
    memorySize: memory,
    loggingFormat: LoggingFormat.JSON,
    logGroup: log,
    ...reservedConcurrency(name) !== undefined && { reservedConcurrentExecutions: reservedConcurrency(name) },
  })
  if (manifest !== undefined) (lambda.node.defaultChild as CfnResource).addMetadata('sallyport:manifest', manifest)
  return { name, lambda, log }
}
