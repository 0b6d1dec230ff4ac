import { userInfo } from 'node:os'
import type { Forgotten } from '../functions/handlers/forget.ts'
import { askedOf, deploymentOf, options } from './failures.ts'
import { invoke } from './invoke.ts'
import { say } from './screen.ts'
import { readOptions, Usage } from './usage.ts'

/** Deletes what is kept of an entity's failures and waiting messages, or of a pipeline's. What cannot be undone is asked for with --yes. */
export async function forget(args: string[]): Promise<number> {
  const { pipeline: named, entity: about, json, stage, id } = options
  const { values } = readOptions({ args, options: { pipeline: named, entity: about, json, stage, id, reason: { type: 'string' }, yes: { type: 'boolean', default: false } } })
  const { pipeline, entity } = askedOf(values).asked
  if (pipeline === undefined) throw new Usage('name the --pipeline')
  const reason = values.reason?.trim() ?? ''
  if (reason.length < 10 || reason.length > 300) throw new Usage('give a --reason of 10 to 300 characters: who asked for it, and a ticket; it stays in the log, so without anything personal')
  if (entity !== undefined && reason.includes(entity)) throw new Usage('the --reason stays in the log: leave the entity out of it')
  if (!values.yes) throw new Usage(`what is forgotten cannot be rerun, and nobody is told any more what became of it: say --yes${entity === undefined ? ', here for all of the pipeline' : ''}`)
  const deployment = deploymentOf(values)
  let rows = 0
  let [from, before]: (string | undefined)[] = []
  let part: Forgotten
  do {
    before = from
    part = await invoke<Forgotten>('failures', { forget: { pipeline, ...entity !== undefined && { entity }, reason, by: userInfo().username, ...from !== undefined && { from } } }, deployment)
    rows += part.rows
    from = part.from
    // What cannot be deleted is not asked for without end.
  } while (from !== undefined && (part.rows > 0 || from !== before))
  say(told(values.json, deployment.stage, rows))
  return 0
}

const told = (json: boolean, stage: string, rows: number): string => json ? JSON.stringify({ stage, rows }) : rows === 0 ? 'there was nothing to forget' : `${rows} row${rows === 1 ? ' is' : 's are'} deleted; backups by point-in-time recovery end after 35 days`
