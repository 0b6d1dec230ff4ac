import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Pipeline } from 'sallyport'
import { explain, house, pipelineFiles, readDefinitions, shared } from '../infra/build.ts'
import { jsonSchemas } from '../infra/json-schema.ts'

const home = fileURLToPath(new URL('..', import.meta.url))

/**
 * The pipelines of a folder as values, without bundling what runs them: in a file of this call's own, since several
 * processes may ask at once. Throws one sentence, with file and line where esbuild knows them.
 */
export async function definitionsOf(pipelines: string): Promise<readonly Pipeline[]> {
  const folder = resolve(pipelines)
  const out = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    const files = pipelineFiles(folder)
    const realm = join(folder, 'realm.ts')
    const contents = [
      existsSync(realm) ? `export { default as realm } from ${JSON.stringify(realm)}` : `import { realm as empty } from 'sallyport'; export const realm = empty()`,
      ...files.map((file, i) => `import * as p${i} from ${JSON.stringify(file)}`),
      `export const files = [${files.map((file, i) => `[${JSON.stringify(basename(file))}, p${i}.default]`).join(', ')}]`,
    ].join('\n')
    const outfile = join(out, 'definitions.cjs')
    await build({ ...shared, stdin: { contents, resolveDir: folder, loader: 'ts' }, outfile, nodePaths: [join(home, 'node_modules')], minify: false, plugins: [house('bundled'), jsonSchemas()] })
    return readDefinitions(outfile).pipelines
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
