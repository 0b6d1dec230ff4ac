import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Blueprint } from './blueprint.ts'
import { makeFunction, runtimeLayer } from './function.ts'
import { keepingOf } from './logs.ts'
import type { State } from './state.ts'

export interface PipelineFunctionProps {
  readonly blueprint: Blueprint
  /** Where its keys, tables and secrets are. */
  readonly state: State
  /** The pipeline's name; or one of ours, as `jwks`. */
  readonly pipeline: string
  /** Megabytes of memory. @default 512 */
  readonly memory?: number
}

/**
 * One pipeline as a Lambda function in a stack of the user's own, with its role, policy and log group: for a door that
 * is there already. It takes HTTP API events (payload format 2.0), and trusts the door to have asked for its `auth`. Where messages
 * wait, Lambda brings them from its queue, and a rule of its own the events.
 */
export class PipelineFunction extends Construct {
  readonly lambda: LambdaFunction
  readonly log: ILogGroup

  constructor(scope: Construct, id: string, { blueprint, state, pipeline, memory }: PipelineFunctionProps) {
    super(scope, id)
    const { lambda, log } = makeFunction(this, pipeline, { blueprint, state }, {
      layer: runtimeLayer(this, 'Runtime', blueprint), keeping: keepingOf(blueprint, state), ...memory !== undefined && { memory },
    })
    this.lambda = lambda
    this.log = log
  }
}
