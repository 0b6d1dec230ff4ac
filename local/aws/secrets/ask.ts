import type { Context } from '../iam.ts'
import { optionalText, type Members } from '../members.ts'
import type { Ask, Caller, Operation, Reply, World } from '../operation.ts'
import { policyDocument } from '../kms/operation.ts'
import { arnOfName, findSecret, secretId, theSecret, type Secret } from './secret.ts'

// Request members that policies may ask about.
const askable: Readonly<Record<string, string>> = {
  'secretsmanager:VersionId': 'VersionId',
  'secretsmanager:VersionStage': 'VersionStage',
  'secretsmanager:KmsKeyId': 'KmsKeyId',
  'secretsmanager:ForceDeleteWithoutRecovery': 'ForceDeleteWithoutRecovery',
  'secretsmanager:RecoveryWindowInDays': 'RecoveryWindowInDays',
  'secretsmanager:BlockPublicPolicy': 'BlockPublicPolicy',
}

/** The context of a request to Secrets Manager. */
export function contextOf(input: Members, tags: Readonly<Record<string, string>>): Context {
  const given = Object.entries(askable).flatMap(([key, member]) => {
    const value = input[member]
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[key, String(value)] as const] : []
  })
  const tagged = Object.entries(tags).flatMap(([name, value]) =>
    [[`aws:ResourceTag/${name}`, value], [`secretsmanager:ResourceTag/${name}`, value]] as const)
  return { ...Object.fromEntries(given), ...Object.fromEntries(tagged) }
}

function askFor(action: string, input: Members, world: World): Ask {
  const secret = findSecret(secretId(input), world)
  const given = secretId(input)
  return {
    action: `secretsmanager:${action}`,
    // A secret that is not there is asked for by the name that was given, so that nobody learns more from the answer.
    resource: secret?.arn ?? (given.startsWith('arn:') ? given : arnOfName(given, world)),
    ...(secret?.policy && { policy: policyDocument(secret.policy) }),
    context: {
      'secretsmanager:SecretId': secret?.arn ?? given,
      'secretsmanager:VersionStage': optionalText(input, 'VersionStage') ?? 'AWSCURRENT',
      ...contextOf(input, secret?.tags ?? {}),
    },
  }
}

type OnSecret = {
  readonly deleted?: boolean
  readonly run: (secret: Secret, input: Members, world: World, caller: Caller) => Reply
}

/** An operation on the secret that `SecretId` names; all of its writes are one unit. */
export const onSecret = (name: string, { deleted = false, run }: OnSecret): Operation => ({
  asks: (input, world) => [askFor(name, input, world)],
  run: (input, world, caller) => world.store.write(() => run(theSecret(input, world, { deleted }), input, world, caller)),
})

/** The same for one that only reads. */
export const readingSecret = (name: string, { deleted = false, run }: OnSecret): Operation => ({
  asks: (input, world) => [askFor(name, input, world)],
  run: (input, world, caller) => run(theSecret(input, world, { deleted }), input, world, caller),
})
