import { parseArgs, styleText } from 'node:util'
import { calls } from './calls.ts'
import { cpu } from './messages.ts'
import { bundles } from './bundles.ts'
import { imports } from './imports.ts'
import { edits } from './edit.ts'
import { redaction } from './redaction.ts'
import { tests } from './sandbox.ts'
import type { Row } from './row.ts'

/** What we claim about speed and cost, measured: each group of rows by name. */
const groups: Readonly<Record<string, () => Promise<Row[]>>> = { cpu, redaction, bundles, imports, calls, edits, tests, crypto: async () => (await import('./crypto/index.ts')).crypto(), ledger: async () => (await import('./ledger/index.ts')).ledger() }
/** Measured when they are asked for by name: they take minutes. */
const asked: readonly string[] = ['crypto', 'ledger']

/** `npm run bench [-- --json] [--only cpu]`: 0 if every goal is met, 1 if not, 2 for a wrong option. */
export async function bench(args: string[]): Promise<number> {
  let json: boolean
  let only: string | undefined
  try {
    ({ json = false, only } = parseArgs({ args, options: { json: { type: 'boolean' }, only: { type: 'string' } } }).values)
    if (only !== undefined && !Object.hasOwn(groups, only)) throw new TypeError(only)
  } catch {
    process.stderr.write(`usage: npm run bench -- [--json] [--only ${Object.keys(groups).join('|')}]\n`)
    return 2
  }
  const rows: Row[] = []
  for (const [name, measure] of Object.entries(groups)) {
    if (only === undefined ? asked.includes(name) : name !== only) continue
    process.stderr.write(`measuring ${name} …\n`)
    rows.push(...await measure())
  }
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
  else for (const row of rows) process.stdout.write(`${line(row)}\n`)
  return rows.some(({ met }) => met === false) ? 1 : 0
}

const figure = (value: number | null): string => value === null ? '' : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })

function line({ name, unit, measured, baseline, ratio, goal, met }: Row): string {
  const against = baseline === null ? '' : `against ${figure(baseline)}`
  const verdict = met === null ? '' : met ? styleText('green', 'met') : styleText('red', 'not met')
  return `${name.padEnd(52)} ${figure(measured).padStart(10)} ${unit.padEnd(14)} ${against.padEnd(16)} ${(ratio === null ? '' : `ratio ${ratio.toFixed(2)}`).padEnd(11)} ${(goal === null ? '' : `goal ${goal}`).padEnd(11)} ${verdict}`.trimEnd()
}
