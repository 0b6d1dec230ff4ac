import { setTimeout } from 'node:timers/promises'
import { DescribeExecutionCommand, paginateListExecutions, paginateListStateMachines, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import { connection, told } from '../connection.ts'
import { orderly } from '../executions/orderly.ts'
import type { Deployment } from '../invoke.ts'
import { say } from '../screen.ts'
import { Refused } from '../usage.ts'
import { agreed, type Many } from './many.ts'

/** Milliseconds between two looks. */
const pause = 2_000

/** What an execution of the state machine ends with. `left`: another one goes on behind `from`. */
interface Ended {
  readonly done: number
  readonly failed: number
  readonly left: boolean
  readonly from: string | null
}

async function within<T>({ stage, prefix }: Deployment, work: (client: SFNClient, machine: string) => Promise<T>): Promise<T> {
  if (stage === 'local' && process.env['AWS_ENDPOINT_URL'] === undefined) throw new Refused('Step Functions does not run on a laptop: leave out --in-aws')
  const client = new SFNClient(connection(stage))
  try {
    let machine: string | undefined
    for await (const { stateMachines = [] } of paginateListStateMachines({ client }, {})) machine ??= stateMachines.find(({ name }) => name === `${prefix}-reruns`)?.stateMachineArn
    if (machine === undefined) throw new Refused(`there is no state machine ${prefix}-reruns: no pipeline of this stage keeps records of failures, or it is not deployed`)
    return await work(client, machine)
  } catch (error) {
    throw error instanceof Refused ? error : told(error, stage)
  } finally {
    client.destroy()
  }
}

/** Starts the state machine, and waits until all is run. It goes on without us: Ctrl-C ends the waiting. */
export async function inAws(deployment: Deployment, wanted: Many): Promise<number> {
  const { asked, concurrency, force, json } = wanted
  if (await agreed(deployment, wanted) === 0) {
    say(json ? JSON.stringify({ stage: deployment.stage, done: 0, failed: 0 }) : 'no such failures that a rerun may help')
    return 0
  }
  return within(deployment, (client, stateMachineArn) => orderly(async (signal) => {
    let [done, failed] = [0, 0]
    let from: string | null = null
    do {
      const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify({ ...asked, concurrency, force, ...from !== null && { from } }) }))
      process.stderr.write(`${executionArn?.split(':').at(-1) ?? ''} is running\n`)
      const ended = await waited(client, executionArn, signal)
      if (ended === undefined) {
        process.stderr.write('it goes on in AWS; --in-aws --stop stops it, and the same command goes on with what is left then\n')
        return 1
      }
      done += ended.done
      failed += ended.failed
      from = ended.left ? ended.from : null
      process.stderr.write(`${done} done, ${failed} failed again${from === null ? '' : ', more to do'}\n`)
    } while (from !== null)
    say(json ? JSON.stringify({ stage: deployment.stage, done, failed }) : `${done} done, ${failed} failed again`)
    return failed > 0 ? 1 : 0
  }))
}

/** Undefined where nobody waits any more. */
async function waited(client: SFNClient, executionArn: string | undefined, signal: AbortSignal): Promise<Ended | undefined> {
  while (!signal.aborted) {
    const { status, output, error, cause } = await client.send(new DescribeExecutionCommand({ executionArn }))
    if (status === 'SUCCEEDED') return JSON.parse(output ?? '{}') as Ended
    if (error === 'Refused' && cause !== undefined) throw new Refused(cause)
    if (status !== 'RUNNING') throw new Refused(`the execution ended as ${status ?? 'unknown'}: what was not run still has its record, and the same command goes on`)
    await setTimeout(pause, undefined, { signal }).catch(() => undefined)
  }
  return undefined
}

/** Stops what runs: reruns under way end where they are, and others are not begun. */
export async function stop(deployment: Deployment): Promise<number> {
  return within(deployment, async (client, stateMachineArn) => {
    let stopped = 0
    for await (const { executions = [] } of paginateListExecutions({ client }, { stateMachineArn, statusFilter: 'RUNNING' })) {
      for (const { executionArn } of executions) {
        await client.send(new StopExecutionCommand({ executionArn, cause: 'sallyport rerun --in-aws --stop' }))
        stopped++
      }
    }
    say(stopped === 0 ? 'nothing was running' : `${stopped} execution${stopped === 1 ? ' is' : 's are'} stopped; what was not run still has its record`)
    return 0
  })
}
