import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { costsOf, type Bill, type Costs, type Template } from '../infra/cost.ts'
import { assumed, prices, type Assumptions } from '../infra/prices.ts'
import { project } from './folders.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** What an idle month and a million messages cost, from the templates. */
export async function cost(args: string[]): Promise<number> {
  const { values } = readOptions({ args, options: {
    json: { type: 'boolean', default: false }, synth: { type: 'boolean', default: false },
    stage: { type: 'string', default: 'dev' }, out: { type: 'string', default: join(project, 'cdk.out') },
    ms: { type: 'string', default: String(assumed.ms) }, 'log-bytes': { type: 'string', default: String(assumed.logBytes) },
    'sent-bytes': { type: 'string', default: String(assumed.sentBytes) },
  } })
  const { json, stage, out } = values
  if (!/^[a-z][a-z0-9]*$/.test(stage)) throw new Usage('--stage: write lower-case letters and digits, as prod')
  const number = (name: 'ms' | 'log-bytes' | 'sent-bytes'): number => {
    if (!/^\d+(\.\d+)?$/.test(values[name])) throw new Usage(`--${name} wants a number`)
    return Number(values[name])
  }
  const assumptions: Assumptions = { ms: number('ms'), logBytes: number('log-bytes'), sentBytes: number('sent-bytes') }
  if ((values.synth || templates(out, stage).length === 0) && !await synth(stage, out)) throw new Refused('the CDK app could not be synthesized: the lines above say why')
  const found = templates(out, stage)
  if (found.length === 0) throw new Refused(`there are no templates of the stage ${stage} in ${out}`)
  const costs = costsOf(found, assumptions)
  process.stdout.write(json ? `${JSON.stringify({ stage, region: 'us-east-1', currency: 'USD', assumptions, prices, ...costs })}\n` : table(costs, stage, assumptions))
  return 0
}

/** The templates of a stage: `<id>-<stage>` and `<id>-<stage>-state`. */
function templates(out: string, stage: string): Template[] {
  if (!existsSync(out)) return []
  return readdirSync(out).filter((file) => new RegExp(`-${stage}(-state)?\\.template\\.json$`).test(file)).sort()
    .map((file) => JSON.parse(readFileSync(join(out, file), 'utf8')) as Template)
}

async function synth(stage: string, out: string): Promise<boolean> {
  process.stderr.write(`synthesizing the stage ${stage} …\n`)
  const child = spawn('cdk', ['synth', '-q', '-c', `stage=${stage}`, '-o', out], {
    cwd: project, stdio: ['ignore', 2, 2], env: { ...process.env, CDK_VALIDATION: 'false' },
  })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

function table({ idleMonth, pipelines }: Costs, stage: string, { ms, logBytes, sentBytes }: Assumptions): string {
  const dollars = (amount: number): string => amount.toFixed(2).padStart(8)
  const section = (title: string, bill: Bill): string => [
    `${title.padEnd(62)}${dollars(bill.dollars)}`,
    ...bill.lines.map(({ what, count, each, dollars: amount }) => `  ${what.padEnd(30)}${Number(count.toFixed(2)).toLocaleString('en-US').padStart(12)} × ${Number(each.toPrecision(6)).toString().padEnd(15)}${dollars(amount)}`),
  ].join('\n')
  return [
    `US dollars, us-east-1, stage ${stage}`, '',
    section('an idle month', idleMonth), '',
    ...pipelines.flatMap(({ failures, ...pipeline }) => [
      section(`a million messages through ${pipeline.name}`, pipeline), '',
      ...failures === undefined ? [] : [section(`besides, a million failures of ${pipeline.name}`, failures), ''],
    ]),
    `Assumed: ${ms} ms an execution, ${logBytes} bytes of logs and ${sentBytes} bytes sent a message, warm functions.`,
    `Besides: ${prices.metricMonth.toFixed(2)} a month for each of at most six metrics a pipeline, in months in which they have data.`, '',
  ].join('\n')
}
