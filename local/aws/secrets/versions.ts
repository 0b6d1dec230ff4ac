import { Failure } from '../failure.ts'
import type { Caller, World } from '../operation.ts'
import { open, seal } from '../kms/envelope.ts'
import { findKey, refuseUnusable, refuseUse, theKey, type Key } from '../kms/keys.ts'
import { askForKey, contextKeys } from '../kms/operation.ts'
import type { Secret } from './secret.ts'

/** The content of a version: text or bytes. */
export type Content = { readonly kind: 'text' | 'binary'; readonly bytes: Buffer }

export type Version = {
  readonly id: string
  /** Epoch seconds. */
  readonly created: number
  readonly stages: readonly string[]
  readonly kind: Content['kind']
  /** The id of the KMS key that it is encrypted under; undefined: the master key. */
  readonly kmsKey?: string
}

const maxVersions = 100

const contextFor = (arn: string, id: string) => ({ SecretARN: arn, SecretVersionId: id })
const purpose = (arn: string, id: string): string => `secret/${arn}/${id}`

/** As with the real service, the caller itself must be allowed to use the secret's key, through Secrets Manager. */
function refuseKey(action: string, key: Key, arn: string, id: string, world: World, caller: Caller): void {
  const context = { ...contextKeys(contextFor(arn, id)), 'kms:ViaService': `secretsmanager.${world.region}.amazonaws.com` }
  if (!caller.may(askForKey(action, key, {}, world, context))) throw new Failure('AccessDeniedException', 'Access to KMS is not allowed')
}

/** All versions of a secret, oldest first. */
export function versionsOf(arn: string, { store }: World): readonly Version[] {
  return store.statement('SELECT doc FROM secret_versions WHERE arn = ? ORDER BY created, rowid').all(arn)
    .map((row) => JSON.parse(String(row['doc'])) as Version)
}

export function saveStages(arn: string, version: Version, { store }: World): void {
  store.statement('UPDATE secret_versions SET doc = ? WHERE arn = ? AND id = ?').run(JSON.stringify(version), arn, version.id)
}

/** Encrypts and stores a new version. Throws `EncryptionFailure` or `AccessDeniedException`. */
export function addVersion(secret: Secret, id: string, content: Content, stages: readonly string[], world: World, caller: Caller): void {
  const { store } = world
  const key = secret.kmsKey === undefined ? undefined : keyFor(secret.kmsKey, world)
  if (key) for (const action of ['GenerateDataKey', 'Decrypt']) refuseKey(action, key, secret.arn, id, world, caller)
  const version: Version = { id, created: world.now() / 1000, stages, kind: content.kind, ...(key && { kmsKey: key.id }) }
  const sealed = key ? seal(key, content.bytes, contextFor(secret.arn, id), world) : store.wrap(content.bytes, purpose(secret.arn, id))
  store.statement('INSERT INTO secret_versions (arn, id, created, doc, sealed) VALUES (?, ?, ?, ?, ?)')
    .run(secret.arn, id, version.created, JSON.stringify(version), sealed)
  const all = versionsOf(secret.arn, world)
  const unlabelled = all.filter((one) => one.stages.length === 0)
  for (const one of unlabelled.slice(0, Math.max(0, all.length - maxVersions)))
    store.statement('DELETE FROM secret_versions WHERE arn = ? AND id = ?').run(secret.arn, one.id)
}

function keyFor(given: string, world: World): Key {
  try {
    const key = theKey(given, world)
    refuseUnusable(key)
    refuseUse(key, 'ENCRYPT_DECRYPT', 'GenerateDataKey', 'SYMMETRIC_DEFAULT')
    return key
  } catch {
    throw new Failure('EncryptionFailure', "Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
  }
}

/** The content of a version. Throws `DecryptionFailure` or `AccessDeniedException`. */
export function readVersion(arn: string, version: Version, world: World, caller: Caller): Content {
  const row = world.store.statement('SELECT sealed FROM secret_versions WHERE arn = ? AND id = ?').get(arn, version.id)
  const failed = new Failure('DecryptionFailure', "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
  if (!(row?.['sealed'] instanceof Uint8Array)) throw failed
  if (version.kmsKey === undefined) return { kind: version.kind, bytes: world.store.unwrap(row['sealed'], purpose(arn, version.id)) }
  const key = findKey(version.kmsKey, world)
  if (!key || key.state !== 'Enabled') throw failed
  refuseKey('Decrypt', key, arn, version.id, world, caller)
  return { kind: version.kind, bytes: open(key, Buffer.from(row['sealed']), contextFor(arn, version.id), world) }
}

/** Gives a label to a version and takes it from the one that had it. The old current version becomes the previous one. */
export function moveStage(arn: string, stage: string, to: string | undefined, world: World): void {
  const before = versionsOf(arn, world).find((version) => version.stages.includes(stage))
  if (before?.id === to) return
  if (before) saveStages(arn, { ...before, stages: before.stages.filter((one) => one !== stage) }, world)
  const after = versionsOf(arn, world).find((version) => version.id === to)
  if (after) saveStages(arn, { ...after, stages: [...after.stages, stage] }, world)
  if (stage === 'AWSCURRENT' && before && after) {
    moveStage(arn, 'AWSPREVIOUS', before.id, world)
    const current = versionsOf(arn, world).find((version) => version.id === to)
    if (current?.stages.includes('AWSPREVIOUS'))
      saveStages(arn, { ...current, stages: current.stages.filter((one) => one !== 'AWSPREVIOUS') }, world)
  }
}
