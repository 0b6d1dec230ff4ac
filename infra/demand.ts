import { entitiesIndex, entityOf, envelopeKeyOf, failuresIndex, keysTable, ledgerTable, needs, openLedger, outcomesTable, recordsFailures, recordsOrigins, rerunsKey, type Key, type Need, type Pipeline, type Resource, type Store } from 'sallyport'
import { hasQueue, invocationSeconds } from './queues.ts'

/** A function of the app and what it may touch: a pipeline, or one of our own. */
export interface Member {
  readonly name: string
  readonly needs: readonly Need[]
  /** The pairs whose rows in the keys table it may read or write. */
  readonly rows: readonly string[]
  readonly timeout: number
  readonly pipeline?: Pipeline
}

/** A resource that somebody needs: who does what there. */
export interface Wanted<R extends Resource = Resource> {
  readonly resource: R
  /** IAM action to the names of the functions that perform it. */
  readonly uses: ReadonlyMap<string, readonly string[]>
}

/** A key pair, for encryption or with an algorithm for signing, and the KMS keys that wrap it or are it, the newest last. */
export interface Pair {
  readonly name: string
  readonly custody: 'wrapped' | 'hsm'
  readonly algorithm: string | undefined
  readonly keys: readonly Key[]
}

export const isKey = (resource: Resource): resource is Key => resource.kind === 'key'
export const isStore = (resource: Resource): resource is Store => resource.kind === 'store'

/** The key pairs that pipelines open or sign with, by name. */
export function pairsOf(pipelines: readonly Pipeline[]): Pair[] {
  const pairs = new Map<string, Map<string, Key>>()
  for (const { resource } of pipelines.flatMap(needs)) {
    if (!isKey(resource) || resource.pair === undefined) continue
    const keys = pairs.get(resource.pair.name) ?? new Map<string, Key>()
    pairs.set(resource.pair.name, keys.set(resource.name, resource))
  }
  return [...pairs].sort(([a], [b]) => a < b ? -1 : 1).map(([name, keys]) => {
    const all = [...keys.values()].sort((a, b) => (a.pair?.generation ?? 1) - (b.pair?.generation ?? 1) || (a.name < b.name ? -1 : 1))
    return { name, custody: all[0]?.pair?.custody ?? 'wrapped', algorithm: all[0]?.pair?.algorithm, keys: all }
  })
}

/** The keys that pipelines digest with, by name. */
export function hashKeysOf(pipelines: readonly Pipeline[]): Key[] {
  const keys = pipelines.flatMap(needs).map(({ resource }) => resource).filter(isKey).filter(({ usage }) => usage === 'GENERATE_VERIFY_MAC')
  return [...new Map(keys.map((key) => [key.name, key])).values()].sort((a, b) => a.name < b.name ? -1 : 1)
}

const wrapped = (pairs: readonly Pair[]): Pair[] => pairs.filter(({ custody }) => custody === 'wrapped')

/**
 * Every function of the app. `keys` makes wrapped keys and cannot open them; `jwks` publishes public halves;
 * `ledger` looks after what waits in the duplicate check; `failures` lists what failed, runs it again and forgets it; `fallback` answers whatever no route takes, and touches nothing.
 */
export function membersOf(pipelines: readonly Pipeline[]): Member[] {
  const pairs = pairsOf(pipelines)
  const named = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name)
  const rowsOf = (some: readonly Pipeline[]): string[] => [...named(wrapped(pairsOf(some))), ...named(hashKeysOf(some))].sort()
  const [published, rows] = [named(wrapped(pairs)), rowsOf(pipelines)]
  const table = (rows: readonly string[], ...actions: string[]): Need[] => rows.length === 0 ? [] : [{ resource: keysTable, actions }]
  const keys = (of: readonly Pair[], action: string): Need[] => of.flatMap(({ keys }) => keys).map((resource) => ({ resource, actions: [action] }))
  return [
    ...pipelines.map((pipeline) => ({ name: pipeline.name, needs: needs(pipeline), rows: rowsOf([pipeline]), timeout: secondsOf(pipeline), pipeline })),
    { name: 'jwks', needs: [...keys(pairs.filter(({ custody }) => custody === 'hsm'), 'kms:GetPublicKey'), ...table(published, 'dynamodb:Query')], rows: published, timeout: 10 },
    ...rows.length === 0 ? [] : [{ name: 'keys', needs: [...keys(wrapped(pairs), 'kms:GenerateDataKeyPairWithoutPlaintext'), ...table(rows, 'dynamodb:PutItem', 'dynamodb:Query')], rows, timeout: 60 }],
    ...claims(pipelines) ? [{ name: 'ledger', needs: [{ resource: ledgerTable, actions: ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'] }, { resource: openLedger, actions: ['dynamodb:Query'] }], rows: [], timeout: 60 }] : [],
    ...pipelines.some((pipeline) => recordsFailures(pipeline) || pipeline.trigger.kind === 'async') ? [failuresOf(pipelines.filter(recordsFailures))] : [],
    { name: 'fallback', needs: [], rows: [], timeout: 5 },
  ]
}

/** Seconds that an invocation of a pipeline may take. */
const secondsOf = (pipeline: Pipeline): number => hasQueue(pipeline) ? invocationSeconds(pipeline) : pipeline.timeout

/** The function of a pipeline, for whom it is invoked by. */
export const functionOf = ({ name }: Pipeline): Resource<'function'> => ({ kind: 'function', name })

/** Opens what failures were about and the names of their messages, which the pipelines seal and cannot open; invokes them, and waits for them. */
function failuresOf(recording: readonly Pipeline[]): Member {
  return {
    name: 'failures', rows: [], timeout: Math.min(900, Math.max(60, ...recording.map((pipeline) => secondsOf(pipeline) + 30))),
    needs: [
      { resource: outcomesTable, actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Scan'] },
      ...recording.length === 0 ? [] : [{ resource: failuresIndex, actions: ['dynamodb:Query'] }, { resource: entitiesIndex, actions: ['dynamodb:Query'] }],
      ...recording.some((pipeline) => entityOf(pipeline)?.as !== undefined || recordsOrigins(pipeline)) ? [{ resource: envelopeKeyOf(rerunsKey), actions: ['kms:Decrypt'] }] : [],
      ...recording.map((pipeline) => ({ resource: functionOf(pipeline), actions: ['lambda:InvokeFunction'] })),
    ],
  }
}

/** Whether any of them refuses duplicates. */
export const claims = (pipelines: readonly Pipeline[]): boolean => pipelines.flatMap(needs).some(({ resource }) => resource.kind === 'table' && resource.name === ledgerTable.name)

/** What all of them need, one entry a resource, by name. */
export function wantedOf(members: readonly Member[]): Wanted[] {
  const wanted = new Map<string, { resource: Resource; uses: Map<string, string[]> }>()
  for (const { name, needs } of members) {
    for (const { resource, actions } of needs) {
      const id = `${resource.kind}/${resource.name}`
      const entry = wanted.get(id) ?? { resource, uses: new Map<string, string[]>() }
      for (const action of actions) entry.uses.set(action, [...entry.uses.get(action) ?? [], name].sort())
      wanted.set(id, entry)
    }
  }
  return [...wanted].sort(([a], [b]) => a < b ? -1 : 1).map(([, entry]) => entry)
}
