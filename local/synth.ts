import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Built } from '../infra/build.ts'
import { source } from '../infra/home.ts'

/** A sentence out of what an app printed when it failed: the error's own, without its stack. */
const sentence = (stderr: string): string => /^(?:\w*Error(?: \[\w+\])?): ([^]*?)(?=\n {4}at |\n\n|$)/m.exec(stderr)?.[1]?.trim() ?? /\w*Error: (.+)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? ''

/** What cdk.json says; a project without one has the app that this package brings. */
function configuration(project: string): { readonly app: string; readonly context: object } {
  const file = join(project, 'cdk.json')
  const { app, context = {} } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as { app?: string; context?: object } : {}
  return { app: app ?? `sallyport app ${source('infra/app')}`, context }
}

export interface Wanted {
  readonly pipelines: string
  readonly origins: Readonly<Record<string, string>>
  readonly built: Built
  readonly out: string
}

/** Synthesizes the stage `local` of a project, again and again. */
export interface Synthesizer {
  synthesize(wanted: Wanted): Promise<void>
  stop(): void
}

/**
 * Runs the app of cdk.json as the CDK CLI does, through the same two variables; the CLI itself would take two seconds
 * more and adds nothing here. An app that our own `app` verb runs waits for its turn in a process that has loaded CDK.
 */
export function synthesizer(project: string): Synthesizer {
  const { app, context } = configuration(project)
  const file = /^(?:npx |npm exec (?:-- )?)?(?:sallyport|node \S*\bcli\/launch\.mjs) app (\S+)$/.exec(app.trim())?.[1]
  const variables = ({ out, pipelines, origins, built }: Wanted): Record<string, string> => ({
    CDK_OUTDIR: out, CDK_VALIDATION: 'false',
    CDK_CONTEXT_JSON: JSON.stringify({
      ...context, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true,
      stage: 'local', pipelines, origins: JSON.stringify(origins), built: JSON.stringify(built),
    }),
  })
  // A group of its own: it starts a bundler, which has to end with it.
  const start = (env: NodeJS.ProcessEnv) => file === undefined
    ? spawn(app, { cwd: project, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'], detached: true, shell: true })
    : spawn(process.execPath, [source('cli/main'), 'app', file], { cwd: project, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true })
  const waiting = (): ReturnType<typeof start> => start({ SALLYPORT_WAIT: '1' })
  let next = file === undefined ? undefined : waiting()
  const end = (child = next): void => {
    try {
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  const ended = (): void => end()
  process.on('exit', ended)
  let stopped = false

  return {
    async synthesize(wanted) {
      rmSync(wanted.out, { recursive: true, force: true })
      const child = next ?? start(variables(wanted))
      const chunks: Buffer[] = []
      child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
      const how = await new Promise<string | undefined>((resolve) => {
        child.on('error', (error) => resolve(error.message))
        child.on('close', (code, signal) => resolve(code === 0 ? undefined : signal ?? `exit code ${code}`))
        if (child.exitCode !== null) resolve(`exit code ${child.exitCode}`)
        if (next !== undefined) child.send(variables(wanted), (error) => { if (error) resolve(error.message) })
      })
      end(child)
      if (next !== undefined && !stopped) next = waiting()
      if (how !== undefined) throw new Error(sentence(Buffer.concat(chunks).toString()) || `the app of cdk.json failed (${how})`)
    },
    stop() {
      stopped = true
      process.off('exit', ended)
      end()
    },
  }
}
