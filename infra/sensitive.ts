import { leaves, type Pipeline, type Realm } from 'sallyport'

/** `card_number`, `cardNumber` and `Card-Number` are one name. */
const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, '')
const lastSegment = (path: string): string => path.replaceAll('[*]', '').split('.').at(-1) ?? path

/** An identifier that a definition digests without a key. */
interface Unkeyed {
  readonly kind: 'identifier'
  readonly name: string
  readonly key: { readonly kind: 'unkeyed' }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const isUnkeyed = (value: unknown): value is Unkeyed => isObject(value) && value['kind'] === 'identifier' && isObject(value['key']) && value['key']['kind'] === 'unkeyed'

function* unkeyedIn(value: unknown): Generator<Unkeyed> {
  if (isUnkeyed(value)) yield value
  else if (isObject(value)) for (const member of Object.values(value)) yield* unkeyedIn(member)
}

/** Every text in a step's options, outside of identifiers: infra knows no step, so each may be the path of a field. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (isObject(value) && value['kind'] !== 'identifier') for (const member of Object.values(value)) yield* textsIn(member)
}

/** What is sensitive by the realm's list or the pipeline's, by the identifier's own name or by a field's, and digested without a key. */
export function* exposedIdentifiers(pipeline: Pipeline, realm: Realm): Generator<{ readonly identifier: string; readonly field?: string }> {
  const sensitive = new Set([...realm.sensitive, ...pipeline.sensitive].map(normalized))
  for (const { config } of leaves(pipeline.steps)) {
    for (const { name } of unkeyedIn(config)) {
      if (sensitive.has(normalized(name))) yield { identifier: name }
      for (const field of textsIn(config)) if (sensitive.has(normalized(lastSegment(field)))) yield { identifier: name, field }
    }
  }
}
