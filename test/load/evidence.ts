import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Run } from '../../local/run.ts'

/** What the partner has of one Idempotency-Key. */
export interface Received {
  readonly requests: number
  /** How often it acted: a repeated key gets the reply of before. */
  readonly acted: number
  /** Bodies that differ. */
  readonly bodies: ReadonlySet<string>
}

/** What a partner received since, by Idempotency-Key; each call reads what was added. */
export function partner(run: () => Run, name: string): () => ReadonlyMap<string, Received> {
  const seen = new Map<string, { requests: number; acted: number; bodies: Set<string> }>()
  let [at, rest] = [0, '']
  return () => {
    const file = openSync(run().partners[name]?.received ?? '', 'r')
    try {
      const { size } = fstatSync(file)
      const added = Buffer.alloc(size - at)
      at += readSync(file, added, 0, added.length, at)
      const lines = (rest + added.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { headers, body, acted } = JSON.parse(line) as { headers: Record<string, string>; body: string; acted: boolean }
        const key = headers['idempotency-key'] ?? ''
        const one = seen.get(key) ?? { requests: 0, acted: 0, bodies: new Set() }
        one.requests += 1
        one.acted += acted ? 1 : 0
        one.bodies.add(body)
        seen.set(key, one)
      }
    } finally {
      closeSync(file)
    }
    return seen
  }
}

/** One item of the ledger. `lapsed`: claimed, and its lease is over. */
export interface Entry { readonly state: 'claimed' | 'lapsed' | 'confirmed' | 'doubt'; readonly pipeline: string }

/** All of the ledger as it is, by its keys. */
export async function ledger({ aws: { endpoint, region, ...credentials } }: Run): Promise<Map<string, Entry>> {
  const client = new DynamoDBClient({ endpoint, region, credentials })
  try {
    const entries = new Map<string, Entry>()
    for (let ExclusiveStartKey: Record<string, never> | undefined; ;) {
      const { Items = [], LastEvaluatedKey } = await client.send(new ScanCommand({ TableName: 'Sallyport-local-ledger', ConsistentRead: true, ...ExclusiveStartKey && { ExclusiveStartKey } }))
      for (const { id, state, lease, pipeline } of Items) {
        const claimed = state?.S === 'claimed' && Number(lease?.N) <= Date.now() ? 'lapsed' : state?.S
        entries.set(id?.S ?? '', { state: claimed as Entry['state'], pipeline: pipeline?.S ?? '' })
      }
      if (LastEvaluatedKey === undefined) return entries
      ExclusiveStartKey = LastEvaluatedKey as Record<string, never>
    }
  } finally {
    client.destroy()
  }
}

/** What there is that was not there before, counted by state. */
export function since(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [id, { state }] of now) if (!before.has(id)) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
