import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Pipeline } from 'sallyport'
import { bundleDefinitions, explain, readDefinitions } from '../infra/build.ts'

/** The pipelines of a folder as values, without bundling what runs them. Throws one sentence, with file and line where esbuild knows them. */
export async function definitionsOf(pipelines: string): Promise<readonly Pipeline[]> {
  const out = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    await bundleDefinitions(resolve(pipelines), join(out, 'definitions.cjs'))
    return readDefinitions(join(out, 'definitions.cjs')).pipelines
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
