import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Blueprint } from './blueprint.ts'
import { pairsOf } from './demand.ts'
import { makeFunction, runtimeLayer } from './function.ts'
import { keepingOf } from './logs.ts'
import type { State } from './state.ts'

export interface KeyPairsProps {
  readonly blueprint: Blueprint
  readonly state: State
}

/** The function `keys`, and the key pairs in custody `wrapped` that it makes at deployment. Part of a {@link Stateless} already. */
export class KeyPairs extends Construct {
  constructor(scope: Construct, id: string, { blueprint, state }: KeyPairsProps) {
    super(scope, id)
    const { lambda } = makeFunction(this, 'keys', { blueprint, state }, { layer: runtimeLayer(this, 'Runtime', blueprint), keeping: keepingOf(blueprint, state) })
    makePairs(this, 'Pairs', lambda, { blueprint, state })
  }
}

/** At deployment the `keys` function makes each wrapped pair that is not there yet; an update never replaces one. */
export function makePairs(scope: Construct, id: string, keys: IFunction, { blueprint, state }: KeyPairsProps): void {
  const wrapped = pairsOf(blueprint.definitions.pipelines).filter(({ custody }) => custody === 'wrapped')
  if (wrapped.length === 0) return
  new CustomResource(scope, id, {
    resourceType: 'Custom::KeyPairs',
    serviceToken: keys.functionArn,
    serviceTimeout: Duration.seconds(120),
    properties: { version: 1, pairs: wrapped.map(({ name, keys: [key] }) => ({ name, custody: 'wrapped', key: key && state.place(key).arn })) },
    removalPolicy: RemovalPolicy.DESTROY,
  })
}
