import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'

let home: string
let npm: string

/** A repository in which npm and main.ts are stand-ins that write down that they ran. */
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  mkdirSync(join(home, 'cli'))
  for (const file of ['launch.mjs', 'node24.mjs']) copyFileSync(new URL(`../../cli/${file}`, import.meta.url), join(home, 'cli', file))
  writeFileSync(join(home, 'package-lock.json'), '{}')
  npm = join(home, 'npm.cjs')
  writeFileSync(npm, `
    const fs = require('node:fs')
    fs.appendFileSync(${JSON.stringify(join(home, 'npm.log'))}, process.argv.slice(2).join(' ') + '\\n')
    console.log('words of npm')
    if (fs.existsSync(${JSON.stringify(join(home, 'npm-fails'))})) process.exit(1)
    fs.mkdirSync('node_modules/node-linux-' + process.arch + '/bin', { recursive: true })
    fs.rmSync('node_modules/node-linux-' + process.arch + '/bin/node', { force: true })
    fs.symlinkSync(process.execPath, 'node_modules/node-linux-' + process.arch + '/bin/node')
    fs.writeFileSync('node_modules/.package-lock.json', '{}')
  `)
  main(`console.log(JSON.stringify({ args: process.argv.slice(2), path: process.env.PATH, node: process.execPath })); process.exitCode = Number(process.argv[2] ?? 0)`)
})

const main = (code: string): void => writeFileSync(join(home, 'cli/main.ts'), code)
const runs = (): string[] => existsSync(join(home, 'npm.log')) ? readFileSync(join(home, 'npm.log'), 'utf8').trim().split('\n') : []
const env = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], npm_execpath: npm })
const launch = (...args: string[]) => spawnSync(process.execPath, [join(home, 'cli/launch.mjs'), ...args], { encoding: 'utf8', env: env() })

function install(): void {
  const bin = join(home, `node_modules/node-linux-${process.arch}/bin`)
  mkdirSync(bin, { recursive: true })
  symlinkSync(process.execPath, join(bin, 'node'))
  writeFileSync(join(home, 'node_modules/.package-lock.json'), '{}')
}

const alive = (pid: number): boolean => {
  try {
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('dependencies', () => {
  it('are installed from the lockfile when they are missing, and standard output stays clean', () => {
    const { status, stdout, stderr } = launch('0', '--json')
    expect(status).toBe(0)
    expect(runs()).toEqual(['ci --no-audit --no-fund --no-progress --loglevel=error'])
    expect(JSON.parse(stdout)).toMatchObject({ args: ['0', '--json'] })
    expect(stderr).toContain('installing')
    expect(stderr).toContain('words of npm')
  })
  it('are left alone when they are there, and installed again when the lockfile is newer', () => {
    install()
    expect(launch('0').status).toBe(0)
    expect(runs()).toEqual([])
    utimesSync(join(home, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000))
    launch('0')
    expect(runs()).toHaveLength(1)
  })
  it('are not installed through a link: npm would empty what others use', () => {
    mkdirSync(join(home, 'elsewhere'))
    symlinkSync(join(home, 'elsewhere'), join(home, 'node_modules'))
    const { status, stderr } = launch('0')
    expect([status, runs()]).toEqual([1, []])
    expect(stderr).toBe('node_modules is a link to another folder, which npm ci would empty: remove the link, or run npm ci where it leads\n')
  })
  it('that cannot be installed are told in a sentence', () => {
    writeFileSync(join(home, 'npm-fails'), '')
    const { status, stderr } = launch('0')
    expect(status).toBe(1)
    expect(stderr).toContain('npm ci failed')
  })
})

describe('the program', () => {
  beforeEach(install)

  it('runs on the packaged Node, first on PATH with the tools of the project', () => {
    const { path, node } = JSON.parse(launch('0').stdout) as { path: string; node: string }
    expect(path.startsWith(`${home}/node_modules/.bin:${home}/node_modules/node-linux-${process.arch}/bin:`)).toBe(true)
    expect(node).toBe(process.execPath)
  })
  it.each([0, 1, 2])('ends with its exit code: %i', (code) => {
    expect(launch(String(code)).status).toBe(code)
  })
  it('says what is missing where there is no Node 24', () => {
    rmSync(join(home, `node_modules/node-linux-${process.arch}`), { recursive: true })
    writeFileSync(join(home, 'cli/node24.mjs'), readFileSync(join(home, 'cli/node24.mjs'), 'utf8').replace('process.versions.node.split', '"20.1.0".split'))
    const { status, stderr } = launch('0')
    expect(status).toBe(1)
    expect(stderr).toContain('Node 24 is needed')
  })

  const waiting = async () => {
    main(`
      process.on('SIGTERM', () => { console.log('asked to end'); process.exit(7) })
      process.on('disconnect', () => process.exit(1))
      setInterval(() => {}, 1000)
      console.log(process.pid)
    `)
    return { script: join(home, 'cli/launch.mjs') }
  }
  const pidOf = async (stdout: NodeJS.ReadableStream): Promise<number> => Number(((await once(stdout, 'data')) as [Buffer])[0].toString())

  it('is asked to end by the same signal, and its exit code counts', async () => {
    const { script } = await waiting()
    const launcher = spawn(process.execPath, [script], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] })
    await pidOf(launcher.stdout)
    launcher.kill('SIGTERM')
    expect(await once(launcher, 'exit')).toEqual([7, null])
  })
  it('does not outlive a launcher that is killed', async () => {
    const { script } = await waiting()
    const launcher = spawn(process.execPath, [script], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await pidOf(launcher.stdout)
    launcher.kill('SIGKILL')
    await expect.poll(() => alive(pid), { timeout: 3_000 }).toBe(false)
  })
  it('does not outlive what started the launcher, be it npm behind its shell', async () => {
    const { script } = await waiting()
    // As npm does it: a process that runs `sh -c`, which waits for the launcher.
    const grandparent = spawn(process.execPath, ['-e', `require('node:child_process').spawn('sh', ['-c', process.argv[1]], { stdio: 'inherit' })`, `"${process.execPath}" "${script}"; true`], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await pidOf(grandparent.stdout)
    grandparent.kill('SIGKILL')
    await expect.poll(() => alive(pid), { timeout: 5_000 }).toBe(false)
  })
})
