import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { costsOf, type Bill, type Costs, type Template } from '../infra/cost.ts'
import { project } from './folders.ts'
import { assumed, prices, type Assumptions } from '../infra/prices.ts'

const usage = `usage: npm run cost -- [--json] [--synth] [--stage NAME] [--out DIR] [--ms N] [--log-bytes N] [--sent-bytes N]
  --json         one JSON document on standard output
  --synth        synthesize first; done anyway where DIR holds no templates of the stage
  --stage NAME   which deployment (dev)
  --out DIR      where its templates are (cdk.out)
  --ms N         milliseconds of an execution, the partner's time included (${assumed.ms})
  --log-bytes N  bytes of log lines a message (${assumed.logBytes})
  --sent-bytes N bytes sent to the internet a message (${assumed.sentBytes})
`

/** `npm run cost`: what an idle month and a million messages cost, from the templates. 0, 1 (no templates), 2 (usage). */
export async function cost(args: string[]): Promise<number> {
  const asked = read(args)
  if (asked === undefined) {
    process.stderr.write(usage)
    return 2
  }
  const { json, stage, out, assumptions } = asked
  if ((asked.synth || templates(out, stage).length === 0) && !await synth(stage, out)) return 1
  const found = templates(out, stage)
  if (found.length === 0) {
    process.stderr.write(`no templates of the stage ${stage} in ${out}\n`)
    return 1
  }
  const costs = costsOf(found, assumptions)
  process.stdout.write(json ? `${JSON.stringify({ stage, region: 'us-east-1', currency: 'USD', assumptions, prices, ...costs })}\n` : table(costs, stage, assumptions))
  return 0
}

function read(args: string[]) {
  const number = (text: string): number => {
    if (!/^\d+(\.\d+)?$/.test(text)) throw new TypeError('not a number')
    return Number(text)
  }
  try {
    const { values } = parseArgs({ args, options: {
      json: { type: 'boolean', default: false }, synth: { type: 'boolean', default: false },
      stage: { type: 'string', default: 'dev' }, out: { type: 'string', default: join(project, 'cdk.out') },
      ms: { type: 'string', default: String(assumed.ms) }, 'log-bytes': { type: 'string', default: String(assumed.logBytes) },
      'sent-bytes': { type: 'string', default: String(assumed.sentBytes) },
    } })
    if (!/^[a-z][a-z0-9]*$/.test(values.stage)) throw new TypeError('not a stage')
    const assumptions: Assumptions = { ms: number(values.ms), logBytes: number(values['log-bytes']), sentBytes: number(values['sent-bytes']) }
    return { ...values, assumptions }
  } catch {
    return undefined
  }
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
    ...pipelines.flatMap((pipeline) => [section(`a million messages through ${pipeline.name}`, pipeline), '']),
    `Assumed: ${ms} ms an execution, ${logBytes} bytes of logs and ${sentBytes} bytes sent a message, warm functions.`,
    `Besides: ${prices.metricMonth.toFixed(2)} a month for each of at most six metrics a pipeline, in months in which they have data.`, '',
  ].join('\n')
}
