import { asFault, Fault, type Effect, type Io, type Step } from 'sallyport'
import { expect, test } from 'vitest'
import { deduplicate, rescue, transform } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

/** Attempts as the runtime makes them, with the effect that the test says. */
const doors = (effect: Effect): Partial<Io> => ({
  step: (step, payload) => step.run(payload, fakeIo()),
  attempt: async (step, payload) => {
    try {
      return { ok: true, payload: await step.run(payload, fakeIo()) }
    } catch (error) {
      return { ok: false, fault: asFault(error), effect, repeatable: effect === 'none' }
    }
  },
})
const failing = (error: Error): Step<{ id: string }, number> => transform(() => { throw error })
const seen = transform((given: unknown) => given)

test('is data: what it rescues from, the step and what comes instead', () => {
  const step = rescue(deduplicate<{ id: string }>({ by: 'id' }), { on: ['DUPLICATE', 'IN_DOUBT'], instead: seen })
  expect({ ...step, run: undefined, steps: step.steps?.map(({ kind }) => kind) }).toStrictEqual({ kind: 'rescue', config: { on: ['DUPLICATE', 'IN_DOUBT'] }, needs: [], steps: ['deduplicate', 'transform'], run: undefined })
})

test('gives the payload that the step was given, the fault, and what was done by then', async () => {
  const step = rescue(failing(new Fault('PARTNER_REFUSED', ['card'])), { on: ['PARTNER_REFUSED'], instead: seen })
  expect(await step.run({ id: 'a' }, fakeIo(doors('unknown')))).toStrictEqual({ payload: { id: 'a' }, fault: { code: 'PARTNER_REFUSED', paths: ['card'], effect: 'unknown' } })
})

test('stays out of the way of a step that ends well', async () => {
  expect(await rescue(transform((n: number) => n + 1), { on: ['STEP_FAILED'], instead: seen }).run(1, fakeIo(doors('none')))).toBe(2)
})

test('every other fault ends the run', async () => {
  const fault = new Fault('IN_DOUBT')
  await expect(rescue(failing(fault), { on: ['DUPLICATE'], instead: seen }).run({ id: 'a' }, fakeIo(doors('none')))).rejects.toBe(fault)
})

test('a foreign error is STEP_FAILED, and nothing of it comes through', async () => {
  const rescued = await rescue(failing(new Error('4111111111111111')), { on: ['STEP_FAILED'], instead: seen }).run({ id: 'a' }, fakeIo(doors('none')))
  expect(rescued).toStrictEqual({ payload: { id: 'a' }, fault: { code: 'STEP_FAILED', paths: [], effect: 'none' } })
})
