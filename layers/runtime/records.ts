import { address } from './address.ts'
import { canonical } from './canonical.ts'
import { openingKey, sealingKey } from './data-key.ts'
import { digestVersion, keyed, ledgerKeyOf } from './digest.ts'
import { open, seal } from './envelope.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Json } from './field.ts'
import type { Identifier } from './identifier.ts'
import { getObject, putObject } from './record-bucket.ts'
import { getItem, putItem } from './record-table.ts'
import type { Store } from './store.ts'

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
  /** `1.` and a keyed digest: the version of the key, and the identifier. */
  readonly id: string
  readonly sealed: Uint8Array
  /** `1.` and a keyed digest of id, content and what is revealed: says whether what stands there is the same. */
  readonly fingerprint: string
  /** Epoch seconds. */
  readonly expires: number
  readonly revealed: Storing['revealed']
}

export type Found = Pick<Stored, 'sealed' | 'expires'>

/**
 * Stores a record, sealed. The same again changes nothing, its lifetime included; one that has expired is replaced.
 * Throws STORED_OTHERWISE, PAYLOAD_TOO_LARGE, UNAVAILABLE.
 */
export async function store(environment: Environment, to: Store, { as, value, content, revealed }: Storing): Promise<void> {
  const { clock } = environment
  const id = await recordId(environment, to, { as, value })
  const print = await keyed(environment, ledgerKeyOf(as), 'fingerprint', `store/${to.name}`)
  const text = canonical(content)
  const now = clock.now()
  const expires = Math.ceil(now / 1_000) + to.days * 86_400
  const record: Stored = {
    id, expires, revealed,
    sealed: seal(await sealingKey(environment, to), Buffer.from(text), { store: to.name, id, expires }),
    // One id is as long as any other, and JSON shows where it ends: three texts that are no other three.
    fingerprint: `${digestVersion}.${print(`${id}${canonical(revealed ?? null)}${text}`)}`,
  }
  const put = to.on === 'dynamodb' ? putItem : putObject
  if (!await put(environment, address(to, environment), record, now)) throw new Fault('STORED_OTHERWISE')
}

/** What is stored, opened. `meet` sees every name with its value. Throws NOT_STORED, STORED_UNREADABLE, UNAVAILABLE. */
export async function load(environment: Environment, from: Store, asked: Loading, meet: (name: string, value: Json) => void): Promise<Json> {
  const id = await recordId(environment, from, asked)
  const get = from.on === 'dynamodb' ? getItem : getObject
  const found = await get(environment, address(from, environment), id)
  if (found === undefined || found.expires * 1_000 <= environment.clock.now()) throw new Fault('NOT_STORED')
  const key = await openingKey(environment, from, found.sealed)
  try {
    const text = open(key, found.sealed, { store: from.name, id, expires: found.expires }).toString()
    // It is as we wrote it, so there is nothing here that two readers could read differently.
    return JSON.parse(text, (name, value: Json) => {
      meet(name, value)
      return value
    }) as Json
  } catch {
    throw new Fault('STORED_UNREADABLE')
  }
}

/** As JSON, since two names run together could be a third. */
async function recordId(environment: Environment, { name }: Store, { as, value }: Loading): Promise<string> {
  const digest = await keyed(environment, ledgerKeyOf(as), 'store', name)
  return `${digestVersion}.${digest(JSON.stringify([as?.name ?? null, as === undefined ? value : as.normalize.run(value)]))}`
}
