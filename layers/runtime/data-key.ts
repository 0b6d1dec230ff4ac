import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { DataKey, wrappedIn } from './envelope.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Key } from './resource.ts'

/**
 * How long a data key is used, in seconds, for how many seals, and for how many bytes. Random IVs allow 2^32 seals under one
 * key (NIST SP 800-38D, 8.3), where two of them meet with a chance of 2^-32; after 2^16 it is 2^-65. And whoever reads a key
 * out of the memory of one environment opens what that environment sealed in five minutes.
 */
const fresh = 300
const most = { seals: 2 ** 16, bytes: 2 ** 30 } as const
/** Data keys of what is opened, at once in memory: those of so many sealing environments. */
const held = 256

/** A KMS key, and what KMS binds the data keys to: it refuses to unwrap one under another context. */
export interface Wrapping {
  /** Of the two, in one text that no other two have. */
  readonly name: string
  readonly key: Key
  readonly context: Readonly<Record<string, string>>
}

interface Held {
  readonly key: Promise<DataKey>
  /** Epoch milliseconds. */
  readonly at: number
  seals: number
  bytes: number
}

/** Of one execution environment: keys that seal, by KMS key and context, and keys that open, by the wrapped key as well. */
interface Keys {
  readonly sealing: Map<string, Held>
  readonly opening: Map<string, Held>
}
const keys = (): Keys => ({ sealing: new Map(), opening: new Map() })

/** The key under which so many bytes are sealed next. However many ask for a new one at once, KMS is asked once. Throws UNAVAILABLE. */
export function sealingKey(environment: Environment, wrapping: Wrapping, bytes: number): Promise<DataKey> {
  const { sealing } = environment.one(keys)
  const { name } = wrapping
  let current = sealing.get(name)
  if (current === undefined || stale(environment, current) || current.seals === most.seals || current.bytes + bytes > most.bytes) {
    current = hold(environment, sealing, name, generate(environment, wrapping))
  }
  current.seals++
  current.bytes += bytes
  return current.key
}

/** The key under which something was sealed. Throws UNAVAILABLE, STORED_UNREADABLE. */
export function openingKey(environment: Environment, wrapping: Wrapping, sealed: Uint8Array): Promise<DataKey> {
  const { opening } = environment.one(keys)
  let wrapped: Buffer
  try {
    wrapped = wrappedIn(sealed)
  } catch {
    return Promise.reject(new Fault('STORED_UNREADABLE'))
  }
  const name = `${wrapping.name} ${wrapped.toString('latin1')}`
  let current = opening.get(name)
  if (current === undefined || stale(environment, current)) {
    const [oldest] = opening.keys()
    if (opening.size >= held && oldest !== undefined) evict(opening, oldest)
    current = hold(environment, opening, name, unwrap(environment, wrapping, Buffer.from(wrapped)))
  }
  return current.key
}

/** A clock that was set back makes a key stale too. */
function stale({ clock }: Environment, { at }: Held): boolean {
  const age = clock.now() - at
  return age < 0 || age >= fresh * 1_000
}

/** Overwritten once whoever was given it has had the turn in which it is used. */
function evict(among: Map<string, Held>, name: string): void {
  among.get(name)?.key.then((key) => setImmediate(() => key.forget()), () => undefined)
  among.delete(name)
}

/** Holds a key that is under way; a failure is forgotten, unless a newer one stands in its place. */
function hold({ clock }: Environment, among: Map<string, Held>, name: string, key: Promise<DataKey>): Held {
  const made = { key, at: clock.now(), seals: 0, bytes: 0 }
  // Behind all others, so that the first of the map is the oldest.
  evict(among, name)
  among.set(name, made)
  key.catch(() => { if (among.get(name) === made) among.delete(name) })
  return made
}

async function generate(environment: Environment, { key, context }: Wrapping): Promise<DataKey> {
  const KeyId = address(key, environment)
  try {
    const { Plaintext, CiphertextBlob } = await (await aws.kms(environment)).generateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext: { ...context } })
    return new DataKey(Plaintext as Uint8Array, CiphertextBlob as Uint8Array)
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** KMS says by these names that the wrapped key is not what it was; anything else may pass. */
const changed = new Set(['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException'])

async function unwrap(environment: Environment, { key, context }: Wrapping, wrapped: Buffer): Promise<DataKey> {
  const KeyId = address(key, environment)
  try {
    const { Plaintext } = await (await aws.kms(environment)).decrypt({ KeyId, CiphertextBlob: wrapped, EncryptionContext: { ...context } })
    return new DataKey(Plaintext as Uint8Array, wrapped)
  } catch (error) {
    throw new Fault(changed.has((error as Error).name) ? 'STORED_UNREADABLE' : 'UNAVAILABLE')
  }
}
