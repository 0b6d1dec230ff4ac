import { CfnResource, Stack, Validations } from 'aws-cdk-lib'
import type { CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2'
import type { CfnRule } from 'aws-cdk-lib/aws-events'
import type { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam'
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda'
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs'
import { isRouted } from 'sallyport'
import type { Definitions } from './build.ts'
import { hasQueue } from './queues.ts'

/**
 * Rules of the cdk-nag packs that are not met, why, and where: the whole list. Tests hold that each is needed and that
 * nothing else is violated; the reasons also stand in the template, at the resource they speak of.
 */
interface Acknowledgement<R extends CfnResource = CfnResource> {
  readonly type: string
  readonly rules: readonly string[] | ((resource: R) => readonly string[])
  /** Empty: the resource meets the rule. */
  readonly reason: string | ((resource: R, definitions: Definitions) => string)
}

const entry = <R extends CfnResource>(acknowledgement: Acknowledgement<R>): Acknowledgement => acknowledgement as unknown as Acknowledgement

const isFailures = ({ node }: CfnResource): boolean => node.scope?.node.id === 'failures'
const isKeys = ({ node }: CfnResource): boolean => node.scope?.node.id === 'keys'

export const acknowledgements: readonly Acknowledgement[] = [
  {
    type: 'AWS::SecretsManager::Secret',
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled', 'HIPAA.Security-SecretsManagerRotationEnabled'],
    reason: 'The value is a partner\'s credential or public key, which only the partner can issue anew, so no function of ours could rotate it. A person enters the new one with `npm run accounts`; running functions read it within minutes, and at once when the partner answers 401.',
  },
  entry({
    type: 'AWS::DynamoDB::Table',
    rules: ['NIST.800.53.R5-DynamoDBInBackupPlan', 'HIPAA.Security-DynamoDBInBackupPlan'],
    reason: (resource) => resource.node.scope?.node.id === 'outcomes-table'
      ? 'A row tells what became of one message for some days, and then it is gone, as the definition promises. A backup plan would keep it longer, and the table key admits no second service that could read the rows.'
      : isStoreTable(resource)
      ? 'Point-in-time recovery keeps every second of the last 35 days. A backup plan would keep sealed records beyond the lifetime that the definition promises, and the table key admits no second service that could read the rows.'
      : 'Point-in-time recovery keeps every second of the last 35 days. A ledger restored from an older backup plan would forget identifiers accepted since and let their duplicates through, and the table key admits no second service that could read the rows.',
  }),
  {
    type: 'AWS::S3::Bucket',
    rules: ['NIST.800.53.R5-S3DefaultEncryptionKMS', 'HIPAA.Security-S3DefaultEncryptionKMS', 'PCI.DSS.321-S3DefaultEncryptionKMS'],
    reason: 'Every object is sealed before S3 gets it, under a KMS key whose policy admits the roles of the definitions alone. SSE-KMS would add a KMS request and a KMS permission to each put and get, for a second layer that opens to whoever may get the object.',
  },
  {
    type: 'AWS::S3::Bucket',
    rules: ['NIST.800.53.R5-S3BucketVersioningEnabled', 'HIPAA.Security-S3BucketVersioningEnabled', 'PCI.DSS.321-S3BucketVersioningEnabled'],
    reason: 'A version that has expired would be one more copy with a lifetime of its own. Nothing is lost by an overwrite: each write is conditional, and replaces only what has expired.',
  },
  {
    type: 'AWS::S3::Bucket',
    rules: ['NIST.800.53.R5-S3BucketReplicationEnabled', 'HIPAA.Security-S3BucketReplicationEnabled', 'PCI.DSS.321-S3BucketReplicationEnabled'],
    reason: 'A replica would be a second copy of personal data in a second Region, where the KMS key that opens it is not. S3 keeps each object in at least three zones of its own Region.',
  },
  {
    type: 'AWS::S3::Bucket',
    rules: ['AwsSolutions-S1', 'NIST.800.53.R5-S3BucketLoggingEnabled', 'HIPAA.Security-S3BucketLoggingEnabled', 'PCI.DSS.321-S3BucketLoggingEnabled'],
    reason: 'The bucket policy denies putting and getting to all but the functions, and each of their executions leaves a line that counts its calls of S3. An access log would be a second bucket; who wants one names the data events of this bucket in the trail of the account.',
  },
  entry<CfnFunction>({
    type: 'AWS::Lambda::Function',
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'HIPAA.Security-LambdaConcurrency'],
    reason: (resource, definitions) => resource.reservedConcurrentExecutions !== undefined ? '' : isFed(resource, definitions) ? 'What cannot be worked on now waits in the queue, an alarm tells of what waits for long, and the `concurrency` of the trigger bounds how many invocations Lambda begins at a time. A reserved share is the property `reservedConcurrency`: by default it would fail the first deployment into a new account, whose ten executions cannot be reserved.' : 'The stage of the API throttles what comes in, and an alarm tells of throttled invocations. A reserved share is the property `reservedConcurrency`: by default it would fail the first deployment into a new account, whose ten executions cannot be reserved.',
  }),
  entry<CfnFunction>({
    type: 'AWS::Lambda::Function',
    rules: ['NIST.800.53.R5-LambdaDLQ', 'HIPAA.Security-LambdaDLQ', 'Serverless-LambdaDLQ'],
    reason: (resource, definitions) => isFed(resource, definitions)
      ? 'Messages come from a queue that has a dead-letter queue of its own, with an alarm on it. Lambda puts nothing of what it polls from a queue into a dead-letter queue of the function.'
      : isFailures(resource)
      ? 'A person, or the state machine of the reruns, invokes this function, waits, and asks again. Lambda puts nothing of a synchronous invocation into a dead-letter queue, and its event may hold a payload, which must not be kept in one.'
      : isKeys(resource)
      ? 'CloudFormation invokes this function, waits for its answer and fails the deployment without one; its event holds names and a signed address, which must not be kept in a queue.'
      : 'The API invokes this function and waits: the sender gets the fault and sends again. Lambda puts nothing of a synchronous invocation into a dead-letter queue, and a queue would be a place where payloads rest.',
  }),
  {
    type: 'AWS::Lambda::Function',
    rules: ['NIST.800.53.R5-LambdaInsideVPC', 'HIPAA.Security-LambdaInsideVPC', 'PCI.DSS.321-LambdaInsideVPC'],
    reason: 'Nothing of ours lies in a VPC. The function accepts no connection, reaches AWS by signed TLS requests that its role must allow, and partners only at origins that stand in reviewed code; what it may touch is bounded by that role, which has one statement a need.',
  },
  {
    type: 'AWS::Lambda::Function',
    rules: ['Serverless-LambdaTracing'],
    reason: 'X-Ray is off on purpose: it is one more store that requests pass through, its writing permission has no resource to be narrowed to, and each execution already leaves one line with the time of every step.',
  },
  {
    type: 'AWS::IAM::ManagedPolicy',
    rules: (resource) => isReruns(resource) ? ['AwsSolutions-IAM5[Resource::*]'] : [],
    reason: 'IAM knows no resource for the actions by which Step Functions has its logs delivered: AWS documents them with a wildcard. They read no log, and what else the policy allows is one function by its name.',
  },
  {
    type: 'AWS::StepFunctions::StateMachine',
    rules: ['AwsSolutions-SF1'],
    reason: 'Each step of an execution stays in the history that Step Functions keeps, and what an execution did is in the lines of its function. The log tells how one failed, without its data: all events would be a second copy of that history, by the rerun.',
  },
  {
    type: 'AWS::StepFunctions::StateMachine',
    rules: ['AwsSolutions-SF2', 'Serverless-StepFunctionStateMachineXray'],
    reason: 'X-Ray is off on purpose, as it is for the functions: it is one more store that requests pass through, and its writing permission has no resource to be narrowed to. The history has the time of every rerun.',
  },
  {
    type: 'AWS::IAM::ManagedPolicy',
    rules: (resource) => isReruns(resource) ? [] : [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/lambda/${functionOf(resource.node.path)}:log-stream:*]`],
    reason: 'Lambda chooses the name of each log stream, so streams have no other name than any in the function\'s own log group. Nothing else in the policy has a wildcard.',
  },
  entry<CfnManagedPolicy>({
    type: 'AWS::IAM::ManagedPolicy',
    rules: (resource) => bucketsIn(resource).map((objects) => `AwsSolutions-IAM5[Resource::${objects}]`),
    reason: 'The key of an object is a keyed digest, which nobody knows before the message comes, so objects have no other name than any in the store\'s own bucket.',
  }),
  entry<CfnRule>({
    type: 'AWS::Events::Rule',
    rules: ['Serverless-EventBusDLQ'],
    reason: ({ scheduleExpression }) => scheduleExpression === undefined ? '' : 'The rule says no more than that it is time to look. What failed today is due tomorrow as well, and the function\'s own alarm tells of it.',
  }),
  entry<CfnQueue>({
    type: 'AWS::SQS::Queue',
    rules: ({ redrivePolicy }) => redrivePolicy === undefined ? ['Serverless-SQSRedrivePolicy'] : [],
    reason: 'This is the dead-letter queue of another. What lies here is looked at by a person, whom an alarm calls; a second one behind it would only be one more place to look.',
  }),
  {
    type: 'AWS::Lambda::EventSourceMapping',
    rules: ['Serverless-LambdaEventSourceMappingDestination'],
    reason: 'A destination on failure is for streams. What fails here goes back to its queue, and from there, or by the function itself, to the dead-letter queue.',
  },
  {
    type: 'AWS::SNS::Subscription',
    rules: ['Serverless-SNSRedrivePolicy'],
    reason: 'An e-mail that could not be delivered tells nobody from a queue either. The alarm itself stays in CloudWatch until it is over, and more than one subscription can be made on the topic.',
  },
  entry<CfnRoute>({
    type: 'AWS::ApiGatewayV2::Route',
    rules: ['AwsSolutions-APIG4'],
    reason: ({ routeKey, authorizationType }, definitions) => authorizationType !== 'NONE' ? '' : openReason(routeKey, definitions),
  }),
]

/** Whether it is of the state machine. */
const isReruns = ({ node }: CfnResource): boolean => node.scope?.node.id === 'Reruns-Policy'

/** Whether it is the function of a pipeline whose messages wait. */
const isFed = ({ node }: CfnResource, { pipelines }: Definitions): boolean => pipelines.some((pipeline) => pipeline.name === node.scope?.node.id && hasQueue(pipeline))

const isStoreTable = ({ node }: CfnResource): boolean => node.scope?.node.id.startsWith('store-') === true

/** `arn:<AWS::Partition>:s3:::…/*` of every bucket whose objects a policy names, as cdk-nag spells it. */
function bucketsIn(policy: CfnManagedPolicy): string[] {
  const { Statement } = Stack.of(policy).resolve(policy.policyDocument) as { Statement: readonly { readonly Resource: unknown }[] }
  return Statement.flatMap(({ Resource }) => [Resource].flat().map(spelled)).filter((arn) => /:s3:::.+\/\*$/.test(arn))
}

function spelled(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const { Ref, 'Fn::Join': joined } = value as { readonly Ref?: string; readonly 'Fn::Join'?: readonly [string, readonly unknown[]] }
  return joined === undefined ? `<${Ref}>` : joined[1].map(spelled).join(joined[0])
}

/** `Sallyport-dev/loan-application-Policy/Resource`: the policy of Sallyport-dev-loan-application. */
const functionOf = (path: string): string => path.replace('/Resource', '').replace('/', '-').replace(/-Policy$/, '')

function openReason(routeKey: string, { pipelines }: Definitions): string {
  if (routeKey === '$default') return 'Answers 404 or 405 to whatever no route takes. Its function reads nothing but the path, has no permission but to its own log, and holds no data.'
  const auth = pipelines.flatMap(({ trigger }) => isRouted(trigger) ? [trigger] : []).find(({ kind, method, path }) => `${method} ${path}` === routeKey || kind === 'async' && `GET ${path}/{id}` === routeKey)?.auth
  return auth?.scheme === 'open' ? `Open by its definition: ${auth.why}` : 'Public keys are published for anybody: senders must fetch them before they can be registered anywhere. Its function reads public halves, and cannot unwrap the private ones.'
}

/** Acknowledges on every resource of the stack what the list says of it, and writes the reasons into its metadata. */
export function acknowledge(stack: Stack, definitions: Definitions): void {
  for (const resource of stack.node.findAll()) {
    if (!CfnResource.isCfnResource(resource)) continue
    const said = acknowledgements.filter(({ type }) => type === resource.cfnResourceType).flatMap(({ rules, reason }) => {
      const text = typeof reason === 'string' ? reason : reason(resource, definitions)
      return text === '' ? [] : (typeof rules === 'function' ? rules(resource) : rules).map((id) => ({ id, reason: text }))
    })
    if (said.length === 0) continue
    Validations.of(resource).acknowledge(...said)
    resource.addMetadata('cdk_nag', { rules_to_suppress: said })
  }
}
