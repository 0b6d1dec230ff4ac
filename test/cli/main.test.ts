import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { command } from '../../cli/command.ts'
import { help, verbHelp } from '../../cli/help.ts'
import { verbs } from '../../cli/verbs.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** The command in this process, with what it wrote. */
async function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) vi.spyOn(process[name], 'write').mockImplementation((text) => { said[name] += String(text); return true })
  const status = await command(args)
  vi.restoreAllMocks()
  return { status, ...said }
}

describe('usage is exit code 2, with a sentence on standard error', () => {
  it.each([
    [[], 'no verb given'], [['dance'], 'there is no verb dance'], [['constructor'], 'there is no verb constructor'],
    [['start', '--twice'], "Unknown option '--twice'"], [['reset', 'now'], 'Unexpected argument'], [['manifest', '--json=yes'], 'does not take an argument'],
    [['accounts'], 'say list, or put and a name'], [['accounts', 'put'], 'say list, or put and a name'], [['accounts', 'list', 'x'], 'say list, or put and a name'],
    [['accounts', 'put', 'acquirer', 'the-secret'], 'the credential comes from the prompt or standard input'],
  ])('%j', async (args, sentence) => {
    const { status, stdout, stderr } = await run(...args)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('usage: ')
    expect(stderr).not.toContain('    at ')
  })
  it('reaches the shell', () => {
    const { status } = spawnSync(process.execPath, [fileURLToPath(new URL('../../cli/main.ts', import.meta.url)), 'dance'])
    expect(status).toBe(2)
  })
  it('also for a port that is none', async () => {
    vi.stubEnv('PORT', '80a')
    const { status, stderr } = await run('start')
    expect([status, stderr.split('\n')[0]]).toEqual([2, 'PORT is not a port number'])
  })
})

describe('help', () => {
  it('is exit code 0, for all and for each', async () => {
    const all = await run('help')
    expect(all.status).toBe(0)
    for (const name of Object.keys(verbs)) expect(all.stdout).toContain(`  ${name}`)
    const one = await run('accounts', '--help')
    expect(one.status).toBe(0)
    expect(one.stdout).toContain('example')
  })
  it('has an example for every verb', () => {
    expect(help()).toContain('usage')
    for (const [name, verb] of Object.entries(verbs)) expect(verbHelp(verb)).toMatch(new RegExp(`^(sallyport|npm run) ${name}`))
  })
})

describe('manifest', () => {
  it('is one JSON document on standard output', async () => {
    const { status, stdout } = await run('manifest', '--json')
    expect(status).toBe(0)
    const { pipelines } = JSON.parse(stdout) as { pipelines: { name: string }[] }
    expect(pipelines.map(({ name }) => name)).toEqual(['encrypted-payment', 'loan-application'])
  })
  it('is a page for people, and a sentence for a folder that is not there', async () => {
    const { stdout } = await run('manifest')
    expect(stdout).toContain('POST /payments  application/jose, iam, replies 202')
    expect(stdout).toMatch(/key payments-inbox +kms:Decrypt/)
    const missing = await run('manifest', '--pipelines', '/nowhere')
    expect([missing.status, missing.stderr]).toEqual([2, 'pipelines folder /nowhere does not exist\n'])
  })
})
