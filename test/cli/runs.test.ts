import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { all, cloudWatch, lines, projectOf, refused, sallyport, started, synthesized, type CloudWatch } from './executions.ts'

const project = projectOf(all)
const [, , paid] = lines.paid
const [, silent] = lines.silent
const [broken] = lines.broken

describe('runs', () => {
  it('lists executions, the newest first, and sums them up', async () => {
    const { status, stdout, stderr } = await sallyport(project, ['runs'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`\
ended (UTC)              id        pipeline           outcome      status      ms  done  failed  calls  $ a million
2026-01-31 08:00:07.301  89e68999  loan-application   STEP_FAILED     500    3.50     0       1      0         1.31
2026-01-31 08:00:06.301  89e68308  loan-application   IN_DOUBT        409   13.18     0       1      1         1.91
2026-01-31 08:00:05.920  6ffc5f23  encrypted-payment  done            202  165.74     1       0      4        22.68
3 executions, 2 faults (us 1, sender 1), p50 13.18 ms, p99 165.74 ms, $0.000026
`)
  })
  it('sums up all that it found, not only what it shows', async () => {
    const { stdout } = await sallyport(project, ['runs', '--limit', '1', '--pipeline', 'loan-application'])
    expect(stdout.split('\n').slice(1)).toEqual([
      '2026-01-31 08:00:07.301  89e68999  loan-application  STEP_FAILED     500  3.50     0       1      0         1.31',
      '2 executions (the newest 1 above), 2 faults (us 1, sender 1), p50 3.50 ms, p99 13.18 ms, $0.000003', '',
    ])
  })
  it.each([
    [['--fault', 'IN_DOUBT'], [silent]], [['--fault', 'any'], [broken, silent]], [['--pipeline', 'encrypted-payment'], [paid]],
    [['--since', '2026-01-31T08:00:06Z'], [broken, silent]], [['--since', '2026-01-31T09:00:06+01:00'], [broken, silent]], [['--limit', '2'], [broken, silent]], [['--since', '2026-01-31T08:01'], []],
  ])('%j gives their lines, as they are', async (args, expected) => {
    const { status, stdout, stderr } = await sallyport(project, ['runs', '--json', ...args])
    expect(status).toBe(0)
    expect(stdout).toBe(expected.map((text) => `${text}\n`).join(''))
    expect(stderr).toBe(expected.length === 0 ? 'no such executions in .local/log.jsonl\n' : '')
  })
  it('reads the file before this one, too, and no line that is still being written', async () => {
    const { stdout } = await sallyport(projectOf([silent, 'half a li'], [paid]), ['runs', '--json'])
    expect(stdout).toBe(`${silent}\n${paid}\n`)
  })
  it('fills a pipe to the end, and is quiet when nobody reads on', async () => {
    const many = projectOf(Array.from({ length: 3_000 }, () => paid))
    expect((await sallyport(many, ['runs', '--json', '--limit', '3000'])).stdout).toBe(`${paid}\n`.repeat(3_000))
    const { child, ended } = started(many, ['runs', '--json', '--limit', '3000'])
    child.stdout.once('data', () => child.stdout.destroy())
    const { status, stderr } = await ended
    expect([status, stderr]).toEqual([0, ''])
  })
  it('says that nothing ran yet', async () => {
    const { status, stdout, stderr } = await sallyport(projectOf([]), ['runs'])
    expect([status, stdout, stderr]).toEqual([1, '', '.local/log.jsonl has no lines yet: npx sallyport start writes it, and --stage STAGE names a deployment in AWS\n'])
  })
  it.each([
    [['--since', 'yesterday'], '--since: write how long ago'], [['--since', '2026-13-01'], '--since: write how long ago'], [['--since', '2999-01-01'], '--since: this moment is yet to come'],
    [['--limit', '0'], '--limit: write a number from 1 to 10000'], [['--limit', '10001'], '--limit: write a number from 1 to 10000'], [['--fault', 'CANARY'], '--fault: write any, or one of PAYLOAD_UNREADABLE,'],
    [['--fault', 'constructor'], '--fault: write any, or one of'], [['--pipeline', 'canary" or 1=1'], '--pipeline: write lower-case words joined by hyphens'],
    [['--stage', 'Canary'], '--stage: write up to 16'], [['--stage', 'prod', '--id', 'canary"]'], '--id: write letters'], [['--id', 'Shop'], '--id and --region are of AWS: name the --stage'],
    [['--stage', 'prod', '--region', 'canary'], '--region: write one as us-east-1'], [['--often'], "Unknown option '--often'"], [['6ffc5f23'], 'Unexpected argument'],
  ])('%j is bad input', async (args, sentence) => {
    const { status, stdout, stderr } = await refused('runs', ...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr.startsWith(sentence)).toBe(true)
    expect(stderr).toContain('usage: sallyport runs')
    expect(stderr.toLowerCase()).not.toContain('canary')
    expect(stderr).not.toContain('    at ')
  })
})

describe('runs in AWS', () => {
  let aws: CloudWatch
  beforeAll(async () => {
    aws = await cloudWatch({ '/aws/lambda/Shop-prod-encrypted-payment': [...lines.paid], '/aws/lambda/Shop-prod-loan-application': [...lines.silent, ...lines.broken], '/aws/lambda/Shop-dev-loan-application': [] })
  })
  afterAll(() => aws.close())
  const since = ['--since', '2026-01-31']

  it('are asked for in one query over all log groups of the deployment, whose id cdk.out tells', async () => {
    const shop = projectOf([])
    synthesized(shop, 'Shop', 'dev')
    const { status, stdout, stderr } = await sallyport(shop, ['runs', '--stage', 'prod', ...since], aws.env)
    expect([status, stdout]).toEqual([0, (await sallyport(project, ['runs'])).stdout])
    expect(stderr).toMatch(/^looking through \/aws\/lambda\/Shop-prod-\* since 2026-01-31T00:00:00.000Z: \d+\.\d s\n$/)
    const query = aws.queries.at(-1)
    expect(query?.queryString).toBe('SOURCE logGroups(namePrefix: ["/aws/lambda/Shop-prod-"]) | fields @timestamp, @message, @log | filter event = "execution" | sort @timestamp desc | limit 10000')
    expect(query?.startTime).toBe(1_769_817_600)
  })
  it('are filtered there, in the one log group of a pipeline, under an id that is given', async () => {
    const { status, stdout } = await sallyport(project, ['runs', '--json', '--stage', 'prod', '--id', 'Shop', '--pipeline', 'loan-application', '--fault', 'IN_DOUBT', ...since], aws.env)
    expect([status, stdout]).toEqual([0, `${silent}\n`])
    expect(aws.queries.at(-1)).toMatchObject({ logGroupNames: ['/aws/lambda/Shop-prod-loan-application'], queryString: 'fields @timestamp, @message, @log | filter event = "execution" | filter fault = "IN_DOUBT" | sort @timestamp desc | limit 10000' })
  })
  it('are those of the last hour unless it is said otherwise', async () => {
    const { status, stderr } = await sallyport(project, ['runs', '--stage', 'prod', '--id', 'Shop'], aws.env)
    expect(status).toBe(0)
    expect(stderr).toContain('no such executions in /aws/lambda/Shop-prod-* within the last hour: --since looks further back\n')
    const { startTime = 0, endTime = 0 } = aws.queries.at(-1) ?? {}
    expect(Math.abs(endTime - startTime - 3_600)).toBeLessThan(60)
  })
  it.each([
    [[], '/aws/lambda/Shop-stage2-*', '--id'], [['--pipeline', 'loan-application'], '/aws/lambda/Shop-stage2-loan-application', '--id, --pipeline'],
  ])('say of a stage that is not deployed how to deploy it: %j', async (args, group, options) => {
    const { status, stdout, stderr } = await sallyport(project, ['runs', '--stage', 'stage2', '--id', 'Shop', ...args], aws.env)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr.trim().split('\n').at(-1)).toBe(`the stage stage2 of Shop has no log group ${group}: it is not deployed (npx cdk deploy --all -c stage=stage2), or ${options} or --region is another`)
  })
  it.each([
    ['AccessDeniedException', 'AWS does not admit this: logs:StartQuery on /aws/lambda/Shop-prod-* is needed, and logs:GetQueryResults and logs:StopQuery'],
    ['LimitExceededException', 'too many queries of CloudWatch Logs run in this account at this moment: try again'],
    ['UnrecognizedClientException', 'AWS does not know who asks: log in, or set AWS_PROFILE'],
    ['MalformedQueryException', 'MalformedQueryException: words of AWS'],
  ])('tell %s in a sentence', async (name, sentence) => {
    aws.refuses = name
    const { status, stdout, stderr } = await sallyport(project, ['runs', '--stage', 'prod', '--id', 'Shop'], aws.env)
    delete aws.refuses
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr.trim().split('\n').slice(1)).toEqual([sentence])
  })
  it('say that no Region is known', async () => {
    const { AWS_REGION: _, ...env } = aws.env
    const { status, stderr } = await sallyport(project, ['runs', '--stage', 'prod', '--id', 'Shop'], env)
    expect(status).toBe(1)
    expect(stderr).toContain('the Region is not known: say --region, or set AWS_REGION\n')
    expect((await sallyport(project, ['runs', '--stage', 'prod', '--id', 'Shop', '--region', 'eu-central-1'], env)).status).toBe(0)
  })
  it('stop their query when they are interrupted', async () => {
    aws.hangs = true
    const { interrupt } = started(project, ['runs', '--stage', 'prod', '--id', 'Shop'], aws.env)
    const before = aws.asked['GetQueryResults'] ?? 0
    await expect.poll(() => aws.asked['GetQueryResults'] ?? 0, { timeout: 10_000 }).toBeGreaterThan(before)
    const { status, stdout, stderr } = await interrupt()
    aws.hangs = false
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('interrupted: the query was stopped\n')
    expect(aws.asked['StopQuery']).toBe(1)
  })
})
