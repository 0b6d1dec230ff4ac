import { Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Key } from 'sallyport'
import { hashKeysOf, pairsOf, type Member } from './demand.ts'
import type { Definitions } from './build.ts'

const age = 300
/** Seconds for which an environment uses what it read of the keys table and of secrets. On a laptop it can be made short, to watch a rotation: `SALLYPORT_KEY_AGE=2 npm start`. */
export const keyAge = (stage: string): number => stage === 'local' ? Number(process.env['SALLYPORT_KEY_AGE'] ?? age) : age

/**
 * Seconds from the making of a version until it is used. An environment uses what it read for its age, and twice as long
 * where the table does not answer; a run that began just then may go on for its timeout; the rest is for clocks.
 */
export const settle = (name: string, members: readonly Member[], stage: string): number =>
  2 * keyAge(stage) + Math.max(0, ...members.filter(({ rows, pipeline }) => pipeline !== undefined && rows.includes(name)).map(({ timeout }) => timeout)) + 5

/** What the function `keys` makes and rotates. `key`: of those that are wrapped, the KMS key that wraps them. */
export const madeKeys = ({ pipelines }: Pick<Definitions, 'pipelines'>): readonly { readonly name: string; readonly key?: Key; readonly algorithm?: string; readonly rotateDays?: number }[] => [
  ...pairsOf(pipelines).filter(({ custody }) => custody === 'wrapped').map(({ name, algorithm, keys: [key] }) => ({
    name, ...key && { key }, ...algorithm !== undefined && { algorithm }, ...key?.rotateDays !== undefined && { rotateDays: key.rotateDays },
  })),
  ...hashKeysOf(pipelines).map(({ name, rotateDays }) => ({ name, ...rotateDays !== undefined && { rotateDays } })),
]

/** Once a day the function `keys` looks which are due. */
export function rotateDaily(scope: Construct, keys: IFunction, definitions: Definitions): void {
  if (madeKeys(definitions).every(({ rotateDays }) => rotateDays === undefined)) return
  new Rule(scope, 'Rotation', {
    description: 'Renews the keys that are due', schedule: Schedule.rate(Duration.days(1)),
    targets: [new LambdaFunction(keys, { event: RuleTargetInput.fromObject({ rotate: 'due' }), retryAttempts: 2 })],
  })
}
