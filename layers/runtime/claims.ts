import { randomBytes } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { canonical } from './canonical.ts'
import type { Clock } from './clock.ts'
import { keyed, ledgerKeyOf } from './digest.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Identifier } from './identifier.ts'
import type { Effect } from './io.ts'
import { ledgerTable } from './keys.ts'
import {
  claimAmong, claimWrite, confirmWrite, doubtWrite, ending, judge, leaseMargin, readItem, releaseWrite, takeOverWrite, yieldWrite,
  type Claim, type Item,
} from './ledger.ts'
import { versionsOf } from './versions.ts'

/** Random bytes drawn 256 attempts at a time: asking the system for 16 costs as much as a digest. */
let pool = Buffer.alloc(0)
function fence(): string {
  if (pool.length < 16) pool = randomBytes(4_096)
  const bytes = pool.subarray(0, 16)
  pool = pool.subarray(16)
  return bytes.toString('base64url')
}

/** What all claims of one execution share. */
export interface Claimant {
  readonly pipeline: string
  /** The sends of the manifest, canonical: part of the fingerprint, so that a changed definition is another message. */
  readonly sends: string
  readonly replaySafe: boolean
  readonly window: number
  /** Epoch milliseconds at which Lambda ends the invocation. */
  readonly deadline: number
}

/** A claim that must be settled when the run has ended. */
export interface Held {
  /** `repeatable`: all that this run may have done, it may do again. */
  readonly settle: (effect: Effect, repeatable: boolean) => Promise<void>
}

export interface Asked {
  readonly by: string
  readonly as: Identifier | undefined
  readonly value: string
  readonly days: number
  readonly payload: unknown
}

/** Claims an identifier, or throws DUPLICATE, IN_PROGRESS, IN_DOUBT or UNAVAILABLE. `hold` is told before the first write. */
export async function claim(environment: Environment, claimant: Claimant, { by, as, value, days, payload }: Asked, hold: (held: Held) => void): Promise<void> {
  const { clock } = environment
  const now = clock.now()
  const key = ledgerKeyOf(as)
  // An hour more: what was claimed just before another version was written was confirmed a while later.
  const { written, others } = await versionsOf(environment, key, days * 86_400_000 + 3_600_000)
  const attempt = fence()
  const under = async (digestVersion: number): Promise<Claim> => {
    const [ids, prints] = [keyed(environment, key, 'ledger', claimant.pipeline, digestVersion), keyed(environment, key, 'fingerprint', claimant.pipeline, digestVersion)]
    // One after the other costs less than Promise.all, and a failure of either is known to Once.
    const id = await ids
    const print = await prints
    return {
      // As JSON, since two names run together could be a third.
      id: id(JSON.stringify([by, as?.name ?? null, as === undefined ? value : as.normalize.run(value)])),
      attempt, digestVersion, now, days,
      pipeline: claimant.pipeline,
      fingerprint: print(`${claimant.sends}${canonical(payload)}`),
      origin: undefined,
      lease: claimant.deadline + leaseMargin,
      replaySafe: claimant.replaySafe,
      window: claimant.window,
    }
  }
  const claims: [Claim, ...Claim[]] = [await under(written)]
  for (const version of others) claims.push(await under(version))
  const table = address(ledgerTable, environment)
  const ledger = await aws.dynamodb(environment)
  const [mine, ...older] = claims
  const anew = (): Promise<Outcome> => write(clock, claims, () => older.length === 0 ? ledger.put(claimWrite(table, mine)) : ledger.transact(claimAmong(table, mine, older)))

  // An item is settled under the version that it was claimed under.
  let held = mine
  let tookOver = false
  // A write whose outcome stays unknown is settled as if it had happened: the settling is conditional on the attempt.
  let holding = true
  hold({
    settle: async (effect, repeatable) => {
      if (holding) await settle(clock, ledger, table, held, ending(effect, tookOver, held.replaySafe && repeatable))
    },
  })

  let outcome = await anew()
  for (let tries = 0; outcome !== 'written'; tries++) {
    const { seen, claim } = outcome
    const verdict = seen === undefined ? 'absent' : judge(seen, claim)
    if (verdict === 'mine') {
      held = claim
      return
    }
    if (tries === 3 || verdict !== 'take-over' && verdict !== 'absent') {
      holding = false
      throw refusal(verdict, seen, now)
    }
    tookOver = verdict === 'take-over'
    // Absent: released between the two writes, so it is claimed as new.
    held = tookOver ? claim : mine
    outcome = seen === undefined || !tookOver ? await anew() : await write(clock, [claim], () => ledger.put(takeOverWrite(table, claim, seen)))
  }
}

/** The answer to a claim that was not granted. */
function refusal(verdict: ReturnType<typeof judge> | 'absent', seen: Item | undefined, now: number): Fault {
  switch (verdict) {
    case 'duplicate': return new Fault('DUPLICATE')
    case 'in-doubt': return new Fault('IN_DOUBT')
    case 'in-progress': return new Fault('IN_PROGRESS', [], Math.max(1, Math.ceil(((seen?.lease ?? now) - now) / 1_000)))
    // Somebody else was faster each time: it is being worked on.
    case 'mine': case 'take-over': case 'absent': return new Fault('IN_PROGRESS', [], 1)
  }
}

/** A conditional write: done, or which claim had an item in its way (undefined: there was none). */
type Outcome = 'written' | { readonly seen: Item | undefined; readonly claim: Claim }

/** What DynamoDB says of a refused write: of a transaction, one reason an item of it. */
interface Refused {
  readonly name?: string
  readonly Item?: Record<string, AttributeValue>
  readonly CancellationReasons?: readonly { readonly Code?: string; readonly Item?: Record<string, AttributeValue> }[]
}

async function write(clock: Clock, claims: readonly [Claim, ...Claim[]], send: () => Promise<unknown>): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    try {
      await send()
      return 'written'
    } catch (error) {
      const { name, Item: item, CancellationReasons: reasons = [] } = error as Refused
      const at = name === 'ConditionalCheckFailedException' ? 0 : reasons.findIndex(({ Code }) => Code === 'ConditionalCheckFailed')
      if (at >= 0) {
        const found = item ?? reasons[at]?.Item
        return { seen: found && readItem(found), claim: claims[at] ?? claims[0] }
      }
      // Another transaction was at the item: never a duplicate, and soon over.
      const conflict = name === 'TransactionConflictException' || reasons.some(({ Code }) => Code === 'TransactionConflict')
      if (!conflict || tries === 5) throw new Fault('UNAVAILABLE')
      await clock.wait(20 * tries + clock.jitter(30))
    }
  }
}

/**
 * Writes how a run ended. Only a confirm has to succeed: throws UNCONFIRMED. Whatever else cannot be written is left to
 * the lease, which ends by itself.
 */
async function settle(clock: Clock, ledger: Awaited<ReturnType<typeof aws.dynamodb>>, table: string, mine: Claim, how: ReturnType<typeof ending>): Promise<void> {
  const now = clock.now()
  const writes = {
    confirm: () => ledger.update(confirmWrite(table, mine, now)),
    release: () => ledger.delete(releaseWrite(table, mine)),
    yield: () => ledger.update(yieldWrite(table, mine, now)),
    doubt: () => ledger.update(doubtWrite(table, mine)),
  }
  try {
    const outcome = await write(clock, [mine], writes[how])
    if (how !== 'confirm' || outcome === 'written' || outcome.seen?.state === 'confirmed' && outcome.seen.attempt === mine.attempt) return
  } catch {
    if (how !== 'confirm') return
  }
  throw new Fault('UNCONFIRMED')
}
