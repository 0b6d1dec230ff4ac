import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { envelopeKey, flow, open, pipeline, post, type Io, type Json } from 'sallyport'
import { expect, test } from 'vitest'
import { kmsEnvelope } from '../../../functions/ciphers/kms-envelope.ts'
import { decryptFields, decryptFile, encryptFields, encryptFile, validate } from '../../../functions/steps/index.ts'
import { sandbox } from '../../../testing/index.ts'
import { fakeIo } from '../../fake-io.ts'

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

test('what is shown of it, and what it refuses', () => {
  expect(cipher).toMatchObject({ cipher: 'kms-envelope', mediaType: 'application/octet-stream', config: { key: vault, context: 'applicants' } })
  expect(() => kmsEnvelope({ key: vault, context: ' ' })).toThrow(new TypeError('kmsEnvelope: say in `context` what the sealed text is for, or leave it out'))
})
test('a file: its key is in an envelope of the same context, which is bound as that of a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  const bound: unknown[] = []
  /** An envelope that shows what it is bound to, and opens there alone. */
  const io = (pipeline = 'archive'): Io => fakeIo({
    pipeline, folder: () => Promise.resolve(folder),
    seal: (key, context, plain, binding) => {
      bound.push([key.name, context, ...binding])
      return Promise.resolve(Buffer.from(JSON.stringify([key.name, context, binding, Buffer.from(plain).toString('hex')])))
    },
    unseal: (key, context, sealed, binding) => {
      const [name, words, to, plain] = JSON.parse(Buffer.from(sealed).toString()) as [string, string, unknown, string]
      return name === key.name && words === context && JSON.stringify(to) === JSON.stringify(binding) ? Promise.resolve(Buffer.from(plain, 'hex')) : Promise.reject(new Error('bound to something else'))
    },
  })
  try {
    writeFileSync(join(folder, 'plain.csv'), 'name;ssn\ncanary;078-05-1120\n')
    for (const by of [cipher, kmsEnvelope({ key: vault })]) {
      await encryptFile<null>(by, { file: 'plain.csv', to: 'sealed' }).run(null, io())
      expect(readFileSync(join(folder, 'sealed'), 'latin1')).not.toMatch(/canary|078-05/)
      await decryptFile<null>(by, { file: 'sealed', to: 'opened' }).run(null, io())
      expect(readFileSync(join(folder, 'opened'), 'utf8')).toBe('name;ssn\ncanary;078-05-1120\n')
    }
    expect(bound).toStrictEqual([['vault', 'applicants', 'file'], ['vault', 'archive', 'file']])
    await expect((async () => decryptFile<null>(kmsEnvelope({ key: vault }), { file: 'sealed', to: 'opened' }).run(null, io('another')))()).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' })
    // A text is bound as a text, so that none is taken for the key of a file.
    await cipher.seal(Buffer.alloc(32), io())
    expect(bound.at(-1)).toStrictEqual(['vault', 'applicants', 'text', null])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
