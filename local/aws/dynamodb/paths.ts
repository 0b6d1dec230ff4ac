import { invalid } from '../failure.ts'
import { cursor, printPath, type Cursor, type Path } from './tokens.ts'
import type { Placeholders } from './placeholders.ts'
import { attribute, type Item, type Value } from './value.ts'

/** The value at a path, or undefined. */
export function valueAt(item: Item, path: Path): Value | undefined {
  const step = (here: Value | undefined, part: string | number): Value | undefined => {
    if (here === undefined) return undefined
    if (typeof part === 'number') return 'L' in here ? here.L[part] : undefined
    return 'M' in here ? attribute(here.M, part) : undefined
  }
  return path.reduce(step, { M: item })
}

/** Refuses two paths of which one contains the other, and two that would make one place both a map and a list. */
export function refuseOverlaps(paths: readonly Path[], fail: Cursor['fail']): void {
  const all = "must remove or rewrite one of these paths;"
  for (const [i, a] of paths.entries())
    for (const b of paths.slice(i + 1)) {
      const length = Math.min(a.length, b.length)
      const split = a.slice(0, length).findIndex((part, k) => part !== b[k])
      const shown = `path one: ${printPath(a)}, path two: ${printPath(b)}`
      if (split < 0) throw fail(`Two document paths overlap with each other; ${all} ${shown}`)
      if (typeof a[split] !== typeof b[split]) throw fail(`Two document paths conflict with each other; ${all} ${shown}`)
    }
}

/** Reads a ProjectionExpression. */
export function readProjection(text: string, placeholders: Placeholders): readonly Path[] {
  const at = cursor(text, 'ProjectionExpression', placeholders)
  const paths: Path[] = []
  do paths.push(at.path())
  while (at.take(','))
  at.end()
  refuseOverlaps(paths, at.fail)
  return paths
}

type Tree = Map<string | number, Tree | true>

function pruned(value: Value, tree: Tree): Value | undefined {
  if ('M' in value) {
    const kept = Object.entries(value.M).flatMap(([name, inner]) => branch(inner, tree.get(name)).map((v) => [name, v] as const))
    return kept.length > 0 ? { M: Object.fromEntries(kept) } : undefined
  }
  if (!('L' in value)) return undefined
  const kept = value.L.flatMap((inner, i) => branch(inner, tree.get(i)))
  return kept.length > 0 ? { L: kept } : undefined
}

function branch(value: Value, tree: Tree | true | undefined): readonly Value[] {
  if (tree === undefined) return []
  const kept = tree === true ? value : pruned(value, tree)
  return kept === undefined ? [] : [kept]
}

/** Only what stands at the paths; list elements close up, as in DynamoDB. */
export function project(item: Item, paths: readonly Path[]): Item {
  const tree: Tree = new Map()
  for (const path of paths) {
    let here = tree
    for (const [i, part] of path.entries()) {
      const below = here.get(part)
      if (i === path.length - 1) here.set(part, true)
      else if (below instanceof Map) here = below
      else {
        const fresh: Tree = new Map()
        here.set(part, fresh)
        here = fresh
      }
    }
  }
  const kept = pruned({ M: item }, tree)
  return kept && 'M' in kept ? kept.M : {}
}

/** The item with the value at a path replaced, or removed when `value` is undefined. Lists grow at their end. */
export function withValueAt(item: Item, path: Path, value: Value | undefined): Item {
  const changed = change({ M: item }, path, value)
  return 'M' in changed ? changed.M : item
}

const invalidPath = () => invalid('The document path provided in the update expression is invalid for update')

function change(here: Value, path: Path, value: Value | undefined): Value {
  const [part, ...rest] = path
  const inner = (old: Value | undefined): Value | undefined => {
    if (rest.length === 0) return value
    if (old === undefined) throw invalidPath()
    return change(old, rest, value)
  }
  if (typeof part === 'string' && 'M' in here) {
    const changed = inner(attribute(here.M, part))
    const { [part]: _, ...others } = here.M
    return { M: changed === undefined ? others : { ...others, [part]: changed } }
  }
  if (typeof part === 'number' && 'L' in here) {
    const changed = inner(here.L[part])
    const list = [...here.L]
    if (changed === undefined) list.splice(part, 1)
    else list[Math.min(part, list.length)] = changed
    return { L: list }
  }
  throw invalidPath()
}
