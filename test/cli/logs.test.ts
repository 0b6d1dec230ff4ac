import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults } from 'sallyport'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hints, unended } from '../../cli/executions/hints.ts'
import { all, cloudWatch, lines, projectOf, refused, sallyport, started, synthesized, type CloudWatch } from './executions.ts'

const project = projectOf(all)
const log = join(project, '.local/log.jsonl')

const paidPage = `\
6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6  encrypted-payment

2026-01-31 08:00:05.832  info   log        {"payment":{"paymentId":"pay-a0b8a45f","card":{"number":"***"}}}
2026-01-31 08:00:05.832  warn   print      two\\u000alines and \\u009b31m

step            ms  of the execution
decrypt      82.87  ████████████
parse-json    1.02  ▏
deduplicate  33.35  ████▉
call         41.95  ██████▏

outcome   done 202
started   2026-01-31 08:00:05.754 UTC, took 165.74 ms
records   done 1, failed 0
calls     dynamodb:Query 1, kms:GenerateMac 2, dynamodb:PutItem 1
sends     1 to partners
cost      $22.68 for a million such executions
`

const doubtPage = `\
89e68308-64cb-474b-aef1-a4aac2463f03  loan-application

2026-01-31 08:00:06.250  warn   attempt    call PARTNER_SILENT, effect unknown

step            ms  of the execution
validate      0.36  ▋
deduplicate  10.84  ███████████████████▊

outcome   IN_DOUBT 409, blame sender: An earlier attempt for the same identifier ended without a known outcome
started   2026-01-31 08:00:06.288 UTC, took 13.18 ms
records   done 0, failed 1
calls     dynamodb:PutItem 1
sends     0 to partners
cost      $1.91 for a million such executions
next      ask the partner whether it acted, before anybody sends again (runbook: In doubt)
`

describe('logs of an execution', () => {
  it.each([['its id', '6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6'], ['how the id begins', '6FFC5F23']])('are shown by %s, no control character among them', async (_, id) => {
    expect(await sallyport(project, ['logs', id])).toEqual({ status: 0, stdout: paidPage, stderr: '' })
  })
  it('say what went wrong and what to do', async () => {
    expect(await sallyport(project, ['logs', '89e68308'])).toEqual({ status: 0, stdout: doubtPage, stderr: '' })
  })
  it('say where a foreign error was thrown', async () => {
    const { stdout } = await sallyport(project, ['logs', '89e68999'])
    expect(stdout).toContain('outcome   STEP_FAILED 500, blame us: A step failed\ndetails   {"error":"TypeError","at":["at run (file:///var/task/index.js:1:2)"]}\n')
    expect(stdout).toContain('calls     none of AWS\n')
    expect(stdout).toContain('(runbook: Faults of ours)\n')
  })
  it('have the platform’s words, where there is no end', async () => {
    const { status, stdout } = await sallyport(project, ['logs', 'a83654d2'])
    expect([status, stdout]).toEqual([0, `\
a83654d2-7423-4c91-9548-0b20627562c0  loan-application

2026-01-31 08:00:07.900  info   log        {"step":"began"}
2026-01-31 08:00:07.900         platform   2026-01-31T08:00:08.000Z a83654d2-7423-4c91-9548-0b20627562c0 Task timed out after 15.00 seconds

outcome   ${unended}
`])
  })
  it('are one line of a function of ours', async () => {
    const { stdout } = await sallyport(project, ['logs', 'b0000000'])
    expect(stdout).toBe(`\
b0000000-0000-4000-8000-000000000000

2026-01-31 08:00:09.000  info   fallback   {"fault":"NOT_FOUND"}

next      compare the path with the routes: npx sallyport manifest
`)
  })
  it('are its lines as they were written with --json', async () => {
    expect((await sallyport(project, ['logs', '6ffc5f23', '--json'])).stdout).toBe(lines.paid.map((text) => `${text}\n`).join(''))
    expect((await sallyport(project, ['logs', 'a83654d2', '--json'])).stdout).toBe(`${lines.began}\n${lines.ended}\n`)
  })
  it('that are not there end with exit code 1 and where it looked', async () => {
    expect(await sallyport(project, ['logs', '00000000'])).toEqual({ status: 1, stdout: '', stderr: 'no line of an execution with this id in .local/log.jsonl; --stage STAGE looks into a deployment in AWS\n' })
  })
  it('of several that begin alike name them', async () => {
    const alike = projectOf([...lines.paid, lines.paid[0].replace('6ffc5f23-55b1', '6ffc5f23-66b1')])
    expect((await sallyport(alike, ['logs', '6ffc5f23'])).stderr).toBe('2 executions begin like this: 6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6, 6ffc5f23-66b1-4c6b-907a-abd1bcfe67b6\n')
    expect((await sallyport(alike, ['logs', '6ffc5f23-55'])).stdout).toBe(paidPage)
  })
  it('need no AWS SDK when they are local', async () => {
    const barred = 'data:text/javascript,' + encodeURIComponent('import { registerHooks } from "node:module"; registerHooks({ resolve: (name, context, next) => { if (name.startsWith("@aws-sdk/")) throw new Error("loaded " + name); return next(name, context) } })')
    expect(await sallyport(project, ['logs', '6ffc5f23'], {}, ['--import', barred])).toEqual({ status: 0, stdout: paidPage, stderr: '' })
    expect((await sallyport(project, ['logs', '6ffc5f23', '--stage', 'prod'], {}, ['--import', barred])).stderr).toContain('loaded @aws-sdk/client-cloudwatch-logs')
  })
  it('are painted on a terminal', async () => {
    const { stdout } = await sallyport(project, ['logs', '89e68308'], { NO_COLOR: undefined, FORCE_COLOR: '1' })
    expect(stdout).toContain('\u001B[31mIN_DOUBT 409, blame sender\u001B[39m')
    expect(stdout).toContain('\u001B[33mwarn \u001B[39m')
  })
})

describe('logs without an id', () => {
  it('are the newest lines, those of a pipeline or a fault', async () => {
    const { stdout } = await sallyport(project, ['logs', '--limit', '3'])
    expect(stdout).toBe(`\
2026-01-31 08:00:07.900  info   loan-application      a83654d2  log        {"step":"began"}
2026-01-31 08:00:07.900         loan-application                platform   2026-01-31T08:00:08.000Z a83654d2-7423-4c91-9548-0b20627562c0 Task timed out after 15.00 seconds
2026-01-31 08:00:09.000  info                         b0000000  fallback   {"fault":"NOT_FOUND"}
`)
    expect((await sallyport(project, ['logs', '--fault', 'IN_DOUBT'])).stdout).toBe('2026-01-31 08:00:06.301  warn   loan-application      89e68308  execution  IN_DOUBT 409, blame sender, 13.18 ms\n')
    expect((await sallyport(project, ['logs', '--json', '--pipeline', 'encrypted-payment'])).stdout).toBe(lines.paid.map((text) => `${text}\n`).join(''))
    expect((await sallyport(project, ['logs', '--json', '--since', '2026-01-31T08:00:08Z'])).stdout).toBe(`${lines.lost}\n`)
  })
  it('are those that come, with --follow', async () => {
    const { written, interrupt } = started(project, ['logs', '--follow', '--pipeline', 'loan-application'])
    await expect.poll(() => written.stderr, { timeout: 10_000 }).toBe('following .local/log.jsonl; Ctrl-C ends it\n')
    expect(written.stdout).toBe('')
    const later = lines.silent.map((text) => text.replace('T08:', 'T09:'))
    appendFileSync(log, [...lines.paid, ...later].map((text) => `${text}\n`).join(''))
    await expect.poll(() => written.stdout, { timeout: 10_000 }).toContain('IN_DOUBT')
    const { status, stdout } = await interrupt()
    expect([status, stdout]).toEqual([0, `\
2026-01-31 09:00:06.250  warn   loan-application      89e68308  attempt    call PARTNER_SILENT, effect unknown
2026-01-31 09:00:06.301  warn   loan-application      89e68308  execution  IN_DOUBT 409, blame sender, 13.18 ms
`])
  })
})

it.each([
  [['canary'], 'an ID is that of a reply or a log line'], [['6ffc5f2'], 'an ID is that of a reply or a log line'], [['6ffc5f23" or id like "canary'], 'an ID is that of a reply or a log line'],
  [['6ffc5f23', '89e68308'], 'logs takes one ID'], [['6ffc5f23', '--follow'], 'an ID says which lines: leave out --follow'], [['6ffc5f23', '--fault', 'any'], 'an ID says which lines'],
  [['--follow', '--since', '1h'], '--follow shows what comes from now on: leave out --since and --limit'], [['--limit', 'canary'], '--limit: write a number from 1 to 10000'],
])('logs %j is bad input', async (args, sentence) => {
  const { status, stdout, stderr } = await refused('logs', ...args)
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr.startsWith(sentence)).toBe(true)
  expect(stderr).toContain('usage: sallyport logs')
  expect(stderr).not.toContain('canary')
})

describe('logs in AWS', () => {
  const report = '{"time":"2026-01-31T08:00:08.100Z","type":"platform.report","record":{"requestId":"89e68308-64cb-474b-aef1-a4aac2463f03","status":"success","metrics":{"durationMs":14.1}}}'
  const timeout = '{"time":"2026-01-31T08:00:08.200Z","type":"platform.report","record":{"requestId":"a83654d2-7423-4c91-9548-0b20627562c0","status":"timeout"}}'
  let aws: CloudWatch
  beforeAll(async () => {
    aws = await cloudWatch({
      '/aws/lambda/Sallyport-prod-encrypted-payment': lines.paid.filter((text) => text.includes('"time"')),
      '/aws/lambda/Sallyport-prod-loan-application': [...lines.silent, report, lines.began, '2026-01-31T08:00:08.000Z a83654d2-7423-4c91-9548-0b20627562c0 is no JSON', timeout],
    })
  })
  afterAll(() => aws.close())

  it('are those of an execution, found by the literal id in one query, laid out as the local ones', async () => {
    const { status, stdout, stderr } = await sallyport(project, ['logs', '6ffc5f23', '--stage', 'prod', '--since', '2026-01-31'], aws.env)
    expect([status, stdout]).toEqual([0, paidPage.replace(/.* print .*\n/, '')])
    expect(stderr).toMatch(/^looking through \/aws\/lambda\/Sallyport-prod-\* since 2026-01-31T00:00:00.000Z: \d+\.\d s\n$/)
    expect(aws.queries.at(-1)?.queryString).toBe('SOURCE logGroups(namePrefix: ["/aws/lambda/Sallyport-prod-"]) | fields @timestamp, @message, @log | filter @message like "6ffc5f23" | sort @timestamp desc | limit 10000')
    expect(aws.asked).toEqual({ StartQuery: 1, GetQueryResults: 2 })
  })
  it('have what is no JSON wrapped, and what Lambda says', async () => {
    const { stdout } = await sallyport(project, ['logs', 'a83654d2-7423-4c91-9548-0b20627562c0', '--json', '--stage', 'prod', '--since', '2026-01-31'], aws.env)
    expect(stdout).toBe(`${lines.began}\n{"function":"loan-application","text":"2026-01-31T08:00:08.000Z a83654d2-7423-4c91-9548-0b20627562c0 is no JSON"}\n${timeout}\n`)
  })
  it('of an unknown id tell where it was looked for: a week, unless said otherwise', async () => {
    const { status, stdout, stderr } = await sallyport(project, ['logs', '00000000', '--stage', 'prod'], aws.env)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/\nno line of an execution with this id in \/aws\/lambda\/Sallyport-prod-\* since \d{4}-[\dT:.-]+Z; --since looks further back\n$/)
    const { startTime = 0, endTime = 0 } = aws.queries.at(-1) ?? {}
    expect(Math.abs(endTime - startTime - 7 * 86_400)).toBeLessThan(60)
  })
  it('without an id leave out what Lambda says of each start, and keep what went wrong', async () => {
    const { stdout } = await sallyport(project, ['logs', '--json', '--stage', 'prod', '--since', '2026-01-31T08:00:07Z'], aws.env)
    expect(stdout.split('\n').map((text) => text.slice(0, 40))).toEqual([lines.began.slice(0, 40), '{"function":"loan-application","text":"2', timeout.slice(0, 40), ''])
  })
  it('are those that come with --follow, each once, however often it asks', async () => {
    const { written, interrupt } = started(project, ['logs', '--follow', '--json', '--stage', 'prod', '--pipeline', 'encrypted-payment'], aws.env)
    await expect.poll(() => written.stderr, { timeout: 10_000 }).toContain('following /aws/lambda/Sallyport-prod-*; Ctrl-C ends it\n')
    const fresh = lines.paid[0].replace(/"time":"[^"]+"/, `"time":"${new Date(Date.now() + 1_000).toISOString()}"`)
    aws.groups['/aws/lambda/Sallyport-prod-encrypted-payment']?.push(fresh)
    await expect.poll(() => written.stdout, { timeout: 20_000 }).toBe(`${fresh}\n`)
    const before = aws.queries.length
    await expect.poll(() => aws.queries.length, { timeout: 20_000 }).toBeGreaterThan(before + 1)
    const { status, stdout } = await interrupt()
    expect([status, stdout]).toEqual([0, `${fresh}\n`])
  })
})

describe('the id of an app', () => {
  const idFor = async (stage: string, ...made: (readonly [id: string, stage: string, folder?: string])[]): Promise<string> => {
    const folder = projectOf([])
    for (const [id, of, out] of made) synthesized(folder, id, of, out)
    // No Region, so that nothing is asked: what was looked through is told before.
    const { stderr } = await sallyport(folder, ['runs', '--stage', stage])
    return /\/aws\/lambda\/(.*)-\*/.exec(stderr)?.[1] ?? stderr
  }
  it('is what cdk.out says of the stage, else of any, else Sallyport', async () => {
    expect(await idFor('prod', ['Shop', 'prod'])).toBe('Shop-prod')
    expect(await idFor('prod', ['Shop', 'dev'])).toBe('Shop-prod')
    expect(await idFor('prod', ['Shop', 'local', '.local/cdk.out'])).toBe('Shop-prod')
    expect(await idFor('prod', ['Shop', 'prod'], ['Mill', 'local', '.local/cdk.out'])).toBe('Shop-prod')
    expect(await idFor('prod')).toBe('Sallyport-prod')
  })
  it('has to be said where there are several', async () => {
    expect(await idFor('prod', ['Shop', 'dev'], ['Mill', 'local', '.local/cdk.out'])).toContain('this project makes several apps, Shop and Mill: --id says which\n')
  })
})

it('every fault has a hint, and the runbook the article that it names', () => {
  expect(Object.keys(hints).sort()).toEqual(Object.keys(faults).sort())
  const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
  for (const hint of [...Object.values(hints), unended]) {
    const [, heading] = /\(runbook: ([^)]+)\)/.exec(hint) ?? []
    if (heading !== undefined) expect(runbook).toContain(`\n## ${heading}\n`)
  }
})
