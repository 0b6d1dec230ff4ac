import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { projectOf, refused, started } from './executions.ts'

/** Lambda and Step Functions of AWS, as far as they are asked: what the function `failures` answers is each test's own. */
let aws: Server
type Asked = Record<string, Record<string, unknown>>
const asked: Asked[] = []
const steps: [operation: string, input: Record<string, unknown>][] = []
let answer: (event: Asked) => unknown
let execute: (operation: string, input: Record<string, unknown>) => object
const env: Record<string, string> = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', NO_COLOR: '1' }

beforeAll(async () => {
  aws = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const input = JSON.parse(Buffer.concat(chunks).toString()) as Asked
      const target = request.headers['x-amz-target']
      if (target !== undefined) {
        const operation = String(target).replace('AWSStepFunctions.', '')
        steps.push([operation, input])
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(execute(operation, input)))
      } else if (request.url !== '/2015-03-31/functions/Fix-dev-failures/invocations') response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' }).end('{}')
      else {
        asked.push(input)
        // A rerun takes a while, so that some of them meet.
        setTimeout(() => response.writeHead(200).end(JSON.stringify(answer(input))), 'rerun' in input ? 5 : 0)
      }
    })
  })
  await new Promise<void>((done) => { aws.listen(0, '127.0.0.1', done) })
  env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
})
afterAll(() => {
  vi.unstubAllEnvs()
  aws.close()
  aws.closeAllConnections()
})
beforeEach(() => {
  asked.length = steps.length = 0
})

const at = Date.UTC(2026, 10, 22, 8)
const failure = (id: string, rest: object = {}) => ({
  id, pipeline: 'loans', at, first: at - 60_000, attempt: 2, execution: '6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6', version: '0123456789ab', step: 'call', fault: 'PARTNER_FAILED', blame: 'partner', retry: true, effect: 'unknown', entity: '1042', waits: false, source: true, ...rest,
})
const [a, b] = ['f.aaaaaaaa', 'f.bbbbbbbb']
const run = (...args: string[]) => refused(...args, '--id', 'Fix')

describe('failures', () => {
  it('lists them as a table, the newest first, and says what becomes of each', async () => {
    answer = () => ({ failures: [failure(a, { entity: 'two\nlines' }), failure(b, { waits: true, step: undefined, entity: undefined, effect: 'none' })], from: 'next' })
    expect(await run('failures', '--pipeline', 'loans', '--fault', 'PARTNER_FAILED', '--entity', 'x-1', '--limit', '2')).toEqual({ status: 0, stderr: '', stdout: `\
failed (UTC)         id          pipeline  fault           step  times  effect   entity          next
2026-11-22 08:00:00  f.aaaaaaaa  loans     PARTNER_FAILED  call      2  unknown  two\\u000alines  can be rerun
2026-11-22 08:00:00  f.bbbbbbbb  loans     PARTNER_FAILED            2  none                     comes again by itself

There are more: --limit shows more of them, --count counts all
` })
    expect(asked).toEqual([{ list: { pipeline: 'loans', fault: 'PARTNER_FAILED', entity: 'x-1', limit: 2 } }])
  })
  it('reads pages until there are as many as are wanted', async () => {
    answer = ({ list }) => list?.['from'] === undefined ? { failures: [failure(a)], from: 'next' } : { failures: [failure(b)] }
    const { stdout } = await run('failures', '--json')
    expect(JSON.parse(stdout)).toEqual({ stage: 'dev', failures: [failure(a), failure(b)], more: false })
    expect(asked).toEqual([{ list: { limit: 50 } }, { list: { limit: 49, from: 'next' } }])
  })
  it('shows one by its id', async () => {
    answer = () => ({ failures: [failure(a, { retry: false, attempt: 1 })] })
    expect((await run('failures', 'aaaaaaaa')).stdout).toBe(`\
failure    f.aaaaaaaa
pipeline   loans, definition 0123456789ab
fault      PARTNER_FAILED, blame partner, in call
failed     1 time, first 2026-11-22 07:59:00.000, last 2026-11-22 08:00:00.000 UTC
effect     unknown: a partner may have acted; a rerun asks the duplicate check first, where the pipeline has one
entity     1042
execution  6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6
next       fails alike until something is mended
`)
    expect(asked).toEqual([{ list: { id: a } }])
    answer = () => ({ failures: [] })
    expect(await run('failures', a)).toMatchObject({ status: 1, stderr: 'there is no such failure: it went well meanwhile, was forgotten, or has expired\n' })
  })
  it('counts them', async () => {
    answer = () => ({ total: 3, more: false, counts: [{ pipeline: 'loans', fault: 'UNAVAILABLE', blame: 'us', count: 3, retry: 2, oldest: at - 60_000, newest: at }] })
    expect((await run('failures', '--count')).stdout).toBe(`\
pipeline  fault        blame  failures  a rerun may help  oldest (UTC)         newest (UTC)
loans     UNAVAILABLE  us            3                 2  2026-11-22 07:59:00  2026-11-22 08:00:00
3 failures
`)
  })
})

describe('rerun of one', () => {
  const canary = '{"ssn":"078051120"}'
  it('with the payload that is given, which is shown nowhere', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sallyport-test-')), 'body')
    writeFileSync(file, canary)
    answer = () => ({ id: a, done: true })
    expect(await run('rerun', a, '--body', file)).toEqual({ status: 0, stdout: 'f.aaaaaaaa is done, and its record is gone\n', stderr: '' })
    expect(asked).toEqual([{ rerun: { id: a, body: 'eyJzc24iOiIwNzgwNTExMjAifQ==', force: false } }])
  })
  it.each([
    [{ done: false, fault: 'PARTNER_SILENT' }, 'f.aaaaaaaa failed again: PARTNER_SILENT; npx sallyport failures f.aaaaaaaa tells more\n', ''],
    [{ done: false, why: 'waits' }, '', 'f.aaaaaaaa was not run: its message is still in its queue, and comes again by itself; --force runs it now as well\n'],
    [{ done: false, fault: 'RERUN_MISMATCH' }, '', 'f.aaaaaaaa was not run: this payload is not the one that failed\n'],
    [{ done: false, why: 'body' }, '', 'f.aaaaaaaa was not run: the pipeline cannot read the message again: give its payload with --body\n'],
  ])('%j', async (reran, stdout, stderr) => {
    answer = () => ({ id: a, ...reran })
    expect(await run('rerun', a)).toEqual({ status: 1, stdout, stderr })
  })
})

describe('rerun of many', () => {
  const pages = (ids: readonly string[], rest: readonly string[] = []) => ({ list, count, rerun }: Asked): unknown => {
    if (count !== undefined) return { total: ids.length + rest.length, more: false, counts: [] }
    if (list !== undefined) return list['from'] === undefined ? { failures: ids.map((id) => failure(id)), ...rest.length > 0 && { from: 'next' } } : { failures: rest.map((id) => failure(id)) }
    const id = String(rerun?.['id'])
    return id === 'f.again000' ? { id, done: false, fault: 'UNAVAILABLE' } : id === 'f.body0000' ? { id, done: false, why: 'body' } : id === 'f.gone0000' ? { id, done: false, why: 'gone' } : { id, done: true }
  }
  it('page by page, those that it may help; tells how many on standard error', async () => {
    answer = pages([a, 'f.gone0000'], [b])
    expect(await run('rerun', '--pipeline', 'loans', '--fault', 'UNAVAILABLE', '--yes')).toEqual({ status: 0, stdout: '3 done, 0 failed again\n', stderr: `\
3 failures of loans in the stage dev
2 done, 0 failed again, 1 left
3 done, 0 failed again, 0 left
` })
    const wanted = { pipeline: 'loans', fault: 'UNAVAILABLE', retry: true }
    expect(asked.filter(({ rerun }) => rerun === undefined)).toEqual([{ count: wanted }, { list: { ...wanted, limit: 100 } }, { list: { ...wanted, limit: 100, from: 'next' } }])
    expect(asked.flatMap(({ rerun }) => rerun === undefined ? [] : [rerun])).toEqual([a, 'f.gone0000', b].map((id) => ({ id, force: false })))
  })
  it('gives 1 where some failed again, and says why others were not run', async () => {
    answer = pages([a, 'f.again000', 'f.body0000'])
    const { status, stdout, stderr } = await run('rerun', '--pipeline', 'loans', '--yes', '--force', '--json')
    expect([status, JSON.parse(stdout)]).toEqual([1, { stage: 'dev', done: 1, failed: 2, refused: { body: 1 }, stopped: false }])
    expect(stderr).toContain('1 not run: the pipeline cannot read the message again: give its payload with --body\n')
    expect(asked[0]).toEqual({ count: { pipeline: 'loans' } })
  })
  it('asks nobody who is not there', async () => {
    answer = pages([a])
    expect(await run('rerun', '--pipeline', 'loans')).toMatchObject({ status: 2, stderr: expect.stringMatching(/^this would rerun 1 failure of loans in the stage dev: say --yes, since nobody can be asked here\n/) as string })
    expect(asked).toHaveLength(1)
    answer = pages([])
    expect(await run('rerun', '--pipeline', 'loans')).toMatchObject({ status: 0, stdout: 'no such failures that a rerun may help; npx sallyport failures --count shows the others\n' })
  })
  it('not more at a time than are wanted', async () => {
    let [under, highest] = [0, 0]
    const other = pages(Array.from({ length: 9 }, (_, i) => `f.0000000${i}`))
    answer = (event) => {
      if (event['rerun'] !== undefined) under--
      return other(event)
    }
    const counting = (request: { url?: string | undefined }): void => {
      if (request.url === undefined || asked.length < 2) return
      highest = Math.max(highest, ++under)
    }
    aws.on('request', counting)
    expect((await run('rerun', '--pipeline', 'loans', '--yes', '--concurrency', '3')).status).toBe(0)
    aws.off('request', counting)
    expect(highest).toBe(3)
  })
  it('ends behind those under way when Ctrl-C is pressed, and says how to go on', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `f.${String(i).padStart(8, '0')}`)
    answer = pages(many)
    const { child, ended } = started(projectOf([]), ['rerun', '--pipeline', 'loans', '--yes', '--concurrency', '1', '--id', 'Fix'], env)
    await vi.waitUntil(() => asked.length > 4, { timeout: 10_000 })
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    const reruns = asked.filter(({ rerun }) => rerun !== undefined).length
    expect([status, stdout]).toEqual([1, `${reruns} done, 0 failed again\n`])
    expect(reruns).toBeLessThan(100)
    expect(stderr).toContain('stopped; the same command goes on with the others, since what is done has no record any more\n')
  })
})

describe('rerun in AWS', () => {
  const machine = 'arn:aws:states:us-east-1:123456789012:stateMachine:Fix-dev-reruns'
  beforeEach(() => {
    answer = () => ({ total: 1_200, more: false, counts: [] })
    const outputs = [{ done: 999, failed: 1, left: true, from: 'next' }, { done: 200, failed: 0, left: false, from: null }]
    execute = (operation) => {
      if (operation === 'ListStateMachines') return { stateMachines: [{ name: 'Other-dev-reruns', stateMachineArn: 'other' }, { name: 'Fix-dev-reruns', stateMachineArn: machine }] }
      if (operation === 'StartExecution') return { executionArn: `${machine.replace('stateMachine', 'execution')}:run-${outputs.length}` }
      if (operation === 'ListExecutions') return { executions: [{ executionArn: 'one' }, { executionArn: 'two' }] }
      return operation === 'DescribeExecution' ? { status: 'SUCCEEDED', output: JSON.stringify(outputs.shift()) } : {}
    }
  })
  it('starts the state machine, again where it had not room for all, and sums up', async () => {
    expect(await run('rerun', '--pipeline', 'loans', '--since', '2026-01-31', '--yes', '--in-aws')).toEqual({ status: 1, stdout: '1199 done, 1 failed again\n', stderr: `\
1200 failures of loans in the stage dev
run-2 is running
999 done, 1 failed again, more to do
run-1 is running
1199 done, 1 failed again
` })
    const input = { pipeline: 'loans', since: Date.UTC(2026, 0, 31), concurrency: 5, force: false }
    expect(steps.filter(([operation]) => operation === 'StartExecution').map(([, { stateMachineArn, input }]) => [stateMachineArn, JSON.parse(input as string)])).toEqual([[machine, input], [machine, { ...input, from: 'next' }]])
  })
  it('stops what runs', async () => {
    expect(await run('rerun', '--in-aws', '--stop')).toEqual({ status: 0, stdout: '2 executions are stopped; what was not run still has its record\n', stderr: '' })
    expect(steps.filter(([operation]) => operation === 'StopExecution').map(([, { executionArn }]) => executionArn)).toEqual(['one', 'two'])
    expect(steps.find(([operation]) => operation === 'ListExecutions')?.[1]).toMatchObject({ stateMachineArn: machine, statusFilter: 'RUNNING' })
  })
  it('says how an execution ended that did not go well, and where there is no state machine', async () => {
    const before = execute
    execute = (operation, input) => operation === 'DescribeExecution' ? { status: 'ABORTED' } : before(operation, input)
    expect(await run('rerun', '--pipeline', 'loans', '--yes', '--in-aws')).toMatchObject({ status: 1, stderr: expect.stringContaining('the execution ended as ABORTED: what was not run still has its record') as string })
    execute = (operation, input) => operation === 'DescribeExecution' ? { status: 'FAILED', error: 'Refused', cause: 'from is what the page before gave' } : before(operation, input)
    expect(await run('rerun', '--pipeline', 'loans', '--yes', '--in-aws')).toMatchObject({ status: 1, stderr: expect.stringMatching(/^from is what the page before gave$/m) as string })
    execute = () => ({ stateMachines: [] })
    expect(await run('rerun', '--in-aws', '--stop')).toMatchObject({ status: 1, stderr: 'there is no state machine Fix-dev-reruns: no pipeline of this stage keeps records of failures, or it is not deployed\n' })
  })
})

describe('forget', () => {
  it('asks again until all is deleted, and tells how many rows', async () => {
    answer = ({ forget }) => forget?.['from'] === undefined ? { rows: 100, from: 'again' } : { rows: 2 }
    expect(await run('forget', '--pipeline', 'loans', '--entity', '1042', '--reason', 'erasure, ticket 4711', '--yes')).toEqual({ status: 0, stdout: '102 rows are deleted; backups by point-in-time recovery end after 35 days\n', stderr: '' })
    const forget = { pipeline: 'loans', entity: '1042', reason: 'erasure, ticket 4711', by: userInfo().username }
    expect(asked).toEqual([{ forget }, { forget: { ...forget, from: 'again' } }])
  })
})

describe('what the function refuses is told by its sentence', () => {
  it.each([[['failures', '--pipeline', 'loans']], [['failures', '--count']], [['rerun', a]], [['rerun', '--pipeline', 'loans', '--yes']], [['forget', '--pipeline', 'loans', '--reason', 'erasure, ticket 4711', '--yes']]])('%j', async (args) => {
    answer = () => ({ refused: 'this pipeline keeps no records of failures' })
    expect(await run(...args)).toEqual({ status: 1, stdout: '', stderr: 'this pipeline keeps no records of failures\n' })
  })
})

describe('what is refused, before anybody is asked', () => {
  it.each([
    [['failures', a, b], 'failures takes one ID'], [['failures', a, '--count'], 'an ID says which failure'], [['failures', '--entity', 'x'], '--entity is one of a pipeline: name the --pipeline'], [['failures', '--fault', 'any'], '--fault: write one of the fault table'],
    [['failures', 'no id!'], 'an ID is that of a failure'], [['rerun'], 'name the ID of a failure, or a --pipeline'], [['rerun', a, b], 'rerun takes one ID'], [['rerun', a, '--pipeline', 'loans'], 'an ID says which failure'],
    [['rerun', '--pipeline', 'loans', '--body', 'file'], '--body is the payload of one failure: name its ID'], [['rerun', a, '--body', '/no/such/file'], '--body: this file cannot be read'], [['rerun', '--pipeline', 'loans', '--concurrency', '41'], '--concurrency: write a number from 1 to 40'],
    [['rerun', '--pipeline', 'loans', '--stop'], '--stop is of --in-aws'], [['rerun', '--pipeline', 'loans', '--entity', 'x', '--in-aws'], '--entity would stay in the history of the state machine'],
    [['forget', '--reason', 'erasure, ticket 4711', '--yes'], 'name the --pipeline'], [['forget', '--pipeline', 'loans', '--reason', 'because', '--yes'], 'give a --reason of 10 to 300 characters'],
    [['forget', '--pipeline', 'loans', '--reason', 'erasure, ticket 4711'], 'what is forgotten cannot be rerun'], [['forget', '--pipeline', 'loans', '--entity', 'ada-1042', '--reason', 'erasure of ada-1042', '--yes'], 'the --reason stays in the log: leave the entity out of it'],
  ])('%j', async (args, sentence) => {
    const { status, stdout, stderr } = await run(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
    expect(asked).toEqual([])
  })
  it('says when the stage is not there', async () => {
    expect(await run('failures', '--stage', 'prod')).toMatchObject({ status: 1, stderr: expect.stringContaining('the stage prod is not there') as string })
  })
})
