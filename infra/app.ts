import { existsSync } from 'node:fs'
import { App } from 'aws-cdk-lib'
import { Sallyport } from './index.ts'

/** The app of a project that has none of its own, and of this repository: one Sallyport, and what cdk.json or `-c` says of it. */
const app = new App()

/** A context value from the command line (`-c stage=prod`) or from cdk.json. */
function text(name: string): string | undefined {
  const value: unknown = app.node.tryGetContext(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

const [permissionsBoundary, alarmEmail, runbook] = ['permissionsBoundary', 'alarmEmail', 'runbook'].map(text)
new Sallyport(app, 'Sallyport', {
  pipelines: text('pipelines') ?? ['./pipelines', './functions/pipelines'].find((folder) => existsSync(folder)) ?? './pipelines',
  ...permissionsBoundary !== undefined && { permissionsBoundary },
  ...alarmEmail !== undefined && { alarmEmail },
  ...runbook !== undefined && { runbook },
})
