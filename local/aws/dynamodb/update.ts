import { invalid } from '../failure.ts'
import { sum } from './number.ts'
import { refuseOverlaps, valueAt, withValueAt } from './paths.ts'
import { cursor, type Cursor, type Path } from './tokens.ts'
import type { Placeholders } from './placeholders.ts'
import { typeOf, type Item, type Value } from './value.ts'

type Source =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: Source }
  | { readonly kind: 'list_append'; readonly left: Source; readonly right: Source }
  | { readonly kind: '+' | '-'; readonly left: Source; readonly right: Source }

type Action =
  | { readonly clause: 'SET'; readonly path: Path; readonly source: Source }
  | { readonly clause: 'REMOVE'; readonly path: Path }
  | { readonly clause: 'ADD' | 'DELETE'; readonly path: Path; readonly value: Value }

export type Update = readonly Action[]

const clauses = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const
const maxNesting = 16

function wrongType(at: Cursor, operator: string, value: Value) {
  return at.fail(`Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${typeOf(value)}`)
}

function operand(at: Cursor, depth = 0): Source {
  if (depth > maxNesting) throw at.fail('The expression is nested too deeply;')
  if (at.peek()?.startsWith(':')) return { kind: 'value', value: at.value() }
  if (at.peek() === '(') {
    at.expect('(')
    const inner = source(at, depth + 1)
    at.expect(')')
    return inner
  }
  if (at.peek(1) !== '(') return { kind: 'path', path: at.path() }
  const name = at.next()
  at.expect('(')
  if (name === 'if_not_exists') {
    if (at.peek()?.startsWith(':'))
      throw at.fail(`Operator or function requires a document path; operator or function: ${name}`)
    const path = at.path()
    at.expect(',')
    const otherwise = operand(at, depth + 1)
    at.expect(')')
    return { kind: name, path, otherwise }
  }
  if (name !== 'list_append') {
    const known = ['attribute_exists', 'attribute_not_exists', 'attribute_type', 'begins_with', 'contains', 'size'].includes(name)
    throw at.fail(known ? `The function is not allowed in an update expression; function: ${name}` : `Invalid function name; function: ${name}`)
  }
  const left = operand(at, depth + 1)
  at.expect(',')
  const right = operand(at, depth + 1)
  at.expect(')')
  for (const one of [left, right])
    if (one.kind === 'value' && !('L' in one.value)) throw wrongType(at, name, one.value)
  return { kind: name, left, right }
}

function source(at: Cursor, depth = 0): Source {
  const left = operand(at, depth)
  const sign = at.peek()
  if (sign !== '+' && sign !== '-') return left
  at.next()
  const right = operand(at, depth)
  for (const one of [left, right])
    if (one.kind === 'value' && !('N' in one.value)) throw wrongType(at, sign, one.value)
  return { kind: sign, left, right }
}

const readers: Readonly<Record<(typeof clauses)[number], (at: Cursor) => Action>> = {
  SET: (at) => {
    const path = at.path()
    at.expect('=')
    return { clause: 'SET', path, source: source(at) }
  },
  REMOVE: (at) => ({ clause: 'REMOVE', path: at.path() }),
  ADD: (at) => {
    const [path, value] = [at.path(), at.value()]
    if (!['N', 'SS', 'NS', 'BS'].includes(typeOf(value))) throw wrongType(at, 'ADD', value)
    return { clause: 'ADD', path, value }
  },
  DELETE: (at) => {
    const [path, value] = [at.path(), at.value()]
    if (!['SS', 'NS', 'BS'].includes(typeOf(value))) throw wrongType(at, 'DELETE', value)
    return { clause: 'DELETE', path, value }
  },
}

/** Reads an UpdateExpression. Throws `ValidationException`. */
export function readUpdate(text: string, placeholders: Placeholders): Update {
  const at = cursor(text, 'UpdateExpression', placeholders)
  const seen = new Set<string>()
  const actions: Action[] = []
  do {
    const clause = clauses.find((name) => at.take(name))
    if (!clause) {
      at.expect('SET')
      break
    }
    if (seen.has(clause)) throw at.fail(`The "${clause}" section can only be used once in an update expression;`)
    seen.add(clause)
    do actions.push(readers[clause](at))
    while (at.take(','))
  } while (at.peek() !== undefined)
  refuseOverlaps(actions.map((action) => action.path), at.fail)
  return actions
}

function resolve(from: Source, item: Item): Value {
  if (from.kind === 'value') return from.value
  if (from.kind === 'if_not_exists') return valueAt(item, from.path) ?? resolve(from.otherwise, item)
  if (from.kind === 'path') {
    const value = valueAt(item, from.path)
    if (value === undefined) throw invalid('The provided expression refers to an attribute that does not exist in the item')
    return value
  }
  const [left, right] = [resolve(from.left, item), resolve(from.right, item)]
  if (from.kind === 'list_append') {
    if ('L' in left && 'L' in right) return { L: [...left.L, ...right.L] }
  } else if ('N' in left && 'N' in right) return { N: sum(left.N, right.N, from.kind === '+' ? 1 : -1) }
  throw invalid('An operand in the update expression has an incorrect data type')
}

type SetType = 'SS' | 'NS' | 'BS'

const setOf = (value: Value): readonly [SetType, readonly string[]] | undefined =>
  'SS' in value ? ['SS', value.SS] : 'NS' in value ? ['NS', value.NS] : 'BS' in value ? ['BS', value.BS] : undefined

const asSet = (type: SetType, entries: readonly string[]): Value =>
  type === 'SS' ? { SS: entries } : type === 'NS' ? { NS: entries } : { BS: entries }

function merged(old: Value | undefined, value: Value, clause: 'ADD' | 'DELETE'): Value | undefined {
  if (old === undefined) return clause === 'ADD' ? value : undefined
  if (clause === 'ADD' && 'N' in old && 'N' in value) return { N: sum(old.N, value.N) }
  const [have, change] = [setOf(old), setOf(value)]
  if (!have || !change || have[0] !== change[0]) throw invalid('An operand in the update expression has an incorrect data type')
  if (clause === 'ADD') return asSet(have[0], [...new Set([...have[1], ...change[1]])])
  const left = have[1].filter((entry) => !change[1].includes(entry))
  return left.length > 0 ? asSet(have[0], left) : undefined
}

// Elements are removed from the end, so that the indexes of the others still mean the item as it was.
const lastFirst = (a: Path, b: Path): number => {
  const split = a.findIndex((part, i) => part !== b[i])
  const [x, y] = [a[split], b[split]]
  return typeof x === 'number' && typeof y === 'number' ? y - x : 0
}

/** The item after the update; every right side is read from the item as it was before. */
export function applyUpdate(update: Update, item: Item): Item {
  const changes = update.map((action): readonly [Path, Value | undefined] => {
    if (action.clause === 'SET') return [action.path, resolve(action.source, item)]
    if (action.clause === 'REMOVE') return [action.path, undefined]
    return [action.path, merged(valueAt(item, action.path), action.value, action.clause)]
  })
  const sets = changes.filter(([, value]) => value !== undefined).sort(([a], [b]) => -lastFirst(a, b))
  const removals = changes.filter(([, value]) => value === undefined).sort(([a], [b]) => lastFirst(a, b))
  return [...sets, ...removals].reduce((now, [path, value]) => withValueAt(now, path, value), item)
}
