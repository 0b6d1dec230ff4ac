import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { account, bucket, digits, envelopeKey, flow, hashKey, identifier, keyPair, open, path, pipeline, post, queue, signingKey, table, type Json } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { jwe } from 'sallyport/ciphers/jwe'
import { kmsEnvelope } from 'sallyport/ciphers/kms-envelope'
import { jws } from 'sallyport/signatures/jws'
import { call, decrypt, decryptFields, deduplicate, encryptFields, entity, load, parseJson, sign, store, throwFault, validate, verify } from 'sallyport/steps'
import { sandbox, type Call, type Partner } from 'sallyport/testing'
import type { Environment } from '../../layers/runtime/environment.ts'
import { outcomesOf } from '../../layers/runtime/outcome.ts'

/**
 * Every call that a pipeline makes to AWS beyond those of the examples (test/alone/faults.test.ts has them on a running stack), and
 * every way in which it may fail: once, so that the SDK's next attempt succeeds, and always. What is expected was written down from
 * the design: what is answered, how often the bank was asked, and what is left.
 */

const why = 'a test has no partners'
const Order = v.object({ id: v.string(), taxId: v.string() })
const order = { id: 'o-1', taxId: '078-05-1120' }
const bank = account('bank', apiKey({ origin: {}, idempotency: { hours: 24 }, nothingDone: [400] }))
const taxId = identifier('tax-id', { key: hashKey('identity'), normalize: digits })
const vault = keyPair('vault', { custody: 'hsm' })
const receipts = signingKey('receipts', { custody: 'hsm' })
const [archive, documents] = [table('archive', { days: 30 }), bucket('documents', { days: 30 })]
const fields = envelopeKey('fields')

const book = call({ to: bank, once: 'id' as const, reply: v.unknown(), request: (body: v.InferOutput<typeof Order>) => ({ method: 'POST', path: path`/bookings`, body }) })
const unkeyed = call({ to: bank, reply: v.unknown(), request: (body: v.InferOutput<typeof Order>) => ({ method: 'POST', path: path`/bookings`, body }) })
const json = (name: string) => post(`/${name}`, { auth: open(why) })
const several = { keys: [{ by: 'id' }, { by: 'taxId', as: taxId }] } as const
const pipelines = {
  later: pipeline({ name: 'later', trigger: post('/later', { mode: 'async', auth: open(why) }), steps: flow(validate(Order), book) }),
  queued: pipeline({ name: 'queued', trigger: queue('orders', { readable: 'orders hold no card', attempts: 3 }), steps: flow(validate(Order), entity({ by: 'id' }), book) }),
  never: pipeline({ name: 'never', trigger: queue('never', { readable: 'orders hold no card' }), steps: flow(validate(Order), throwFault('REJECTED')) }),
  recorded: pipeline({ name: 'recorded', trigger: json('recorded'), steps: flow(validate(Order), entity({ by: 'taxId', as: taxId }), book) }),
  several: pipeline({ name: 'several', trigger: json('several'), steps: flow(validate(Order), deduplicate(several), book) }),
  unkeyed: pipeline({ name: 'unkeyed', trigger: json('unkeyed'), steps: flow(validate(Order), deduplicate(several), unkeyed) }),
  replayed: pipeline({ name: 'replayed', trigger: json('replayed'), steps: flow(validate(Order), deduplicate({ idempotencyKey: 'required', replay: true }), book) }),
  stored: pipeline({ name: 'stored', trigger: json('stored'), steps: flow(validate(Order), store({ in: archive, by: 'id' })) }),
  loaded: pipeline({ name: 'loaded', trigger: json('loaded'), steps: flow(validate(Order), load({ from: archive, by: 'id', schema: Order })) }),
  put: pipeline({ name: 'put', trigger: json('put'), steps: flow(validate(Order), store({ in: documents, by: 'id' })) }),
  got: pipeline({ name: 'got', trigger: json('got'), steps: flow(validate(Order), load({ from: documents, by: 'id', schema: Order })) }),
  sealed: pipeline({ name: 'sealed', trigger: json('sealed'), steps: flow(validate(Order), encryptFields(kmsEnvelope({ key: fields, context: 'tax' }), { fields: ['taxId'] })) }),
  opened: pipeline({ name: 'opened', trigger: json('opened'), steps: flow(validate(Order), decryptFields(kmsEnvelope({ key: fields, context: 'tax' }), { fields: ['taxId'] })) }),
  vaulted: pipeline({ name: 'vaulted', trigger: post('/vaulted', { accept: 'application/jose', auth: open(why) }), steps: flow(decrypt(jwe({ key: vault })), parseJson(), validate(Order), book) }),
  signed: pipeline({ name: 'signed', trigger: json('signed'), steps: flow(validate(Order), sign(jws({ key: receipts }), { into: 'signature' })) }),
  verified: pipeline({ name: 'verified', trigger: json('verified'), steps: flow(validate(v.object({ id: v.string(), taxId: v.string(), signature: v.string() })), verify(jws({ from: receipts }), { in: 'signature' }), book) }),
}

/** What befalls the calls of `act`: planned before it, and over behind it. */
type During = <Answer>(act: () => Promise<Answer>) => Promise<Answer>
interface Scene { readonly world: ReturnType<typeof sandbox>; readonly during: During }

interface Site {
  readonly title: string
  readonly service: 'dynamodb' | 'kms' | 'sqs' | 's3'
  readonly operation: string
  /** What was seen in the end, in one line. */
  readonly scene: (scene: Scene) => Promise<string>
  readonly partner?: Partner
  /** From the moment on at which the bank is asked. */
  readonly behind?: true
  /** The call fails once. */
  readonly once: string
  /** It fails always: throttled, in time, reset, by 5xx, and for a conflict where transactions, or conditions of S3, can meet one. */
  readonly failed: string
  /** It is done, and the reply is lost, always; as `failed` where nothing changes by it. */
  readonly unheard?: string
  /** It is done once, and the reply is lost; as `once` where that is told apart by nobody. */
  readonly unheardOnce?: string
  readonly conflicts?: true
}

const sentTo = (partners: { readonly bank?: readonly unknown[] }): string => `${partners.bank?.length ?? 0} sent`
const said = ({ status, fault, partners }: { readonly status: number; readonly fault?: string | undefined; readonly partners: { readonly bank?: readonly unknown[] } }): string => `${status}${fault === undefined ? '' : ` ${fault}`}, ${sentTo(partners)}`
const states = async ({ world }: Scene): Promise<string> => (await world.ledger()).map(({ state }) => String(state)).join(' ') || 'nothing'
const body = { ...order } as Json

/** Runs one message, and once more when nothing fails any more. */
const twice = (which: keyof typeof pipelines, headers: Readonly<Record<string, string>> = {}) => async (scene: Scene): Promise<string> => {
  const first = await scene.during(() => scene.world.run(pipelines[which], body, { headers }))
  const left = await states(scene)
  return `${said(first)}; ${left}; again ${said(await scene.world.run(pipelines[which], body, { headers }))}`
}
const one = (which: keyof typeof pipelines, message: unknown = body) => async ({ world, during }: Scene): Promise<string> => said(await during(() => world.run(pipelines[which], message)))
const key = { 'idempotency-key': 'k-1' }

/** Takes a message at the door of `later`, and says what whoever asks is told when its queue is empty. */
const atTheDoor = async ({ world, during }: Scene): Promise<string> => {
  const taken = await during(() => world.run(pipelines.later, body))
  const delivered = await world.drain(pipelines.later)
  const state = taken.status === 202 ? (await world.outcome(pipelines.later, (taken.body as { id: string }).id)).body as { state: string } : undefined
  return `${taken.status}${taken.fault === undefined ? '' : ` ${taken.fault}`}; ${delivered.map(({ outcome, partners }) => `${outcome}, ${sentTo(partners)}`).join(' and ') || 'nothing waits'}${state === undefined ? '' : `; told ${state.state}`}`
}
/** Takes a message, and works on it. */
const fromTheQueue = async ({ world, during }: Scene): Promise<string> => {
  const { body: { id } } = await world.run(pipelines.later, body) as { readonly body: { readonly id: string } }
  const delivered = await during(() => world.drain(pipelines.later))
  const { body: told } = await world.outcome(pipelines.later, id) as { readonly body: { readonly state: string; readonly omitted?: string } }
  return `${delivered.map(({ outcome, fault, partners }) => `${fault ?? outcome}, ${sentTo(partners)}`).join(' and ')}; told ${told.state}${told.omitted === undefined ? '' : ` ${told.omitted}`}; ${(await world.dead(pipelines.later)).length} dead`
}

let answers = 0
/** Silent, or failing, the first time alone. */
const firstly = (reaction: Partner): Partner => (request) => answers++ > 0 ? { body: {} } : typeof reaction === 'function' ? reaction(request) : reaction

const sites: readonly Site[] = [
  // Several items are one transaction, claimed and settled.
  { title: 'the claim of several', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, scene: twice('several'),
    // What was written, and nobody could tell, is released with what it held.
    once: '200, 1 sent; confirmed confirmed; again 409 DUPLICATE, 0 sent', failed: '503 UNAVAILABLE, 0 sent; nothing; again 200, 1 sent' },
  { title: 'their confirm', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, behind: true, scene: twice('several'),
    once: '200, 1 sent; confirmed confirmed; again 409 DUPLICATE, 0 sent', failed: '503 UNCONFIRMED, 1 sent; claimed claimed; again 409 IN_PROGRESS, 0 sent',
    unheard: '503 UNCONFIRMED, 1 sent; confirmed confirmed; again 409 DUPLICATE, 0 sent' },
  { title: 'their release', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, behind: true, partner: firstly(400), scene: twice('several'),
    once: '502 PARTNER_REFUSED, 1 sent; nothing; again 200, 1 sent', failed: '502 PARTNER_REFUSED, 1 sent; claimed claimed; again 409 IN_PROGRESS, 0 sent',
    unheard: '502 PARTNER_REFUSED, 1 sent; nothing; again 200, 1 sent' },
  { title: 'their yield', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, behind: true, partner: firstly('silent'), scene: twice('several'),
    once: '504 PARTNER_SILENT, 1 sent; claimed claimed; again 200, 1 sent', failed: '504 PARTNER_SILENT, 1 sent; claimed claimed; again 409 IN_PROGRESS, 0 sent',
    unheard: '504 PARTNER_SILENT, 1 sent; claimed claimed; again 200, 1 sent' },
  { title: 'their doubt', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, behind: true, partner: firstly('silent'), scene: twice('unkeyed'),
    once: '504 PARTNER_SILENT, 1 sent; doubt doubt; again 409 IN_DOUBT, 0 sent', failed: '504 PARTNER_SILENT, 1 sent; claimed claimed; again 409 IN_PROGRESS, 0 sent',
    unheard: '504 PARTNER_SILENT, 1 sent; doubt doubt; again 409 IN_DOUBT, 0 sent' },
  { title: 'their takeover', service: 'dynamodb', operation: 'TransactWriteItems', conflicts: true, partner: firstly('silent'),
    async scene(scene) {
      const first = await scene.world.run(pipelines.several, body)
      return `${said(first)}; ${await twice('several')(scene)}`
    },
    once: '504 PARTNER_SILENT, 1 sent; 200, 1 sent; confirmed confirmed; again 409 DUPLICATE, 0 sent',
    failed: '504 PARTNER_SILENT, 1 sent; 503 UNAVAILABLE, 0 sent; claimed claimed; again 200, 1 sent' },
  // The door of a route whose messages wait.
  { title: 'the row of a message', service: 'dynamodb', operation: 'PutItem', scene: atTheDoor,
    once: '202; done, 1 sent; told done', failed: '503 UNAVAILABLE; nothing waits' },
  { title: 'the key of a message', service: 'kms', operation: 'GenerateDataKey', scene: atTheDoor,
    once: '202; done, 1 sent; told done', failed: '503 UNAVAILABLE; nothing waits' },
  { title: 'the message', service: 'sqs', operation: 'SendMessage', scene: atTheDoor,
    once: '202; done, 1 sent; told done', failed: '503 UNAVAILABLE; nothing waits',
    // Sent again by the SDK: two messages, as any queue may have; under one key, and refused by whoever claims.
    unheardOnce: '202; done, 1 sent and done, 1 sent; told done', unheard: '503 UNAVAILABLE; done, 1 sent and done, 1 sent and done, 1 sent' },
  { title: 'what is told of a message', service: 'dynamodb', operation: 'GetItem',
    async scene({ world, during }) {
      const { body: { id } } = await world.run(pipelines.later, body) as { readonly body: { readonly id: string } }
      const told = await during(() => world.outcome(pipelines.later, id))
      return `${told.status} ${(told.body as { state?: string; code?: string }).state ?? (told.body as { code: string }).code}`
    },
    once: '200 accepted', failed: '503 UNAVAILABLE' },
  // What comes out of the queue.
  { title: 'the key of a message that comes', service: 'kms', operation: 'Decrypt', scene: fromTheQueue,
    once: 'done, 1 sent; told done; 0 dead', failed: 'UNAVAILABLE, 0 sent and UNAVAILABLE, 0 sent and UNAVAILABLE, 0 sent and UNAVAILABLE, 0 sent and UNAVAILABLE, 0 sent; told failed; 1 dead' },
  { title: 'what became of a message', service: 'dynamodb', operation: 'UpdateItem', scene: fromTheQueue,
    once: 'done, 1 sent; told done; 0 dead', failed: 'done, 1 sent; told accepted; 0 dead', unheard: 'done, 1 sent; told done; 0 dead' },
  { title: 'the key of its reply', service: 'kms', operation: 'GenerateDataKey', scene: fromTheQueue,
    once: 'done, 1 sent; told done; 0 dead', failed: 'done, 1 sent; told done UNAVAILABLE; 0 dead' },
  { title: 'when it comes again', service: 'sqs', operation: 'ChangeMessageVisibility', partner: firstly(503),
    async scene({ world, during }) {
      await world.send(pipelines.queued, body)
      const first = await during(() => world.drain(pipelines.queued))
      // Its visibility timeout is six times the timeout of the function.
      world.tick(90_000)
      const then = await world.drain(pipelines.queued)
      return `${first.map(({ fault, outcome }) => fault ?? outcome).join(' ')}; ${then.map(({ fault, outcome }) => fault ?? outcome).join(' ') || 'nothing'}; ${(await world.dead(pipelines.queued)).length} dead`
    },
    once: 'PARTNER_FAILED done; nothing; 0 dead', failed: 'PARTNER_FAILED; done; 0 dead', unheard: 'PARTNER_FAILED done; nothing; 0 dead' },
  { title: 'the dead letter', service: 'sqs', operation: 'SendMessage',
    async scene({ world, during }) {
      await world.send(pipelines.never, body)
      const first = await during(() => world.drain(pipelines.never))
      world.tick(900_000)
      await world.drain(pipelines.never)
      const dead = (await world.dead(pipelines.never)).map(({ fault }) => fault ?? 'without a fault')
      return `${[...new Set(first.map(({ fault }) => fault))].join()}; ${dead.length > 1 ? 'several' : dead.join()}`
    },
    // As often as it may come, and once more for that alone; then SQS moves it.
    once: 'REJECTED; REJECTED', unheardOnce: 'REJECTED; several', failed: 'REJECTED,IN_DOUBT; without a fault', unheard: 'REJECTED,IN_DOUBT; several' },
  // Records of failures.
  { title: 'the record of a failure', service: 'dynamodb', operation: 'UpdateItem', partner: 503,
    scene: async ({ world, during }) => `${said(await during(() => world.run(pipelines.recorded, body)))}; ${(await world.failures()).length} recorded`,
    once: '502 PARTNER_FAILED, 1 sent; 1 recorded', failed: '502 PARTNER_FAILED, 1 sent; 0 recorded', unheard: '502 PARTNER_FAILED, 1 sent; 1 recorded' },
  { title: 'the key of what failed', service: 'kms', operation: 'GenerateDataKey', partner: 503,
    scene: async ({ world, during }) => `${said(await during(() => world.run(pipelines.recorded, body)))}; ${(await world.failures()).length} recorded`,
    once: '502 PARTNER_FAILED, 1 sent; 1 recorded', failed: '502 PARTNER_FAILED, 1 sent; 0 recorded' },
  { title: 'the record of what went well after all', service: 'dynamodb', operation: 'DeleteItem', partner: firstly(503),
    async scene({ world, during }) {
      await world.send(pipelines.queued, body)
      const all = await during(() => world.drain(pipelines.queued))
      return `${all.map(({ fault, outcome }) => fault ?? outcome).join(' ')}; ${(await world.failures()).length} recorded`
    },
    once: 'PARTNER_FAILED done; 0 recorded', failed: 'PARTNER_FAILED done; 1 recorded', unheard: 'PARTNER_FAILED done; 0 recorded' },
  // The first reply, kept.
  { title: 'the key of a reply', service: 'kms', operation: 'GenerateDataKey', scene: twice('replayed', key),
    once: '200, 1 sent; confirmed; again 200, 0 sent', failed: '503 UNAVAILABLE, 0 sent; nothing; again 200, 1 sent' },
  { title: 'the key of a reply that is given again', service: 'kms', operation: 'Decrypt',
    async scene({ world, during }) {
      await world.run(pipelines.replayed, body, { headers: key })
      return said(await during(() => world.run(pipelines.replayed, body, { headers: key })))
    },
    once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  // Stores.
  { title: 'a record that is stored', service: 'dynamodb', operation: 'PutItem', scene: one('stored'), once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'a record that is loaded', service: 'dynamodb', operation: 'GetItem',
    async scene(scene) {
      await scene.world.run(pipelines.stored, body)
      return one('loaded')(scene)
    },
    once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'an object that is put', service: 's3', operation: 'PutObject', conflicts: true, scene: one('put'), once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'what stands where an object is put', service: 's3', operation: 'HeadObject',
    async scene(scene) {
      await scene.world.run(pipelines.put, body)
      return one('put')(scene)
    },
    once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'an object that is got', service: 's3', operation: 'GetObject',
    async scene(scene) {
      await scene.world.run(pipelines.put, body)
      return one('got')(scene)
    },
    once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  // Keys.
  { title: 'the key of a field', service: 'kms', operation: 'GenerateDataKey', scene: one('sealed'), once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'the key of a field that is opened', service: 'kms', operation: 'Decrypt',
    async scene(scene) {
      const { body: sealed } = await scene.world.run(pipelines.sealed, body) as { readonly body: unknown }
      return one('opened', sealed)(scene)
    },
    once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'a message that KMS opens', service: 'kms', operation: 'DeriveSharedSecret', scene: one('vaulted'), once: '200, 1 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'a signature', service: 'kms', operation: 'Sign', scene: one('signed'), once: '200, 0 sent', failed: '503 UNAVAILABLE, 0 sent' },
  { title: 'the public half of a key', service: 'kms', operation: 'GetPublicKey',
    async scene(scene) {
      const { body: signed } = await scene.world.run(pipelines.signed, body) as { readonly body: unknown }
      return one('verified', signed)(scene)
    },
    once: '200, 1 sent', failed: '503 UNAVAILABLE, 0 sent' },
]

async function played({ service, operation, scene, partner = { body: {} }, behind }: Site, error: string, times: 1 | 1_000): Promise<string> {
  answers = 0
  const calls: Call[] = []
  const plan = (): void => world.faults([{ service, operation, error, times }])
  let waits = behind
  const bank: Partner = (request) => {
    if (waits) plan()
    waits = undefined
    return typeof partner === 'function' ? partner(request) : partner
  }
  const world = sandbox({ partners: { bank }, observer: { call: (made) => { calls.push(made) } } })
  return scene({ world, async during(act) {
    calls.length = 0
    if (!behind) plan()
    const answer = await act()
    world.faults([])
    // A plan that hits nothing would prove nothing.
    expect(calls.filter((made) => made.service === service && made.operation === operation && made.status !== 200).length).toBeGreaterThanOrEqual(1)
    return answer
  } })
}

describe.each(sites)('$service:$operation, $title', (site) => {
  const { once, failed, unheard = failed, unheardOnce = once, conflicts } = site
  const rows = [
    ...['throttle', 'timeout', 'reset', 'unavailable', ...conflicts ? ['conflict'] : []].flatMap((error) => [[error, 1, once], [error, 1_000, failed]] as const),
    ['lostReply', 1, unheardOnce], ['lostReply', 1_000, unheard],
  ] as const
  test.each(rows)('%s × %d: %s', async (error, times, expected) => {
    expect(await played(site, error, times)).toBe(expected)
  })
})

test('the row of a message that is done stays so, where a write that was given up arrives after all', async () => {
  const environments: Environment[] = []
  const world = sandbox({ partners: { bank: { body: {} } }, observer: { begins: (environment) => { environments.push(environment) } } })
  const { body: { id } } = await world.run(pipelines.later, body) as { readonly body: { readonly id: string } }
  await world.drain(pipelines.later)
  await outcomesOf(pipelines.later, environments[0] as Environment).accept(id, '')
  expect((await world.outcome(pipelines.later, id)).body).toMatchObject({ state: 'done' })
})

test('no client of ours knows another operation than those here, on the running stack, or of our own functions', () => {
  const folder = new URL('../../layers/runtime/aws/', import.meta.url)
  const known = readdirSync(folder).flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(/new (\w+)Command\(/g)].map(([, operation]) => String(operation)))
  const running = ['DeleteItem', 'GenerateMac', 'GetSecretValue', 'PutItem', 'Query', 'TransactWriteItems', 'UpdateItem']
  // test/functions/handlers: who makes and publishes keys, decides on doubts, lists failures, forgets and reruns.
  const own = ['GenerateDataKeyPairWithoutPlaintext', 'Invoke', 'Scan']
  expect([...new Set(known)].sort()).toStrictEqual([...new Set([...sites.map(({ operation }) => operation), ...running, ...own])].sort())
})
