import type { KeyObject } from 'node:crypto'
import { mac } from './digest.ts'
import { address } from './address.ts'
import type { Environment } from './environment.ts'
import { hashKeyOf, type HashKey } from './keys.ts'
import { Once } from './once.ts'
import { versionsOf } from './versions.ts'

const macs = () => new Once<KeyObject>()

/** A key of 256 bits for one scope, derived from a hash key: under the version that is written, or one that was given and exists. Throws UNAVAILABLE. */
export async function deriveMacKey(environment: Environment, key: HashKey, scope: string, version?: number): Promise<{ readonly version: number; readonly key: KeyObject } | undefined> {
  const { written, others } = await versionsOf(environment, key, Number.POSITIVE_INFINITY)
  const chosen = version ?? written
  // Whoever wrote a version into what is verified chooses none that there is not.
  if (chosen !== written && !others.includes(chosen)) return undefined
  const derived = await environment.one(macs).get(`${key.name} ${scope} ${chosen}`, () => mac(environment, address(hashKeyOf(key), environment), JSON.stringify(['sallyport', 'mac', scope, chosen])))
  return { version: chosen, key: derived }
}
