import * as v from 'valibot'
import { envelopeKey, flow, open, pipeline, post, type Json } from 'sallyport'
import { expect, test } from 'vitest'
import { kmsEnvelope } from '../../../functions/ciphers/kms-envelope.ts'
import { decryptFields, encryptFields, validate } from '../../../functions/steps/index.ts'
import { sandbox } from '../../../testing/index.ts'

const vault = envelopeKey('vault')
const auth = open('for this test alone')
const Applicants = v.strictObject({ people: v.array(v.strictObject({ ssn: v.string(), name: v.string() })) })
const fields = ['people[*].ssn', 'people[*].name'] as const
const cipher = kmsEnvelope({ key: vault, context: 'applicants' })
const sealing = pipeline({ name: 'sealing', trigger: post('/seal', { auth }), steps: flow(validate(Applicants), encryptFields(cipher, { fields })) })
const opening = pipeline({ name: 'opening', trigger: post('/open', { auth }), steps: flow(validate(Applicants), decryptFields(cipher, { fields })) })
const apart = pipeline({ name: 'apart', trigger: post('/apart', { auth }), steps: flow(validate(Applicants), decryptFields(kmsEnvelope({ key: vault }), { fields })) })
const message = { people: Array.from({ length: 40 }, (_, i) => ({ ssn: `078-05-${1000 + i}`, name: `canary ${i}` })) }
const kms = (calls: readonly { service: string; operation: string }[]): string[] => calls.filter(({ service }) => service === 'kms').map(({ operation }) => operation)

test('eighty fields on a cold cache ask KMS once, and a warm one asks nothing; who seals cannot open', async () => {
  const world = sandbox()
  const first = await world.run(sealing, message)
  expect(kms(first.calls)).toStrictEqual(['GenerateDataKey'])
  expect(JSON.stringify(first.body)).not.toMatch(/078-05|canary/)
  expect(kms((await world.run(sealing, message)).calls)).toStrictEqual([])
  const opened = await world.run(opening, first.body as Json)
  expect(kms(opened.calls)).toStrictEqual(['Decrypt'])
  expect(opened.body).toStrictEqual(message)
  expect(sealing.steps.steps?.[1]?.needs.map(({ actions }) => actions)).toStrictEqual([['kms:GenerateDataKey']])
  expect(opening.steps.steps?.[1]?.needs.map(({ actions }) => actions)).toStrictEqual([['kms:Decrypt']])
})
test('under another context, in another field, or changed it does not open', async () => {
  const world = sandbox()
  const { people } = (await world.run(sealing, message)).body as { people: { ssn: string; name: string }[] }
  expect((await world.run(apart, { people })).fault).toBe('DECRYPTION_FAILED')
  const [one] = people as [{ ssn: string; name: string }]
  expect((await world.run(opening, { people: [{ ssn: one.name, name: one.ssn }] })).fault).toBe('DECRYPTION_FAILED')
  const bytes = Buffer.from(one.ssn, 'base64url')
  for (const at of [0, 1, 2, 3, 40, bytes.length - 60, bytes.length - 40, bytes.length - 20, bytes.length - 1]) {
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    expect((await world.run(opening, { people: [{ ...one, ssn: flipped.toString('base64url') }] })).fault, `byte ${at}`).toBe('DECRYPTION_FAILED')
  }
})
test('a throttled KMS leaves warm messages working, and a cold one says that it is ours', async () => {
  const world = sandbox()
  const { body } = await world.run(sealing, message)
  world.faults([{ service: 'kms', operation: '*', error: 'throttle', times: 100 }])
  expect((await world.run(sealing, message)).status).toBe(200)
  expect((await world.run(opening, body as Json)).fault).toBe('UNAVAILABLE')
})
