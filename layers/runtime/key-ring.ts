import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { keysTable } from './keys.ts'
import { Once } from './once.ts'

/**
 * Seconds for which what was read of the keys table is used. A rotation is put off by twice as long, and by the time that
 * a run may take (infra/rotation.ts), so that every environment knows a new version before the first one uses it.
 */
const ageOf = ({ variables }: Environment): number => Number(variables['KEY_AGE'] ?? 300)
/** Read once: reading `process.env` costs more than a digest. */
export const age = (environment: Environment): number => environment.one(ageOf)
/** Seconds between two readings that an unknown `kid` may cause: a sender chooses the kid. */
const pause = 60

/** One version of a key in custody `wrapped`, as the keys table has it. */
export interface Half {
  readonly kid: string
  readonly type: string
  readonly version: number
  /** Epoch milliseconds from which on it is used: those who verify, or other environments, have learnt of it by then. */
  readonly from: number
  /** A public JWK as JSON, where it is half of a pair. */
  readonly publicKey: string
  readonly wrapped: Uint8Array
}

/** The versions of a key by kid, as they were read at a time, in epoch milliseconds. */
export interface Ring { readonly halves: ReadonlyMap<string, Half>; readonly at: number }

const rings = () => new Once<Ring>()

/**
 * The versions of a key, read once: again where `outdated` says that what was read may lack something. What was read before
 * is used as long again where the table does not answer. Throws UNAVAILABLE.
 */
export async function ringOf(environment: Environment, name: string, outdated: (ring: Ring, now: number) => boolean): Promise<Ring> {
  const now = environment.clock.now()
  const known = environment.one(rings)
  const held = known.get(name, () => load(environment, name, now))
  const ring = await held
  if (!outdated(ring, now)) return ring
  known.forget(name, held)
  try {
    return await known.get(name, () => load(environment, name, now))
  } catch (error) {
    if (now - ring.at >= 2 * age(environment) * 1_000) throw error
    return known.get(name, () => held)
  }
}

/** Read too long ago: a rotation may have added a version since. A clock that was set back makes it stale, too. */
export const stale = (environment: Environment) => ({ at }: Ring, now: number): boolean => now < at || now - at >= age(environment) * 1_000
/** Without a `kid`, unless the table was read less than a minute ago. */
export const lacks = (environment: Environment, kid: string) => ({ halves, at }: Ring, now: number): boolean => !halves.has(kid) && now - at > Math.min(pause, age(environment)) * 1_000

async function load(environment: Environment, name: string, at: number): Promise<Ring> {
  try {
    const { Items } = await (await aws.dynamodb(environment)).query({
      TableName: address(keysTable, environment), KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } },
      // A reading that lacked a row written just before would be used for longer than a rotation waits.
      ConsistentRead: true,
    })
    const halves = Items.map((item): Half => ({
      kid: item['kid']?.S ?? '', type: item['type']?.S ?? '', version: Number(item['version']?.N), from: Number(item['from']?.N ?? 0),
      publicKey: item['publicKey']?.S ?? '', wrapped: item['wrapped']?.B ?? new Uint8Array(),
    }))
    return { halves: new Map(halves.map((half) => [half.kid, half])), at }
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}
