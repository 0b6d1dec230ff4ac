import { setTimeout } from 'node:timers/promises'
import middy from '@middy/core'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { emit, own } from 'sallyport'
import { ensure, isDue, isFull, rotate, typesOf, type Full, type Made, type Rotated } from './make-key.ts'

own()

/** The keys of this realm that this function makes, as infra has them. */
const all = JSON.parse(process.env['KEYS'] ?? '[]') as readonly Made[]

/** `sallyport keys rotate` names one; the schedule asks for those that are due. */
interface Rotation { readonly rotate: { readonly key: string } | 'due' }
/** What became of a key: another version, or none, since a claim could not ask for one more. */
type Answer = Rotated | { readonly full: Full }
type Event = CloudFormationCustomResourceEvent | Rotation

/**
 * Makes wrapped keys, at deployment and when they are rotated: KMS generates them and gives the private half wrapped
 * alone, so this function never holds one, and may not unwrap it. What is there is never replaced: a rotation adds.
 */
async function keys(event: Event): Promise<readonly Answer[]> {
  if ('rotate' in event) return rotateThose(event.rotate)
  await deployed(event)
  return []
}

/** A key that cannot be rotated, as where its KMS key is disabled, keeps no other from it. Throws at the end: whoever asked asks again. */
async function rotateThose(which: Rotation['rotate']): Promise<readonly Answer[]> {
  const rotated: Answer[] = []
  let failed = false
  for (const made of all.filter(({ name }) => which === 'due' || name === which.key)) {
    for (const type of typesOf(made)) {
      try {
        if (which === 'due' && !await isDue(made, type)) continue
        // What the schedule makes was counted at synth.
        const full = which === 'due' ? undefined : await isFull(made)
        if (full !== undefined) {
          emit({ time: new Date().toISOString(), level: 'warn', event: 'keys', key: made.name, type, counting: full.counting, again: new Date(full.again).toISOString() })
          rotated.push({ full })
          continue
        }
        const result = await rotate(made, type)
        emit({ time: new Date().toISOString(), level: 'info', event: 'keys', kid: result.kid, from: new Date(result.from).toISOString(), made: result.made })
        rotated.push(result)
      } catch (error) {
        failed = true
        emit({ time: new Date().toISOString(), level: 'error', event: 'keys', key: made.name, type, error: nameOf(error) })
      }
    }
  }
  if (failed) throw new TypeError('not all keys could be rotated: see the log of the function keys')
  return rotated
}

/** What a line may say of a foreign error. */
const nameOf = (error: unknown): string => error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'Error'

async function deployed(event: CloudFormationCustomResourceEvent): Promise<void> {
  const id = 'PhysicalResourceId' in event ? event.PhysicalResourceId : 'sallyport-keys'
  try {
    // A deleted stack keeps what it made: the table decides whether keys outlive it.
    if (event.RequestType !== 'Delete') {
      for (const made of all) {
        for (const type of typesOf(made)) {
          const kid = await patiently(() => ensure(made, type))
          if (kid !== undefined) emit({ time: new Date().toISOString(), level: 'info', event: 'keys', kid })
        }
      }
    }
    await answer(event, { Status: 'SUCCESS', PhysicalResourceId: id })
  } catch (error) {
    const reason = nameOf(error)
    emit({ time: new Date().toISOString(), level: 'error', event: 'keys', error: reason })
    await answer(event, { Status: 'FAILED', PhysicalResourceId: id, Reason: `The keys could not be made: ${reason}. See the log of the function keys.` })
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

export const handler = middy<Event, readonly Answer[]>(keys, { timeoutEarlyInMillis: 0 })
