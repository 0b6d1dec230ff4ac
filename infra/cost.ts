import { prices, type Assumptions } from './prices.ts'

/** The part of a CloudFormation template that costs can be read from. */
export interface Template {
  readonly Resources?: Readonly<Record<string, {
    readonly Type: string
    readonly Properties?: Readonly<Record<string, unknown>>
    readonly Metadata?: Readonly<Record<string, unknown>>
  }>>
}

export interface Line {
  readonly what: string
  readonly count: number
  readonly each: number
  readonly dollars: number
}

export interface Bill {
  readonly dollars: number
  readonly lines: readonly Line[]
}

/** What a pipeline costs for a million messages that a warm function accepts: cold starts read keys and credentials once an environment. */
export interface PipelineCosts extends Bill {
  readonly name: string
  /** Besides, for a million that fail and leave a record. */
  readonly failures?: Bill
}

export interface Costs {
  readonly idleMonth: Bill
  readonly pipelines: readonly PipelineCosts[]
}

interface Resource {
  readonly kind: string
  readonly name: string
  readonly pair?: { readonly name: string; readonly custody: string }
  readonly on?: 'dynamodb' | 's3'
  readonly days?: number
}

interface Step {
  readonly kind: string
  readonly config?: { readonly as?: unknown; readonly by?: unknown; readonly keys?: readonly unknown[]; readonly idempotencyKey?: unknown }
  readonly steps?: readonly Step[]
}

interface Manifest {
  readonly name: string
  readonly steps?: Step
  /** Of templates that older versions made there is none. */
  readonly trigger?: { readonly kind: string; readonly fifo?: boolean; readonly batch?: number }
  readonly needs: readonly { readonly resource: Resource; readonly actions: readonly string[] }[]
}

const line = (what: string, count: number, each: number): Line => ({ what, count, each, dollars: count * each })
const bill = (lines: readonly Line[]): Bill => {
  const kept = lines.filter(({ count }) => count > 0)
  return { dollars: kept.reduce((sum, { dollars }) => sum + dollars, 0), lines: kept }
}

/** What stands there costs by the month, whether anything comes or not. */
const monthly: readonly (readonly [type: string, what: string, each: number])[] = [
  ['AWS::KMS::Key', 'KMS keys', prices.kmsKeyMonth],
  ['AWS::SecretsManager::Secret', 'secrets', prices.secretMonth],
  ['AWS::CloudWatch::Alarm', 'alarms', prices.alarmMonth],
  ['AWS::CloudWatch::Dashboard', 'dashboard', prices.dashboardMonth],
]

/** Dollars of an app, worked out from its synthesized templates. */
export function costsOf(templates: readonly Template[], assumptions: Assumptions): Costs {
  const resources = templates.flatMap(({ Resources = {} }) => Object.values(Resources))
  return {
    idleMonth: bill(monthly.map(([type, what, each]) => line(what, resources.filter(({ Type }) => Type === type).length, each))),
    pipelines: resources.flatMap(({ Type, Properties = {}, Metadata = {} }) => {
      const manifest = Metadata['sallyport:manifest'] as Manifest | undefined
      return Type !== 'AWS::Lambda::Function' || manifest === undefined ? [] : [{ name: manifest.name, ...bill(perMillion(manifest, Properties, assumptions)), ...failed(manifest) }]
    }),
  }
}

function perMillion({ needs, steps, trigger: { kind, fifo, batch } = { kind: 'http' } }: Manifest, { MemorySize = 128, Architectures = ['x86_64'] }: { readonly MemorySize?: number; readonly Architectures?: readonly ('arm64' | 'x86_64')[] }, { ms, logBytes, sentBytes }: Assumptions): Line[] {
  const messages = 1e6
  const claims = needs.some(({ resource: { kind, name }, actions }) => kind === 'table' && name === 'ledger' && actions.includes('dynamodb:PutItem'))
  // A pair is used once a message, by its RSA or its EC half. What is wrapped was unwrapped before the message came.
  const hsm = new Set(needs.flatMap(({ resource: { pair } }) => pair?.custody === 'hsm' ? [pair.name] : []))
  const gigabytes = (bytes: number): number => bytes * messages / 1e9
  return [
    ...brought(kind, messages, { fifo, batch, about: leaves(steps).some((step) => step.kind === 'entity') }),
    line('Lambda GB-seconds', messages * MemorySize / 1_024 * ms / 1_000, prices.lambdaGbSecond[Architectures[0] ?? 'x86_64']),
    line('ledger write units', claims ? Math.max(4, claimUnits(steps)) * messages : 0, prices.dynamodbWrite),
    ...needs.flatMap(({ resource, actions }) => stored(resource, actions, needs.some((need) => need.resource.name === `store-${resource.name}` && need.actions.includes('kms:Decrypt')), messages)),
    line('KMS requests', hsm.size * messages, prices.kmsAsymmetricRequest),
    line('log GB, taken in', gigabytes(logBytes), prices.logIngestGb + prices.logProtectionGb),
    line('log GB-months, kept 90 days', gigabytes(logBytes) * 3 / 6, prices.logStorageGbMonth),
    line('GB sent', gigabytes(sentBytes), prices.transferGb),
  ]
}

/** Steps that are not made of others. */
const leaves = (step: Step | undefined): Step[] => step?.steps?.flatMap(leaves) ?? (step === undefined ? [] : [step])

/**
 * A claim and its end, of items under 1 KB: two write units each, since an entry of the sparse index comes and goes with them. Where
 * several are claimed, or settled, at once a transaction counts each item twice, and its entry once: all that a run claimed is settled at once.
 */
const claimUnits = (steps: Step | undefined): number => leaves(steps).filter(({ kind }) => kind === 'deduplicate').reduce((sum, { config: { by, keys, idempotencyKey } = {} }, _, { length }) => {
  const items = (keys?.length ?? Number(by !== undefined)) + Number(idempotencyKey !== undefined)
  return sum + items * (items > 1 ? 3 : 2) + items * (items > 1 || length > 1 ? 3 : 2)
}, 0)

/**
 * A record of up to 1 KB, in the table and in both of its indexes: a unit each. Tried again and failed again, it is five: an entry
 * of an index by time is removed and put; gone well after all, it is three. Where few fail, each wants a data key of its own for
 * what is sealed.
 */
function failed({ steps }: Manifest): { readonly failures?: Bill } {
  const all = leaves(steps)
  const entity = all.find(({ kind }) => kind === 'entity')
  if (entity === undefined) return {}
  const messages = 1e6
  const seals = entity.config?.as !== undefined || all.some(({ config }) => config?.idempotencyKey !== undefined)
  return { failures: bill([
    line('record write units', 3 * messages, prices.dynamodbWrite),
    line('KMS requests, at most', seals ? messages : 0, prices.kmsRequest),
  ]) }
}

/**
 * How messages come to a function, of up to 64 KB each: sent, received and deleted, where they wait. Of a route that answers at
 * once the door runs for each, a row is written, and written again when it is over, with an entry of the index of entities where
 * there are any; its sender asks for it once. What puts
 * events on the bus pays for them.
 */
function brought(kind: string, messages: number, { fifo = false, batch = 1, about = false }: { readonly fifo?: boolean; readonly batch?: number; readonly about?: boolean } = {}): Line[] {
  const [door, waits] = [kind === 'async' ? 2 : kind === 'http' ? 1 : 0, kind !== 'http']
  return [
    line('API requests', door * messages, prices.apiRequest),
    line(fifo ? 'SQS requests, fifo' : 'SQS requests', waits ? 3 * messages : 0, fifo ? prices.sqsFifoRequest : prices.sqsRequest),
    line('Lambda requests', (waits ? door + 1 / batch : 1) * messages, prices.lambdaRequest),
    line('outcome writes', kind === 'async' ? (about ? 3 : 2) * messages : 0, prices.dynamodbWrite),
    line('outcome reads', kind === 'async' ? messages : 0, prices.dynamodbRead),
  ]
}

/** Records of up to 1 KB, one a message and store. Whoever puts may get as well, for what stands in the way; only whoever opens does.  The keys that seal and open them are asked of KMS every five minutes, not by the message. */
function stored({ kind, name, on, days = 0 }: Resource, actions: readonly string[], gets: boolean, messages: number): Line[] {
  if (kind !== 'store') return []
  const table = on === 'dynamodb'
  const puts = actions.includes(table ? 'dynamodb:PutItem' : 's3:PutObject')
  return [
    line(`store ${name}: writes`, puts ? messages : 0, table ? prices.dynamodbWrite : prices.s3Write),
    line(`store ${name}: GB-months, kept ${days} days`, puts ? messages * 1e3 / 1e9 * days / 30 : 0, table ? prices.dynamodbGbMonth : prices.s3GbMonth),
    line(`store ${name}: reads`, gets ? messages : 0, table ? prices.dynamodbRead : prices.s3Read),
  ]
}
