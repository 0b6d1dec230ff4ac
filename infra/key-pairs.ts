import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Blueprint } from './blueprint.ts'
import { madeKeys, rotateDaily } from './rotation.ts'
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
    makePairs(this, 'Pairs', lambda, { blueprint })
    rotateDaily(this, lambda, blueprint.definitions)
  }
}

/** At deployment the `keys` function makes each wrapped key that is not there yet; an update never replaces one. */
export function makePairs(scope: Construct, id: string, keys: IFunction, { blueprint }: Pick<KeyPairsProps, 'blueprint'>): void {
  // A hash key has its first version without a row.
  const made = madeKeys(blueprint.definitions).filter(({ key }) => key !== undefined)
  if (made.length === 0) return
  new CustomResource(scope, id, {
    resourceType: 'Custom::KeyPairs',
    serviceToken: keys.functionArn,
    serviceTimeout: Duration.seconds(120),
    // The function knows them; that they are here makes CloudFormation ask again when there is another.
    properties: { version: 2, keys: made.map(({ name, algorithm }) => algorithm === undefined ? name : `${name} ${algorithm}`) },
    removalPolicy: RemovalPolicy.DESTROY,
  })
}
