import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Usage } from './usage.ts'

/**
 * Runs a CDK app on Node 24, which reads TypeScript, whatever Node the CDK CLI was started with. What a construct refuses
 * is told in its sentence; with DEBUG, where.
 */
export async function app([file, ...rest]: string[]): Promise<number> {
  if (file === undefined || rest.length > 0 || file.startsWith('-')) throw new Usage('say which file makes the app, as in "app": "npx sallyport app infra.ts"')
  if (process.env['SALLYPORT_WAIT'] !== undefined) await turn()
  try {
    await import(pathToFileURL(resolve(file)).href)
    // A CDK app synthesizes when its process has nothing left to do.
    await new Promise<void>((done) => { process.once('beforeExit', () => done()) })
    return process.exitCode === undefined ? 0 : Number(process.exitCode)
  } catch (error) {
    if (!(error instanceof TypeError) || process.env['DEBUG'] !== undefined) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

/** Loads what every app loads, and waits for the local run to say what to synthesize. */
async function turn(): Promise<void> {
  const said = new Promise<Record<string, string>>((resolve) => { process.once('message', (message) => resolve(message as Record<string, string>)) })
  process.channel?.ref()
  delete process.env['SALLYPORT_WAIT']
  await import('../infra/index.ts')
  Object.assign(process.env, await said)
  process.channel?.unref()
}
