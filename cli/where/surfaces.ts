import { leaves, needs, sends, type Need, type Pipeline, type Resource, type Step } from 'sallyport'
import type { AwsRequest } from 'sallyport/testing'

/** Services whose requests are no `AWS request`: what they keep has a name of its own. */
const kept: readonly (readonly [RegExp, string])[] = [
  [/^(sqs|sns|events|awsevents|kinesis|firehose)/, 'queue'],
  [/^(monitoring|graniteservice)/, 'metric'],
  [/^(xray|awsxray)/, 'trace'],
  [/^logs/, 'log'],
  [/^s3/, 'object'],
]
const surfaceOf = (service: string): string => kept.find(([shape]) => shape.test(service))?.[1] ?? `AWS request ${service}`

/** Where a request to AWS comes to, and what its body is there. */
export function placeOf({ service, body }: AwsRequest): { readonly surfaces: readonly string[]; readonly body: string } {
  if (service !== 'dynamodb') return { surfaces: [surfaceOf(service)], body: 'body' }
  const tables = new Set<string>()
  try {
    JSON.parse(body.toString(), (name, value: unknown) => {
      if (name === 'TableName' && typeof value === 'string') tables.add(value)
      if (name === 'RequestItems' && typeof value === 'object' && value !== null) for (const table of Object.keys(value)) tables.add(table)
      return value
    })
  } catch {
    // No JSON of the protocol: it is seen all the same.
  }
  return { surfaces: tables.size === 0 ? ['AWS request dynamodb'] : [...tables].map((table) => `table ${table.replace(/^.*:table\//, '')}`), body: 'item' }
}

/** Where a need leads. */
function surfaceOfNeed({ resource, actions }: Need): string {
  const { kind, name, on } = resource as Resource & { readonly on?: string }
  const [service = ''] = actions[0]?.split(':') ?? []
  if (kind === 'store') return on === 'dynamodb' ? `table store-${name}` : 'object'
  return service === 'dynamodb' ? `table ${name}` : surfaceOf(service === 'cloudwatch' ? 'monitoring' : service)
}

/** Every surface of a pipeline, whether something came to it or not. */
export function surfacesOf(pipeline: Pipeline): string[] {
  const touched = needs(pipeline).map(surfaceOfNeed)
  const tables = touched.filter((surface) => surface.startsWith('table '))
  const requests = touched.filter((surface) => surface.startsWith('AWS request '))
  return [...new Set([
    'log', 'metric', 'trace', ...tables.length > 0 ? tables : ['table'], 'queue', 'object', ...requests.length > 0 ? requests : ['AWS request'],
    'environment', 'file', 'network', 'error', ...sends(pipeline).map(({ to }) => `partner ${to.name}`), 'reply',
  ])]
}

/**
 * The places that a step's `reveals` is about: its partners; else what it stores to; else its line, if it logs. What is
 * left are steps that only make the next payload: theirs is the reply, when they are the last. That the sender has sent a
 * value is no reason to answer with it: a reply is written down by gateways and by whoever sent the message. And a call
 * that may show a field to its partner may not therefore show it to the sender.
 */
export function ownSurfaces(step: Step<never, unknown>): readonly string[] {
  if (step.sends !== undefined && step.sends.length > 0) return step.sends.map(({ to }) => `partner ${to.name}`)
  const places = step.needs.map(surfaceOfNeed)
  const kept = places.filter((surface) => !surface.startsWith('AWS request ') && !['table ledger', 'table keys'].includes(surface))
  if (kept.length > 0) return kept
  if (places.length > 0) return places.filter((surface) => surface.startsWith('AWS request ') && surface !== 'AWS request kms' && surface !== 'AWS request secretsmanager')
  return step.kind === 'log' ? ['log'] : ['reply']
}

export const leavesOf = (pipeline: Pipeline): { readonly label: string; readonly step: Step<never, unknown> }[] =>
  [...leaves(pipeline.steps)].map((step, i) => ({ label: `${i + 1} ${step.kind}`, step }))
