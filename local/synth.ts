import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { source } from '../infra/home.ts'

/** A sentence out of what an app printed when it failed: the error's own, without its stack. */
const sentence = (stderr: string): string => /^(?:\w*Error(?: \[\w+\])?): ([^]*?)(?=\n {4}at |\n\n|$)/m.exec(stderr)?.[1]?.trim() ?? stderr.trim().split('\n').at(-1) ?? ''

/** What cdk.json says; a project without one has the app that this package brings. */
function configuration(project: string): { readonly app: string; readonly context: object } {
  const file = join(project, 'cdk.json')
  const { app, context = {} } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as { app?: string; context?: object } : {}
  return { app: app ?? `sallyport app ${source('infra/app')}`, context }
}

/** Our own `app` verb is run in one process rather than through npx and the launcher: a second less. */
function commandOf(app: string): { readonly program: string; readonly args: readonly string[]; readonly shell: boolean } {
  const file = /^(?:npx |npm exec (?:-- )?)?(?:sallyport|node \S*\bcli\/launch\.mjs) app (\S+)$/.exec(app.trim())?.[1]
  return file === undefined ? { program: app, args: [], shell: true } : { program: process.execPath, args: [source('cli/main'), 'app', file], shell: false }
}

/**
 * Synthesizes the stage `local`. Runs the app of cdk.json as the CDK CLI does, through the same two variables; the CLI
 * itself would take two seconds more and adds nothing here.
 */
export async function synthesize({ project, pipelines, origins, out }: {
  /** The folder with the cdk.json. */
  readonly project: string
  readonly pipelines: string
  readonly origins: Readonly<Record<string, string>>
  readonly out: string
}): Promise<void> {
  const { app, context } = configuration(project)
  const { program, args, shell } = commandOf(app)
  rmSync(out, { recursive: true, force: true })
  const given = { ...context, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true, stage: 'local', pipelines, origins: JSON.stringify(origins) }
  const env = { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(given), CDK_VALIDATION: 'false' }
  // A group of its own: it starts a bundler, which has to end with it.
  const child = spawn(program, args, { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true, shell })
  const end = (): void => { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') }
  process.on('exit', end)
  const chunks: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const how = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : signal ?? `exit code ${code}`))
  })
  process.off('exit', end)
  if (how !== undefined) throw new Error(sentence(Buffer.concat(chunks).toString()) || `the app of cdk.json failed (${how})`)
}
