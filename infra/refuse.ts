import { CfnResource, type Stack } from 'aws-cdk-lib'
import { PolicyDocument } from 'aws-cdk-lib/aws-iam'
import { deadQueueOf, flawOfPattern, flawOfResting, flawOfTimes, flawOfWaiting, isLifetime, isRouted, leaves, outcomesKey, outcomesTable, queueOf, repliesKey, rerunsKey, waitingKey, type Pipeline, type Queue, type Resource, type Step } from 'sallyport'
import { existingPlace, isExisting } from './existing.ts'
import type { Definitions } from './build.ts'
import { isKey, isStore, type Member } from './demand.ts'
import { environmentOf } from './own.ts'
import type { Names } from './names.ts'
import { hasQueue } from './queues.ts'
import { keySetsOf } from './key-sets.ts'
import { logging, statements } from './statements.ts'
import { retentions } from './logs.ts'
import { exposedEntities, exposedHashes, exposedIdentifiers, type FieldClass } from './sensitive.ts'

/** What AWS takes at most. */
export const limits = { integrations: 300, resources: 500, environmentBytes: 4_096, policyCharacters: 6_144, nameCharacters: 64, bucketCharacters: 63, queueCharacters: 80 } as const

const refuse = (sentence: string): never => { throw new TypeError(sentence) }
const list = (names: readonly string[]): string => names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
const plural = (names: readonly string[]): string => `pipeline${names.length > 1 ? 's' : ''} ${list(names)}`

/** The stage, and what may be said with it. */
export function refuseStage(stage: string, origins: Readonly<Record<string, string>> | undefined): void {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(stage)) refuse(`stage ${JSON.stringify(stage)}: write up to 16 lower-case letters and digits`)
  if (origins !== undefined && stage !== 'local') refuse(`stage ${stage}: origins may be given to the stage local alone; elsewhere they stand in the accounts, reviewed`)
}

/** Whatever can be known from the definitions to be wrong. Throws a TypeError: one sentence with the names of the pipelines. */
export function refuseDefinitions({ pipelines, realm }: Definitions, stage: string): void {
  if (!retentions.includes(realm.logRetentionDays)) refuse(`realm: logRetentionDays ${realm.logRetentionDays} is none that CloudWatch knows; the next are ${list(around(realm.logRetentionDays).map(String))}`)
  shared(pipelines, ({ name }) => [name], (name, { length }) => `pipeline ${name}: ${length} pipelines have this name`)
  for (const pipeline of pipelines) refuseTrigger(pipeline)
  shared(pipelines, ({ trigger }) => isRouted(trigger) ? [`${trigger.method} ${trigger.path}`] : [], (route, names) => `${plural(names)}: they have one route, ${route}`)
  shared(pipelines, (pipeline) => hasQueue(pipeline) ? [queueOf(pipeline).name, deadQueueOf(pipeline).name] : [], (queue, names) => `${plural(names)}: they have one queue, ${queue}; give one of them another name`)
  for (const pipeline of pipelines) {
    refuseOrigins(pipeline, stage)
    for (const { identifier, field } of exposedIdentifiers(pipeline, realm)) {
      refuse(`pipeline ${pipeline.name}: ${field === undefined ? `identifier ${identifier}` : `field ${field} (identifier ${identifier})`} is sensitive and must not be digested without a key, which anybody could undo by trying all values: give the identifier a hashKey`)
    }
    for (const field of exposedEntities(pipeline, realm)) refuse(`pipeline ${pipeline.name}: field ${field} is sensitive and would stand readable in records of failures: give the entity an identifier with a hashKey in as`)
    for (const { field, hash, of } of exposedHashes(pipeline, realm)) refuse(`pipeline ${pipeline.name}: field ${field} is ${whyKeyed(of)}; hash it as an identifier with a hashKey, or by hmac({ key }), instead of ${hash}`)
  }
  refuseResources(pipelines)
  refuseDays(pipelines)
}

/** What pipelines count as one they remember for one time: else what one of them still remembers, another has forgotten after a rotation of the key. */
function refuseDays(pipelines: readonly Pipeline[]): void {
  const first = new Map<string, { readonly pipeline: string; readonly days: number }>()
  for (const { name, steps } of pipelines) {
    for (const { identifier, days } of [...leaves(steps)].filter(({ claims }) => claims).flatMap(({ config }) => acrossRealm(config))) {
      const before = first.get(identifier)
      if (before !== undefined && before.days !== days) refuse(`${plural([...new Set([before.pipeline, name])])}: identifier ${identifier} is counted across the realm for ${before.days} and for ${days} days: give them the same days`)
      first.set(identifier, before ?? { pipeline: name, days })
    }
  }
}

interface Counting {
  readonly scope?: 'pipeline' | 'realm'
  readonly as?: { readonly name: string }
}

/** What a step that claims counts across the realm, by its options. */
function acrossRealm({ keys = [], days = 0, ...single }: Counting & { readonly keys?: readonly Counting[]; readonly days?: number }): readonly { readonly identifier: string; readonly days: number }[] {
  return [single, ...Array.isArray(keys) ? keys as readonly Counting[] : []].flatMap(({ scope, as }) => scope === 'realm' && as !== undefined ? [{ identifier: as.name, days }] : [])
}

/** Why a hash without a key does not hide it. */
function whyKeyed(of: FieldClass | undefined): string {
  switch (of) {
    case 'card number': return 'a card number and must not be hashed without a key: PCI DSS v4 requirement 3.5.1.1 asks for a keyed hash of the whole number, since issuer, last four and check digit leave about a hundred thousand to try, which no salt and no slow hash makes many'
    case 'national identifier': return 'a national identifier and must not be hashed without a key: nine to eleven digits are few enough to try them all, and a salt or a slow hash only makes that take days'
    case undefined: return 'sensitive and must not be hashed without a key or a salt, which anybody could undo by trying values'
  }
}

function around(days: number): number[] {
  const below = retentions.filter((known) => known < days).at(-1)
  return [below, retentions.find((known) => known > days)].filter((known) => known !== undefined)
}

function shared(pipelines: readonly Pipeline[], by: (pipeline: Pipeline) => readonly string[], sentence: (key: string, names: readonly string[]) => string): void {
  for (const [key, same] of Map.groupBy(pipelines.flatMap((pipeline) => by(pipeline).map((key) => ({ key, name: pipeline.name }))), ({ key }) => key)) {
    if (same.length > 1) refuse(sentence(key, same.map(({ name }) => name)))
  }
}

/** Types say the same; definitions written in plain JavaScript, or by a newer version, are told here. */
function refuseTrigger(pipeline: Pipeline): void {
  const { name, trigger, timeout, outcomeDays } = pipeline
  if (!['http', 'async', 'queue', 'event'].includes(trigger.kind)) refuse(`pipeline ${name}: this version cannot provide a trigger of kind ${JSON.stringify(trigger.kind)}`)
  const flaw = (hasQueue(pipeline) ? flawOfWaiting(pipeline.trigger) : undefined)
    ?? (trigger.kind === 'queue' || trigger.kind === 'event' ? flawOfResting(trigger.accept, trigger.readable) : undefined)
    ?? (trigger.kind === 'event' ? flawOfPattern(trigger.pattern) : undefined) ?? flawOfTimes(trigger, timeout, outcomeDays)
  if (flaw !== undefined) refuse(`pipeline ${name}: ${flaw}`)
  if (trigger.kind === 'queue' && !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(trigger.name)) refuse(`pipeline ${name}: ${JSON.stringify(trigger.name)} is no name of a queue: write lower-case words joined by hyphens`)
  if (isRouted(trigger)) refuseRoute(name, trigger)
}

function refuseRoute(name: string, { method, path, auth }: { readonly method?: string; readonly path?: string; readonly auth?: { readonly scheme?: string; readonly why?: string } }): void {
  if (method !== 'POST') refuse(`pipeline ${name}: this version cannot enforce the method ${JSON.stringify(method)}; write post(…)`)
  if (typeof path !== 'string' || !/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) refuse(`pipeline ${name}: ${JSON.stringify(path)} is no path of plain segments, as /loan-applications`)
  if (auth?.scheme === 'iam') return
  if (auth?.scheme !== 'open') refuse(`pipeline ${name}: this version cannot enforce the auth scheme ${JSON.stringify(auth?.scheme)}; write iam() or open('why anybody may call it')`)
  if ((auth?.why ?? '').trim().length < 10) refuse(`pipeline ${name}: an open route needs a sentence that says why anybody may call it`)
}

function refuseOrigins(pipeline: Pipeline, stage: string): void {
  const { name, steps } = pipeline
  if (stage === 'local') return
  for (const { name: keys, how } of keySetsOf([pipeline])) {
    if (how.origin[stage] === undefined) refuse(`pipeline ${name}: account ${keys} has no origin for the stage ${stage}; it knows ${list(Object.keys(how.origin)) || 'none'}`)
  }
  for (const { to } of [...leaves(steps)].flatMap((step) => step.sends ?? [])) {
    if (to.how.origin[stage] === undefined) refuse(`pipeline ${name}: account ${to.name} has no origin for the stage ${stage}; it knows ${list(Object.keys(to.how.origin)) || 'none'}`)
  }
  for (const { resource } of [...leaves(steps)].flatMap((step) => step.needs)) {
    if (isExisting(resource) && existingPlace(resource, stage) === undefined) refuse(`pipeline ${name}: existing resource ${resource.name} has no arn for the stage ${stage}; it knows ${list(Object.keys(resource.arn)) || 'none'}`)
  }
}

/** Keys that pipelines share, each for what is its own: what they seal, and whether it is for a step to say that it needs one. */
const ownKeys: ReadonlyMap<string, { readonly seals: string; readonly of: (step: Step<never, unknown>) => boolean }> = new Map([
  [waitingKey.name, { seals: 'messages that wait are sealed', of: () => false }],
  [outcomesKey.name, { seals: 'replies that wait are sealed', of: () => false }],
  [rerunsKey.name, { seals: 'records of failures are sealed', of: ({ entity }: Step<never, unknown>) => entity !== undefined }],
  [repliesKey.name, { seals: 'first replies are sealed', of: ({ claims }: Step<never, unknown>) => claims === true }],
])

/** Every resource must be one that infra provides, and the same for all that name it. */
function refuseResources(pipelines: readonly Pipeline[]): void {
  const first = new Map<string, { readonly pipeline: string; readonly shape: string }>()
  for (const { name: pipeline, steps } of pipelines) {
    for (const { resource, step } of [...leaves(steps)].flatMap((step) => step.needs.map(({ resource }) => ({ resource, step })))) {
      const id = `${resource.kind} ${resource.name}`
      const ours = isKey(resource) ? ownKeys.get(resource.name) : undefined
      if (ours?.of(step) === false) refuse(`pipeline ${pipeline}: it needs ${id}, under which ${ours.seals}; give it another name`)
      if (!provided(resource) && !(step.entity !== undefined && resource.name === outcomesTable.name)) refuse(`pipeline ${pipeline}: it needs ${id}, which nothing here provides`)
      const before = first.get(id)
      const shape = shapeOf(resource)
      if (before !== undefined && before.shape !== shape) {
        refuse(`${plural([...new Set([before.pipeline, pipeline])])}: ${id} is meant in two ways${isKey(resource) || isStore(resource) ? `, ${before.shape} and ${shape}` : ''}; give one of them another name`)
      }
      first.set(id, before ?? { pipeline, shape })
    }
  }
}

const provided = (resource: Resource): boolean => resource.kind === 'key' || resource.kind === 'account' || resource.kind === 'table' && ['ledger', 'keys'].includes(resource.name)
  || isExisting(resource) || isStore(resource) && ['dynamodb', 's3'].includes(resource.on) && isLifetime(resource.days)

const shapeOf = (resource: Resource): string => {
  if (isKey(resource)) return [resource.spec, resource.usage, ...resource.pair ? [`${resource.pair.custody} pair ${resource.pair.name}`, resource.pair.algorithm ?? 'for encryption'] : [], ...resource.rotateDays === undefined ? [] : [`renewed after ${resource.rotateDays} days`]].join(' ')
  if (isExisting(resource)) return JSON.stringify([resource.arn, resource.address])
  if (isStore(resource)) return `${resource.on === 's3' ? 'bucket' : 'table'} of ${resource.days} days`
  return resource.kind === 'account' ? JSON.stringify('how' in resource ? resource.how : {}) : resource.kind
}

/** As long as an address can be in any partition and Region, so that what passes here passes everywhere. */
const longest = ({ prefix, storeTable, bucket, queue }: Names) => (resource: Resource): string => {
  const { kind, name } = resource
  if (isExisting(resource)) return [...Object.values(resource.arn), ...Object.values(resource.address)].sort((a, b) => b.length - a.length)[0] ?? ''
  if (kind === 'key') return `arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/mrk-${'0'.repeat(32)}`
  if (kind === 'queue') return `https://sqs.ap-southeast-1.amazonaws.com.cn/123456789012/${queue(resource as Queue)}`
  if (isStore(resource) && resource.on === 's3') return `arn:aws-us-gov:s3:::${bucket(name, ...longestPlace)}`
  return kind === 'account'
    ? `arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:${prefix}/accounts/${name}-AbCdEf`
    : `arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/${kind === 'store' ? storeTable(name) : `${prefix}-${name}`}`
}
const longestPlace = ['123456789012', 'ap-southeast-1'] as const

/** Names of buckets are what may stand in the name of a host: 3 to 63 lower-case letters, digits and hyphens. */
function refuseBuckets({ needs }: Member, who: string, names: Names): void {
  for (const { resource } of needs) {
    if (!isStore(resource) || resource.on !== 's3') continue
    const name = names.bucket(resource.name, ...longestPlace)
    if (name.length > limits.bucketCharacters) refuse(`${who}: the name of its bucket ${resource.name} can be ${name}, ${name.length} characters, and AWS takes ${limits.bucketCharacters}: give the store a shorter name`)
    if (!/^[a-z0-9][a-z0-9-]+$/.test(name)) refuse(`${who}: the name of its bucket ${resource.name} would be ${name}, and AWS takes letters, digits and hyphens: give the Sallyport another id`)
  }
}

/** Limits of one function: its name, its policy, its environment, its buckets. */
export function refuseMembers(members: readonly Member[], definitions: Definitions, names: Names): void {
  const pipelines = members.filter(({ pipeline }) => pipeline !== undefined)
  for (const member of members) {
    const { name, pipeline } = member
    const who = pipeline === undefined ? `function ${name} of ${pipelines.length} pipelines` : `pipeline ${name}`
    const full = names.function(name)
    if (full.length > limits.nameCharacters) refuse(`${who}: the name of its function, ${full}, has ${full.length} characters, and AWS takes ${limits.nameCharacters}`)
    refuseBuckets(member, who, names)
    if (pipeline !== undefined && hasQueue(pipeline)) {
      const dead = names.queue(deadQueueOf(pipeline))
      if (dead.length > limits.queueCharacters) refuse(`${who}: the name of its dead-letter queue, ${dead}, has ${dead.length} characters, and AWS takes ${limits.queueCharacters}`)
    }
    const place = longest(names)
    const policy = JSON.stringify(new PolicyDocument({ statements: [...statements(member, place), logging(`arn:aws-us-gov:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/${full}`)], minimize: false }).toJSON()).length
    if (policy > limits.policyCharacters) refuse(`${who}: its policy has ${policy} characters, and AWS takes ${limits.policyCharacters}; split it, so that each part needs less`)
    const environment = Object.entries(environmentOf(member, { definitions, members, names }, place)).reduce((bytes, [key, value]) => bytes + Buffer.byteLength(key + value), 0)
    if (environment > limits.environmentBytes) refuse(`${who}: its environment has ${environment} bytes, and Lambda takes ${limits.environmentBytes}; ${pipeline === undefined ? 'give some of them a Sallyport of their own' : 'split it, so that each part needs less'}`)
  }
}

/** Before anything is made: each route has an integration. */
export function refuseRoutes(routes: number, pipelines: number): void {
  if (routes > limits.integrations) refuse(`${pipelines} pipelines make ${routes} integrations, and one HTTP API takes ${limits.integrations}: give some of them a Sallyport of their own`)
}

/** After all is made, since only then it is known. */
export function refuseSize(stack: Stack, pipelines: readonly Pipeline[]): void {
  const count = stack.node.findAll().filter((node) => CfnResource.isCfnResource(node)).length
  if (count > limits.resources) refuse(`stack ${stack.stackName}: ${pipelines.length} pipelines make ${count} resources, and CloudFormation takes ${limits.resources}: give some of them a Sallyport of their own`)
}
