import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Pipeline, type Realm } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { bundleDefinitions, explain, readDefinitions } from '../infra/build.ts'
import { Mistake } from './mistake.ts'

/** A folder of pipelines, read. */
export interface Definitions {
  readonly realm: Realm
  readonly pipelines: readonly Pipeline[]
  /** The user's own files that it is made of. */
  readonly files: readonly string[]
  /** All that a template is made from: as long as it stays the same, a change concerns the bundles alone. */
  readonly shape: string
}

/** Reads a folder without bundling what runs its pipelines. Throws a {@link Mistake}. */
export async function readFolder(folder: string): Promise<Definitions> {
  const out = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    const files = await bundleDefinitions(resolve(folder), join(out, 'definitions.cjs'))
    const { realm, pipelines } = readDefinitions(join(out, 'definitions.cjs'))
    return { realm, pipelines, files, shape: JSON.stringify([realm, ...pipelines.map(manifest)]) }
  } catch (error) {
    throw new Mistake(explain(error), { cause: error })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** The pipelines of a folder as values. Throws a {@link Mistake}. */
export const definitionsOf = async (folder: string): Promise<readonly Pipeline[]> => (await readFolder(folder)).pipelines
