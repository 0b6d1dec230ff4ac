import { isRouted, keysTable, ledgerTable, outcomesTable, recordsFailures, variable } from 'sallyport'
import type { Blueprint } from './blueprint.ts'
import type { Definitions } from './build.ts'
import { pairsOf, type Member } from './demand.ts'
import { keyAge, madeKeys, settle } from './rotation.ts'
import type { Place } from './statements.ts'

/** Every route of the app and the function behind it. */
export const routesOf = ({ pipelines }: Definitions): { readonly key: string; readonly authorization: 'AWS_IAM' | 'NONE'; readonly to: string }[] => [
  ...pipelines.flatMap(({ name, trigger }) => {
    if (!isRouted(trigger)) return []
    const { kind, method, path, auth } = trigger
    const route = (key: string) => ({ key, authorization: auth.scheme === 'iam' ? 'AWS_IAM' as const : 'NONE' as const, to: name })
    return [route(`${method} ${path}`), ...kind === 'async' ? [route(`GET ${path}/{id}`)] : []]
  }),
  { key: 'GET /.well-known/jwks.json', authorization: 'NONE', to: 'jwks' },
  { key: '$default', authorization: 'NONE', to: 'fallback' },
]

/**
 * What a function finds in its environment: one variable a need. Our own functions find a table, the pairs to publish,
 * and the routes, so that whatever no route takes can be answered with 405 and the methods there are.
 */
export function environmentOf({ name, needs, pipeline }: Member, { definitions, members, names, names: { stage } }: Pick<Blueprint, 'definitions' | 'members' | 'names'>, address: Place, json: (value: unknown) => string = JSON.stringify): Record<string, string> {
  // Elsewhere the runtime's own.
  const age: Record<string, string> = keyAge(stage) !== keyAge('prod') && needs.some(({ resource: { kind, name } }) => name === keysTable.name || kind === 'account') ? { KEY_AGE: String(keyAge(stage)) } : {}
  if (pipeline !== undefined) return { ...Object.fromEntries(needs.map(({ resource }) => [variable(resource), address(resource)])), ...age }
  if (name === 'fallback') {
    return { ROUTES: json(routesOf(definitions).map(({ key }) => key.split(' ')).flatMap(([method, path]) => path === undefined ? [] : [{ method, path }])) }
  }
  if (name === 'failures') {
    const recording = definitions.pipelines.filter(recordsFailures).map((pipeline) => pipeline.name)
    return { ...Object.fromEntries(needs.filter(({ resource: { kind, name } }) => kind === 'key' || name === outcomesTable.name).map(({ resource }) => [variable(resource), address(resource)])), PIPELINES: json(recording), FUNCTION_PREFIX: names.function('') }
  }
  if (name === 'ledger') return { [variable(ledgerTable)]: address(ledgerTable) }
  const table = { [variable(keysTable)]: address(keysTable), ...age }
  if (name === 'keys') {
    return { ...table, KEYS: json(madeKeys(definitions).map(({ key, ...made }) => ({ ...made, ...key && { key: address(key) }, settle: settle(made.name, members, stage) }))) }
  }
  return { ...table, PAIRS: json(pairsOf(definitions.pipelines).map(({ name, custody, algorithm, keys }) => {
    if (custody === 'wrapped') return { name, custody }
    if (algorithm !== undefined) return { name, custody, algorithm, sig: keys.map(address) }
    // Of the newest generation: an older one opens, and is not offered any more.
    return { name, custody, ...Object.fromEntries(keys.map((key) => [key.spec === 'ECC_NIST_P256' ? 'ec' : 'rsa', address(key)])) }
  })) }
}
