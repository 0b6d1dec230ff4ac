import { randomBytes } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { canonical } from './canonical.ts'
import type { Clock } from './clock.ts'
import { digestVersion, keyed, ledgerKeyOf } from './digest.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Identifier } from './identifier.ts'
import type { Effect } from './io.ts'
import { ledgerTable } from './keys.ts'
import {
  claimWrite, confirmWrite, doubtWrite, ending, judge, leaseMargin, readItem, releaseWrite, takeOverWrite, yieldWrite,
  type Claim, type Item,
} from './ledger.ts'

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
  const [ids, prints] = [keyed(environment, key, 'ledger', claimant.pipeline), keyed(environment, key, 'fingerprint', claimant.pipeline)]
  // One after the other costs less than Promise.all, and a failure of either is known to Once.
  const id = await ids
  const print = await prints
  const mine: Claim = {
    // As JSON, since two names run together could be a third.
    id: id(JSON.stringify([by, as?.name ?? null, as === undefined ? value : as.normalize.run(value)])),
    attempt: fence(),
    pipeline: claimant.pipeline,
    fingerprint: print(`${claimant.sends}${canonical(payload)}`),
    digestVersion,
    origin: undefined,
    now,
    lease: claimant.deadline + leaseMargin,
    replaySafe: claimant.replaySafe,
    window: claimant.window,
    days,
  }
  const table = address(ledgerTable, environment)
  const ledger = await aws.dynamodb(environment)
  let tookOver = false
  // A write whose outcome stays unknown is settled as if it had happened: the settling is conditional on the attempt.
  let holding = true
  hold({
    settle: async (effect, repeatable) => {
      if (holding) await settle(clock, ledger, table, mine, ending(effect, tookOver, mine.replaySafe && repeatable))
    },
  })

  let outcome = await write(clock, () => ledger.put(claimWrite(table, mine)))
  for (let tries = 0; outcome !== 'written'; tries++) {
    const seen: Item | undefined = outcome
    const verdict = seen === undefined ? 'absent' : judge(seen, mine)
    if (verdict === 'mine') return
    if (tries === 3 || verdict !== 'take-over' && verdict !== 'absent') {
      holding = false
      throw refusal(verdict, seen, now)
    }
    tookOver = verdict === 'take-over'
    // Absent: released between the two writes, so it is claimed as new.
    outcome = await write(clock, () => ledger.put(seen === undefined || !tookOver ? claimWrite(table, mine) : takeOverWrite(table, mine, seen)))
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

/** A conditional write: done, or the item that was in its way (undefined: there was none). */
async function write(clock: Clock, send: () => Promise<unknown>): Promise<'written' | Item | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await send()
      return 'written'
    } catch (error) {
      const { name, Item: item } = error as { name?: string; Item?: Record<string, AttributeValue> }
      if (name === 'ConditionalCheckFailedException') return item === undefined ? undefined : readItem(item)
      // Another transaction was at the item: never a duplicate, and soon over.
      if (name !== 'TransactionConflictException' || tries === 5) throw new Fault('UNAVAILABLE')
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
    const outcome = await write(clock, writes[how])
    if (how !== 'confirm' || outcome === 'written' || outcome?.state === 'confirmed' && outcome.attempt === mine.attempt) return
  } catch {
    if (how !== 'confirm') return
  }
  throw new Fault('UNCONFIRMED')
}
