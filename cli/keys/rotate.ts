import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { Pipeline } from 'sallyport'
import { pairsOf } from '../../infra/demand.ts'
import { madeKeys } from '../../infra/rotation.ts'
import { connection, localRun, told } from '../connection.ts'
import { say } from '../screen.ts'
import { Refused } from '../usage.ts'

/** As the function `keys` gives it. `from` in epoch milliseconds. */
interface Rotated { readonly kid: string; readonly from: number; readonly made: boolean }
/** Another version would be one too many, until then in epoch milliseconds. */
interface Full { readonly full: { readonly counting: number; readonly again: number } }

async function local(key: string): Promise<(Rotated | Full)[]> {
  const response = await fetch(`${localRun().control}/keys/${key}/rotate`, { method: 'POST' })
  if (!response.ok) throw new Refused('the function keys of the local run failed: its lines are in the log')
  return await response.json() as (Rotated | Full)[]
}

async function deployed(key: string, prefix: string, stage: string): Promise<(Rotated | Full)[]> {
  const client = new LambdaClient(connection(stage))
  try {
    const { Payload, FunctionError } = await client.send(new InvokeCommand({ FunctionName: `${prefix}-keys`, Payload: JSON.stringify({ rotate: { key } }) }))
    if (FunctionError !== undefined) throw new Refused(`the function ${prefix}-keys failed: its lines are in its log`)
    return JSON.parse(Buffer.from(Payload ?? []).toString()) as (Rotated | Full)[]
  } catch (error) {
    throw error instanceof Refused ? error : told(error, stage)
  } finally {
    client.destroy()
  }
}

const shown = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`

/** Makes the next version of a key, which comes into use when every environment and every verifier knows it. */
export async function rotate(key: string, pipelines: readonly Pipeline[], prefix: string, stage: string, json: boolean): Promise<number> {
  const hsm = pairsOf(pipelines).find(({ name, custody }) => name === key && custody === 'hsm')
  if (hsm !== undefined) {
    const next = Math.max(...hsm.keys.map(({ pair }) => pair?.generation ?? 1)) + 1
    throw new Refused(hsm.algorithm === undefined
      ? `${key} is in custody hsm, and KMS renews no key pair: write generation: ${next} where it is defined, and deploy; the old one still opens`
      : `${key} is in custody hsm, and KMS renews no key pair: write announced: true where it is defined, and deploy; an hour later write generation: ${next} instead, and deploy again`)
  }
  const known = madeKeys({ pipelines })
  if (!known.some(({ name }) => name === key)) throw new Refused(`no pipeline names a key ${key}; there are: ${known.map(({ name }) => name).join(', ')}`)
  const rotated: Rotated[] = []
  for (const each of stage === 'local' && process.env['AWS_ENDPOINT_URL'] === undefined ? await local(key) : await deployed(key, prefix, stage)) {
    if ('full' in each) throw new Refused(`hash key ${key}: ${each.full.counting} versions of it count, and with one more a claim could have more than the 100 items that DynamoDB takes at once: rotate it from ${shown(each.full.again)} on, when an older one counts no more, or claim fewer identifiers at once or for fewer days`)
    rotated.push(each)
  }
  if (json) say(JSON.stringify({ stage, rotated }))
  else for (const { kid, from, made } of rotated) say(`${kid} ${made ? 'is made' : 'is awaited already'}; it is in use from ${shown(from)}, and what was made before still ${known.find(({ name }) => name === key)?.key === undefined ? 'counts' : 'opens'}`)
  return rotated.every(({ made }) => made) ? 0 : 1
}
