import { flow, needs, open, pipeline, post, type Step } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { expect, test } from 'vitest'
import { decrypt, hash, throwFault, transform, when } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'
import { card, cipher, pan } from './parts.ts'

const run = <I, O>(step: Step<I, O>, payload: I) => step.run(payload, fakeIo({ step: (part, given) => part.run(given, fakeIo()) }))
const size = when((n: number) => n > 9, transform<number, string>(() => 'large'), transform<number, string>(() => 'small'))

test('is data: both branches, then first, and a name for the test if it has one', () => {
  expect({ ...size, run: undefined, steps: size.steps?.map(({ kind }) => kind) }).toStrictEqual({ kind: 'when', config: {}, needs: [], steps: ['transform', 'transform'], run: undefined })
  expect(when({ name: 'is large', run: (n: number) => n > 9 }, transform(() => 'large')).config).toStrictEqual({ test: 'is large' })
})

test('the pipeline needs what either branch needs, and the manifest shows both', () => {
  const step = when({ name: 'is sealed', run: () => true }, decrypt(cipher), flow(hash<{ pan: string }, 'pan', 'pan'>({ fields: ['pan'], as: card })) as never)
  const definition = pipeline({ name: 'x', trigger: post('/x', { auth: open('for this test alone') }), steps: step as never }) as never
  expect(needs(definition).map(({ resource, actions }) => [resource.name, ...actions])).toStrictEqual([['cards', 'kms:GenerateMac'], ['inbox', 'dynamodb:Query'], ['keys', 'dynamodb:Query']])
  expect((manifest(definition) as { steps: unknown }).steps).toStrictEqual({
    kind: 'when', config: { test: 'is sealed' },
    steps: [{ kind: 'decrypt', config: { cipher: 'test' } }, { kind: 'flow', config: {}, steps: [{ kind: 'hash', config: { fields: ['pan'], as: pan } }] }],
  })
})

test('runs the one branch or the other', async () => {
  expect([await run(size, 10), await run(size, 9)]).toStrictEqual(['large', 'small'])
})

test('without another branch the payload passes as it is', async () => {
  const payload = { n: 1 }
  expect(await run(when((p: { n: number }) => p.n > 1, throwFault('REJECTED')), payload)).toBe(payload)
  expect(() => run(when((p: { n: number }) => p.n > 0, throwFault('REJECTED')), payload)).toThrow('REJECTED')
})
