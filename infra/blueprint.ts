import { resolve } from 'node:path'
import type { Node } from 'constructs'
import { buildSync, readDefinitions, type Built, type Definitions } from './build.ts'
import { membersOf, type Member } from './demand.ts'
import { namesOf, type Names } from './names.ts'
import { routesOf } from './own.ts'
import { refuseDefinitions, refuseMembers, refuseRoutes, refuseStage } from './refuse.ts'

/** What a folder of pipelines asks for: read, checked and bundled. All constructs are made from one. */
export interface Blueprint {
  readonly names: Names
  readonly built: Built
  readonly definitions: Definitions
  readonly members: readonly Member[]
}

export interface BlueprintProps {
  /** Begins all names, so that several apps live in one account. */
  readonly id: string
  /** Which deployment this is: part of all names, and which origin of an account counts. */
  readonly stage: string
  /** Folder of the pipelines: every file in it is one, but `realm.ts`. */
  readonly pipelines: string
  /**
   * Where the partners are, by account name. Only in stage `local`: elsewhere origins stand in reviewed code.
   * @default - the origins of the accounts
   */
  readonly origins?: Readonly<Record<string, string>>
  /**
   * What was bundled before, of the same folder and stage.
   * @default - it is bundled
   */
  readonly built?: Built
}

/** What a test puts in place of a build. */
export type Prepared = Pick<Blueprint, 'built' | 'definitions'>

/** Reads, checks and bundles. Throws a TypeError of one sentence for what is known to be wrong before anything is deployed. */
export function blueprint({ id, stage, pipelines, origins, built: given }: BlueprintProps, prepared?: Prepared): Blueprint {
  refuseStage(stage, origins)
  const built = prepared?.built ?? given ?? buildSync({ pipelines: resolve(pipelines), stage, ...origins && { origins } })
  const definitions = prepared?.definitions ?? readDefinitions(built.definitions)
  const names = namesOf(id, stage)
  refuseDefinitions(definitions, stage)
  const members = membersOf(definitions.pipelines)
  refuseRoutes(routesOf(definitions).length, definitions.pipelines.length)
  refuseMembers(members, definitions, names)
  return { names, built, definitions, members }
}

/** A context value from the command line (`-c stage=prod`) or from cdk.json. */
function text(node: Node, name: string): string | undefined {
  const value: unknown = node.tryGetContext(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The deployment that the command line asks for, where a construct is not told. */
export const stageOf = (node: Node): string => text(node, 'stage') ?? 'dev'

/** What the local run says: which folder it runs, where the partners are (`{"acquirer": "http://127.0.0.1:9001"}`), and what it has bundled. */
export function localOf(node: Node): { readonly pipelines?: string; readonly built?: Built; readonly origins?: Record<string, string> } {
  const pipelines = text(node, 'pipelines')
  const built = text(node, 'built')
  const value: unknown = node.tryGetContext('origins')
  return { ...pipelines !== undefined && { pipelines }, ...built !== undefined && { built: JSON.parse(built) as Built }, ...value !== undefined && { origins: read(value) } }
}

function read(value: unknown): Record<string, string> {
  try {
    const origins: unknown = typeof value === 'string' ? JSON.parse(value) : value
    if (typeof origins === 'object' && origins !== null && Object.values(origins).every((origin) => URL.canParse(String(origin)))) return origins as Record<string, string>
  } catch { /* said below */ }
  throw new TypeError('context origins: write a JSON object with an address for each account')
}
