import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Pipeline } from 'sallyport'
import { home } from '../infra/home.ts'
import { Usage } from './usage.ts'

/** The folder with the cdk.json that is nearest above; the one where we are called if there is none. */
function nearest(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cdk.json'))) return folder
    if (dirname(folder) === folder) return existsSync(join(home, 'cdk.json')) ? home : process.cwd()
  }
}

/** The user's project. */
export const project = nearest()
/** All state of the local run. */
export const localFolder = join(project, '.local')
/** The pipelines that `start` has a demonstration for: those of this repository. */
export const examples = join(home, 'functions/pipelines')

/** A folder as the user named it: npm runs scripts in the project, wherever it was called. Else the one that the project has. */
export function folderOf(given: string | undefined): string {
  if (given !== undefined) {
    const here = resolve(given)
    const called = process.env['INIT_CWD']
    return existsSync(here) || called === undefined ? here : resolve(called, given)
  }
  const found = ['pipelines', 'functions/pipelines'].map((folder) => join(project, folder)).find((folder) => existsSync(folder))
  if (found === undefined) throw new Usage(`${project} has no folder pipelines: npx sallyport init makes one, --pipelines DIR names another`)
  return found
}

/** The pipelines of a folder, as values. What bundles them is loaded by those verbs alone that ask. */
export const pipelinesOf = async (folder: string): Promise<readonly Pipeline[]> => (await import('../local/definitions.ts')).definitionsOf(folder)

/** Version of this package. */
export const version = (): string => (JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }).version
