import { PermissionsBoundary, type Environment } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledgements.ts'
import { buildSync, readDefinitions, type Built, type Definitions } from './build.ts'
import { membersOf, wantedOf } from './demand.ts'
import { namesOf } from './names.ts'
import { routesOf } from './own.ts'
import { refuseDefinitions, refuseMembers, refuseRoutes, refuseSize, refuseStage } from './refuse.ts'
import { State } from './state.ts'
import { Stateless } from './stateless.ts'

export interface SallyportProps {
  /** Folder of the pipelines: every file in it is one, but `realm.ts`. */
  readonly pipelines: string
  /**
   * Which deployment this is: part of all names, and which origin of an account counts. `prod` keeps keys, tables,
   * secrets and logs when the stacks are destroyed; every other stage removes them.
   * @default 'dev'
   */
  readonly stage?: string
  /**
   * Where the partners are, by account name. Only in stage `local`: elsewhere origins stand in reviewed code.
   * @default - the origins of the accounts
   */
  readonly origins?: Readonly<Record<string, string>>
  /**
   * Region and account. Region-agnostic templates deploy anywhere.
   * @default - those of the credentials at deployment
   */
  readonly env?: Environment
  /**
   * ARN or name of a managed policy that bounds every role made here.
   * @default - no boundary
   */
  readonly permissionsBoundary?: string
  /**
   * Who is told when an alarm goes off.
   * @default - nobody is subscribed to the topic
   */
  readonly alarmEmail?: string
  /**
   * Where the runbook is: each alarm's description ends with it and the anchor of its heading.
   * @default 'docs/runbook.md'
   */
  readonly runbook?: string
  /**
   * Megabytes of memory of each function; processor time grows with it.
   * @default 512
   */
  readonly memory?: number
  /**
   * Requests a second that the API takes, all routes together.
   * @default - 500 a second, bursts of 500
   */
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number }
  /**
   * Executions at a time that are kept for, and are the most of, a function, by its name.
   * @default - none: the functions share what the account has. A new account has ten in all, of which none can be kept.
   */
  readonly reservedConcurrency?: Readonly<Record<string, number>>
}

/** What a test puts in place of a build. */
export interface Prepared {
  readonly built: Built
  readonly definitions: Definitions
}

/**
 * Pipelines as two stacks: `<id>-<stage>-state`, which holds what must outlive a deployment, and `<id>-<stage>`. Both
 * stand directly under `scope`, and the functions directly under the second, so that `sam local` finds them by name.
 */
export class Sallyport extends Construct {
  readonly state: State
  readonly stateless: Stateless

  constructor(scope: Construct, id: string, props: SallyportProps, prepared?: Prepared) {
    super(scope, id)
    const { stage = 'dev', pipelines, origins, env, permissionsBoundary, memory = 512, throttle = { rateLimit: 500, burstLimit: 500 }, reservedConcurrency = {}, alarmEmail, runbook = 'docs/runbook.md' } = props
    refuseStage(stage, origins)
    const built = prepared?.built ?? buildSync({ pipelines, stage, ...origins && { origins } })
    const definitions = prepared?.definitions ?? readDefinitions(built.definitions)
    const names = namesOf(id, stage)
    const retain = stage === 'prod'
    refuseDefinitions(definitions, stage)
    const members = membersOf(definitions.pipelines)
    refuseRoutes(routesOf(definitions).length, definitions.pipelines.length)
    refuseMembers(members, definitions, names.prefix)
    const stack = { names, retain, ...env && { env }, ...permissionsBoundary !== undefined && {
      permissionsBoundary: permissionsBoundary.startsWith('arn:') ? PermissionsBoundary.fromArn(permissionsBoundary) : PermissionsBoundary.fromName(permissionsBoundary),
    } }

    this.state = new State(scope, `${names.prefix}-state`, { ...stack, wanted: wantedOf(members), description: `Sallyport ${names.prefix}: keys, tables and secrets` })
    this.stateless = new Stateless(scope, names.prefix, {
      ...stack, state: this.state, built, definitions, members, memory, throttle, alarmEmail, runbook, reservedConcurrency: (name) => reservedConcurrency[name],
      description: `Sallyport ${names.prefix}: API and functions`,
    })
    for (const each of [this.state, this.stateless]) {
      refuseSize(each, definitions.pipelines)
      acknowledge(each, definitions)
    }
  }
}
