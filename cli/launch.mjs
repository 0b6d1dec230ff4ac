#!/usr/bin/env node
/**
 * `sallyport VERB …`, and what every npm script runs. Works on Node 20 with built-ins alone: in the repository it installs
 * the dependencies when they are missing; then it runs cli/main on the Node 24 that is one of them. Nothing that it starts
 * outlives it, and it does not outlive what started it.
 */
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { node24, noNode24 } from './node24.mjs'

const home = fileURLToPath(new URL('..', import.meta.url))
const modules = join(home, 'node_modules')
const lock = join(home, 'package-lock.json')
const main = ['main.ts', 'main.js'].map((file) => join(home, 'cli', file)).find((file) => existsSync(file))

/** Ends with a sentence. */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

/** The parent of a process, where /proc tells. */
function parentOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1])
  } catch {
    return undefined
  }
}

/** npm puts a shell between itself and us (`sh -c …`), which outlives a killed npm: then npm is the one to watch, too. */
function shellOfNpm(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === '-c'
  } catch {
    return false
  }
}

const parent = process.ppid
const grandparent = shellOfNpm(parent) ? parentOf(parent) : undefined
const orphaned = () => process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent)

/** Runs a program to its end: forwards signals, and kills it when our parent is gone. */
function run(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: process.cwd(), ...options })
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    const forward = (signal) => { child.kill(signal) }
    for (const signal of signals) process.on(signal, forward)
    const watch = setInterval(() => {
      if (!orphaned()) return
      clearInterval(watch)
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), 2_500).unref()
    }, 250)
    const ended = (code) => {
      clearInterval(watch)
      for (const signal of signals) process.off(signal, forward)
      resolve(code)
    }
    child.on('error', (error) => {
      process.stderr.write(`${program} did not start: ${error.message}\n`)
      ended(1)
    })
    child.on('exit', (code) => ended(code ?? 1))
  })
}

/** As a package we were installed with all that we need. */
function installed() {
  if (!existsSync(lock)) return true
  const mark = join(modules, '.package-lock.json')
  return existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs
}

async function install() {
  // npm ci empties the folder first, and would empty the one that others use.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) refuse('node_modules is a link to another folder, which npm ci would empty: remove the link, or run npm ci where it leads')
  process.stderr.write('installing the dependencies from package-lock.json …\n')
  const flags = ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']
  // The npm that runs us, if one does: it need not be on PATH.
  const npm = process.env.npm_execpath
  const options = { cwd: home, stdio: ['ignore', 2, 2] }
  const code = npm && /\.[cm]?js$/.test(npm) ? await run(process.execPath, [npm, ...flags], options) : await run('npm', flags, options)
  if (code !== 0) refuse('npm ci failed: the lines above say why')
}

if (!installed()) await install()
const node = node24() ?? refuse(noNode24)
const path = [existsSync(lock) ? join(modules, '.bin') : join(home, '..', '.bin'), dirname(node), process.env.PATH ?? ''].join(delimiter)
const code = await run(node, [main, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: { ...process.env, PATH: path } })
process.exit(code)
