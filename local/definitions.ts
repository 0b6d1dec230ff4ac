import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Pipeline } from 'sallyport'
import { bundleDefinitions, explain, readDefinitions } from '../infra/build.ts'

/** A mistake in a definition, told in one sentence with its file. */
export class Mistake extends Error {}

/** The pipelines of a folder as values, without bundling what runs them. Throws a {@link Mistake}. */
export async function definitionsOf(pipelines: string): Promise<readonly Pipeline[]> {
  const out = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    await bundleDefinitions(resolve(pipelines), join(out, 'definitions.cjs'))
    return readDefinitions(join(out, 'definitions.cjs')).pipelines
  } catch (error) {
    throw new Mistake(explain(error), { cause: error })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
