import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { connection, localRun, told } from './connection.ts'
import { Refused } from './usage.ts'

/** Whom to ask: the local run, or a deployment by the beginning of its names. */
export interface Deployment {
  readonly stage: string
  readonly prefix: string
}

/** Throws the sentence in which a question is refused. */
function answered(answer: unknown): unknown {
  const { refused } = (answer ?? {}) as { readonly refused?: unknown }
  if (typeof refused === 'string') throw new Refused(refused)
  return answer
}

/** Asks a function of ours. Throws a sentence where it is not there, refuses or fails. */
export async function invoke<Answer>(name: string, event: object, { stage, prefix }: Deployment): Promise<Answer> {
  if (stage === 'local' && process.env['AWS_ENDPOINT_URL'] === undefined) {
    const response = await fetch(`${localRun().control}/functions/${name}`, { method: 'POST', body: JSON.stringify(event) })
    if (response.status === 404) throw new Refused(`the local run has no function ${name}: no pipeline needs it`)
    if (!response.ok) throw new Refused(`the function ${name} of the local run failed: its lines are in the log`)
    return answered(await response.json()) as Answer
  }
  const client = new LambdaClient({ ...connection(stage), maxAttempts: 1 })
  try {
    const { Payload, FunctionError } = await client.send(new InvokeCommand({ FunctionName: `${prefix}-${name}`, Payload: JSON.stringify(event) }))
    if (FunctionError !== undefined) throw new Refused(`the function ${prefix}-${name} failed: its lines are in its log`)
    return answered(JSON.parse(Buffer.from(Payload ?? []).toString())) as Answer
  } catch (error) {
    throw error instanceof Refused ? error : told(error, stage)
  } finally {
    client.destroy()
  }
}
