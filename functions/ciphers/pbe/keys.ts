import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import type { Io } from 'sallyport'
import { inTurn } from '../../hashes/parts/in-turn.ts'
import type { Derivation } from './derivation.ts'

/** Of what a passphrase and a salt gave, HKDF-SHA-256 (RFC 5869): what is shown as an id, and what encrypts. */
export interface Keys { readonly id: Buffer; readonly encryption: KeyObject }

/** A salt under which texts are sealed, and how many more. */
interface Sealing { readonly head: Buffer; left: number }

/** What was derived from one passphrase, the last used last, by head and salt; and the salts under which it seals, by head. */
interface Derived { readonly keys: Map<string, Promise<Keys>>; readonly sealing: Map<string, Sealing> }

export const saltBytes = 16
/** Keys in memory, for one passphrase. */
const most = 16
/** Salts that one execution opens: a payload in which every text has a salt of its own would cost a second for each. */
const perExecution = 16
/** Random IVs of 96 bits allow 2^32 (NIST SP 800-38D section 8.3). */
const sealsOfOneSalt = 2 ** 20

const derivedOf = new WeakMap<KeyObject, Derived>()
function held(passphrase: KeyObject): Derived {
  let derived = derivedOf.get(passphrase)
  if (derived === undefined) derivedOf.set(passphrase, derived = { keys: new Map(), sealing: new Map() })
  return derived
}

/** Executions that derived keys lately, and how many. */
const spent = new Map<string, number>()
function spend(io: Io): void {
  const count = (spent.get(io.id) ?? 0) + 1
  if (count > perExecution) throw new Error('too many salts')
  spent.delete(io.id)
  spent.set(io.id, count)
  forgetFirst(spent, 64)
}

function forgetFirst<K>(map: Map<K, unknown>, beyond: number): void {
  if (map.size > beyond) map.delete(map.keys().next().value as K)
}

/** `head (4) ‖ salt (16)` under which texts are sealed now: one for all of an execution environment, so that its key is derived once. */
export function sealingHead(passphrase: KeyObject, { head }: Derivation): Buffer {
  const { sealing } = held(passphrase)
  const name = head.toString('hex')
  let current = sealing.get(name)
  if (current === undefined || current.left === 0) sealing.set(name, current = { head: Buffer.concat([head, randomBytes(saltBytes)]), left: sealsOfOneSalt })
  current.left--
  return current.head
}

/**
 * The keys of a passphrase for `head ‖ salt`, derived once for all who ask. Throws OUT_OF_TIME, and an Error for a `foreign`
 * salt where the execution has derived keys for many.
 */
export function keysOf(io: Io, passphrase: KeyObject, { derive, head }: Derivation, salted: Buffer, from: 'ours' | 'foreign'): Promise<Keys> {
  const { keys } = held(passphrase)
  const name = salted.toString('hex')
  let found = keys.get(name)
  if (found === undefined) {
    if (from === 'foreign') spend(io)
    found = inTurn(io, async () => expanded(await derive(passphrase.export(), salted.subarray(head.length))))
    const failing = found
    failing.catch(() => { if (keys.get(name) === failing) keys.delete(name) })
  }
  keys.delete(name)
  keys.set(name, found)
  forgetFirst(keys, most)
  return found
}

function expanded(derived: Buffer): Keys {
  const expand = (what: string): Buffer => Buffer.from(hkdfSync('sha256', derived, '', `sallyport pbe 3 ${what}`, 32))
  const keys = { id: expand('key id'), encryption: createSecretKey(expand('encryption')) }
  derived.fill(0)
  return keys
}
