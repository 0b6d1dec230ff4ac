import { CfnOutput, CrossStackReferences, ReferenceStrength, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { recordsFailures } from 'sallyport'
import { alarms, alarmTopic } from './alarms.ts'
import { httpApi, type Route, type Throttle } from './api.ts'
import type { Blueprint } from './blueprint.ts'
import { dashboard } from './dashboard.ts'
import { makeFunction, runtimeLayer, type Equipment, type Made } from './function.ts'
import { makePairs } from './key-pairs.ts'
import { keepingOf } from './logs.ts'
import { countDoubts, countLines, countRecords, measuresOf } from './measures.ts'
import { mark } from './names.ts'
import { hasQueue } from './queues.ts'
import { routesOf } from './own.ts'
import { rerunsInAws } from './reruns.ts'
import { rotateDaily } from './rotation.ts'
import type { State } from './state.ts'
import { sweepOften } from './sweep.ts'

export interface StatelessProps extends StackProps {
  readonly blueprint: Blueprint
  readonly state: State
  /**
   * Whether log groups outlive the stack.
   * @default - in stage `prod` alone
   */
  readonly retain?: boolean
  /** Megabytes of memory of each function. @default 512 */
  readonly memory?: number
  /** Requests a second that the API takes. @default - 500 a second, bursts of 500 */
  readonly throttle?: Throttle
  /** Who is told when an alarm goes off. @default - nobody is subscribed to the topic */
  readonly alarmEmail?: string
  /** Where the runbook is. @default 'docs/runbook.md' */
  readonly runbook?: string
  /** Executions kept for a function, by its name. @default - none */
  readonly reservedConcurrency?: Readonly<Record<string, number>>
}

/** What a deployment replaces: the API, the functions and who may do what. */
export class Stateless extends Stack {
  readonly functions = new Map<string, Made>()
  readonly apiId: string

  constructor(scope: Construct, id: string, props: StatelessProps) {
    const {
      blueprint, blueprint: { names, definitions, members }, state, retain = names.stage === 'prod', memory, throttle = { rateLimit: 500, burstLimit: 500 },
      reservedConcurrency = {}, alarmEmail, runbook = 'docs/runbook.md', ...rest
    } = props
    super(scope, id, rest)
    mark(this, names)
    // Strong: CloudFormation refuses to replace or remove a key that a function still uses. A weak reference would let it go.
    CrossStackReferences.of(this).consume(ReferenceStrength.STRONG)
    const { pipelines } = definitions
    const keeping = keepingOf(blueprint, state, retain)
    const equipment: Equipment = { layer: runtimeLayer(this, 'Runtime', blueprint), keeping, reservedConcurrency, ...memory !== undefined && { memory } }
    for (const { name } of members) this.functions.set(name, makeFunction(this, name, { blueprint, state }, equipment))
    if (this.functions.has('ledger')) {
      sweepOften(this, this.made('ledger').lambda)
      countDoubts(this, this.made('ledger').log, names)
    }
    if (pipelines.some(recordsFailures)) rerunsInAws(this, this.made('failures').lambda, { names, keeping })
    if (this.functions.has('keys')) {
      makePairs(this, 'Pairs', this.made('keys').lambda, { blueprint })
      rotateDaily(this, this.made('keys').lambda, definitions)
    }

    const routes = routesOf(definitions).map(({ key, authorization, to }): Route => ({ key, authorization, to: this.made(to).lambda }))
    const api = httpApi(this, { names, routes, throttle, keeping })
    this.apiId = api.apiId
    const watched = { names, measures: measuresOf(names), pipelines: pipelines.map(({ name }) => name), queued: pipelines.filter(hasQueue), recording: pipelines.filter(recordsFailures).map(({ name }) => name), apiId: api.apiId, ledger: state.ledger.tableName }
    for (const { name, trigger } of pipelines) countLines(this, name, this.made(name).log, names, trigger.kind === 'async')
    for (const name of watched.recording) countRecords(this, name, this.made(name).log, names)
    const topic = alarmTopic(this, { names, key: state.logKey, email: alarmEmail })
    alarms(this, { ...watched, functions: members.map(({ name }) => name), topic, runbook })
    dashboard(this, watched)
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn, description: 'Subscribe here to be told of alarms' })
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint, description: 'Where the routes are' })
  }

  made(name: string): Made {
    const made = this.functions.get(name)
    if (made === undefined) throw new TypeError(`function ${name} is not among the functions of this app`)
    return made
  }
}
