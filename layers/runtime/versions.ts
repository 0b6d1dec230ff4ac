import type { Environment } from './environment.ts'
import type { HashKey } from './keys.ts'
import { age, ringOf, stale } from './key-ring.ts'

/** Under which versions of a hash key something may be found. A key that was never rotated has one, and no row in the keys table. */
export interface Versions {
  /** Under which new digests are made. */
  readonly written: number
  /** Under which others may have been made that still count, and those that other environments may begin to make. */
  readonly others: readonly number[]
}

/**
 * A rotation writes the row of a new version with a time from which on it is written, late enough that every environment
 * checks it by then; what an older version digested counts until `retention` milliseconds after that. Throws UNAVAILABLE.
 */
export function versionsOf(environment: Environment, { name }: HashKey, retention: number): Versions | Promise<Versions> {
  const read = environment.one(unrotated).get(name)
  const now = environment.clock.now()
  // At once, where the key has no rows and was asked about a while ago: waiting for what is there costs more than the digest.
  return read !== undefined && now >= read && now - read < age(environment) * 1_000 ? first : readVersions(environment, name, retention)
}

/** Of keys without rows: when that was read, in epoch milliseconds. */
const unrotated = () => new Map<string, number>()

async function readVersions(environment: Environment, name: string, retention: number): Promise<Versions> {
  const { halves, at } = await ringOf(environment, name, stale(environment))
  const seen = environment.one(unrotated)
  if (halves.size === 0) {
    seen.set(name, at)
    return first
  }
  seen.delete(name)
  const now = environment.clock.now()
  const all = [{ version: 1, from: 0 }, ...[...halves.values()].sort((a, b) => a.version - b.version)]
  const written = all.filter(({ from }) => from <= now).at(-1)?.version ?? 1
  const others = all.filter(({ version }, i) => version > written || version < written && now - (all[i + 1]?.from ?? now) < retention)
  return { written, others: others.map(({ version }) => version) }
}

const first: Versions = { written: 1, others: [] }
