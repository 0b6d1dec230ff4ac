import { App } from 'aws-cdk-lib'
import { Sallyport } from './index.ts'

const app = new App()

/** A context value from the command line (`-c stage=prod`) or from cdk.json. */
function text(name: string): string | undefined {
  const value: unknown = app.node.tryGetContext(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `{"acquirer": "http://127.0.0.1:9001"}`: what the local run says of its partners. */
function origins(): Record<string, string> | undefined {
  const value: unknown = app.node.tryGetContext('origins')
  if (value === undefined) return undefined
  try {
    const read: unknown = typeof value === 'string' ? JSON.parse(value) : value
    if (typeof read === 'object' && read !== null && Object.values(read).every((origin) => URL.canParse(String(origin)))) return read as Record<string, string>
  } catch { /* said below */ }
  throw new TypeError('context origins: write a JSON object with an address for each account')
}

try {
  const [stage, permissionsBoundary, alarmEmail, runbook] = ['stage', 'permissionsBoundary', 'alarmEmail', 'runbook'].map(text)
  const partners = origins()
  new Sallyport(app, 'Sallyport', {
    pipelines: text('pipelines') ?? './functions/pipelines',
    ...stage !== undefined && { stage },
    ...partners !== undefined && { origins: partners },
    ...permissionsBoundary !== undefined && { permissionsBoundary },
    ...alarmEmail !== undefined && { alarmEmail },
    ...runbook !== undefined && { runbook },
  })
} catch (error) {
  // What is refused is refused in a sentence; with DEBUG, where.
  if (!(error instanceof TypeError) || process.env['DEBUG'] !== undefined) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
