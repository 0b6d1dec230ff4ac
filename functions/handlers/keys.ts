import { setTimeout } from 'node:timers/promises'
import middy from '@middy/core'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { emit, own } from 'sallyport'
import { ensureHalf, type Pair } from './pair.ts'

own()

/**
 * Makes the wrapped key pairs at deploy: KMS generates them and gives the private half wrapped alone, so this function
 * never holds one, and may not unwrap it. A pair that is there is left alone: an update of the stack replaces nothing.
 */
async function keys(event: CloudFormationCustomResourceEvent): Promise<void> {
  const id = 'PhysicalResourceId' in event ? event.PhysicalResourceId : 'sallyport-keys'
  try {
    // A deleted stack keeps what it made: the table decides whether keys outlive it.
    if (event.RequestType !== 'Delete') {
      for (const pair of event.ResourceProperties['pairs'] as readonly Pair[]) {
        for (const type of ['rsa', 'ec'] as const) {
          const kid = await patiently(() => ensureHalf(pair, type))
          if (kid !== undefined) emit({ time: new Date().toISOString(), level: 'info', event: 'keys', kid })
        }
      }
    }
    await answer(event, { Status: 'SUCCESS', PhysicalResourceId: id })
  } catch (error) {
    const reason = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'Error'
    emit({ time: new Date().toISOString(), level: 'error', event: 'keys', error: reason })
    await answer(event, { Status: 'FAILED', PhysicalResourceId: id, Reason: `The key pairs could not be made: ${reason}. See the log of the function keys.` })
  }
}

/** The role of this function is seconds old at the first deploy, and IAM takes a while to be known everywhere. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = Date.now() + 20_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as Error).name !== 'AccessDeniedException' || Date.now() > until) throw error
      await setTimeout(2_000)
    }
  }
}

/** CloudFormation waits for this at the address it sent, which it signed. */
async function answer({ ResponseURL, StackId, RequestId, LogicalResourceId }: CloudFormationCustomResourceEvent, outcome: { Status: string; PhysicalResourceId: string; Reason?: string }): Promise<void> {
  const response = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body: JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId }) })
  if (!response.ok) throw new TypeError('CloudFormation did not take the answer')
}

export const handler = middy<CloudFormationCustomResourceEvent, void>(keys, { timeoutEarlyInMillis: 0 })
