import { address, aws, outcomesTable } from 'sallyport'
import { environment } from './ask.ts'
import { entityKeys, isDigest, recording, rowsOf, type Row } from './records.ts'
import { Refusal } from './refusal.ts'

/** Whose rows are deleted: of a pipeline all, or those about one entity. */
export interface Forgetting {
  readonly pipeline: string
  readonly entity?: string
  readonly reason: string
  readonly by: string
  /** Where the call before ended. */
  readonly from?: string
}

/** What was deleted. `from`: time was up, and the next call goes on from there. */
export interface Forgotten {
  readonly rows: number
  readonly from?: string
  /** Of a sensitive entity its keyed digest under the version that is written now: what an audit line may say. */
  readonly digest?: string
}

/** Deletes at a time. */
const together = 10

/**
 * Deletes what is kept of failures, and of messages whose senders were answered before: rows with what a partner or a person may
 * ask to be forgotten. Logs hold none of it. Goes on until `late` says so.
 */
export async function forget({ pipeline, entity, from }: Forgetting, late: () => boolean): Promise<Forgotten> {
  if (entity !== undefined && !recording().includes(pipeline)) throw new Refusal('this pipeline keeps no records of failures')
  const keys = entity === undefined ? undefined : await entityKeys(pipeline, entity)
  let [rows, place] = [0, from]
  for await (const page of keys === undefined ? pagesOf(pipeline, from) : about(keys)) {
    const ids = page.rows.map(({ id }) => id?.S ?? '')
    for (let i = 0; i < ids.length; i += together) {
      const gone = await Promise.all(ids.slice(i, i + together).map((id) => remove(id, pipeline)))
      rows += gone.filter(Boolean).length
    }
    place = page.next
    if (place !== undefined && late()) break
  }
  const digest = keys?.[0]?.slice(pipeline.length + 1)
  return { rows, ...place !== undefined && { from: place }, ...digest !== undefined && isDigest(digest) && { digest } }
}

/** Whether it is gone: the SDK asks again where it had no reply, and then finds nothing. Another pipeline's stays. */
async function remove(id: string, pipeline: string): Promise<boolean> {
  try {
    await (await aws.dynamodb(environment)).delete({
      TableName: address(outcomesTable, environment), Key: { id: { S: id } }, ConditionExpression: 'attribute_not_exists(id) OR pipeline = :pipeline', ExpressionAttributeValues: { ':pipeline': { S: pipeline } },
    })
    return true
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return false
    throw error
  }
}

interface Rows {
  readonly rows: readonly Row[]
  readonly next?: string | undefined
}

/** By the index. What is deleted is not met again, so the next call begins anew. */
async function* about(keys: readonly string[]): AsyncGenerator<Rows> {
  let rows: Row[] = []
  for (const value of keys) {
    for await (const row of rowsOf({ index: 'entities', member: 'entity', value })) {
      if (rows.push(row) < 100) continue
      yield { rows, next: 'again' }
      rows = []
    }
  }
  yield { rows }
}

/** The whole table, as it is now: no index has all rows of a pipeline. */
async function* pagesOf(pipeline: string, from: string | undefined): AsyncGenerator<Rows> {
  if (from !== undefined && !/^[\w.:-]{1,200}$/.test(from)) throw new Refusal('from is what the call before gave')
  const dynamodb = await aws.dynamodb(environment)
  for (let behind: Row | undefined = from === undefined ? undefined : { id: { S: from } }; ;) {
    const { Items = [], LastEvaluatedKey } = await dynamodb.scan({
      TableName: address(outcomesTable, environment), ConsistentRead: true, ...behind && { ExclusiveStartKey: behind },
      FilterExpression: 'pipeline = :pipeline', ExpressionAttributeValues: { ':pipeline': { S: pipeline } }, ProjectionExpression: 'id',
    })
    yield { rows: Items, next: LastEvaluatedKey?.['id']?.S }
    if (LastEvaluatedKey === undefined) return
    behind = LastEvaluatedKey
  }
}
