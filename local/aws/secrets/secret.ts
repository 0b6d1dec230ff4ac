import { randomInt } from 'node:crypto'
import { Failure } from '../failure.ts'
import { text, type Members } from '../members.ts'
import type { World } from '../operation.ts'

/** A secret without its values. Times in epoch seconds. */
export type Secret = {
  readonly arn: string
  readonly name: string
  readonly description: string
  /** The customer's own KMS key; without one the value is kept under the stand-in's master key. */
  readonly kmsKey?: string
  readonly created: number
  readonly changed: number
  readonly deletedAt?: number
  /** From this moment on the secret is gone. */
  readonly goneAt?: number
  readonly tags: Readonly<Record<string, string>>
  readonly policy?: string
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const suffix = (): string => Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join('')

export const arnOfName = (name: string, { region, account }: World): string => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`

/** A fresh ARN: the name, a dash and six random characters. */
export const newArn = (name: string, world: World): string => `${arnOfName(name, world)}-${suffix()}`

export function saveSecret(secret: Secret, { store }: World): void {
  store.statement('INSERT INTO secrets (arn, name, doc) VALUES (?, ?, ?) ON CONFLICT (arn) DO UPDATE SET doc = excluded.doc')
    .run(secret.arn, secret.name, JSON.stringify(secret))
}

export function removeSecret(arn: string, { store }: World): void {
  store.statement('DELETE FROM secret_versions WHERE arn = ?').run(arn)
  store.statement('DELETE FROM secrets WHERE arn = ?').run(arn)
}

/** The secret behind a name, a full ARN or an ARN without its last six characters; undefined when there is none. */
export function findSecret(given: string, world: World): Secret | undefined {
  const prefix = arnOfName('', world)
  const name = given.startsWith(prefix) ? given.slice(prefix.length) : given
  const row = world.store.statement('SELECT doc FROM secrets WHERE arn = ? OR name = ? ORDER BY arn = ? DESC').get(given, name, given)
  const secret = row ? (JSON.parse(String(row['doc'])) as Secret) : undefined
  if (secret?.goneAt !== undefined && secret.goneAt <= world.now() / 1000) {
    world.store.write(() => removeSecret(secret.arn, world))
    return undefined
  }
  return secret
}

export const secretId = (input: Members): string => text(input, 'SecretId')

/** The secret that `SecretId` names. Throws `ResourceNotFoundException`, or `InvalidRequestException` once it is being deleted. */
export function theSecret(input: Members, world: World, { deleted = false } = {}): Secret {
  const secret = findSecret(secretId(input), world)
  if (!secret) throw new Failure('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
  if (secret.deletedAt !== undefined && !deleted)
    throw new Failure('InvalidRequestException', "You can't perform this operation on the secret because it was marked for deletion.")
  return secret
}
