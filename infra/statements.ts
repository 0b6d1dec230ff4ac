import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Resource } from 'sallyport'
import type { Member } from './demand.ts'

/** Where a resource is: what goes into the policy and into the environment variable. */
export type Place = (resource: Resource) => string

/**
 * One statement a need: exactly these actions on exactly this resource. No `kms:Decrypt` for the keys behind the tables
 * and the secrets: those keys are used by DynamoDB and Secrets Manager on behalf of the caller, and their own policies
 * admit only that way (see service-keys.ts).
 */
export const statements = ({ needs, rows }: Member, place: Place): PolicyStatement[] => needs.map(({ resource, actions }) => new PolicyStatement({
  effect: Effect.ALLOW,
  actions: [...actions].sort(),
  resources: [place(resource)],
  ...resource.kind === 'table' && resource.name === 'keys' && {
    // Rows of the pairs it opens, none of another pipeline's. `Null`: an absent key would satisfy ForAllValues.
    conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [...rows] }, Null: { 'dynamodb:LeadingKeys': 'false' } },
  },
}))

/** What every function may do besides its needs: write to its own log group, which exists already. */
export const logging = (logGroupArn: string): PolicyStatement => new PolicyStatement({
  effect: Effect.ALLOW,
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [`${logGroupArn}:log-stream:*`],
})
