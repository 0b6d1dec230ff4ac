/**
 * The duplicate check as pure transitions: what is written, on which condition, and what a refused write means. Nothing
 * here waits, reads a clock or calls anybody; `claims.ts` does. An item's states: absent, claimed, confirmed, doubt.
 */
import type { AttributeValue, DeleteItemCommandInput, PutItemCommandInput, TransactWriteItemsCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'

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
  /** Says that two executions are the same message; it never grants ownership. */
  readonly origin: string | undefined
  readonly now: number
  /** When this execution has surely ended: its deadline and a margin for clocks. */
  readonly lease: number
  /** Whether repeating the run's sends is safe: each carries `once`, or there is none. */
  readonly replaySafe: boolean
  /** How long every partner remembers a `once`. */
  readonly window: number
  readonly days: number
}

/** What DynamoDB holds, as the transitions read it. */
export interface Item {
  readonly state: 'claimed' | 'confirmed' | 'doubt'
  readonly attempt: string
  readonly fingerprint: string
  readonly digestVersion: number
  readonly origin: string | undefined
  readonly lease: number
  readonly firstClaimedAt: number
  readonly expires: number | undefined
}

/** What a refused claim or takeover means for the one who asked. */
export type Verdict = 'mine' | 'duplicate' | 'in-progress' | 'take-over' | 'in-doubt'

const margin = 3_000
/** Clocks of two environments differ by less than this; Lambda ends an invocation within 0.7 s of its deadline. */
export const leaseMargin = margin

export const readItem = (item: Record<string, AttributeValue>): Item => ({
  state: item['state']?.S as Item['state'],
  attempt: item['attempt']?.S ?? '',
  fingerprint: item['fingerprint']?.S ?? '',
  digestVersion: Number(item['digestVersion']?.N),
  origin: item['origin']?.S,
  lease: Number(item['lease']?.N),
  firstClaimedAt: Number(item['firstClaimedAt']?.N),
  expires: item['expires']?.N === undefined ? undefined : Number(item['expires'].N),
})

/** Reads a refused write. The table: confirmed; claimed and alive; claimed and lapsed; doubt. */
export function judge(item: Item, claim: Claim): Verdict {
  switch (item.state) {
    case 'confirmed': return item.attempt === claim.attempt ? 'mine' : 'duplicate'
    case 'doubt': return 'in-doubt'
    case 'claimed': {
      // My own attempt in the intended state: the write happened and its reply was lost.
      if (item.attempt === claim.attempt) return 'mine'
      if (item.lease > claim.now) return 'in-progress'
      const same = item.fingerprint === claim.fingerprint && item.digestVersion === claim.digestVersion
      const remembered = item.firstClaimedAt + claim.window > claim.lease
      return claim.replaySafe && same && remembered ? 'take-over' : 'in-doubt'
    }
  }
}

const fields = ({ id, attempt, pipeline, fingerprint, digestVersion, origin, lease }: Claim, firstClaimedAt: number): Record<string, AttributeValue> => ({
  id: { S: id },
  state: { S: 'claimed' },
  attempt: { S: attempt },
  pipeline: { S: pipeline },
  fingerprint: { S: fingerprint },
  digestVersion: { N: String(digestVersion) },
  lease: { N: String(lease) },
  firstClaimedAt: { N: String(firstClaimedAt) },
  ...origin !== undefined && { origin: { S: origin } },
})

const names = { '#state': 'state' }
const telling = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const

/** Absent, or confirmed and past its retention: TTL deletion is housekeeping, so expiry is in the condition. */
export const claimWrite = (TableName: string, claim: Claim): PutItemCommandInput => ({
  TableName,
  Item: fields(claim, claim.now),
  ConditionExpression: 'attribute_not_exists(id) OR (#state = :confirmed AND expires <= :now)',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: { ':confirmed': { S: 'confirmed' }, ':now': { N: String(Math.floor(claim.now / 1_000)) } },
  ...telling,
})

/**
 * While digests of more than one version count: claimed under the written one, if nothing stands under the others. One
 * transaction, 2 write units an item; a refusal tells by its place in the list which one is in the way.
 */
export function claimAmong(TableName: string, claim: Claim, others: readonly Claim[]): TransactWriteItemsCommandInput {
  const { ReturnValuesOnConditionCheckFailure, Item, ...condition } = claimWrite(TableName, claim)
  return {
    TransactItems: [
      { Put: { Item, ...condition, ReturnValuesOnConditionCheckFailure } },
      ...others.map(({ id }) => ({ ConditionCheck: { Key: { id: { S: id } }, ...condition as Required<typeof condition>, ReturnValuesOnConditionCheckFailure } })),
    ],
  }
}

/** From exactly the attempt and the lapsed lease that were seen; `firstClaimedAt` stays, since the partner counts from it. */
export const takeOverWrite = (TableName: string, claim: Claim, seen: Item): PutItemCommandInput => ({
  TableName,
  Item: fields(claim, seen.firstClaimedAt),
  ConditionExpression: '#state = :claimed AND attempt = :seen AND lease = :lease',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: { ':claimed': { S: 'claimed' }, ':seen': { S: seen.attempt }, ':lease': { N: String(seen.lease) } },
  ...telling,
})

/** Conditional on the attempt alone: a doubt that somebody else noted meanwhile is lifted by the one who knows. */
export const confirmWrite = (TableName: string, { id, attempt, days }: Claim, now: number): UpdateItemCommandInput => ({
  TableName,
  Key: { id: { S: id } },
  UpdateExpression: 'SET #state = :confirmed, expires = :expires, confirmedAt = :now REMOVE lease',
  ConditionExpression: 'attempt = :attempt AND #state IN (:claimed, :doubt)',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: {
    ':attempt': { S: attempt }, ':claimed': { S: 'claimed' }, ':doubt': { S: 'doubt' }, ':confirmed': { S: 'confirmed' },
    ':expires': { N: String(Math.ceil(now / 1_000) + days * 86_400) }, ':now': { N: String(now) },
  },
  ...telling,
})

const whileMine = ({ attempt }: Claim) => ({
  ConditionExpression: 'attempt = :attempt AND #state = :claimed',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: { ':attempt': { S: attempt }, ':claimed': { S: 'claimed' } },
  ...telling,
})

/** Nothing was done: as if it had never come. */
export const releaseWrite = (TableName: string, claim: Claim): DeleteItemCommandInput => ({
  TableName, Key: { id: { S: claim.id } }, ...whileMine(claim),
})

/** The lease ends now, so that the same message, sent again, may repeat the send under the same key. */
export function yieldWrite(TableName: string, claim: Claim, now: number): UpdateItemCommandInput {
  const mine = whileMine(claim)
  return {
    TableName, Key: { id: { S: claim.id } }, UpdateExpression: 'SET lease = :now', ...mine,
    ExpressionAttributeValues: { ...mine.ExpressionAttributeValues, ':now': { N: String(now) } },
  }
}

/** A person must look: a partner may have acted, and repeating is not safe. */
export function doubtWrite(TableName: string, claim: Claim): UpdateItemCommandInput {
  const mine = whileMine(claim)
  return {
    TableName, Key: { id: { S: claim.id } }, UpdateExpression: 'SET #state = :doubt', ...mine,
    ExpressionAttributeValues: { ...mine.ExpressionAttributeValues, ':doubt': { S: 'doubt' } },
  }
}

/** How a run's end is written: by its effect, whether the claim was a takeover, and whether it may be repeated. */
export const ending = (effect: 'done' | 'none' | 'unknown', tookOver: boolean, replaySafe: boolean): 'confirm' | 'release' | 'yield' | 'doubt' =>
  effect === 'done' ? 'confirm'
    // An earlier attempt may have acted, whatever became of this one.
    : effect === 'none' && !tookOver ? 'release'
      : replaySafe ? 'yield' : 'doubt'
