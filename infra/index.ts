import { PermissionsBoundary, type Environment } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledgements.ts'
import { blueprint, localOf, stageOf, type Blueprint, type Prepared } from './blueprint.ts'
import { refuseSize } from './refuse.ts'
import { State } from './state.ts'
import { Stateless } from './stateless.ts'

export { blueprint, stageOf, type Blueprint, type BlueprintProps } from './blueprint.ts'
export { KeyPairs, type KeyPairsProps } from './key-pairs.ts'
export { PipelineFunction, type PipelineFunctionProps } from './pipeline-function.ts'
export { State, type StateProps } from './state.ts'
export { Stateless, type StatelessProps } from './stateless.ts'

export interface SallyportProps {
  /** Folder of the pipelines: every file in it is one, but `realm.ts`. */
  readonly pipelines: string
  /**
   * Which deployment this is: part of all names, and which origin of an account counts. `prod` keeps keys, tables,
   * secrets and logs when the stacks are destroyed; every other stage removes them.
   * @default - the context value `stage` (`-c stage=prod`), or 'dev'
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

/**
 * Pipelines as two stacks: `<id>-<stage>-state`, which holds what must outlive a deployment, and `<id>-<stage>`. Both
 * stand directly under `scope`, and the functions directly under the second, so that `sam local` finds them by name.
 * Where that is not how an app is cut, {@link State}, {@link Stateless}, {@link PipelineFunction} and {@link KeyPairs} are
 * made from a {@link blueprint} one by one.
 */
export class Sallyport extends Construct {
  readonly blueprint: Blueprint
  readonly state: State
  readonly stateless: Stateless

  constructor(scope: Construct, id: string, { pipelines, stage, origins, permissionsBoundary, env, ...props }: SallyportProps, prepared?: Prepared) {
    super(scope, id)
    const local = localOf(this.node)
    const where = stage ?? stageOf(this.node)
    const from = origins ?? local.origins
    this.blueprint = blueprint({
      id, stage: where, pipelines: where === 'local' ? local.pipelines ?? pipelines : pipelines, ...from && { origins: from }, ...where === 'local' && local.built && { built: local.built },
    }, prepared)
    const { names, definitions } = this.blueprint
    const stack = { blueprint: this.blueprint, ...env && { env }, ...permissionsBoundary !== undefined && {
      permissionsBoundary: permissionsBoundary.startsWith('arn:') ? PermissionsBoundary.fromArn(permissionsBoundary) : PermissionsBoundary.fromName(permissionsBoundary),
    } }
    this.state = new State(scope, `${names.prefix}-state`, { ...stack, description: `Sallyport ${names.prefix}: keys, tables and secrets` })
    this.stateless = new Stateless(scope, names.prefix, { ...stack, ...props, state: this.state, description: `Sallyport ${names.prefix}: API and functions` })
    for (const each of [this.state, this.stateless]) {
      refuseSize(each, definitions.pipelines)
      acknowledge(each, definitions)
    }
  }
}
