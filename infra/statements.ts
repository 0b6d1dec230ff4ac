import { Aws } from 'aws-cdk-lib'
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { outcomesKey, repliesKey, rerunsKey, waitingKey, type Resource } from 'sallyport'
import { isStore, type Member } from './demand.ts'

/** Where a resource is: what goes into the policy and into the environment variable. */
export type Place = (resource: Resource) => string

/** Of these each pipeline seals what is its own: KMS binds every data key to its name, as layers/runtime/sealing.ts has it. */
const shared: ReadonlySet<string> = new Set([outcomesKey, repliesKey, rerunsKey, waitingKey].map(({ name }) => name))

/** Under a key that pipelines share, what it sealed itself; of whoever invokes pipelines, what those sealed. */
const bound = ({ name, needs, pipeline }: Member, key: string): object => ({ StringEquals: {
  'kms:EncryptionContext:sallyport:key': key,
  'kms:EncryptionContext:sallyport:context': pipeline === undefined ? needs.filter(({ resource: { kind } }) => kind === 'function').map(({ resource }) => resource.name) : name,
} })

/**
 * One statement a need: exactly these actions on exactly this resource; of a bucket two, since objects and the bucket are two resources,
 * and of all functions that are invoked one. No `kms:Decrypt` for the keys behind the tables
 * and the secrets: those keys are used by DynamoDB and Secrets Manager on behalf of the caller, and their own policies
 * admit only that way (see service-keys.ts).
 */
export const statements = (member: Member, place: Place): PolicyStatement[] => member.needs.flatMap(({ resource, actions }) => {
  const { needs, rows } = member
  // A key whose rows are read, and which unwraps nothing.
  if (actions.length === 0) return []
  if (resource.kind === 'function') return resource === needs.find(({ resource: { kind } }) => kind === 'function')?.resource ? [invoking(needs, place)] : []
  if (isStore(resource) && resource.on === 's3') return objects(actions, place(resource))
  return [new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...actions].sort(),
    resources: [place(resource)],
    ...resource.kind === 'key' && shared.has(resource.name) && { conditions: bound(member, resource.name) },
    ...resource.kind === 'table' && resource.name === 'keys' && {
      // Rows of the pairs it opens, none of another pipeline's. `Null`: an absent key would satisfy ForAllValues.
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [...rows] }, Null: { 'dynamodb:LeadingKeys': 'false' } },
    },
  })]
})

/** Each by its name: there may be many, and a policy has room for so many characters. */
const invoking = (needs: Member['needs'], place: Place): PolicyStatement => new PolicyStatement({
  effect: Effect.ALLOW, actions: ['lambda:InvokeFunction'], resources: needs.filter(({ resource: { kind } }) => kind === 'function').map(({ resource }) => place(resource)),
})

/** Only while the bucket is this account's: whoever takes its name after it was deleted gets nothing. */
function objects(actions: readonly string[], bucket: string): PolicyStatement[] {
  const statement = (some: readonly string[], resource: string): PolicyStatement[] => some.length === 0 ? [] : [new PolicyStatement({
    effect: Effect.ALLOW, actions: [...some].sort(), resources: [resource], conditions: { StringEquals: { 's3:ResourceAccount': Aws.ACCOUNT_ID } },
  })]
  const lists = (action: string): boolean => action === 's3:ListBucket'
  return [...statement(actions.filter((action) => !lists(action)), `${bucket}/*`), ...statement(actions.filter(lists), bucket)]
}

/** What every function may do besides its needs: write to its own log group, which exists already. */
export const logging = (logGroupArn: string): PolicyStatement => new PolicyStatement({
  effect: Effect.ALLOW,
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [`${logGroupArn}:log-stream:*`],
})
