import { expect, test } from 'vitest'
import { Environment, hashKey } from 'sallyport'
import { lacks, ringOf, stale } from '../../../layers/runtime/key-ring.ts'
import { versionsOf } from '../../../layers/runtime/versions.ts'

/** A row of the keys table, as it is stored. */
const row = (version: number, from: number) => ({
  kid: { S: `identity-digest-${version}` }, type: { S: 'digest' }, version: { N: String(version) }, from: { N: String(from) }, publicKey: { S: '{}' }, wrapped: { B: 'AQI=' },
})

/** An environment whose keys table answers with these rows, or not at all, at a time that the test sets. */
function world(variables: Readonly<Record<string, string>> = {}) {
  const state = { now: 1_000_000, rows: [] as object[] | undefined, down: false, read: [] as unknown[] }
  const environment = new Environment({
    variables: { TABLE_KEYS: 'the-keys', ...variables },
    clock: { now: () => state.now } as never,
    aws: {
      region: 'us-east-1', endpoint: 'http://localhost', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1,
      requestHandler: {
        handle({ body }: { readonly body: Uint8Array }) {
          state.read.push(JSON.parse(new TextDecoder().decode(body)))
          if (state.down) return Promise.reject(new Error('no connection to 078-05-1120'))
          return Promise.resolve({ response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: Buffer.from(JSON.stringify({ Items: state.rows })) } })
        },
        destroy: () => undefined,
      },
    },
  })
  return { state, environment }
}

test('reads the versions of a key by its name, once', async () => {
  const { state, environment } = world()
  state.rows = [row(2, 7), {}]
  const rings = await Promise.all([1, 2, 3].map(() => ringOf(environment, 'identity', () => false)))
  expect(state.read).toStrictEqual([{ TableName: 'the-keys', KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: 'identity' } }, ConsistentRead: true }])
  expect(rings[0]?.at).toBe(1_000_000)
  expect([...rings[0]?.halves ?? []]).toMatchObject([
    ['identity-digest-2', { kid: 'identity-digest-2', type: 'digest', version: 2, from: 7, publicKey: '{}', wrapped: Uint8Array.of(1, 2) }],
    ['', { kid: '', type: '', version: Number.NaN, from: 0, publicKey: '', wrapped: new Uint8Array() }],
  ])
})

test('a table that does not answer: what was read is used for twice its age, and not a moment longer; a failure is not kept', async () => {
  const { state, environment } = world()
  state.rows = [row(2, 7)]
  const first = await ringOf(environment, 'identity', stale(environment))
  state.down = true
  state.now += 299_999
  expect(await ringOf(environment, 'identity', stale(environment))).toBe(first)
  expect(state.read).toHaveLength(1)
  state.now += 1
  expect(await ringOf(environment, 'identity', stale(environment))).toBe(first)
  expect(state.read).toHaveLength(2)
  state.now = 1_000_000 + 599_999
  expect(await ringOf(environment, 'identity', stale(environment))).toBe(first)
  state.now = 1_000_000 + 600_000
  await expect(ringOf(environment, 'identity', stale(environment))).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'UNAVAILABLE' })
  state.down = false
  state.rows = [row(3, 8)]
  expect([...(await ringOf(environment, 'identity', stale(environment))).halves.keys()]).toStrictEqual(['identity-digest-3'])
})

test('stale: after KEY_AGE seconds, 300 unless said otherwise, and when the clock was set back', () => {
  const ring = { halves: new Map(), at: 1_000_000 }
  for (const [variables, age] of [[{}, 300_000], [{ KEY_AGE: '10' }, 10_000]] as const) {
    const { environment } = world(variables)
    expect([-1, 0, age - 1, age].map((later) => stale(environment)(ring, 1_000_000 + later))).toStrictEqual([true, false, false, true])
  }
})

test('lacks: an unknown kid reads again a minute later, or after KEY_AGE where that is shorter; a known one never', () => {
  const ring = { halves: new Map([['known', {} as never]]), at: 1_000_000 }
  for (const [variables, pause] of [[{}, 60_000], [{ KEY_AGE: '10' }, 10_000]] as const) {
    const { environment } = world(variables)
    expect([0, pause, pause + 1].map((later) => lacks(environment, 'unknown')(ring, 1_000_000 + later))).toStrictEqual([false, false, true])
    expect(lacks(environment, 'known')(ring, 9_000_000)).toBe(false)
  }
})

test('versions: what is written is the newest whose time has come; the older count for their retention, the newer at once', async () => {
  const { state, environment } = world({ KEY_AGE: '1000000' })
  const key = hashKey('identity')
  state.rows = undefined
  expect((await ringOf(environment, 'identity', () => false)).halves.size).toBe(0)
  expect(await versionsOf(environment, key, 1_000)).toStrictEqual({ written: 1, others: [] })

  const rotated = world({ KEY_AGE: '1000000' })
  // Not in the order in which they were made.
  rotated.state.rows = [row(3, 1_000_500), row(2, 1_000_100)]
  rotated.state.now = state.now
  const at = async (later: number, retention = 200) => {
    rotated.state.now = 1_000_000 + later
    const { written, others } = await versionsOf(rotated.environment, key, retention)
    return [written, ...others]
  }
  expect(await at(0)).toStrictEqual([1, 2, 3])
  expect(await at(99)).toStrictEqual([1, 2, 3])
  expect(await at(100)).toStrictEqual([2, 1, 3])
  expect(await at(299)).toStrictEqual([2, 1, 3])
  expect(await at(300)).toStrictEqual([2, 3])
  expect(await at(500)).toStrictEqual([3, 2])
  expect(await at(699)).toStrictEqual([3, 2])
  expect(await at(700)).toStrictEqual([3])
  expect(await at(700, Number.POSITIVE_INFINITY)).toStrictEqual([3, 1, 2])
})
