import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { command } from '../../cli/command.ts'
import { cost } from '../../cli/cost.ts'
import { costsOf } from '../../infra/cost.ts'
import { assumed } from '../../infra/prices.ts'
import { examples, failures, fixture, synthesized } from './synthesized.ts'

const { state, stateless } = synthesized(examples)
const costs = costsOf([state, stateless], assumed)
const cents = (bill: { dollars: number } | undefined): number => Math.round((bill?.dollars ?? 0) * 100) / 100

describe('from the templates', () => {
  // 6 keys, 3 secrets, 26 alarms of 0.10, a dashboard: counted by hand.
  test('an idle month of the examples', () => {
    expect(costs.idleMonth.lines.map(({ what, count }) => [what, count])).toEqual([['KMS keys', 6], ['secrets', 3], ['alarms', 26], ['dashboard', 1]])
    expect(cents(costs.idleMonth)).toBe(12.8)
  })

  test('a million messages: two ledger writes of two units each, and no KMS in custody wrapped', () => {
    expect(costs.pipelines.map(({ name }) => name)).toEqual(['encrypted-payment', 'loan-application'])
    for (const pipeline of costs.pipelines) {
      expect(pipeline.lines.map(({ what }) => what)).not.toContain('KMS requests')
      expect(pipeline.lines.find(({ what }) => what === 'ledger write units')).toMatchObject({ count: 4e6, dollars: 2.5 })
      // 1.00 + 0.20 + 0.05 GB-s × 13.3334 + 2.50 + 2.5 GB × 0.62 + 2.5 GB / 6 × 3 months × 0.03 + 3 GB × 0.09
      expect(cents(pipeline)).toBe(6.22)
    }
  })

  test.each([
    [{ by: 'a' }, 4e6], [{ idempotencyKey: 'required' }, 4e6],
    // Two transactions, of two and of three items: each item twice, and an entry of the index.
    [{ by: 'a', idempotencyKey: 'optional' }, 12e6], [{ keys: [{ by: 'a' }, { by: 'b' }], idempotencyKey: 'required' }, 18e6],
  ])('what deduplicate claims: %j', (config, count) => {
    const needs = [{ resource: { kind: 'table', name: 'ledger' }, actions: ['dynamodb:PutItem'] }]
    const steps = { kind: 'flow', steps: [{ kind: 'validate', config: {} }, { kind: 'when', config: {}, steps: [{ kind: 'deduplicate', config }] }] }
    const template = { Resources: { one: { Type: 'AWS::Lambda::Function', Metadata: { 'sallyport:manifest': { name: 'one', needs, steps } } } } }
    expect(costsOf([template], assumed).pipelines[0]?.lines.find(({ what }) => what === 'ledger write units')?.count).toBe(count)
  })
  test('two steps claim one after the other, and are settled in one transaction: two units and three each', () => {
    const needs = [{ resource: { kind: 'table', name: 'ledger' }, actions: ['dynamodb:PutItem'] }]
    const steps = { kind: 'flow', steps: ['a', 'b'].map((by) => ({ kind: 'deduplicate', config: { by } })) }
    const template = { Resources: { one: { Type: 'AWS::Lambda::Function', Metadata: { 'sallyport:manifest': { name: 'one', needs, steps } } } } }
    expect(costsOf([template], assumed).pipelines[0]?.lines.find(({ what }) => what === 'ledger write units')?.count).toBe(10e6)
  })

  test('custody hsm adds a KMS request a message, of which an RSA-3072 one costs 15 dollars a million', () => {
    const { state, stateless } = synthesized(fixture)
    const [intake, vault] = costsOf([state, stateless], assumed).pipelines
    expect(vault?.lines.find(({ what }) => what === 'KMS requests')).toMatchObject({ count: 1e6, dollars: expect.closeTo(15, 6) as number })
    expect(intake?.lines.map(({ what }) => what)).not.toContain('KMS requests')
  })

  test('memory, time and architecture count', () => {
    const seconds = (template: typeof stateless, ms = assumed.ms): number => costsOf([template], { ...assumed, ms }).pipelines[0]?.lines.find(({ what }) => what === 'Lambda GB-seconds')?.dollars ?? 0
    expect(seconds(stateless, 200)).toBeCloseTo(2 * seconds(stateless), 9)
    expect(seconds(synthesized(examples, { memory: 1_024 }).stateless)).toBeCloseTo(2 * seconds(stateless), 9)
    expect(seconds(JSON.parse(JSON.stringify(stateless).replaceAll('"arm64"', '"x86_64"')) as typeof stateless)).toBeCloseTo(1.25 * seconds(stateless), 4)
  })

  test('the sum is the sum of the lines', () => {
    for (const bill of [costs.idleMonth, ...costs.pipelines]) expect(bill.dollars).toBeCloseTo(bill.lines.reduce((sum, { count, each }) => sum + count * each, 0), 9)
  })
})

describe('the command', () => {
  const out = join(mkdtempSync(join(tmpdir(), 'sallyport-cost-')), 'cdk.out')
  mkdirSync(out)
  writeFileSync(join(out, 'Sallyport-dev.template.json'), JSON.stringify(stateless))
  writeFileSync(join(out, 'Sallyport-dev-state.template.json'), JSON.stringify(state))
  writeFileSync(join(out, 'Sallyport-prod-state.template.json'), JSON.stringify(state))

  const written = { stdout: '', stderr: '' }
  beforeEach(() => {
    for (const name of ['stdout', 'stderr'] as const) {
      written[name] = ''
      vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
        written[name] += String(chunk)
        return true
      })
    }
  })
  afterEach(() => { vi.restoreAllMocks() })

  test('--json prints one JSON document, and nothing else', async () => {
    expect(await cost(['--json', '--out', out])).toBe(0)
    expect(JSON.parse(written.stdout)).toMatchObject({ stage: 'dev', region: 'us-east-1', currency: 'USD', assumptions: assumed, idleMonth: { lines: costs.idleMonth.lines }, pipelines: [{ name: 'encrypted-payment' }, { name: 'loan-application' }] })
    expect(written.stderr).toBe('')
  })

  test('a table for people, with prices and what was assumed', async () => {
    expect(await cost(['--out', out, '--ms', '40'])).toBe(0)
    expect(written.stdout).toMatch(/^an idle month +12\.80$/m)
    expect(written.stdout).toMatch(/^ {2}KMS keys +6 × 1 +6\.00$/m)
    expect(written.stdout).toMatch(/^a million messages through loan-application +5\.82$/m)
    expect(written.stdout).toContain('Assumed: 40 ms an execution, 2500 bytes of logs and 3000 bytes sent a message, warm functions.')
  })

  test('failures that leave a record stand below', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'sallyport-cost-')), 'cdk.out')
    mkdirSync(folder)
    writeFileSync(join(folder, 'Sallyport-dev.template.json'), JSON.stringify(synthesized(failures).stateless))
    expect(await cost(['--out', folder])).toBe(0)
    expect(written.stdout).toMatch(/^besides, a million failures of applicant +4\.88$/m)
    expect(written.stdout).toMatch(/^besides, a million failures of shipment +1\.88\n {2}record write units +3,000,000 × 6\.25e-7 +1\.88$/m)
  })

  test.each([[['--jsn']], [['--ms', 'soon']], [['--ms', '-1']], [['--stage', '../x']], [['extra']]])('%j is wrong usage: 2, and the usage on standard error', async (args) => {
    expect(await command(['cost', ...args])).toBe(2)
    expect(written.stderr).toMatch(/^usage: sallyport cost/m)
    expect(written.stdout).toBe('')
  })
})
