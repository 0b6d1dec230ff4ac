import { address } from './address.ts'
import { canonical } from './canonical.ts'
import { openingKey, sealingKey, type Wrapping } from './data-key.ts'
import { keyed, ledgerKeyOf } from './digest.ts'
import { open, seal } from './envelope.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Json } from './field.ts'
import type { Identifier } from './identifier.ts'
import { getObject, putObject, standing } from './record-bucket.ts'
import { fingerprintOf, getItem, putItem } from './record-table.ts'
import { storeContext, storeKey, type Store } from './store.ts'
import { versionsOf } from './versions.ts'

/** The identifier of a record, as it was met, and how it is brought to one spelling. */
export interface Loading {
  readonly as: Identifier | undefined
  readonly value: string
}

/** A record to be stored. */
export interface Storing extends Loading {
  /** Whatever JSON can hold. */
  readonly content: unknown
  /** Texts by their paths that stay readable beside it. In a table alone. */
  readonly revealed?: Readonly<Record<string, string | readonly string[]>> | undefined
}

/** A record as it lies in a store. */
export interface Stored {
  /** The version of the key, a dot, and a keyed digest of the identifier. */
  readonly id: string
  readonly sealed: Uint8Array
  /** The version, a dot, and a keyed digest of id, content and what is revealed: says whether what stands there is the same. */
  readonly fingerprint: string
  /** Epoch seconds. */
  readonly expires: number
  readonly revealed: Storing['revealed']
}

const wrapping = (store: Store): Wrapping => ({ name: `store ${store.name}`, key: storeKey(store), context: storeContext(store) })

export type Found = Pick<Stored, 'sealed' | 'expires'>

/**
 * Stores a record, sealed. The same again changes nothing, its lifetime included; one that has expired is replaced.
 * Throws STORED_OTHERWISE, PAYLOAD_TOO_LARGE, UNAVAILABLE.
 */
export async function store(environment: Environment, to: Store, { as, value, content, revealed }: Storing): Promise<void> {
  const { clock } = environment
  const key = ledgerKeyOf(as)
  const text = canonical(content)
  const now = clock.now()
  const expires = Math.ceil(now / 1_000) + to.days * 86_400
  const place = address(to, environment)
  // One id is as long as any other, and JSON shows where it ends: three texts that are no other three.
  const under = async (version: number): Promise<Pick<Stored, 'id' | 'fingerprint'>> => {
    const id = await recordId(environment, to, { as, value }, version)
    const print = await keyed(environment, key, 'fingerprint', `store/${to.name}`, version)
    return { id, fingerprint: `${version}.${print(`${id}${canonical(revealed ?? null)}${text}`)}` }
  }
  const { written, others } = await versionsOf(environment, key, to.days * 86_400_000)
  const there = to.on === 'dynamodb' ? fingerprintOf : standing
  for (const version of others) {
    const { id, fingerprint } = await under(version)
    const before = await there(environment, place, id)
    if (before === undefined || before.expires * 1_000 <= now) continue
    if (before.fingerprint === fingerprint) return
    throw new Fault('STORED_OTHERWISE')
  }
  const { id, fingerprint } = await under(written)
  const record: Stored = { id, expires, revealed, fingerprint, sealed: seal(await sealingKey(environment, wrapping(to), text.length), Buffer.from(text), ['store', to.name, id, expires]) }
  const put = to.on === 'dynamodb' ? putItem : putObject
  if (!await put(environment, place, record, now)) throw new Fault('STORED_OTHERWISE')
}

/** What is stored, opened. `meet` sees every name with its value. Throws NOT_STORED, STORED_UNREADABLE, UNAVAILABLE. */
export async function load(environment: Environment, from: Store, asked: Loading, meet: (name: string, value: Json) => void): Promise<Json> {
  const { id, found } = await find(environment, from, asked)
  const key = await openingKey(environment, wrapping(from), found.sealed)
  try {
    const text = open(key, found.sealed, ['store', from.name, id, found.expires]).toString()
    // It is as we wrote it, so there is nothing here that two readers could read differently.
    return JSON.parse(text, (name, value: Json) => {
      meet(name, value)
      return value
    }) as Json
  } catch {
    throw new Fault('STORED_UNREADABLE')
  }
}

/** Under whichever version of the key it was stored, the written one first. */
async function find(environment: Environment, from: Store, asked: Loading): Promise<{ readonly id: string; readonly found: Found }> {
  const get = from.on === 'dynamodb' ? getItem : getObject
  const { written, others } = await versionsOf(environment, ledgerKeyOf(asked.as), from.days * 86_400_000)
  for (const version of [written, ...others]) {
    const id = await recordId(environment, from, asked, version)
    const found = await get(environment, address(from, environment), id)
    // What says no time at all was changed by somebody, and does not open.
    if (found !== undefined && !(found.expires * 1_000 <= environment.clock.now())) return { id, found }
  }
  throw new Fault('NOT_STORED')
}

/** As JSON, since two names run together could be a third. */
async function recordId(environment: Environment, { name }: Store, { as, value }: Loading, version: number): Promise<string> {
  const digest = await keyed(environment, ledgerKeyOf(as), 'store', name, version)
  return `${version}.${digest(JSON.stringify([as?.name ?? null, as === undefined ? value : as.normalize.run(value)]))}`
}
