import { Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { leaves, ledgerKeyOf, mostItems, undecidedDays, type Identifier, type Key, type Pipeline } from 'sallyport'
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

/** Of a hash key: how many of its versions a claim can ask for, and for how many days one counts when the next is in use. */
interface Counting { readonly days: number; readonly most: number }

/** What a step that claims shows of itself; one that is not ours may show something else. */
interface Claims extends Counted {
  readonly keys?: unknown
  readonly by?: unknown
  readonly days?: number
  readonly idempotencyKey?: unknown
}
interface Counted { readonly as?: Identifier }

const identifierOf = (counted: Counted | null): Identifier | undefined => counted?.as?.kind === 'identifier' ? counted.as : undefined

/** Items of a transaction of DynamoDB. */
const mostInOne = 100

/** A claim has an item for each identifier and version of its key: what the schedule leaves of a hundred is shared among its identifiers. */
function countingOf(pipelines: readonly Pipeline[], name: string): Counting[] {
  const claims = pipelines.flatMap(({ steps }) => [...leaves(steps)]).filter((step) => step.claims).flatMap(({ config }): Counting[] => {
    const { keys, by, days = 0, idempotencyKey } = config as Claims
    const identifiers = [...Array.isArray(keys) ? (keys as readonly Counted[]).map(identifierOf) : by === undefined ? [] : [identifierOf(config)], ...idempotencyKey === undefined ? [] : [undefined]]
    // A token that counts once.
    if (identifiers.length === 0) identifiers.push(undefined)
    const spare = Math.floor((mostInOne - mostItems(identifiers, days)) / identifiers.length)
    const own = identifiers.filter((each) => ledgerKeyOf(each).name === name).slice(0, 1)
    return own.map((each) => ({ days: days + undecidedDays, most: mostItems([each], days) + spare }))
  })
  return [...new Map(claims.map((each) => [JSON.stringify(each), each])).values()]
}

/** What the function `keys` makes and rotates. `key`: of those that are wrapped, the KMS key that wraps them. `counts`: of a hash key that claims use. */
export const madeKeys = ({ pipelines }: Pick<Definitions, 'pipelines'>): readonly { readonly name: string; readonly key?: Key; readonly algorithm?: string; readonly rotateDays?: number; readonly counts?: readonly Counting[] }[] => [
  ...pairsOf(pipelines).filter(({ custody }) => custody === 'wrapped').map(({ name, algorithm, keys: [key] }) => ({
    name, ...key && { key }, ...algorithm !== undefined && { algorithm }, ...key?.rotateDays !== undefined && { rotateDays: key.rotateDays },
  })),
  ...hashKeysOf(pipelines).map(({ name, rotateDays }) => {
    const counts = countingOf(pipelines, name)
    return { name, ...rotateDays !== undefined && { rotateDays }, ...counts.length > 0 && { counts } }
  }),
]

/** Once a day the function `keys` looks which are due. */
export function rotateDaily(scope: Construct, keys: IFunction, definitions: Definitions): void {
  if (madeKeys(definitions).every(({ rotateDays }) => rotateDays === undefined)) return
  new Rule(scope, 'Rotation', {
    description: 'Renews the keys that are due', schedule: Schedule.rate(Duration.days(1)),
    targets: [new LambdaFunction(keys, { event: RuleTargetInput.fromObject({ rotate: 'due' }), retryAttempts: 2 })],
  })
}
