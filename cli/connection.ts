import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../local/run.ts'
import { localFolder } from './folders.ts'
import { Refused } from './usage.ts'

const file = join(localFolder, 'run.json')

export const hasLocalRun = (): boolean => existsSync(file)

/** The running local stack. */
export function localRun(): Run {
  if (!hasLocalRun()) throw new Refused('the stage local is there while npm start runs')
  return JSON.parse(readFileSync(file, 'utf8')) as Run
}

/** What an AWS client of a deployment is made with: the running local stack for the stage local, else as the AWS SDK finds its way. */
export function connection(stage: string): object {
  if (stage !== 'local' || process.env['AWS_ENDPOINT_URL'] !== undefined) return {}
  const { aws: { endpoint, region, accessKeyId, secretAccessKey } } = localRun()
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
}

/** An error of AWS as a sentence. None of these requests' errors carries a value. */
export const told = (error: unknown, stage: string): Refused => error instanceof Error && ['ResourceNotFoundException', 'NotFoundException'].includes(error.name)
  ? new Refused(`the stage ${stage} is not there: deploy it first (npx cdk deploy --all -c stage=${stage})`, { cause: error })
  : new Refused(error instanceof Error ? `${error.name}: ${error.message}` : 'AWS did not answer', { cause: error })
