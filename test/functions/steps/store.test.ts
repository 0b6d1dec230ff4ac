import { account, bucket, digits, Fault, flow, hashKey, identifier, open, path, pipeline, post, table, type Io, type Step } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { expect, test } from 'vitest'
import { call, load, log, store, validate } from '../../../functions/steps/index.ts'
import { apiKey } from 'sallyport/accounts/api-key'
import * as v from 'valibot'
import { fakeIo } from '../../fake-io.ts'

const archive = table('archive', { days: 365 })
const documents = bucket('documents', { days: 30 })
const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
const payload = { id: 'a1', status: 'open', applicant: { ssn: '078-05-1120', name: 'Ada', phone: undefined as string | undefined }, cards: [{ pan: '4111', brand: 'visa' }, { pan: '4000', brand: 'elo' }] }
type Payload = typeof payload

/** What a step asked of the doors, and what it gave. */
async function asked<Out>(step: Step<Payload, Out>, doors: Partial<Io> = {}): Promise<{ readonly gave: Out; readonly asked: unknown[] }> {
  const seen: unknown[] = []
  const gave = await step.run(payload, fakeIo({ store: (...call) => { seen.push(call); return Promise.resolve() }, ...doors }))
  return { gave, asked: seen }
}
const stored = (content: unknown): Partial<Io> => ({ load: (from, { as, value }) => {
  expect([from, as, value]).toStrictEqual([archive, undefined, 'a1'])
  return Promise.resolve(content as never)
} })

test('all of the payload is stored, and passes through', async () => {
  const { gave, asked: seen } = await asked(store<Payload>({ in: archive, by: 'id' }))
  expect(gave).toBe(payload)
  expect(seen).toStrictEqual([[archive, { as: undefined, value: 'a1', content: payload, revealed: undefined }]])
})

test('the named fields alone; what is revealed stands by its path, with a list as a list, and what is absent is left out', async () => {
  const { asked: seen } = await asked(store<Payload>({ in: archive, by: 'applicant.ssn', as: ssn, fields: ['applicant.name', 'cards[*].pan'], reveals: ['status', 'cards[*].brand', 'applicant.phone'] }))
  expect(seen).toStrictEqual([[archive, {
    as: ssn, value: '078-05-1120', content: { applicant: { name: 'Ada' }, cards: [{ pan: '4111' }, { pan: '4000' }] },
    revealed: { status: 'open', 'cards[*].brand': ['visa', 'elo'] },
  }]])
})

test('a bucket shows nothing readable', () => {
  expect(() => store<Payload>({ in: documents, by: 'id', reveals: ['status'] })).toThrow(new TypeError('store in documents: a bucket shows nothing readable; reveals is for a table'))
})

test('what is stored is the next payload, or what merge makes of both', async () => {
  const schema = v.object({ name: v.string() })
  expect((await asked(load({ from: archive, by: 'id', schema }), stored({ name: 'Ada', more: 1 }))).gave).toStrictEqual({ name: 'Ada' })
  const merged = load<Payload, { name: string }, string>({ from: archive, by: 'id', schema, merge: ({ id }, { name }) => `${id} ${name}` })
  expect((await asked(merged, stored({ name: 'Ada' }))).gave).toBe('a1 Ada')
})

test('what does not fit the schema is ours to mend: STORED_UNREADABLE, with paths and no value', async () => {
  const failed = asked(load({ from: archive, by: 'id', schema: v.object({ applicant: v.object({ name: v.number() }) }) }), stored({ applicant: { name: 'Ada' } }))
  await expect(failed).rejects.toMatchObject({ code: 'STORED_UNREADABLE', paths: ['applicant.name'] })
  await expect(asked(load({ from: archive, by: 'id', schema: v.object({}) }), { load: () => Promise.reject(new Fault('NOT_STORED')) })).rejects.toMatchObject({ code: 'NOT_STORED' })
})

test('the manifest shows where, by what, which fields, and what is revealed', () => {
  const bank = account('bank', apiKey({ origin: { dev: 'https://bank.example' } }))
  const Seen = v.object({ id: v.string(), status: v.string(), taxId: v.string() })
  const { steps } = manifest(pipeline({
    name: 'shown', trigger: post('/shown', { auth: open('only the manifest is asked for') }),
    steps: flow(
      validate(Seen), store({ in: archive, by: 'taxId', as: ssn, fields: ['taxId'], reveals: ['status'] }), log(({ status }) => ({ status }), { reveals: ['status'] }),
      call({ to: bank, reply: v.object({}), reveals: ['id', 'status'], request: ({ id, status }) => ({ method: 'POST', path: path`/x`, body: { id, status } }) }),
      load({ from: documents, by: 'id', schema: v.object({}) }), log(() => ({})),
    ),
  })) as { steps: { steps: object[] } }
  expect(steps.steps.slice(1).map((step) => ({ ...step, config: 'to' in (step as { config: object }).config ? 'call' : (step as { config: object }).config }))).toStrictEqual([
    { kind: 'store', config: { in: { kind: 'store', name: 'archive', on: 'dynamodb', days: 365 }, by: 'taxId', as: { kind: 'identifier', name: 'ssn', key: { kind: 'hash-key', name: 'identity', custody: 'wrapped' }, normalize: { name: 'digits' } }, fields: ['taxId'] }, reveals: ['status'] },
    { kind: 'log', config: {}, reveals: ['status'] },
    { kind: 'call', config: 'call', sends: [{ to: 'bank' }], reveals: ['id', 'status'] },
    { kind: 'load', config: { from: { kind: 'store', name: 'documents', on: 's3', days: 30 }, by: 'id', schema: 'valibot' } },
    { kind: 'log', config: {} },
  ])
})
