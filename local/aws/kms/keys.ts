import { createPrivateKey, type KeyObject } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { World } from '../operation.ts'
import type { Store } from '../store.ts'
import { specOf, type SpecName, type Usage } from './specs.ts'

/** A KMS key without its material. Times in epoch seconds. */
export type Key = {
  readonly id: string
  readonly arn: string
  readonly spec: SpecName
  readonly usage: Usage
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion'
  readonly deletionAt?: number
  readonly description: string
  readonly created: number
  /** The key policy as it was given. */
  readonly policy: string
  readonly tags: Readonly<Record<string, string>>
  /** The backing key that new encryptions use; old ones stay for decryption. */
  readonly backing: number
  readonly rotation?: { readonly periodDays: number; readonly next: number }
  readonly rotations: readonly { readonly at: number; readonly type: 'ON_DEMAND' | 'AUTOMATIC' }[]
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const keyArn = (id: string, { region, account }: World): string => `arn:aws:kms:${region}:${account}:key/${id}`
export const aliasArn = (name: string, { region, account }: World): string => `arn:aws:kms:${region}:${account}:${name}`

/** The key with this UUID, or undefined. */
export function findKey(id: string, { store }: World): Key | undefined {
  const row = store.statement('SELECT doc FROM kms_keys WHERE id = ?').get(id)
  return row ? (JSON.parse(String(row['doc'])) as Key) : undefined
}

export function saveKey(key: Key, { store }: World): void {
  store.statement('INSERT INTO kms_keys (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc')
    .run(key.id, JSON.stringify(key))
}

const notFound = (message: string): Failure => new Failure('NotFoundException', message)

/** The key behind an id, a key ARN, an alias or an alias ARN. Throws `NotFoundException`. */
export function theKey(given: string, world: World, { aliases = true } = {}): Key {
  const arn = /^arn:aws:kms:([^:]*):([^:]*):(.+)$/.exec(given)
  if (arn && (arn[1] !== world.region || arn[2] !== world.account)) throw notFound(`Invalid arn ${arn[1]}`)
  const local = (arn?.[3] ?? given).replace(/^key\//, '')
  if (local.startsWith('alias/')) {
    if (!aliases) throw notFound(`Invalid keyId ${given}`)
    const row = world.store.statement('SELECT id FROM kms_aliases WHERE name = ?').get(local)
    if (!row) throw notFound(`Alias ${aliasArn(local, world)} is not found.`)
    return theKey(String(row['id']), world)
  }
  if (!uuid.test(local)) throw notFound(`Invalid keyId '${given}'`)
  const key = findKey(local, world)
  if (!key) throw notFound(`Key '${keyArn(local, world)}' does not exist`)
  return key
}

export const aliasesOf = (key: Key, { store }: World): readonly string[] =>
  store.statement('SELECT name FROM kms_aliases WHERE id = ? ORDER BY name').all(key.id).map((row) => String(row['name']))

/** Refuses a key that is disabled or waits for its deletion. */
export function refuseUnusable(key: Key): void {
  if (key.state === 'Disabled') throw new Failure('DisabledException', `${key.arn} is disabled.`)
  if (key.state === 'PendingDeletion') throw new Failure('KMSInvalidStateException', `${key.arn} is pending deletion.`)
}

/** Refuses a key made for another use, or with another algorithm. */
export function refuseUse(key: Key, usage: Usage, operation: string, algorithm?: string): void {
  if (key.usage !== usage)
    throw new Failure('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`)
  if (algorithm !== undefined && !specOf(key.spec).algorithms[usage]?.includes(algorithm))
    throw new Failure('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
}

const purpose = (id: string, number: number): string => `kms/${id}/${number}`

export function saveMaterial(id: string, number: number, secret: Buffer, { store }: World): void {
  store.statement('INSERT INTO kms_material (id, number, wrapped) VALUES (?, ?, ?)')
    .run(id, number, store.wrap(secret, purpose(id, number)))
}

type Opened = { readonly secret: Buffer; pair?: KeyObject }

const opened = new WeakMap<Store, Map<string, Opened>>()

function open(id: string, number: number, { store }: World): Opened | undefined {
  const cache = opened.get(store) ?? new Map<string, Opened>()
  opened.set(store, cache)
  const held = cache.get(purpose(id, number))
  if (held) return held
  const row = store.statement('SELECT wrapped FROM kms_material WHERE id = ? AND number = ?').get(id, number)
  if (!(row?.['wrapped'] instanceof Uint8Array)) return undefined
  const fresh = { secret: store.unwrap(row['wrapped'], purpose(id, number)) }
  cache.set(purpose(id, number), fresh)
  return fresh
}

/** The secret bytes of a backing key, or undefined when there is none of this number. */
export const secretOf = (key: Key, world: World, number = key.backing): Buffer | undefined => open(key.id, number, world)?.secret

/** The private key of a key pair. */
export function pairOf(key: Key, world: World): KeyObject {
  const held = open(key.id, key.backing, world)
  if (!held) throw new Failure('KMSInternalException', 'The key has no material', {}, 500)
  held.pair ??= createPrivateKey({ key: held.secret, format: 'der', type: 'pkcs8' })
  return held.pair
}
