import { Failure } from '../failure.ts'
import { readPolicy } from '../iam.ts'
import { list, object, optionalFlag, optionalList, optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Operation, Operations, World } from '../operation.ts'
import { policyDocument } from '../kms/operation.ts'
import { contextOf, onSecret, readingSecret } from './ask.ts'
import { arnOfName, findSecret, newArn, removeSecret, saveSecret, type Secret } from './secret.ts'
import { contentOf, putVersion, tokenOf, valueOperations } from './values.ts'
import { versionsOf } from './versions.ts'

const nameBounds = { max: 512, pattern: /^[A-Za-z0-9/_+=.@-]+$/ }
const daySeconds = 86_400

function tagsOf(input: Members): Readonly<Record<string, string>> {
  const entries = (optionalList(input, 'Tags', { max: 50 }) ?? []).map((raw) => object(raw, 'Tags'))
  return Object.fromEntries(entries.map((tag) => [text(tag, 'Key', { max: 128 }), text(tag, 'Value', { min: 0, max: 256 })]))
}

const createSecret: Operation = {
  asks(input, world) {
    const name = text(input, 'Name', nameBounds)
    const tags = tagsOf(input)
    const context = { 'secretsmanager:Name': name, ...contextOf(input, {}) }
    const actions = ['CreateSecret', ...(Object.keys(tags).length > 0 ? ['TagResource'] : [])]
    return actions.map((action) => ({ action: `secretsmanager:${action}`, resource: arnOfName(name, world), context }))
  },
  run: (input, world, caller) => world.store.write(() => {
    const name = text(input, 'Name', nameBounds)
    const content = contentOf(input)
    const id = tokenOf(input)
    const known = findSecret(name, world)
    if (known?.deletedAt !== undefined)
      throw new Failure('InvalidRequestException', "You can't create this secret because a secret with this name is already scheduled for deletion.")
    // A repeated token with the same content is the same request again.
    const again = known !== undefined && content !== undefined && versionsOf(known.arn, world).some((version) => version.id === id)
    if (known && !again) throw new Failure('ResourceExistsException', `The operation failed because the secret ${name} already exists.`)
    const kmsKey = optionalText(input, 'KmsKeyId')
    const at = world.now() / 1000
    const secret: Secret = known ?? {
      arn: newArn(name, world), name, created: at, changed: at, tags: tagsOf(input),
      description: optionalText(input, 'Description', { min: 0 }) ?? '',
      ...(kmsKey !== undefined && kmsKey !== 'alias/aws/secretsmanager' && { kmsKey }),
    }
    if (!known) saveSecret(secret, world)
    const version = content && putVersion(secret, id, content, ['AWSCURRENT'], world, caller)
    return { ARN: secret.arn, Name: name, ...(version && { VersionId: version.id }) }
  }),
}

const stagesById = (arn: string, world: World) =>
  Object.fromEntries(versionsOf(arn, world).filter(({ stages }) => stages.length > 0).map(({ id, stages }) => [id, stages]))

const describe = (secret: Secret) => ({
  ARN: secret.arn,
  Name: secret.name,
  ...(secret.description !== '' && { Description: secret.description }),
  ...(secret.kmsKey !== undefined && { KmsKeyId: secret.kmsKey }),
  CreatedDate: secret.created,
  LastChangedDate: secret.changed,
  ...(secret.deletedAt !== undefined && { DeletedDate: secret.deletedAt }),
  Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
})

const updateSecret = onSecret('UpdateSecret', {
  run(secret, input, world, caller) {
    const kmsKey = optionalText(input, 'KmsKeyId')
    const next: Secret = {
      ...secret,
      changed: world.now() / 1000,
      description: optionalText(input, 'Description', { min: 0 }) ?? secret.description,
      ...(kmsKey !== undefined && { kmsKey }),
    }
    saveSecret(next, world)
    const content = contentOf(input)
    const version = content && putVersion(next, tokenOf(input), content, ['AWSCURRENT'], world, caller)
    return { ARN: secret.arn, Name: secret.name, ...(version && { VersionId: version.id }) }
  },
})

const deleteSecret = onSecret('DeleteSecret', {
  deleted: true,
  run(secret, input, world) {
    const force = optionalFlag(input, 'ForceDeleteWithoutRecovery') ?? false
    const days = optionalWhole(input, 'RecoveryWindowInDays', { min: 7, max: 30 })
    if (force && days !== undefined)
      throw new Failure('InvalidParameterException', "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    const at = world.now() / 1000
    const goneAt = force ? at : at + (days ?? 30) * daySeconds
    if (force) removeSecret(secret.arn, world)
    else if (secret.deletedAt === undefined) saveSecret({ ...secret, deletedAt: at, goneAt }, world)
    return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.goneAt ?? goneAt }
  },
})

const restoreSecret = onSecret('RestoreSecret', {
  deleted: true,
  run(secret, _, world) {
    const { deletedAt: _at, goneAt: _gone, ...rest } = secret
    saveSecret(rest, world)
    return { ARN: secret.arn, Name: secret.name }
  },
})

function prefixesOf(input: Members): readonly string[] {
  return (optionalList(input, 'Filters', { max: 10 }) ?? []).map((raw) => object(raw, 'Filters')).flatMap((filter) => {
    if (text(filter, 'Key') !== 'name') throw new Failure('InvalidParameterException', 'only the filter key name is implemented by this stand-in')
    return list(filter, 'Values', { max: 10 }).map((value) => text({ value }, 'value'))
  })
}

const listSecrets: Operation = {
  asks: () => [{ action: 'secretsmanager:ListSecrets', resource: '*' }],
  run(input, world) {
    const limit = optionalWhole(input, 'MaxResults', { min: 1, max: 100 }) ?? 100
    const prefixes = prefixesOf(input)
    const planned = optionalFlag(input, 'IncludePlannedDeletion') ?? false
    const after = optionalText(input, 'NextToken') ?? ''
    const all = world.store.statement('SELECT doc FROM secrets WHERE name > ? ORDER BY name').all(after)
      .map((row) => JSON.parse(String(row['doc'])) as Secret)
      .filter(({ name, deletedAt }) => (planned || deletedAt === undefined) && (prefixes.length === 0 || prefixes.some((one) => name.startsWith(one))))
    return {
      SecretList: all.slice(0, limit).map((secret) => ({ ...describe(secret), SecretVersionsToStages: stagesById(secret.arn, world) })),
      ...(all.length > limit && { NextToken: all[limit - 1]?.name }),
    }
  },
}

const listVersions = readingSecret('ListSecretVersionIds', {
  deleted: true,
  run(secret, input, world) {
    const deprecated = optionalFlag(input, 'IncludeDeprecated') ?? false
    const versions = versionsOf(secret.arn, world).filter(({ stages }) => deprecated || stages.length > 0)
    return {
      ARN: secret.arn, Name: secret.name,
      Versions: versions.map(({ id, stages, created }) => ({ VersionId: id, VersionStages: stages, CreatedDate: created })),
    }
  },
})

function checkedPolicy(input: Members): string {
  const policy = text(input, 'ResourcePolicy', { max: 20_480 })
  try {
    readPolicy(policyDocument(policy))
  } catch (error) {
    const reason = error instanceof SyntaxError || !(error instanceof Error) ? 'The policy is not JSON.' : error.message
    throw new Failure('MalformedPolicyDocumentException', `This resource policy contains an error: ${reason}`)
  }
  return policy
}

const putPolicy = onSecret('PutResourcePolicy', {
  run(secret, input, world) {
    saveSecret({ ...secret, policy: checkedPolicy(input) }, world)
    return { ARN: secret.arn, Name: secret.name }
  },
})

const deletePolicy = onSecret('DeleteResourcePolicy', {
  deleted: true,
  run(secret, _, world) {
    const { policy: _policy, ...rest } = secret
    saveSecret(rest, world)
    return { ARN: secret.arn, Name: secret.name }
  },
})

const getPolicy = readingSecret('GetResourcePolicy', {
  deleted: true,
  run: ({ arn, name, policy }) => ({ ARN: arn, Name: name, ...(policy !== undefined && { ResourcePolicy: policy }) }),
})

const tagging = (name: string, change: (tags: Secret['tags'], input: Members) => Secret['tags']): Operation => onSecret(name, {
  run(secret, input, world) {
    saveSecret({ ...secret, tags: change(secret.tags, input) }, world)
    return undefined
  },
})

/** Every Secrets Manager operation that this stand-in knows, by name. */
export const secretsmanager: Operations = {
  ...valueOperations,
  CreateSecret: createSecret,
  UpdateSecret: updateSecret,
  DeleteSecret: deleteSecret,
  RestoreSecret: restoreSecret,
  ListSecrets: listSecrets,
  ListSecretVersionIds: listVersions,
  DescribeSecret: readingSecret('DescribeSecret', {
    deleted: true,
    run: (secret, _, world) => ({ ...describe(secret), RotationEnabled: false, VersionIdsToStages: stagesById(secret.arn, world) }),
  }),
  PutResourcePolicy: putPolicy,
  GetResourcePolicy: getPolicy,
  DeleteResourcePolicy: deletePolicy,
  TagResource: tagging('TagResource', (tags, input) => ({ ...tags, ...tagsOf(input) })),
  UntagResource: tagging('UntagResource', (tags, input) => {
    const gone = list(input, 'TagKeys', { max: 50 })
    return Object.fromEntries(Object.entries(tags).filter(([name]) => !gone.includes(name)))
  }),
}
