import { execFile, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../local/run.ts'
import { signed } from '../../local/signed-fetch.ts'

/** A stranger's first day: an empty folder, the machine's own Node and npm, the tarball, and README. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'first-day-'))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The machine's Node, not the one that this repository brings. */
const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(root) && !entry.includes('node_modules')).join(delimiter)
const env: NodeJS.ProcessEnv = { ...process.env, PATH: path, NO_COLOR: '1', npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' }
// What vitest and npm tell their children is not what a shell would.
for (const name of Object.keys(env)) if (/^(VITEST|NODE_|INIT_CWD|npm_(package|lifecycle|node_execpath|execpath|command))/.test(name)) delete env[name]

interface Said { readonly status: number; readonly stdout: string; readonly stderr: string }
const shell = async (line: string, cwd = folder, more: NodeJS.ProcessEnv = {}): Promise<Said> => {
  try {
    return { status: 0, ...await promisify(execFile)('sh', ['-c', line], { cwd, env: { ...env, ...more }, maxBuffer: 16 * 1024 * 1024 }) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { status: code, stdout, stderr }
  }
}
const right = async (line: string): Promise<string> => {
  const { status, stdout, stderr } = await shell(line)
  expect(status, `${line}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}

/** `npm start` until it is up, and what became of a message. */
async function running<T>(use: (run: Run) => Promise<T>): Promise<T> {
  const child = spawn('npm', ['start'], { cwd: folder, env: { ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const gone = new Promise<void>((resolve) => { child.on('exit', () => resolve()) })
  try {
    const file = join(folder, '.local/run.json')
    for (let tries = 0; !existsSync(file); tries++) {
      if (tries > 300 || child.exitCode !== null) throw new Error(`npm start did not come up:\n${said}`)
      await new Promise((resolve) => { setTimeout(resolve, 200) })
    }
    return await use(JSON.parse(readFileSync(file, 'utf8')) as Run)
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    await gone
  }
}
const post = (run: Run, route: string, body: string): Promise<Response> =>
  fetch(`${run.gateway}${route}`, signed(`${run.gateway}${route}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }, { ...run.aws, service: 'execute-api' }))

let tarball = ''
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'cli/main.ts'), 'package'], { cwd: root })
  tarball = join(root, stdout.trim())
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the machine has a Node that reads no TypeScript, or a newer one', () => {
  const { stdout } = spawnSync('sh', ['-c', 'command -v node'], { env, encoding: 'utf8' })
  expect(dirname(stdout.trim()).startsWith(root)).toBe(false)
})

describe('by README alone', () => {
  // One after the other, as they stand there.
  const [, block = ''] = /## Start\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? []
  const lines = block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '' && !line.startsWith('mkdir'))

  test('README says what to do in an empty folder', () => {
    expect(lines).toEqual(['npm install sallyport', 'npx sallyport init', 'npm test', 'npm start'])
  })
  test('the folder has a project, whose test passes, and which runs', async () => {
    await right(lines[0]?.replace('sallyport', tarball) ?? '')
    const made = await right(lines[1] ?? '')
    expect(made).toContain('pipelines/sign-up.ts')
    const tested = await shell(lines[2] ?? '')
    expect([tested.status, tested.stdout]).toEqual([0, expect.stringMatching(/1 passed/)])
    const replies = await running(async (run) => {
      const example = readFileSync(join(folder, 'pipelines/sign-up.example.json'), 'utf8')
      return [await post(run, '/sign-ups', example), await post(run, '/sign-ups', example.replace('ada@', 'ADA@'))]
    })
    expect(replies.map(({ status }) => status)).toEqual([201, 409])
    expect(await replies[0]?.json()).toEqual({ greeting: 'Welcome, Ada' })
  }, 240_000)
})

describe('the project', () => {
  test('has its types checked, and a misspelt field is told with its file and line', async () => {
    await right('npm run typecheck')
    const file = join(folder, 'pipelines/sign-up.ts')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace("by: 'email'", "by: 'emial'"))
    const { status, stderr } = await shell('npx sallyport start --once')
    writeFileSync(file, before)
    expect(status).toBe(2)
    expect(stderr).toContain(`pipelines/sign-up.ts:19: Type '"emial"' is not assignable to type '"email" | "name" | undefined'. Did you mean '"email"'?`)
    expect(stderr).not.toContain('    at ')
  }, 60_000)

  test('is synthesized by the CDK CLI under its own name, for each stage', async () => {
    await right('npx cdk synth -q')
    await right('npx cdk synth -q -c stage=prod -o cdk.out/prod')
    expect(readdirSync(join(folder, 'cdk.out')).filter((name) => name.endsWith('.template.json')).map((name) => name.replace(/^.*?-(?=dev)/, ''))).toEqual(['dev-state.template.json', 'dev.template.json'])
    expect(readdirSync(join(folder, 'cdk.out/prod')).filter((name) => name.endsWith('-prod.template.json'))).toHaveLength(1)
  }, 120_000)

  test('takes a pipeline that is drafted on the command line, with its test', async () => {
    await right('npx sallyport new refund post:/refunds:jose deduplicate:refundId hash:payer.ssn call:my-bank transform')
    await right('npm run typecheck')
    expect(await right('npm test')).toMatch(/2 passed/)
    const { pipelines } = JSON.parse(await right('npx sallyport manifest --json')) as { pipelines: { name: string }[] }
    expect(pipelines.map(({ name }) => name)).toEqual(['refund', 'sign-up'])
  }, 60_000)

  test('takes a step, a cipher and an account type of the user\'s own, without a change of ours', async () => {
    cpSync(join(root, 'test/package/own'), folder, { recursive: true })
    await right('npm run typecheck')
    expect(await right('npm test')).toMatch(/3 passed/)
    await running(async (run) => {
      const put = await shell('npx sallyport accounts put mirror --stage local < /dev/null')
      expect(put.status).toBe(1)
      const entered = spawnSync('sh', ['-c', `printf '{"pin":"4711-0815"}' | npx sallyport accounts put mirror --stage local`], { cwd: folder, env, encoding: 'utf8' })
      expect([entered.status, entered.stdout]).toEqual([0, expect.stringContaining('accounts/mirror holds the credential')])
      await post(run, '/own', '{"text":"quiet"}')
      const [line = ''] = readFileSync(run.partners['mirror']?.received ?? '', 'utf8').split('\n')
      const { headers, body } = JSON.parse(line) as { headers: Record<string, string>; body: string }
      expect([headers['x-pin'], headers['content-type'], Buffer.from(body, 'base64').toString()]).toEqual(['4711-0815', 'text/plain', '}"TEIUQ":"txet"{'])
    })
  }, 90_000)
})

test('bad input: one sentence with the file, the field and what to write instead, exit 2, no stack', async () => {
  const file = join(folder, 'pipelines/sign-up.ts')
  const before = readFileSync(file, 'utf8')
  const mistakes: [string, string, RegExp][] = [
    ['days: 30', 'days: 0', /^pipelines\/sign-up\.ts:\d+: deduplicate by email: days is between a minute and ten years\n$/],
    ["name: 'sign-up'", "name: 'Sign up'", /^pipelines\/sign-up\.ts:\d+: pipeline name "Sign up": write lower-case words joined by hyphens/],
    ["from './realm.ts'", "from './reaml.ts'", /^pipelines\/sign-up\.ts:\d+: Could not resolve "\.\/reaml\.ts"\n$/],
    ['export default pipeline(', 'export const it = pipeline(', /sign-up\.ts: its default export is not a pipeline/],
  ]
  for (const [right, wrong, sentence] of mistakes) {
    writeFileSync(file, before.replace(right, wrong))
    const { status, stdout, stderr } = await shell('npx --no sallyport manifest')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr.split('\n').filter((line) => !line.startsWith('npm warn')).join('\n')).toMatch(sentence)
  }
  writeFileSync(file, before)
}, 60_000)
