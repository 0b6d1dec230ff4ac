import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { dataKey, wrappedIn, type DataKey } from './envelope.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { storeContext, storeKey, type Store } from './store.ts'

/**
 * How long a data key is used, in seconds, and for how many seals. Random IVs allow 2^32 seals under one key (NIST SP
 * 800-38D, 8.3), where two of them meet with a chance of 2^-32; after 2^16 it is 2^-65. And whoever reads a key out of the
 * memory of one environment opens what that environment stored in five minutes.
 */
const fresh = 300
const most = 2 ** 16
/** Data keys of records that are read, at once in memory: those of so many writing environments. */
const held = 256

interface Held {
  readonly key: Promise<DataKey>
  /** Epoch milliseconds. */
  readonly at: number
  seals: number
}

/** Of one execution environment: keys that seal, by store, and keys that open, by store and wrapped key. */
interface Keys {
  readonly sealing: Map<string, Held>
  readonly opening: Map<string, Held>
}
const keys = (): Keys => ({ sealing: new Map(), opening: new Map() })

/** The key under which the next record is sealed. However many ask for a new one at once, KMS is asked once. Throws UNAVAILABLE. */
export function sealingKey(environment: Environment, store: Store): Promise<DataKey> {
  const { sealing } = environment.one(keys)
  let current = sealing.get(store.name)
  if (current === undefined || stale(environment, current) || current.seals === most) current = hold(environment, sealing, store.name, generate(environment, store))
  current.seals++
  return current.key
}

/** The key under which a record was sealed. Throws UNAVAILABLE, STORED_UNREADABLE. */
export function openingKey(environment: Environment, store: Store, sealed: Uint8Array): Promise<DataKey> {
  const { opening } = environment.one(keys)
  let wrapped: Buffer
  try {
    wrapped = wrappedIn(sealed)
  } catch {
    return Promise.reject(new Fault('STORED_UNREADABLE'))
  }
  const name = `${store.name} ${wrapped.toString('base64')}`
  let current = opening.get(name)
  if (current === undefined || stale(environment, current)) {
    const [oldest] = opening.keys()
    if (opening.size >= held && oldest !== undefined) opening.delete(oldest)
    current = hold(environment, opening, name, unwrap(environment, store, wrapped))
  }
  return current.key
}

/** A clock that was set back makes a key stale too. */
function stale({ clock }: Environment, { at }: Held): boolean {
  const age = clock.now() - at
  return age < 0 || age >= fresh * 1_000
}

/** Holds a key that is under way; a failure is forgotten, unless a newer one stands in its place. */
function hold({ clock }: Environment, among: Map<string, Held>, name: string, key: Promise<DataKey>): Held {
  const made = { key, at: clock.now(), seals: 0 }
  // Behind all others, so that the first of the map is the oldest.
  among.delete(name)
  among.set(name, made)
  key.catch(() => { if (among.get(name) === made) among.delete(name) })
  return made
}

async function generate(environment: Environment, store: Store): Promise<DataKey> {
  const KeyId = address(storeKey(store), environment)
  try {
    const { Plaintext, CiphertextBlob } = await (await aws.kms(environment)).generateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext: storeContext(store) })
    return taken(Plaintext, CiphertextBlob)
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** KMS says by these names that the wrapped key is not what it was; anything else may pass. */
const changed = new Set(['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException'])

async function unwrap(environment: Environment, store: Store, wrapped: Buffer): Promise<DataKey> {
  const KeyId = address(storeKey(store), environment)
  try {
    const { Plaintext } = await (await aws.kms(environment)).decrypt({ KeyId, CiphertextBlob: wrapped, EncryptionContext: storeContext(store) })
    return taken(Plaintext, wrapped)
  } catch (error) {
    throw new Fault(changed.has((error as Error).name) ? 'STORED_UNREADABLE' : 'UNAVAILABLE')
  }
}

/** Two keys are derived from the 32 bytes, which are then overwritten. */
function taken(plain: Uint8Array | undefined, wrapped: Uint8Array | undefined): DataKey {
  const made = dataKey(plain as Uint8Array, wrapped as Uint8Array)
  plain?.fill(0)
  return made
}
