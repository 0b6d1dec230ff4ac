import { createHash } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import { entityKey } from './entity-key.ts'
import type { Environment } from './environment.ts'
import { Fault, faults, type FaultCode } from './fault.ts'
import type { Pipeline } from './pipeline.ts'
import type { Ended } from './run.ts'
import { textOf } from './reply.ts'
import { soon } from './soon.ts'
import { outcomeDays, outcomesKey, outcomesTable } from './waiting.ts'

/** What seals by envelopes. */
const atRest = () => import('./at-rest.ts')

/** The most that is kept of a reply, in bytes. An item of DynamoDB has 400 KB. */
const largestReply = 256 * 1024

/** What whoever sent a message is told of it. */
export interface Outcome {
  readonly id: string
  readonly state: 'accepted' | 'done' | 'failed'
  /** What the sender would have been answered, had it waited. */
  readonly status?: number
  readonly reply?: unknown
  /** Of a reply that is text, which a cipher or a signature made. */
  readonly mediaType?: string
  /** The pipeline replied, and the reply was not kept: it is too large, is no JSON (a bigint, a cycle), or could not be sealed. */
  readonly omitted?: 'TOO_LARGE' | 'NO_JSON' | 'UNAVAILABLE'
  readonly fault?: FaultCode
}

/** Bound to the row, so that no two rows show that they are of one consumer. */
const digest = (pipeline: string, id: string, consumer: string): string => createHash('sha256').update(JSON.stringify([pipeline, id, consumer])).digest('base64url')

/** The rows of a pipeline in the table of outcomes: one a message, which expires by itself. */
export function outcomesOf(pipeline: Pipeline, environment: Environment) {
  const { name, outcomeDays: days = outcomeDays.usual } = pipeline
  const { clock, sink } = environment
  const TableName = (): string => address(outcomesTable, environment)

  /** A reply as the row has it. */
  async function kept(id: string, payload: unknown): Promise<Record<string, { readonly B: Uint8Array } | { readonly S: string }>> {
    let bytes: Buffer
    try {
      bytes = Buffer.from(JSON.stringify(textOf(payload) ?? { json: payload }))
    } catch {
      return { omitted: { S: 'NO_JSON' } }
    }
    if (bytes.length > largestReply) return { omitted: { S: 'TOO_LARGE' } }
    try {
      return { reply: { B: await (await atRest()).sealEnvelope(environment, outcomesKey, name, bytes, [name, id]) } }
    } catch {
      return { omitted: { S: 'UNAVAILABLE' } }
    }
  }

  /** By this it is found when the entity is to be forgotten; where AWS does not say by what, it is not, and ends by itself. */
  const about = async (entity: string): Promise<Record<string, { readonly S: string }>> => entityKey(environment, pipeline, entity).then((S) => ({ entity: { S } }), () => ({}))

  /**
   * Notes how a message ended for good. What was done stays done, and a row that has expired, or was taken back, is not made
   * anew. Rejects with whatever AWS says.
   */
  async function conclude(id: string, ended: Ended, execution: string): Promise<void> {
    const told = ended.fault === undefined
      // Where it was done before, nobody knows the reply any more.
      ? { state: { S: 'done' }, ...ended.payload === undefined ? {} : await kept(id, ended.payload) }
      : { state: { S: 'failed' }, fault: { S: ended.fault.code } }
    const values = Object.entries({ ...told, ...ended.entity === undefined ? {} : await about(ended.entity), execution: { S: execution } })
    try {
      await (await aws.dynamodb(environment)).update({
        TableName: TableName(), Key: { id: { S: id } },
        UpdateExpression: `SET ${values.map(([member]) => `#${member} = :${member}`).join(', ')}${ended.fault === undefined ? ' REMOVE #fault' : ''}`,
        ConditionExpression: 'pipeline = :pipeline AND #state <> :already',
        ExpressionAttributeNames: { ...Object.fromEntries(values.map(([member]) => [`#${member}`, member])), ...ended.fault === undefined && { '#fault': 'fault' } },
        ExpressionAttributeValues: { ...Object.fromEntries(values.map(([member, value]) => [`:${member}`, value])), ':pipeline': { S: name }, ':already': { S: 'done' } },
      })
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
    }
  }

  return {
    /** Notes that a message was taken. Rejects with whatever AWS says. */
    async accept(id: string, consumer: string): Promise<void> {
      const now = clock.now()
      try {
        await (await aws.dynamodb(environment)).put({
          TableName: TableName(),
          Item: {
            id: { S: id }, pipeline: { S: name }, state: { S: 'accepted' }, consumer: { S: digest(name, id, consumer) },
            at: { N: String(now) }, expires: { N: String(Math.ceil(now / 1_000) + days * 86_400) },
          },
          // One that was given up may arrive when the message is done.
          ConditionExpression: 'attribute_not_exists(id)',
        })
      } catch (error) {
        // The id was drawn for it: it is there, and its reply was lost.
        if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
      }
    },

    /** It was not taken after all. */
    async forget(id: string): Promise<void> {
      await (await aws.dynamodb(environment)).delete({ TableName: TableName(), Key: { id: { S: id } } })
    },

    /**
     * Notes until then, in epoch milliseconds, how a message ended for good, for whoever asks. Where the row cannot be written there
     * is a line: nothing is tried again for its sake, since that would do once more what was done. It never rejects.
     */
    async tell(id: string, ended: Ended, execution: string, until: number): Promise<void> {
      const told = await soon(clock, until, async () => {
        await conclude(id, ended, execution)
        return true
      })
      if (told !== true) sink.emit({ time: sink.moment(), level: 'error', event: 'outcome', id: execution, pipeline: name, request: id, fault: 'UNAVAILABLE' })
    },

    /** What became of a message, told to whoever sent it. Throws NOT_FOUND, UNAVAILABLE. */
    async find(id: string, consumer: string): Promise<Outcome> {
      const { Item } = await (await aws.dynamodb(environment)).get({ TableName: TableName(), Key: { id: { S: id } }, ConsistentRead: true }).catch(() => { throw new Fault('UNAVAILABLE') })
      // Expired rows are deleted within days.
      if (Item === undefined || Item['pipeline']?.S !== name || Item['consumer']?.S !== digest(name, id, consumer) || Number(Item['expires']?.N) * 1_000 <= clock.now()) throw new Fault('NOT_FOUND')
      const [state, fault, reply, omitted] = [Item['state']?.S as Outcome['state'], Item['fault']?.S as FaultCode | undefined, Item['reply']?.B, Item['omitted']?.S as Outcome['omitted']]
      if (state === 'accepted') return { id, state }
      if (state === 'failed') return { id, state, ...fault !== undefined && { status: faults[fault].status, fault } }
      return { id, state, status: 200, ...omitted !== undefined && { omitted }, ...reply !== undefined && await opened(id, reply) }
    },
  }

  async function opened(id: string, reply: Uint8Array): Promise<Pick<Outcome, 'reply' | 'mediaType'>> {
    const read = await (await atRest()).openKept(environment, outcomesKey, name, reply, [name, id]) as { readonly json: unknown } | { readonly text: string; readonly type: string }
    return 'text' in read ? { reply: read.text, mediaType: read.type } : { reply: read.json }
  }
}
