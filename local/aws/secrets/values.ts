import { randomUUID, timingSafeEqual } from 'node:crypto'
import { Failure } from '../failure.ts'
import { optionalBlob, optionalList, optionalText, text, type Members } from '../members.ts'
import type { Caller, Operations, Reply, World } from '../operation.ts'
import { onSecret, readingSecret } from './ask.ts'
import { saveSecret, type Secret } from './secret.ts'
import { addVersion, moveStage, readVersion, versionsOf, type Content, type Version } from './versions.ts'

const maxContent = 65_536

/** `SecretString` or `SecretBinary` of a request; undefined when it has neither. */
export function contentOf(input: Members): Content | undefined {
  const string = optionalText(input, 'SecretString', { max: maxContent })
  const binary = optionalBlob(input, 'SecretBinary', { max: maxContent })
  if (string !== undefined && binary !== undefined)
    throw new Failure('InvalidParameterException', "You can't specify both a binary secret value and a string secret value in the same secret.")
  if (string !== undefined) return { kind: 'text', bytes: Buffer.from(string) }
  return binary && { kind: 'binary', bytes: binary }
}

export const tokenOf = (input: Members): string => optionalText(input, 'ClientRequestToken', { min: 32, max: 64 }) ?? randomUUID()

export const stagesOf = (input: Members): readonly string[] =>
  (optionalList(input, 'VersionStages', { min: 1, max: 20 }) ?? ['AWSCURRENT']).map((stage) => text({ stage }, 'stage', { max: 256 }))

const sameContent = (a: Content, b: Content): boolean =>
  a.kind === b.kind && a.bytes.length === b.bytes.length && timingSafeEqual(a.bytes, b.bytes)

/** Stores content as the version that the token names; a repeated token with the same content changes nothing. */
export function putVersion(secret: Secret, id: string, content: Content, stages: readonly string[], world: World, caller: Caller): Version {
  const known = versionsOf(secret.arn, world).find((version) => version.id === id)
  if (known && !sameContent(readVersion(secret.arn, known, world, caller), content))
    throw new Failure('ResourceExistsException', "You can't use ClientRequestToken of an existing version with other content.")
  if (known) return known
  addVersion(secret, id, content, [], world, caller)
  for (const stage of stages) moveStage(secret.arn, stage, id, world)
  saveSecret({ ...secret, changed: world.now() / 1000 }, world)
  return { id, created: world.now() / 1000, stages, kind: content.kind }
}

const putSecretValue = onSecret('PutSecretValue', {
  run(secret, input, world, caller): Reply {
    const content = contentOf(input)
    if (!content) throw new Failure('InvalidParameterException', 'You must provide either SecretString or SecretBinary.')
    const version = putVersion(secret, tokenOf(input), content, stagesOf(input), world, caller)
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages }
  },
})

function wantedVersion(arn: string, input: Members, world: World): Version {
  const id = optionalText(input, 'VersionId', { max: 64 })
  const stage = optionalText(input, 'VersionStage', { max: 256 }) ?? (id === undefined ? 'AWSCURRENT' : undefined)
  const found = versionsOf(arn, world).find((version) =>
    (id === undefined || version.id === id) && (stage === undefined || version.stages.includes(stage)))
  if (!found) {
    const what = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`
    throw new Failure('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`)
  }
  return found
}

const getSecretValue = readingSecret('GetSecretValue', {
  run(secret, input, world, caller) {
    const version = wantedVersion(secret.arn, input, world)
    const content = readVersion(secret.arn, version, world, caller)
    return {
      ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages, CreatedDate: version.created,
      ...(content.kind === 'text' ? { SecretString: content.bytes.toString() } : { SecretBinary: content.bytes.toString('base64') }),
    }
  },
})

const updateStage = onSecret('UpdateSecretVersionStage', {
  run(secret, input, world) {
    const stage = text(input, 'VersionStage', { max: 256 })
    const from = optionalText(input, 'RemoveFromVersionId', { max: 64 })
    const to = optionalText(input, 'MoveToVersionId', { max: 64 })
    const versions = versionsOf(secret.arn, world)
    const holder = versions.find((version) => version.stages.includes(stage))
    if (to !== undefined && !versions.some((version) => version.id === to))
      throw new Failure('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for VersionId: ${to}`)
    if (stage === 'AWSCURRENT' && to === undefined)
      throw new Failure('InvalidParameterException', "You can't remove the staging label AWSCURRENT from a version without moving it.")
    if (from !== undefined && from !== holder?.id)
      throw new Failure('InvalidParameterException', `The staging label ${stage} is not attached to the version in RemoveFromVersionId.`)
    if (holder && holder.id !== to && from === undefined)
      throw new Failure('InvalidParameterException', `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`)
    moveStage(secret.arn, stage, to, world)
    saveSecret({ ...secret, changed: world.now() / 1000 }, world)
    return { ARN: secret.arn, Name: secret.name }
  },
})

/** The operations on values and their versions. */
export const valueOperations: Operations = {
  PutSecretValue: putSecretValue,
  GetSecretValue: getSecretValue,
  UpdateSecretVersionStage: updateStage,
}
