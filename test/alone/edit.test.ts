import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { files } from '../../cli/project.ts'
import type { Run } from '../../local/run.ts'
import { signed } from '../../local/signed-fetch.ts'

/** A project as `init` writes it, edited while `sallyport start` runs. Inside the package, so that its types are found by name. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.local/edit')
const greet = join(folder, 'steps/greet.ts')
const signUp = join(folder, 'pipelines/sign-up.ts')
let child: ChildProcess
let said = ''
const run = (): Run => JSON.parse(readFileSync(join(folder, '.local/run.json'), 'utf8')) as Run

const edit = (file: string, from: string, to: string): void => {
  const before = readFileSync(file, 'utf8')
  expect(before).toContain(from)
  writeFileSync(file, before.replace(from, to))
}
async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  throw new Error(`${what} did not come: ${said.slice(-2_000)}`)
}
async function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
  const { gateway, aws } = run()
  const response = await fetch(`${gateway}${path}`, signed(`${gateway}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, { ...aws, service: 'execute-api' }))
  return { status: response.status, body: await response.json() }
}
let count = 0
const someone = (): object => ({ email: `ada-${++count}@example.com`, name: 'Ada' })

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  for (const [file, text] of Object.entries(files('Edited'))) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'start', '--inspect', 'sign-up:9339'], { cwd: folder, env: { ...process.env, PORT: '0', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { said += chunk.toString() })
  await until('sallyport start', () => existsSync(join(folder, '.local/run.json')) && said.includes('From here on the log'))
})
afterAll(async () => {
  const gone = new Promise((resolve) => { child.on('exit', resolve) })
  if (child.exitCode === null && child.kill('SIGTERM')) await gone
  rmSync(folder, { recursive: true, force: true })
})

describe('an edit', () => {
  test('of a step runs with the next message, behind the same gateway, with the same state', async () => {
    const first = { ...someone(), email: 'first@example.com' }
    expect(await post('/sign-ups', first)).toEqual({ status: 201, body: { greeting: 'Welcome, Ada' } })
    const { gateway, pids } = run()
    edit(greet, 'Welcome', 'Good day')
    await until('the new greeting', async () => JSON.stringify((await post('/sign-ups', someone())).body).includes('Good day'))
    expect(run()).toMatchObject({ gateway, pids: { gateway: pids.gateway } })
    expect(await post('/sign-ups', first)).toMatchObject({ status: 409, body: { code: 'DUPLICATE' } })
  })

  test('of what a template is made from changes route, policy and function while the gateway stays', async () => {
    const { gateway, pids } = run()
    edit(signUp, "post('/sign-ups'", "post('/joiners'")
    await until('the new route', async () => (await post('/joiners', someone())).status === 201)
    expect((await post('/sign-ups', someone())).status).toBe(404)
    writeFileSync(join(folder, 'pipelines/second.ts'), readFileSync(signUp, 'utf8').replace("name: 'sign-up'", "name: 'second'").replace('/joiners', '/seconds'))
    await until('the new pipeline', async () => (await post('/seconds', someone())).status === 201)
    edit(signUp, "post('/joiners'", "post('/sign-ups'")
    rmSync(join(folder, 'pipelines/second.ts'))
    await until('the old route', async () => (await post('/sign-ups', someone())).status === 201)
    expect((await post('/seconds', someone())).status).toBe(404)
    expect(run()).toMatchObject({ gateway, pids: { gateway: pids.gateway } })
  })

  test.each([
    ['a misspelt field', "by: 'email'", "by: 'emial'", /^✗ pipelines\/sign-up\.ts:19: Type '"emial"' is not assignable to type '"email" \| "name" \| undefined'\. Did you mean '"email"'\?$/m],
    ['a misspelt option', 'days: 30', 'dyas: 30', /^✗ pipelines\/sign-up\.ts:19: Object literal may only specify known properties, and 'dyas' does not exist/m],
    ['an option that cannot be', 'days: 30', 'days: 0', /^✗ pipelines\/sign-up\.ts:19: deduplicate by email: days is between a minute and ten years$/m],
    ['broken text', 'flow(', 'flow((', /^✗ pipelines\/sign-up\.ts:\d+: /m],
  ])('with a mistake, %s, is told with its file and line, and the last good version goes on', async (_, from, to, sentence) => {
    const before = said.length
    edit(signUp, from, to)
    const message = await until('the mistake', () => said.slice(before).includes('the last good version goes on') && said.slice(before))
    expect(message).toMatch(sentence)
    expect(message).not.toContain('    at ')
    expect((await post('/sign-ups', someone())).status).toBe(201)
    edit(signUp, to, from)
    await until('the mended file', () => said.slice(before).includes('↻ sign-up.ts: running'))
    expect((await post('/sign-ups', someone())).status).toBe(201)
  })
})

test('a debugger can be attached to the function', async () => {
  const version = await until('the inspector', async () => fetch('http://127.0.0.1:9339/json/version').then((response) => response.json(), () => false)) as { Browser: string }
  expect(version.Browser).toMatch(/^node\.js\/v24/)
  const [target] = await (await fetch('http://127.0.0.1:9339/json/list')).json() as { title: string }[]
  expect(target?.title).toBeDefined()
})
