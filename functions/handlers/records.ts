import { address, aws, outcomesTable } from 'sallyport'
import { ask, environment } from './ask.ts'
import { Refusal } from './refusal.ts'

/** A failure as a person may see it: no payload, and of a sensitive entity a keyed digest. Times in epoch milliseconds. */
export interface Failure {
  readonly id: string
  readonly pipeline: string
  readonly at: number
  readonly first: number
  readonly attempt: number
  /** The last one: its lines are in the log. */
  readonly execution: string
  readonly version: string
  /** The kind of the step that it ended in; absent where none had begun. */
  readonly step?: string
  readonly fault: string
  readonly blame: string
  /** Trying again may help. */
  readonly retry: boolean
  /** Whether a partner may have acted. */
  readonly effect: string
  readonly entity?: string
  /** The message is still in its queue, as far as can be known, and comes again by itself. */
  readonly waits: boolean
  /** A rerun can read the message again by its entity. */
  readonly source: boolean
}

/** Which failures. */
export interface Asked {
  readonly pipeline?: string
  readonly fault?: string
  readonly blame?: string
  /** As the pipeline met it: it is never written anywhere. Wants a pipeline. */
  readonly entity?: string
  /** Epoch milliseconds. */
  readonly since?: number
  /** Those alone that a rerun may help: they do not come again by themselves, and the fault may have passed. */
  readonly retry?: boolean
}

/** A page of them, the newest first. `from`: where the next one begins; absent behind the last. */
export interface Page {
  readonly failures: readonly Failure[]
  readonly from?: string
}

/** Of one pipeline and fault. Times in epoch milliseconds. */
export interface Count {
  readonly pipeline: string
  readonly fault: string
  readonly blame: string
  readonly count: number
  /** Of these, those that a rerun may help. */
  readonly retry: number
  readonly oldest: number
  readonly newest: number
}

export type Row = NonNullable<Awaited<ReturnType<Awaited<ReturnType<typeof aws.dynamodb>>['get']>>['Item']>

/** Pipelines that keep records, as infra has them. */
export const recording = (): readonly string[] => JSON.parse(process.env['PIPELINES'] ?? '[]') as readonly string[]

/** Rows that are looked at for one page, and for one count. */
const most = { page: 5_000, count: 50_000 } as const
/** Shown at most. */
const largest = 500

const shapes = {
  pipeline: /^[a-z][a-z0-9-]{0,39}$/, fault: /^[A-Z][A-Z_]{0,39}$/, blame: /^(sender|partner|us)$/, entity: /^[^]{1,1024}$/,
} as const

/** Throws a {@link Refusal} for what nobody may mean. */
export function check(asked: Asked): void {
  for (const [name, shape] of Object.entries(shapes) as [keyof typeof shapes, RegExp][]) {
    if (asked[name] !== undefined && !(typeof asked[name] === 'string' && shape.test(asked[name]))) throw new Refusal(`${name} is none`)
  }
  if (asked.pipeline !== undefined && !recording().includes(asked.pipeline)) throw new Refusal('this pipeline keeps no records of failures')
  if (asked.entity !== undefined && asked.pipeline === undefined) throw new Refusal('an entity is one of a pipeline: name it')
  if (asked.since !== undefined && !(Number.isFinite(asked.since) && asked.since >= 0)) throw new Refusal('since is a time in epoch milliseconds')
}

/** A row of the table as a failure; undefined where it is none, or not any more: expired rows are deleted within days. */
export function readFailure(row: Row, now = Date.now()): Failure | undefined {
  const [text, number, flag] = [(name: string) => row[name]?.S ?? '', (name: string) => Number(row[name]?.N), (name: string) => row[name]?.BOOL === true]
  if (row['failed'] === undefined || number('expires') * 1_000 <= now) return undefined
  const [pipeline, step, entity] = [text('pipeline'), text('step'), text('entity')]
  return {
    id: text('id'), pipeline, at: number('at'), first: number('first'), attempt: number('attempt'), execution: text('execution'), version: text('version'), ...step !== '' && { step },
    fault: text('fault'), blame: text('blame'), retry: flag('retry'), effect: text('effect'), ...entity !== '' && { entity: entity.slice(pipeline.length + 1) }, waits: number('waits') > now, source: flag('source'),
  }
}

export const mayHelp = ({ retry, waits }: Failure): boolean => retry && !waits

const isAsked = (failure: Failure, { fault, blame, retry }: Asked): boolean =>
  (fault === undefined || failure.fault === fault) && (blame === undefined || failure.blame === blame) && (retry !== true || mayHelp(failure))

/** A part of an index that is read by time. */
interface Partition {
  /** The pipeline; of a digest its version as well. By this a page says where it ended, and it names no entity. */
  readonly name: string
  readonly index: 'failures' | 'entities'
  readonly member: 'failed' | 'entity'
  readonly value: string
}

/** A digest with the version of its key; any other text is an entity in the clear. */
export const isDigest = (text: string): boolean => /^\d{1,4}\.[\w-]{43}$/.test(text)

/**
 * The keys of an entity, as rows have it: of a sensitive one there is one a version of its key, and the first is written now. Only
 * its pipeline can tell: the keys of the digests are its own. Throws a {@link Refusal}.
 */
export async function entityKeys(pipeline: string, entity: string): Promise<readonly string[]> {
  const { entities } = await ask<{ readonly entities?: unknown }>(pipeline, { find: { entity } }) ?? {}
  const own = (key: unknown): key is string => typeof key === 'string' && key.startsWith(`${pipeline}/`)
  if (!Array.isArray(entities) || entities.length === 0 || !entities.every(own)) throw new Refusal(`the function of the pipeline ${pipeline} could not look for the entity: see its log`)
  return entities
}

async function partitionsOf({ pipeline, entity }: Asked): Promise<Partition[]> {
  if (pipeline === undefined || entity === undefined) return (pipeline === undefined ? recording() : [pipeline]).map((name) => ({ name, index: 'failures', member: 'failed', value: name }))
  return (await entityKeys(pipeline, entity)).map((value) => {
    const about = value.slice(pipeline.length + 1)
    return { name: isDigest(about) ? `${pipeline} ${about.split('.')[0]}` : pipeline, index: 'entities', member: 'entity', value }
  })
}

/** Rows of a partition, the newest first, behind the one that was looked at last. */
export async function* rowsOf({ index, member, value }: Omit<Partition, 'name'>, since = 0, behind?: Seen): AsyncGenerator<Row> {
  const dynamodb = await aws.dynamodb(environment)
  let from: Row | undefined = behind && { id: { S: behind[0] }, [member]: { S: value }, at: { N: String(behind[1]) } }
  for (;;) {
    const { Items = [], LastEvaluatedKey } = await dynamodb.page({
      TableName: address(outcomesTable, environment), IndexName: index, ScanIndexForward: false, Limit: 200, ...from && { ExclusiveStartKey: from },
      KeyConditionExpression: '#partition = :partition AND #at >= :since', ExpressionAttributeNames: { '#partition': member, '#at': 'at' },
      ExpressionAttributeValues: { ':partition': { S: value }, ':since': { N: String(since) } },
    })
    yield* Items
    if (LastEvaluatedKey === undefined) return
    from = LastEvaluatedKey
  }
}

/** The row of a partition that was looked at last: id and time. */
type Seen = readonly [id: string, at: number]

/** Where a page ended, by the names of its partitions; `null`: nothing is left of one. */
type Places = Record<string, Seen | null>

function placesOf(from: string | undefined): Places {
  if (from === undefined) return {}
  try {
    const places = JSON.parse(Buffer.from(from, 'base64url').toString()) as Places
    for (const seen of Object.values(places)) if (seen !== null && !(typeof seen[0] === 'string' && Number.isFinite(seen[1]))) throw new Refusal()
    return places
  } catch {
    throw new Refusal('from is what the page before gave')
  }
}

/** Failures, the newest first, those of several pipelines together. */
export async function list(asked: Asked, { limit = 100, from }: { readonly limit?: number; readonly from?: string } = {}, now = Date.now()): Promise<Page> {
  check(asked)
  if (!Number.isInteger(limit) || limit < 1) throw new Refusal('limit is a number of failures')
  const places = placesOf(from)
  const failures: Failure[] = []
  const readers = (await partitionsOf(asked)).filter(({ name }) => places[name] !== null).map((partition) => ({ name: partition.name, rows: rowsOf(partition, asked.since, places[partition.name] ?? undefined) }))
  const heads = await Promise.all(readers.map(async ({ name, rows }) => ({ name, rows, head: await rows.next() })))
  for (let looked = 0; looked < most.page && failures.length < Math.min(limit, largest); looked++) {
    const next = heads.filter(({ head }) => head.done !== true).sort((a, b) => atOf(b.head.value) - atOf(a.head.value))[0]
    if (next === undefined) break
    const row = next.head.value as Row
    places[next.name] = [row['id']?.S ?? '', atOf(row)]
    const failure = readFailure(row, now)
    if (failure !== undefined && isAsked(failure, asked)) failures.push(failure)
    next.head = await next.rows.next()
  }
  for (const { name, head } of heads) if (head.done === true) places[name] = null
  return { failures, ...heads.some(({ head }) => head.done !== true) && { from: Buffer.from(JSON.stringify(places)).toString('base64url') } }
}

const atOf = (row: Row | undefined | void): number => Number(row?.['at']?.N)

/** How many there are, by pipeline and fault, the most first. `more`: there are more than are counted at once. */
export async function count(asked: Asked, now = Date.now()): Promise<{ readonly counts: readonly Count[]; readonly total: number; readonly more: boolean }> {
  check(asked)
  const counts = new Map<string, Count>()
  let [looked, total] = [0, 0]
  for (const partition of await partitionsOf(asked)) {
    for await (const row of rowsOf(partition, asked.since)) {
      if (looked++ >= most.count) break
      const failure = readFailure(row, now)
      if (failure === undefined || !isAsked(failure, asked)) continue
      const { pipeline, fault, blame, at } = failure
      const before = counts.get(`${pipeline} ${fault}`) ?? { pipeline, fault, blame, count: 0, retry: 0, oldest: at, newest: at }
      counts.set(`${pipeline} ${fault}`, { ...before, count: before.count + 1, retry: before.retry + Number(mayHelp(failure)), oldest: Math.min(before.oldest, at), newest: Math.max(before.newest, at) })
      total++
    }
  }
  return { counts: [...counts.values()].sort((a, b) => b.count - a.count), total, more: looked > most.count }
}

/** The row of a failure by its id; undefined where there is none any more. */
export async function rowOf(id: string, now = Date.now()): Promise<{ readonly row: Row; readonly failure: Failure } | undefined> {
  if (!/^f\.[\w.:-]{1,200}$/.test(id)) throw new Refusal('this is no id of a failure')
  const { Item: row } = await (await aws.dynamodb(environment)).get({ TableName: address(outcomesTable, environment), Key: { id: { S: id } }, ConsistentRead: true })
  const failure = row && readFailure(row, now)
  return row && failure && { row, failure }
}
