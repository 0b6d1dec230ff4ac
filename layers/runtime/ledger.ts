/**
 * The duplicate check as pure transitions: what is written, on which conditions, and what a refused write means. Nothing here
 * waits, reads a clock or calls anybody: `protocol.ts` puts them in order, `claims.ts` sends them to DynamoDB, and the model
 * in `test/model` runs through all orders. An item's states: absent, claimed, confirmed, doubt.
 */

/** One execution's hold on one identifier. Times are epoch milliseconds. */
export interface Claim {
  /** The item's key: keyed digest of scope and identifier. */
  readonly id: string
  /** 128 random bits of this execution: the fence. Every later write is conditional on it. */
  readonly attempt: string
  readonly pipeline: string
  /** Keyed digest of pipeline, sends and payload. */
  readonly fingerprint: string
  readonly digestVersion: number
  /** Keyed digest of consumer, route and message id: says that two executions are the same message; it never grants ownership. */
  readonly origin: string | undefined
  /** Of the item of an `Idempotency-Key`, which stands for one payload alone: keyed digest of that, whatever the definition says meanwhile. Absent where a rerun read the message from its source. */
  readonly body?: string
  readonly now: number
  /** When this execution has surely ended: its deadline and a margin for clocks. */
  readonly lease: number
  /** Whether repeating the run's sends is safe: each carries `once`, or there is none. */
  readonly replaySafe: boolean
  /** How long every partner remembers a `once`. */
  readonly window: number
  readonly days: number
}

/** What DynamoDB holds. Times are epoch milliseconds, but `expires`, which DynamoDB reads itself: epoch seconds. */
export interface Item {
  readonly id: string
  readonly state: 'claimed' | 'confirmed' | 'doubt'
  readonly attempt: string
  readonly pipeline: string
  readonly fingerprint: string
  readonly digestVersion: number
  readonly origin?: string | undefined
  readonly body?: string | undefined
  readonly lease?: number | undefined
  readonly firstClaimedAt: number
  /** Until when the same message may repeat its sends; 0: never. */
  readonly repeatable: number
  readonly days: number
  /** Of what waits alone: the partition of the sparse index in which the sweep and `sallyport doubts` look. */
  readonly open?: string | undefined
  /** The kind of the step that a doubt ended in. */
  readonly step?: string | undefined
  readonly expires?: number | undefined
  readonly confirmedAt?: number | undefined
  /** The first reply, sealed. */
  readonly reply?: Uint8Array | undefined
  /** Why a person confirmed what was in doubt, and who. */
  readonly reason?: string | undefined
  readonly by?: string | undefined
}

/** Clocks of two environments differ by less than this; Lambda ends an invocation within 0.7 s of its deadline. */
const leaseMargin = 3_000
/** When an execution has surely ended, on every clock. */
export const leaseOf = (deadline: number): number => deadline + rules['clocks differ'](leaseMargin)

/** Partitions of claims in the sparse index: one takes 1,000 writes a second. */
export const shards = 16
const shardOf = (id: string): string => `claimed-${(id.codePointAt(0) ?? 0) % shards}`
/** Of doubts: they are few. */
export const doubts = 'doubt'

/** What a condition may look at besides the item. */
export interface Given {
  readonly now?: number
  readonly attempt?: string
  /** The attempt that was seen. */
  readonly seen?: Pick<Item, 'attempt'>
}

/** A condition that DynamoDB checks with a write: as it is asked, and as it holds. */
interface Asked {
  readonly expression: string
  /** The placeholders in it. */
  readonly values: readonly (keyof typeof placeholders)[]
  readonly holds: (item: Item | undefined, given: Given) => boolean
}

/** Placeholders of the conditions, and what stands for them. */
export const placeholders = {
  ':claimed': () => 'claimed',
  ':doubt': () => 'doubt',
  ':now': ({ now = 0 }: Given) => Math.floor(now / 1_000),
  ':attempt': ({ attempt = '' }: Given) => attempt,
  ':seen': ({ seen }: Given) => seen?.attempt ?? '',
} as const

const asked = (expression: string, values: Asked['values'], holds: Asked['holds']): Asked => ({ expression, values, holds })

/** The conditions of writes. With `rules`, the whole of what keeps the ledger right: the model takes each away and shows what happens then. */
export const conditions = {
  'absent': asked('attribute_not_exists(id)', [], (item) => item === undefined),
  // TTL deletion is housekeeping, so expiry is in the condition. Nothing but what is confirmed expires.
  'expired': asked('expires <= :now', [':now'], (item, { now = 0 }) => (item?.expires ?? Infinity) <= Math.floor(now / 1_000)),
  'claimed': asked('#state = :claimed', [':claimed'], (item) => item?.state === 'claimed'),
  'in doubt': asked('#state = :doubt', [':doubt'], (item) => item?.state === 'doubt'),
  'own attempt': asked('attempt = :attempt', [':attempt'], (item, { attempt }) => item?.attempt === attempt),
  'seen attempt': asked('attempt = :seen', [':seen'], (item, { seen }) => item?.attempt === seen?.attempt),
}
export type Condition = keyof typeof conditions

/** What is decided here, from what a refused write returned and from how a run went. */
export const rules = {
  'lease lapsed': ({ lease = 0 }: Item, now: number) => lease <= now,
  'replay safe': (replaySafe: boolean) => replaySafe,
  'same message': (item: Item, claim: Claim) => item.fingerprint === claim.fingerprint && item.digestVersion === claim.digestVersion,
  'partner remembers': (item: Item, claim: Claim) => item.firstClaimedAt + claim.window > claim.lease,
  'nothing was done': (effect: Ending['effect']) => effect === 'none',
  'all was done': (effect: Ending['effect']) => effect === 'done',
  'first attempt': (tookOver: boolean) => !tookOver,
  'ends before the lease': (now: number, longest: number, until: number) => now + longest <= until,
  'nothing open': ({ repeatable }: Item, now: number) => repeatable <= now,
  /** Added to the end of an invocation: no two clocks differ by more. */
  'clocks differ': (margin: number) => margin,
  /** While digests of several versions count: absent under those that are not written. */
  'absent elsewhere': (others: readonly Transition[]): readonly Transition[] => others,
}
export type Rule = keyof typeof rules

/** One conditional write. `when`: any of these lists, of which all hold. */
export interface Transition {
  readonly name: 'claim' | 'absence' | 'take over' | 'confirm' | 'release' | 'yield' | 'doubt' | 'sweep' | 'confirm doubt' | 'release doubt'
  readonly id: string
  readonly when: When
  readonly given: Given
  readonly change: { readonly put: Item } | { readonly set: Partial<Item>; readonly remove?: readonly (keyof Item)[] } | 'delete' | 'nothing'
}
/** A list of its own each, made once: how DynamoDB is asked is worked out once for it. */
export type When = readonly (readonly Condition[])[]
const free: When = [['absent'], ['expired']]
/** An attempt has one lease, and only ever ends it sooner: whoever saw it lapsed need not ask for the lease again. */
const claimedAsSeen: When = [['claimed', 'seen attempt']]
const mine: When = [['own attempt', 'claimed']]
const mineWhateverBecameOfIt: When = [['own attempt']]
const doubtAsSeen: When = [['in doubt', 'seen attempt']]

/** What becomes of the item. */
export function applied(item: Item | undefined, { change }: Transition): Item | undefined {
  if (change === 'nothing') return item
  if (change === 'delete') return undefined
  if ('put' in change) return change.put
  const changed = { ...item as Item, ...change.set }
  for (const name of change.remove ?? []) delete changed[name]
  return changed
}

const itemOf = ({ id, attempt, pipeline, fingerprint, digestVersion, origin, body, lease, replaySafe, window, days }: Claim, firstClaimedAt: number): Item => ({
  id, state: 'claimed', attempt, pipeline, fingerprint, digestVersion, origin, body, lease, firstClaimedAt, days,
  repeatable: replaySafe ? firstClaimedAt + window : 0, open: shardOf(id),
})

/** Absent, or confirmed and past its retention. */
export const claim = (of: Claim): Transition => ({ name: 'claim', id: of.id, when: free, given: of, change: { put: itemOf(of, of.now) } })
/** While digests of more than one version count, nothing may stand under the others. */
export const absence = (of: Claim): Transition => ({ name: 'absence', id: of.id, when: free, given: of, change: 'nothing' })
/** From exactly the attempt that was seen with a lapsed lease; `firstClaimedAt` stays, since the partner counts from it. */
export const takeOver = (of: Claim, seen: Item): Transition => ({ name: 'take over', id: of.id, when: claimedAsSeen, given: { seen }, change: { put: itemOf(of, seen.firstClaimedAt) } })

const expiry = (now: number, days: number): number => Math.ceil(now / 1_000) + Math.ceil(days * 86_400)

/** Conditional on the attempt alone: a doubt that was noted meanwhile is lifted by the one who knows. */
export const confirm = ({ id, attempt, days }: Claim, now: number, reply?: Uint8Array): Transition => ({
  name: 'confirm', id, when: mineWhateverBecameOfIt, given: { attempt },
  change: { set: { state: 'confirmed', expires: expiry(now, days), confirmedAt: now, ...reply && { reply } }, remove: ['lease', 'open', 'step'] },
})
/** Nothing was done: as if it had never come. */
export const release = ({ id, attempt }: Claim): Transition => ({ name: 'release', id, when: mine, given: { attempt }, change: 'delete' })
/** The lease ends now, so that the same message, sent again, may repeat the send under the same key. */
export const yieldIt = ({ id, attempt }: Claim, now: number): Transition => ({ name: 'yield', id, when: mine, given: { attempt }, change: { set: { lease: now } } })
/** A person must look: a partner may have acted, and repeating is not safe. */
export const doubt = ({ id, attempt }: Claim, step?: string): Transition => ({
  name: 'doubt', id, when: mine, given: { attempt }, change: { set: { state: 'doubt', open: doubts, ...step !== undefined && { step } } },
})
/** What lapsed, and may not be repeated any more, waits for a person. The attempt stays, so that a late confirm lands. */
export const sweep = (seen: Item): Transition => ({ name: 'sweep', id: seen.id, when: claimedAsSeen, given: { seen }, change: { set: { state: 'doubt', open: doubts } } })
/** Whether the sweep takes it. */
export const sweepable = (item: Item, now: number): boolean => item.state === 'claimed' && rules['lease lapsed'](item, now) && rules['nothing open'](item, now)
/** A person knows that it was done. Its retention begins now. */
export const confirmDoubt = (seen: Item, now: number, reason: string, by: string): Transition => ({
  name: 'confirm doubt', id: seen.id, when: doubtAsSeen, given: { seen },
  change: { set: { state: 'confirmed', expires: expiry(now, seen.days), confirmedAt: now, reason, by }, remove: ['lease', 'open', 'step'] },
})
/** A person knows that nothing was done. */
export const releaseDoubt = (seen: Item): Transition => ({ name: 'release doubt', id: seen.id, when: doubtAsSeen, given: { seen }, change: 'delete' })

/** What a refused write means for the one who asked. */
export type Verdict = 'mine' | 'duplicate' | 'in-progress' | 'take-over' | 'in-doubt' | 'reused'

/** Reads a refused write. The table: another payload; confirmed; claimed and alive; claimed and lapsed; doubt. */
export function judge(item: Item, claim: Claim): Verdict {
  // My own attempt in the intended state: the write happened and its reply was lost.
  if (item.state !== 'doubt' && conditions['own attempt'].holds(item, claim)) return 'mine'
  // What was read again from a source says nothing of the body that came under its name.
  if (claim.body !== undefined && item.body !== undefined && item.body !== claim.body) return 'reused'
  switch (item.state) {
    case 'confirmed': return 'duplicate'
    case 'doubt': return 'in-doubt'
    case 'claimed':
      return !rules['lease lapsed'](item, claim.now) ? 'in-progress'
        : rules['replay safe'](claim.replaySafe) && rules['same message'](item, claim) && rules['partner remembers'](item, claim) ? 'take-over' : 'in-doubt'
  }
}

/** How a run went. */
export interface Ending {
  readonly effect: 'done' | 'none' | 'unknown'
  /** All that it may have done, it may do again. */
  readonly repeatable: boolean
}

/** How a run's end is written: by its effect, whether the claim was a takeover, and whether it may be repeated. */
export const ending = ({ effect, repeatable }: Ending, tookOver: boolean): 'confirm' | 'release' | 'yield' | 'doubt' =>
  rules['all was done'](effect) ? 'confirm'
    // An earlier attempt may have acted, whatever became of this one.
    : rules['nothing was done'](effect) && rules['first attempt'](tookOver) ? 'release'
      : rules['replay safe'](repeatable) ? 'yield' : 'doubt'
