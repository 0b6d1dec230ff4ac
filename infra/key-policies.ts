import { Aws } from 'aws-cdk-lib'
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'

/** Everything that uses key material, and `CreateGrant`, which hands its use to somebody else. */
export const cryptographic = [
  'kms:CreateGrant', 'kms:Decrypt', 'kms:DeriveSharedSecret', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:GenerateMac', 'kms:ReEncryptFrom', 'kms:ReEncryptTo',
  'kms:Sign', 'kms:Verify', 'kms:VerifyMac',
] as const

/** Never denied to anybody whom IAM lets: nobody is locked out of a key, and nobody reads with it. */
const manage = (): PolicyStatement => new PolicyStatement({
  sid: 'ManagedThroughIam',
  principals: [new AccountRootPrincipal()],
  actions: [
    'kms:CancelKeyDeletion', 'kms:CreateAlias', 'kms:DeleteAlias', 'kms:Describe*', 'kms:Disable*', 'kms:Enable*', 'kms:Get*', 'kms:List*',
    'kms:Put*', 'kms:RetireGrant', 'kms:RevokeGrant', 'kms:RotateKeyOnDemand', 'kms:ScheduleKeyDeletion', 'kms:TagResource', 'kms:UntagResource',
    'kms:Update*',
  ],
  resources: ['*'],
})

const document = (...statements: PolicyStatement[]): PolicyDocument => new PolicyDocument({ statements, minimize: false })

/**
 * A key of the realm. Each cryptographic action is open to the roles whose definition needs it, through IAM, and denied
 * to everyone else, administrators included; what no role needs is denied to all. Roles stand in a condition, since a
 * principal must exist already when the policy is written, and theirs are made by the other stack.
 */
export function realmKeyPolicy(uses: ReadonlyMap<string, readonly string[]>): PolicyDocument {
  const used = cryptographic.filter((action) => uses.has(action))
  const unused = cryptographic.filter((action) => !uses.has(action))
  const word = (action: string): string => action.replace('kms:', '')
  return document(
    manage(),
    ...used.flatMap((action) => {
      const roles = { 'aws:PrincipalArn': [...uses.get(action) ?? []] }
      return [
        new PolicyStatement({ sid: `${word(action)}ThroughIam`, principals: [new AccountRootPrincipal()], actions: [action], resources: ['*'], conditions: { ArnEquals: roles } }),
        new PolicyStatement({ sid: `${word(action)}ForNobodyElse`, effect: Effect.DENY, principals: [new AnyPrincipal()], actions: [action], resources: ['*'], conditions: { ArnNotEquals: roles } }),
      ]
    }),
    new PolicyStatement({ sid: 'TheRestForNobody', effect: Effect.DENY, principals: [new AnyPrincipal()], actions: unused, resources: ['*'] }),
  )
}

/** What a service does with a key that protects data at rest. */
const atRest = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'] as const

/**
 * A key that protects data at rest and works only through `services`: whoever may read the table or the secret reads it
 * through the service, which then uses the key on their behalf. So callers need no KMS statement of their own, and a
 * stolen ciphertext is worth nothing to anyone who holds `kms:Decrypt` on `*`.
 */
export function serviceKeyPolicy(services: readonly string[], ...extra: PolicyStatement[]): PolicyDocument {
  const via = services.map((service) => `${service}.${Aws.REGION}.${Aws.URL_SUFFIX}`)
  return document(
    manage(),
    new PolicyStatement({
      sid: 'ThroughItsService', principals: [new AnyPrincipal()], actions: [...atRest, 'kms:CreateGrant', 'kms:DescribeKey'], resources: ['*'],
      conditions: { StringEquals: { 'kms:CallerAccount': Aws.ACCOUNT_ID, 'kms:ViaService': via } },
    }),
    ...extra,
    new PolicyStatement({
      sid: 'NotDirectly', effect: Effect.DENY, principals: [new AnyPrincipal()], actions: [...cryptographic], resources: ['*'],
      // Services that act by themselves, such as DynamoDB's backups, are no caller of ours and have no `ViaService`.
      conditions: { StringNotEquals: { 'kms:ViaService': via }, BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' } },
    }),
  )
}

/** EventBridge, which puts events into queues by itself: the policy of each queue says which rule may. */
export const eventsKeyStatement = (): PolicyStatement => new PolicyStatement({
  sid: 'EventsIntoQueues', principals: [new ServicePrincipal('events.amazonaws.com')], actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'],
})

/** CloudWatch Logs for these log groups alone, and CloudWatch for messages of its alarms: the topic's policy says of which. */
export const logKeyStatements = (logGroups: readonly string[]): PolicyStatement[] => [
  new PolicyStatement({
    sid: 'LogGroups', principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)], actions: [...atRest, 'kms:DescribeKey'], resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups.map((name) => `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${name}`) } },
  }),
  new PolicyStatement({
    sid: 'AlarmMessages', principals: [new ServicePrincipal('cloudwatch.amazonaws.com')], actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'],
  }),
]
