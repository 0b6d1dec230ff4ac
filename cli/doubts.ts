import { userInfo } from 'node:os'
import type { Doubt } from '../functions/handlers/doubts.ts'
import { idOf } from './deployment.ts'
import { invoke, type Deployment } from './invoke.ts'
import { say, table } from './screen.ts'
import { readOptions, Usage } from './usage.ts'

/** Lists doubts, or writes what a person found out of one. Shows no payload: there is none. */
export async function doubts(args: string[]): Promise<number> {
  const { values: { stage, id, pipeline, reason, json }, positionals: [how = 'list', doubt, ...more] } = readOptions({
    args, allowPositionals: true,
    options: { stage: { type: 'string', default: 'dev' }, id: { type: 'string' }, pipeline: { type: 'string' }, reason: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  if (how === 'list' ? doubt !== undefined : !(how === 'confirm' || how === 'release') || doubt === undefined || more.length > 0) throw new Usage('say nothing, or confirm or release and the id of a doubt')
  const deployment = { stage, prefix: `${idOf(stage, id)}-${stage}` }
  if (how === 'list') return list(deployment, pipeline, json)
  const why = reason?.trim() ?? ''
  if (why.length < 10 || why.length > 300) throw new Usage('give a --reason of 10 to 300 characters: who was asked, and what they said; it stays in the log')
  return decide(deployment, { how: how as 'confirm' | 'release', id: doubt as string, reason: why, by: userInfo().username }, json)
}

async function list(deployment: Deployment, pipeline: string | undefined, json: boolean): Promise<number> {
  const { doubts: found } = await invoke<{ readonly doubts: readonly Doubt[] }>('ledger', { list: { pipeline } }, deployment)
  if (json) say(JSON.stringify({ stage: deployment.stage, doubts: found }))
  else if (found.length === 0) say('nothing is in doubt')
  else {
    say(table(['id', 'pipeline', 'since', 'ended in'], found.map(({ id, pipeline, since, step }) => [id, pipeline, `${new Date(since).toISOString().slice(0, 19)}Z`, step ?? 'no word'])))
    say('\nAsk the partner whether it acted at that time; then npx sallyport doubts confirm or release ID --reason …')
  }
  return 0
}

async function decide(deployment: Deployment, decision: { readonly id: string; readonly how: 'confirm' | 'release'; readonly reason: string; readonly by: string }, json: boolean): Promise<number> {
  const { doubt } = await invoke<{ readonly doubt?: Doubt }>('ledger', { decide: decision }, deployment)
  if (json) say(JSON.stringify({ stage: deployment.stage, done: doubt !== undefined, ...doubt }))
  else if (doubt === undefined) say(`${decision.id} is no doubt any more: its own run has ended it, or somebody else has decided; see npx sallyport doubts`)
  else say(decision.how === 'confirm' ? `${doubt.id} of ${doubt.pipeline} is confirmed: whoever sends the same is told that it is a duplicate` : `${doubt.id} of ${doubt.pipeline} is released: the same may be sent again`)
  return doubt === undefined ? 1 : 0
}
