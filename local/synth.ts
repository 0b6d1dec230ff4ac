import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))

/** A sentence out of what an app printed when it failed: the error's own, without its stack. */
const sentence = (stderr: string): string => /^(?:\w*Error(?: \[\w+\])?): ([^]*?)(?=\n {4}at |\n\n|$)/m.exec(stderr)?.[1]?.trim() ?? stderr.trim().split('\n').at(-1) ?? ''

/**
 * Synthesizes the stage `local`. Runs the app of cdk.json as the CDK CLI does, through the same two variables; the CLI
 * itself would take two seconds more and adds nothing here.
 */
export async function synthesize({ pipelines, origins, out }: { readonly pipelines: string; readonly origins: Readonly<Record<string, string>>; readonly out: string }): Promise<void> {
  const { app, context } = JSON.parse(readFileSync(join(home, 'cdk.json'), 'utf8')) as { app: string; context: object }
  const [program, ...args] = app.split(' ')
  if (program !== 'node') throw new Error(`cdk.json: app should begin with "node", not ${program}`)
  rmSync(out, { recursive: true, force: true })
  const given = { ...context, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true, stage: 'local', pipelines, origins: JSON.stringify(origins) }
  const env = { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(given), CDK_VALIDATION: 'false' }
  // A group of its own: it starts a bundler, which has to end with it.
  const child = spawn(process.execPath, args, { cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
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
