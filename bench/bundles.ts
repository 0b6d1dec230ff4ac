import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from '../infra/build.ts'
import { counted, type Row } from './row.ts'

/** Bytes that Lambda loads for each function, without the AWS clients: its bundle and the runtime of the layer. */
export async function bundles(): Promise<Row[]> {
  const { functions, layer } = await build({ pipelines: fileURLToPath(new URL('../functions/pipelines', import.meta.url)), stage: 'bench' })
  const runtime = statSync(join(layer, 'nodejs/node_modules/sallyport-runtime/index.js')).size
  return Object.entries(functions).map(([name, folder]) => counted(`bundle of ${name}, with the runtime`, 'bytes', statSync(join(folder, 'index.js')).size + runtime, 60_000))
}
