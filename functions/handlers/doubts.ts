import { aws, ledger, variable, ledgerTable, type LedgerItem, type LedgerTransition } from 'sallyport'

/** A doubt as a person may see it: no payload, and of the identifier a keyed digest. Times in epoch milliseconds. */
export interface Doubt {
  /** The beginning of its digest and of the attempt that left it: whoever decides on it decides on what was seen. */
  readonly id: string
  readonly pipeline: string
  readonly since: number
  /** The kind of the step that the run ended in; absent where it ended without a word. */
  readonly step?: string
}

/** What a person decided, and why. */
export interface Decision {
  readonly id: string
  readonly how: 'confirm' | 'release'
  readonly reason: string
  readonly by: string
}

const table = (): string => process.env[variable(ledgerTable)] ?? ''
const idOf = ({ id, attempt }: LedgerItem): string => `${id.slice(0, 10)}.${attempt.slice(0, 6)}`
/** Doubts of a partition that one sweep makes, and doubts that it counts: what is left is for the next one. */
const mostSwept = 5_000
/** Shown at most. */
const mostShown = 500

/** What waits in a partition of the index, the oldest lease first. */
async function* waiting(partition: string, until?: number): AsyncGenerator<LedgerItem> {
  const dynamodb = await aws.dynamodb()
  for (let from: Awaited<ReturnType<typeof dynamodb.page>>['LastEvaluatedKey']; ;) {
    // What may still be repeated is passed over where it lies: it may be any number.
    const page = await dynamodb.page({
      TableName: table(), IndexName: ledger.index, ...from && { ExclusiveStartKey: from },
      KeyConditionExpression: until === undefined ? '#open = :open' : '#open = :open AND lease <= :until', ExpressionAttributeNames: { '#open': 'open' }, ...until !== undefined && { FilterExpression: 'repeatable <= :until' },
      ExpressionAttributeValues: { ':open': { S: partition }, ...until !== undefined && { ':until': { N: String(until) } } },
    })
    for (const item of page.Items ?? []) yield ledger.readItem(item)
    if (page.LastEvaluatedKey === undefined) return
    from = page.LastEvaluatedKey
  }
}

/** A conditional write: whether it stands there. Throws what DynamoDB throws, but for a refused condition. */
async function written(transition: LedgerTransition): Promise<boolean> {
  const dynamodb = await aws.dynamodb()
  const { Update, Delete } = ledger.entry(table(), transition)
  try {
    await (Update === undefined ? dynamodb.delete(Delete as never) : dynamodb.update(Update))
    return true
  } catch (error) {
    const { name, Item } = error as { readonly name?: string; readonly Item?: Parameters<typeof ledger.readItem>[0] }
    if (name === 'ConditionalCheckFailedException') return stands(transition, Item && ledger.readItem(Item))
    throw error
  }
}

/** Refused, and there is what was to be written: it was, its reply was lost, and the SDK asked again. */
const stands = ({ change, given: { seen } }: LedgerTransition, item: LedgerItem | undefined): boolean => typeof change !== 'object' || !('set' in change) ? item === undefined
  : item?.attempt === seen?.attempt && Object.entries(change.set).every(([name, value]) => item?.[name as keyof LedgerItem] === value)

/** Makes doubts of claims that lapsed and that nobody may repeat any more. `since`: of the doubt that waits longest. */
export async function sweep(now = Date.now()): Promise<{ readonly swept: number; readonly waiting: number; readonly since?: number }> {
  let swept = 0
  for (let shard = 0; shard < ledger.shards; shard++) {
    let looked = 0
    for await (const item of waiting(`claimed-${shard}`, now)) {
      if (++looked > mostSwept) break
      if (ledger.sweepable(item, now) && await written(ledger.sweep(item))) swept++
    }
  }
  let [count, since] = [0, Infinity]
  for await (const { firstClaimedAt } of waiting(ledger.doubts)) {
    since = Math.min(since, firstClaimedAt)
    if (++count === mostSwept) break
  }
  return { swept, waiting: count, ...count > 0 && { since } }
}

/** The doubts of all pipelines or of one, the oldest first. */
export async function list(pipeline?: string): Promise<Doubt[]> {
  const found: Doubt[] = []
  for await (const item of waiting(ledger.doubts)) {
    if (pipeline !== undefined && item.pipeline !== pipeline) continue
    found.push({ id: idOf(item), pipeline: item.pipeline, since: item.firstClaimedAt, ...item.step !== undefined && { step: item.step } })
    if (found.length === mostShown) break
  }
  return found.sort((a, b) => a.since - b.since)
}

/** Writes what a person decided: confirmed, it is a duplicate for its retention; released, as if it had never come. Gives the doubt, or undefined where it is none any more. */
export async function decide({ id, how, reason, by }: Decision, now = Date.now()): Promise<Doubt | undefined> {
  for await (const item of waiting(ledger.doubts)) {
    if (idOf(item) !== id) continue
    const done = await written(how === 'confirm' ? ledger.confirmDoubt(item, now, reason, by) : ledger.releaseDoubt(item))
    return done ? { id, pipeline: item.pipeline, since: item.firstClaimedAt } : undefined
  }
  return undefined
}
