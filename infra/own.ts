import { keysTable, variable } from 'sallyport'
import type { Definitions } from './build.ts'
import { pairsOf, type Member } from './demand.ts'
import type { Place } from './statements.ts'

/** Every route of the app and the function behind it. */
export const routesOf = ({ pipelines }: Definitions): { readonly key: string; readonly authorization: 'AWS_IAM' | 'NONE'; readonly to: string }[] => [
  ...pipelines.map(({ name, trigger: { method, path, auth } }) => ({ key: `${method} ${path}`, authorization: auth.scheme === 'iam' ? 'AWS_IAM' as const : 'NONE' as const, to: name })),
  { key: 'GET /.well-known/jwks.json', authorization: 'NONE', to: 'jwks' },
  { key: '$default', authorization: 'NONE', to: 'fallback' },
]

/**
 * What a function finds in its environment: one variable a need. Our own functions find a table, the pairs to publish,
 * and the routes, so that whatever no route takes can be answered with 405 and the methods there are.
 */
export function environmentOf({ name, needs, pipeline }: Member, definitions: Definitions, address: Place, json: (value: unknown) => string = JSON.stringify): Record<string, string> {
  if (pipeline !== undefined) return Object.fromEntries(needs.map(({ resource }) => [variable(resource), address(resource)]))
  if (name === 'fallback') {
    return { ROUTES: json(routesOf(definitions).map(({ key }) => key.split(' ')).flatMap(([method, path]) => path === undefined ? [] : [{ method, path }])) }
  }
  const table = { [variable(keysTable)]: address(keysTable) }
  if (name === 'keys') return table
  return { ...table, PAIRS: json(pairsOf(definitions.pipelines).map(({ name, custody, keys }) => custody === 'wrapped' ? { name, custody } : {
    name, custody, ...Object.fromEntries(keys.map((key) => [key.spec === 'ECC_NIST_P256' ? 'ec' : 'rsa', address(key)])),
  })) }
}
