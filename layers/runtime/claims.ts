import { randomBytes } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { canonical } from './canonical.ts'
import { keyed, ledgerKeyOf } from './digest.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Identifier } from './identifier.ts'
import { ledgerKey, ledgerTable, type HashKey } from './keys.ts'
import { undecidedDays } from './ledger-needs.ts'
import { leaseOf, rules, type Claim, type Ending, type Transition } from './ledger.ts'
import { entry, readItem } from './ledger-table.ts'
import { claiming, settling, type Answer, type Hold, type Key, type Refusal, type Writing, type Written } from './protocol.ts'
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
  /** Consumer, route and message id, where the message has one. */
  readonly origin?: string | undefined
}

/** One identifier to be claimed. */
export interface AskedKey {
  /** The fields that it is made of, by their paths, with what stood there. */
  readonly by: string | readonly string[]
  readonly value: string | readonly string[]
  readonly as: Identifier | undefined
  /** Every pipeline of the realm that claims it so counts it as one. */
  readonly realm?: true | undefined
}

/** Identifiers that are claimed together, all or none. */
export interface Asked {
  readonly keys: readonly AskedKey[]
  readonly days: number
  readonly payload: unknown
  /** The message's own `Idempotency-Key` is claimed beside them. `reply`: seals the first reply and opens it again. */
  readonly message?: { readonly reply?: Kept } | undefined
}

/** How replies are kept. `id`: of the item that keeps it. */
export interface Kept {
  readonly seal: (id: string, reply: unknown) => Promise<Uint8Array | undefined>
  readonly open: (id: string, sealed: Uint8Array) => Promise<unknown>
}

/** A claim that must be settled when the run has ended. */
export interface Held {
  /** What is held now; undefined where nothing was granted. */
  readonly hold: () => Hold | undefined
  /** The reply as the item of the message keeps it. */
  readonly sealed: (reply: unknown) => Promise<Written['reply']>
}

/** What this very message came to before: the reply that was kept of it. */
export interface Before { readonly reply: unknown }

/** `acknowledges`: this message delivered again after it was accepted is no duplicate; it was done. `reread`: from its source. `closed`: the run is over. */
interface Situation { readonly acknowledges?: boolean | undefined; readonly reread?: boolean | undefined; readonly closed?: () => boolean }

/**
 * Claims identifiers, or throws DUPLICATE, IN_PROGRESS, IN_DOUBT, KEY_REUSED, UNAVAILABLE or OUT_OF_TIME. `hold` is told before
 * the first write; after the run is over there is none.
 */
export async function claim(environment: Environment, claimant: Claimant, asked: Asked, hold: (held: Held) => void, { acknowledges = false, reread = false, closed = () => false }: Situation = {}): Promise<Before | undefined> {
  const { clock } = environment
  const now = clock.now()
  const attempt = fence()
  const keys: Key[] = []
  const said = `${claimant.sends}${canonical(asked.payload)}`
  const message = claimant.origin === undefined ? undefined : asked.message
  const all = message === undefined || claimant.origin === undefined ? asked.keys : [{ origin: claimant.origin, reread }, ...asked.keys]
  for (const each of all) {
    const made = await key(environment, claimant, asked, each, { now, attempt, said })
    // Payer and payee may be one: a transaction takes no item twice.
    if (!keys.some(([{ id }]) => id === made[0].id)) keys.push(made)
  }
  let held: Hold | undefined
  hold({
    hold: () => held,
    async sealed(reply) {
      // The item of the message is the first one.
      const [first] = held?.claims ?? []
      const sealed = first && await message?.reply?.seal(first.id, reply)
      return sealed && first && { id: first.id, sealed }
    },
  })
  const refusal = await perform(environment, claiming(keys, (mine) => { held = mine }), closed)
  if (refusal === undefined) return undefined
  const { verdict, seen, asked: by } = refusal
  if (verdict === 'duplicate' && seen?.reply !== undefined && message?.reply !== undefined) return { reply: await message.reply.open(seen.id, seen.reply) }
  if (verdict === 'duplicate' && acknowledges && by?.origin !== undefined && seen?.origin === by.origin && rules['same message'](seen, by)) return { reply: undefined }
  throw fault(refusal, now)
}

interface Shared { readonly now: number; readonly attempt: string; readonly said: string }

/** The claims of one identifier: under the version that is written, and under those that still count. */
async function key(environment: Environment, { pipeline, deadline, replaySafe, window, origin }: Claimant, { days, payload }: Asked, asked: AskedKey | { readonly origin: string; readonly reread: boolean }, { now, attempt, said }: Shared): Promise<Key> {
  const message = 'origin' in asked
  const under: HashKey = message ? ledgerKey : ledgerKeyOf(asked.as)
  const scope = !message && asked.realm ? everywhere : pipeline
  const text = message ? JSON.stringify(['message', asked.origin]) : textOf(asked)
  const { written, others } = await versionsOf(environment, under, (days + undecidedDays) * 86_400_000)
  const claimUnder = async (digestVersion: number): Promise<Claim> => {
    const [ids, prints] = [keyed(environment, under, 'ledger', scope, digestVersion), keyed(environment, under, 'fingerprint', pipeline, digestVersion)]
    // One after the other costs less than Promise.all, and a failure of either is known to Once.
    const id = await ids
    const print = await prints
    return {
      id: id(text), fingerprint: print(said), attempt, digestVersion, now, days, pipeline, origin: origin && id(`origin ${origin}`), lease: leaseOf(deadline), replaySafe, window,
      ...message && !asked.reread && { body: print(canonical(payload)) },
    }
  }
  const first = await claimUnder(written)
  if (others.length === 0) return [first]
  const more: Claim[] = []
  for (const version of others) more.push(await claimUnder(version))
  return [first, ...more]
}

/** No pipeline has this name. */
const everywhere = ''

/** As JSON, since names run together could be others. Across pipelines the identifier's name counts, and not where a field stands. */
function textOf({ by, as, value, realm }: AskedKey): string {
  const [first = '', ...others] = typeof value === 'string' ? [value] : value
  const spelled = as === undefined ? first : as.normalize.run(first)
  // Of nothing there is one spelling: whoever writes 'unknown' would be one applicant.
  if (as !== undefined && spelled === '') throw new Fault('PAYLOAD_INVALID', [typeof by === 'string' ? by : by[0] ?? ''])
  // What stands beside the identifier is no identifier of its kind.
  return JSON.stringify([realm ? null : by, as?.name ?? null, others.length === 0 ? spelled : [spelled, ...others]])
}

/** The answer to a claim that was not granted. */
function fault({ verdict, seen }: Refusal, now: number): Fault {
  switch (verdict) {
    case 'duplicate': return new Fault('DUPLICATE')
    case 'in-doubt': return new Fault('IN_DOUBT')
    case 'reused': return new Fault('KEY_REUSED')
    case 'in-progress': return new Fault('IN_PROGRESS', [], Math.max(1, Math.ceil(((seen?.lease ?? now) - now) / 1_000)))
  }
}

/** What DynamoDB says of a refused write: of a transaction, one reason an item of it. */
interface Refused {
  readonly name?: string
  readonly Item?: Record<string, AttributeValue>
  readonly CancellationReasons?: readonly { readonly Code?: string; readonly Item?: Record<string, AttributeValue> }[]
}

/** Runs what the protocol asks for, one write after the other. Throws UNAVAILABLE where one has no outcome. */
async function perform<T>(environment: Environment, writing: Writing<T>, over = () => false): Promise<T> {
  const ledger = await aws.dynamodb(environment)
  const table = address(ledgerTable, environment)
  // What would be written now, nobody would settle.
  if (over()) throw new Fault('OUT_OF_TIME')
  const send = async (writes: readonly Transition[]): Promise<unknown> => {
    const entries = writes.map((each) => entry(table, each))
    const [one, ...more] = entries
    if (one === undefined || more.length > 0) return ledger.transact({ TransactItems: entries })
    const { Put, Update, Delete } = one
    return Put ? ledger.put(Put) : Update ? ledger.update(Update) : ledger.delete(Delete as never)
  }
  let next = writing.next()
  while (!next.done) next = writing.next(await outcome(environment, next.value, send))
  return next.value
}

async function outcome({ clock }: Environment, writes: readonly Transition[], send: (writes: readonly Transition[]) => Promise<unknown>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      await send(writes)
      return 'written'
    } catch (error) {
      const { name, Item: item, CancellationReasons: reasons = [] } = error as Refused
      if (name === 'ConditionalCheckFailedException') return [item === undefined ? 'nothing' : readItem(item)]
      if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed')) {
        return reasons.map(({ Code, Item }) => Code !== 'ConditionalCheckFailed' ? 'fits' : Item === undefined ? 'nothing' : readItem(Item))
      }
      // Another transaction was at the item: never a duplicate, and soon over.
      const conflict = name === 'TransactionConflictException' || reasons.some(({ Code }) => Code === 'TransactionConflict')
      if (!conflict || tries === 5) throw new Fault('UNAVAILABLE')
      await clock.wait(20 * tries + clock.jitter(30))
    }
  }
}

/**
 * Settles what a run holds, the last claim first. A good end is written for all of them together, since one that is left would wait
 * for a person though all was done; where one of them is not this run's any more, for each by itself. Throws UNCONFIRMED if a good
 * end could not be recorded: whatever else cannot be written is left to the lease.
 */
export async function settle(environment: Environment, held: readonly Held[], end: Ending, { step, reply }: { readonly step?: string | undefined; readonly reply?: unknown } = {}): Promise<void> {
  const now = environment.clock.now()
  const done = end.effect === 'done'
  const mine: { readonly hold: Hold; readonly reply: Written['reply'] }[] = []
  for (const each of held.toReversed()) {
    const hold = each.hold()
    if (hold !== undefined) mine.push({ hold, reply: done ? await each.sealed(reply) : undefined })
  }
  const written = async (hold: Hold, reply?: Written['reply']): Promise<boolean | undefined> => {
    try {
      return await perform(environment, settling(hold, end, { now, step, reply }))
    } catch {
      return undefined
    }
  }
  const claims = mine.flatMap(({ hold }) => hold.claims)
  // A transaction has a hundred items at most.
  if (done && mine.length > 1 && claims.length <= 100) {
    const together = await written({ claims, tookOver: false }, mine.find(({ reply }) => reply !== undefined)?.reply)
    if (together === true) return
    if (together === undefined) throw new Fault('UNCONFIRMED')
  }
  let failed = false
  for (const { hold, reply } of mine) if (await written(hold, reply) !== true) failed = true
  if (failed && done) throw new Fault('UNCONFIRMED')
}
