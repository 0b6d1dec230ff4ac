import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { command } from '../../cli/command.ts'

const script = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** Lines of the local run as they were written, and of an execution whose partner kept silent. */
export const lines = {
  keys: '{"time":"2026-01-31T08:00:00.060Z","level":"info","event":"keys","kid":"payments-inbox-rsa-1"}',
  paid: [
    '{"time":"2026-01-31T08:00:05.832Z","level":"info","event":"log","id":"6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6","pipeline":"encrypted-payment","payment":{"paymentId":"pay-a0b8a45f","card":{"number":"***"}}}',
    '{"event":"print","level":"warn","id":"6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6","text":"two\\nlines and \\u009b31m"}',
    '{"time":"2026-01-31T08:00:05.920Z","level":"info","event":"execution","id":"6ffc5f23-55b1-4c6b-907a-abd1bcfe67b6","pipeline":"encrypted-payment","started":"2026-01-31T08:00:05.754Z","outcome":"done","status":202,"ms":165.74,"records":{"done":1,"failed":0},"sends":1,"calls":{"dynamodb:Query":1,"kms:GenerateMac":2,"dynamodb:PutItem":1},"cost":22.68,"steps":{"decrypt":82.87,"parse-json":1.02,"deduplicate":33.35,"call":41.95}}',
  ],
  silent: [
    '{"time":"2026-01-31T08:00:06.250Z","level":"warn","event":"attempt","id":"89e68308-64cb-474b-aef1-a4aac2463f03","pipeline":"loan-application","kind":"call","fault":"PARTNER_SILENT","effect":"unknown"}',
    '{"time":"2026-01-31T08:00:06.301Z","level":"warn","event":"execution","id":"89e68308-64cb-474b-aef1-a4aac2463f03","pipeline":"loan-application","started":"2026-01-31T08:00:06.288Z","outcome":"fault","status":409,"fault":"IN_DOUBT","blame":"sender","ms":13.18,"records":{"done":0,"failed":1},"sends":0,"calls":{"dynamodb:PutItem":1},"cost":1.91,"steps":{"validate":0.36,"deduplicate":10.84}}',
  ],
  broken: [
    '{"time":"2026-01-31T08:00:07.301Z","level":"error","event":"execution","id":"89e68999-1111-4222-8333-444444444444","pipeline":"loan-application","started":"2026-01-31T08:00:07.288Z","outcome":"fault","status":500,"fault":"STEP_FAILED","blame":"us","ms":3.5,"records":{"done":0,"failed":1},"sends":0,"calls":{},"cost":1.31,"steps":{"validate":3.1},"error":"TypeError","at":["at run (file:///var/task/index.js:1:2)"]}',
  ],
  ended: '{"function":"loan-application","text":"2026-01-31T08:00:08.000Z a83654d2-7423-4c91-9548-0b20627562c0 Task timed out after 15.00 seconds"}',
  began: '{"time":"2026-01-31T08:00:07.900Z","level":"info","event":"log","id":"a83654d2-7423-4c91-9548-0b20627562c0","pipeline":"loan-application","step":"began"}',
  lost: '{"time":"2026-01-31T08:00:09.000Z","level":"info","event":"fallback","id":"b0000000-0000-4000-8000-000000000000","fault":"NOT_FOUND"}',
} as const

/** All of them, as the log has them. */
export const all: readonly string[] = [lines.keys, ...lines.paid, ...lines.silent, ...lines.broken, lines.began, lines.ended, lines.lost]

/** A project of its own, with a local log of these lines. */
export function projectOf(texts: readonly string[], older: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  writeFileSync(join(folder, 'cdk.json'), '{}')
  mkdirSync(join(folder, '.local'))
  for (const [name, kept] of [['log.jsonl', texts], ['log.jsonl.old', older]] as const) if (kept.length > 0) writeFileSync(join(folder, '.local', name), kept.map((text) => `${text}\n`).join(''))
  return folder
}

/** Says in a project what `cdk synth` says of an app. */
export function synthesized(project: string, id: string, stage: string, folder = 'cdk.out'): void {
  mkdirSync(join(project, folder), { recursive: true })
  writeFileSync(join(project, folder, 'manifest.json'), JSON.stringify({ artifacts: { tree: { type: 'cdk:tree' }, App: { type: 'aws:cloudformation:stack', properties: { templateFile: 'App.template.json' } } } }))
  writeFileSync(join(project, folder, 'App.template.json'), JSON.stringify({ Metadata: { sallyport: { id, stage } } }))
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command in a process of its own: `written` grows, and Ctrl-C ends it. */
export function started(project: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, node: readonly string[] = []) {
  const child = spawn(process.execPath, [...node, script, ...args], { cwd: project, env: { PATH: process.env['PATH'], HOME: project, NO_COLOR: '1', NODE_NO_WARNINGS: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk: Buffer) => { written[name] += chunk.toString() })
  const ended = once(child, 'close').then(([status]): Ran => ({ ...written, status: status as number | null }))
  return { child, written, ended, interrupt: (): Promise<Ran> => { child.kill('SIGINT'); return ended } }
}

/** The command, to its end. */
export const sallyport = (...args: Parameters<typeof started>): Promise<Ran> => started(...args).ended

/** The command in this process, for what is refused before anything is read. */
export async function refused(...args: string[]): Promise<Ran> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) vi.spyOn(process[name], 'write').mockImplementation((text) => { said[name] += String(text); return true })
  try {
    return { status: await command(args), ...said }
  } finally {
    vi.restoreAllMocks()
  }
}

/** CloudWatch Logs as far as it is asked: queries of ours over lines by their log group. */
export interface CloudWatch {
  readonly env: NodeJS.ProcessEnv
  /** By log group; tests add to them. */
  readonly groups: Record<string, string[]>
  /** Bodies of StartQuery, in order. */
  readonly queries: { queryString: string; startTime: number; endTime: number; logGroupNames?: string[] }[]
  /** How often each operation was asked for. */
  readonly asked: Record<string, number>
  /** Answered to StartQuery instead. */
  refuses?: string
  /** Queries do not end by themselves. */
  hangs?: boolean
  close(): void
}

type Query = CloudWatch['queries'][number]

const fieldsOf = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** What a command of the query language lets pass; nothing for one that this does not understand. */
function filterOf(command: string): ((text: string) => boolean) | undefined {
  const [, like] = /^filter @message like "([^"\\]+)"$/.exec(command) ?? []
  const [, name, value] = /^filter (event|fault) = "([^"\\]+)"$/.exec(command) ?? []
  if (like !== undefined) return (text) => text.includes(like)
  if (name !== undefined) return (text) => fieldsOf(text)[name] === value
  if (command === 'filter ispresent(fault)') return (text) => 'fault' in fieldsOf(text)
  if (command === 'filter @message not like /"type":"platform\\./ or (ispresent(record.status) and record.status != "success")') {
    return (text) => !text.includes('"type":"platform.') || !['success', undefined].includes((fieldsOf(text)['record'] as { status?: string }).status)
  }
  return undefined
}

/** Rows of a query; the name of an error for what is not understood. */
function answer(groups: CloudWatch['groups'], { queryString, startTime, endTime, logGroupNames }: Query): { scanned: number; rows: { field: string; value: string }[][] } | string {
  const commands = queryString.split(' | ')
  const [, prefix] = /^SOURCE logGroups\(namePrefix: \["([^"\\]+)"\]\)$/.exec(commands[0] ?? '') ?? []
  if ((prefix === undefined) === (logGroupNames === undefined)) return 'InvalidParameterException'
  const chosen = logGroupNames ?? Object.keys(groups).filter((name) => name.startsWith(prefix ?? ''))
  if (chosen.some((name) => groups[name] === undefined)) return 'ResourceNotFoundException'
  if (prefix !== undefined) commands.shift()
  if (commands.shift() !== 'fields @timestamp, @message, @log' || commands.splice(-2, 1)[0] !== 'sort @timestamp desc') return 'MalformedQueryException'
  const [, limit] = /^limit (\d+)$/.exec(commands.pop() ?? '') ?? []
  const filters = commands.map(filterOf)
  if (limit === undefined || filters.includes(undefined)) return 'MalformedQueryException'
  const found = chosen.flatMap((name) => (groups[name] ?? []).map((text, i) => ({ name, text, pointer: `${name}#${i}`, at: Date.parse(/\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(text)?.[0] ?? '') })))
    .filter(({ text, at }) => at >= startTime * 1_000 && at <= endTime * 1_000 && filters.every((passes) => passes?.(text)))
    .sort((a, b) => b.at - a.at).slice(0, Number(limit))
  return { scanned: chosen.length, rows: found.map(({ name, text, pointer, at }) => [
    { field: '@timestamp', value: new Date(at).toISOString().replace('T', ' ').replace('Z', '') }, { field: '@message', value: text },
    { field: '@log', value: `000000000000:${name}` }, { field: '@ptr', value: pointer },
  ]) }
}

export async function cloudWatch(groups: CloudWatch['groups']): Promise<CloudWatch> {
  const state: Omit<CloudWatch, 'env' | 'close'> = { groups, queries: [], asked: {} }
  const looks = new Map<string, number>()
  const operate = (operation: string, body: Record<string, unknown>): object | string => {
    state.asked[operation] = (state.asked[operation] ?? 0) + 1
    if (operation === 'StartQuery') {
      if (state.refuses !== undefined) return state.refuses
      const query = body as unknown as Query
      const found = answer(groups, query)
      if (typeof found === 'string') return found
      return { queryId: `query-${state.queries.push(query)}` }
    }
    const queryId = String(body['queryId'])
    const query = state.queries[Number(queryId.slice(6)) - 1]
    if (query === undefined) return 'ResourceNotFoundException'
    if (operation === 'StopQuery') return { success: true }
    if (operation !== 'GetQueryResults') return 'UnknownOperationException'
    looks.set(queryId, (looks.get(queryId) ?? 0) + 1)
    if (state.hangs === true || looks.get(queryId) === 1) return { status: 'Running', results: [] }
    const { rows, scanned } = answer(groups, query) as Exclude<ReturnType<typeof answer>, string>
    return { status: 'Complete', results: rows, statistics: { recordsMatched: rows.length, logGroupsScanned: scanned } }
  }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const [, operation = ''] = /^Logs_20140328\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? []
      const answered = operate(operation, JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>)
      response.writeHead(typeof answered === 'string' ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(typeof answered === 'string' ? { __type: answered, message: 'words of AWS' } : answered))
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    env: { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${port}`, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' },
    close: () => { server.closeAllConnections(); server.close() },
  })
}
