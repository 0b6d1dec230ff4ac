import { CfnOutput, CrossStackReferences, CustomResource, Duration, ReferenceStrength, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { manifest } from 'sallyport'
import { alarms, alarmTopic } from './alarms.ts'
import { httpApi, type Route, type Throttle } from './api.ts'
import type { Built, Definitions } from './build.ts'
import { pairsOf, type Member, type Pair } from './demand.ts'
import { dashboard } from './dashboard.ts'
import { makeFunction, type Equipment, type Made } from './function.ts'
import { countLines, measuresOf } from './measures.ts'
import type { Names } from './names.ts'
import { environmentOf, routesOf } from './own.ts'
import type { State } from './state.ts'
import { statements } from './statements.ts'

export interface StatelessProps extends StackProps {
  readonly names: Names
  readonly state: State
  readonly built: Built
  readonly definitions: Definitions
  readonly members: readonly Member[]
  readonly retain: boolean
  readonly memory: number
  readonly throttle: Throttle
  readonly alarmEmail: string | undefined
  readonly runbook: string
  readonly reservedConcurrency: (name: string) => number | undefined
}

/** What a deployment replaces: the API, the functions and who may do what. */
export class Stateless extends Stack {
  readonly functions = new Map<string, Made>()
  readonly apiId: string

  constructor(scope: Construct, id: string, props: StatelessProps) {
    const { names, state, built, definitions, members, retain, memory, throttle, reservedConcurrency, alarmEmail, runbook, ...rest } = props
    super(scope, id, rest)
    // Strong: CloudFormation refuses to replace or remove a key that a function still uses. A weak reference would let it go.
    CrossStackReferences.of(this).consume(ReferenceStrength.STRONG)
    const { realm, pipelines } = definitions
    const removalPolicy = retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    const keeping = { days: realm.logRetentionDays, key: state.logKey, removalPolicy }
    const layer = new LayerVersion(this, 'Runtime', {
      code: Code.fromAsset(built.layer), description: 'The runtime of Sallyport',
      compatibleRuntimes: [Runtime.NODEJS_24_X], compatibleArchitectures: [Architecture.ARM_64], removalPolicy: RemovalPolicy.DESTROY,
    })
    const equipment: Equipment = { names, layer, memory, keeping, removalPolicy, reservedConcurrency }
    const pairs = pairsOf(pipelines)

    for (const member of members) {
      const { name, timeout, pipeline } = member
      const folder = built.functions[name]
      if (folder === undefined) throw new TypeError(`${pipeline ? 'pipeline' : 'function'} ${name} was not bundled`)
      this.functions.set(name, makeFunction(this, name, {
        folder, timeout,
        allowed: statements(member, (resource) => state.place(resource).arn),
        environment: environmentOf(member, definitions, (resource) => state.place(resource).address, (value) => this.toJsonString(value)),
        ...pipeline && { manifest: manifest(pipeline) },
      }, equipment))
    }
    this.makePairs(state, pairs)

    const routes = routesOf(definitions).map(({ key, authorization, to }): Route => ({ key, authorization, to: this.made(to).lambda }))
    const api = httpApi(this, { names, routes, throttle, keeping })
    this.apiId = api.apiId
    const watched = { names, measures: measuresOf(names), pipelines: pipelines.map(({ name }) => name), apiId: api.apiId, ledger: state.ledger.tableName }
    for (const name of watched.pipelines) countLines(this, name, this.made(name).log, names)
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

  /** At deployment the `keys` function makes each wrapped pair that is not there yet; an update never replaces one. */
  private makePairs(state: State, pairs: readonly Pair[]): void {
    const wrapped = pairs.filter(({ custody }) => custody === 'wrapped')
    if (wrapped.length === 0) return
    new CustomResource(this, 'Pairs', {
      resourceType: 'Custom::KeyPairs',
      serviceToken: this.made('keys').lambda.functionArn,
      serviceTimeout: Duration.seconds(120),
      properties: { version: 1, pairs: wrapped.map(({ name, keys }) => ({ name, custody: 'wrapped', key: keys[0] && state.place(keys[0]).arn })) },
      removalPolicy: RemovalPolicy.DESTROY,
    })
  }
}
