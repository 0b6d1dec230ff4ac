import { idOf } from './deployment.ts'
import { folderOf, pipelinesOf } from './folders.ts'
import { readOptions, Usage } from './usage.ts'

/** Lists the keys of a deployment, or makes the next version of one. Never shows key material. */
export async function keys(args: string[]): Promise<number> {
  const { values: { stage, id, pipelines: folder, json }, positionals: [what = 'list', key, ...more] } = readOptions({
    args, allowPositionals: true,
    options: { stage: { type: 'string', default: 'dev' }, id: { type: 'string' }, pipelines: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const listing = what === 'list' && key === undefined
  if (!listing && !(what === 'rotate' && key !== undefined && more.length === 0)) throw new Usage('say list, or rotate and a key')
  const pipelines = await pipelinesOf(folderOf(folder))
  const prefix = `${idOf(stage, id)}-${stage}`
  return key === undefined
    ? (await import('./keys/list.ts')).list(pipelines, prefix, stage, json)
    : (await import('./keys/rotate.ts')).rotate(key, pipelines, prefix, stage, json)
}
