/**
 * Runs the duplicate check through all orders of what can happen, by the code that Lambda runs.
 *
 *   npm run model                          a table
 *   npm run model -- --json                one JSON object
 *   npm run model -- --without CONDITION   with one condition taken away: ends with 1 and shows what happens then
 */
import { conditions, rules } from '../../layers/runtime/ledger.ts'
import { explore } from './explore.ts'
import { scenarios } from './scenarios.ts'
import { without } from './without.ts'

const [flags, [, taken]] = [process.argv.slice(2), /^--without[= ](.*)$/.exec(process.argv.slice(2).filter((word) => word !== '--json').join(' ')) ?? []]
const json = flags.includes('--json')
const names = [...Object.keys(conditions), ...Object.keys(rules)]

if (taken !== undefined && !names.includes(taken)) {
  process.stderr.write(`--without ${taken}: there is no such condition; there are ${names.join(', ')}\n`)
  process.exit(2)
}
if (taken !== undefined) without(taken)

let [schedules, states, steps] = [0, 0, 0]
const began = performance.now()
const rows: object[] = []
for (const scenario of scenarios) {
  const found = explore(scenario)
  if ('why' in found) {
    process.stdout.write(json ? `${JSON.stringify({ without: taken, ...found })}\n` : `${found.why}\n  ${found.scenario}\n${found.schedule.map((step, i) => `  ${i + 1}. ${step}`).join('\n')}\n`)
    process.exit(1)
  }
  schedules += found.schedules
  states += found.states
  steps += found.steps
  rows.push({ scenario: scenario.name, ...found })
  if (!json) process.stdout.write(`${String(found.schedules).padStart(16)} schedules ${String(found.states).padStart(8)} states  ${scenario.name}\n`)
}
process.stdout.write(json
  ? `${JSON.stringify({ schedules, states, steps, conditions: names.length, scenarios: rows })}\n`
  : `${String(schedules).padStart(16)} schedules ${String(states).padStart(8)} states  in ${Math.round(performance.now() - began)} ms; nothing that must not be\n`)
