import { account, flow, iam, path, pipeline, post, type Json, type Step } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { call, transform } from 'sallyport/steps'
import { sandbox } from 'sallyport/testing'
import { expect, test } from 'vitest'
import * as v from 'valibot'
import { plan } from '../../../layers/runtime/execution.ts'

const remembers = (name: string, hours: number) => account(name, apiKey({ origin: {}, idempotency: { hours } }))
const send = (to: ReturnType<typeof remembers>): Step<{ readonly id: string }, { readonly id: string }> =>
  call({ to, once: 'id', reply: v.unknown(), request: () => ({ method: 'POST', path: path`/x` }) })
const claimantOf = (...steps: Step<{ readonly id: string }, { readonly id: string }>[]) => {
  const [first = transform<{ readonly id: string }, { readonly id: string }>((payload) => payload), second] = steps
  const begin: Step<Json, { readonly id: string }> = transform(() => ({ id: 'x' }))
  return plan(pipeline({ name: 'a', trigger: post('/a', { auth: iam() }), steps: flow(begin, first, second) }), { stage: 'local', origins: {} }).claimant
}

test('a claim may be taken over for as long as every partner remembers; where nothing is sent, for a day', () => {
  expect(claimantOf(send(remembers('a', 24)), send(remembers('b', 72)))).toMatchObject({ replaySafe: true, window: 24 * 3_600_000 })
  expect(claimantOf(send(remembers('b', 72)))).toMatchObject({ replaySafe: true, window: 72 * 3_600_000 })
  expect(claimantOf()).toMatchObject({ replaySafe: true, window: 24 * 3_600_000 })
})

test('a step that acts by a client of its own is never repeated by somebody else', () => {
  expect(claimantOf({ kind: 'own', config: {}, needs: [], acts: true, run: (payload) => payload })).toMatchObject({ replaySafe: false })
})

test('what a step says without being marked for it is a mistake, and told where a test reads it', async () => {
  const own = (says: (io: Parameters<Step<Json, Json>['run']>[1]) => void): Step<Json, Json> => ({ kind: 'own', config: {}, needs: [], run: (payload, io) => { says(io); return payload } })
  for (const [says, sentence] of [[(io) => io.acted(), 'give it acts: true'], [(io) => io.entity('x'), 'give it entity: { days }']] as const satisfies readonly [Parameters<typeof own>[0], string][]) {
    const { fault, thrown } = await sandbox().run(pipeline({ name: 'a', trigger: post('/a', { auth: iam() }), steps: own(says) }), {})
    expect(fault).toBe('STEP_FAILED')
    expect((thrown as Error).message).toContain(sentence)
  }
})
