import { invalid } from '../failure.ts'
import type { Condition, Operand } from './condition.ts'
import { keyBytes, type KeyPart, type Keys } from './table.ts'
import { typeOf, type Value } from './value.ts'

type Edge = { readonly bytes: Buffer; readonly included: boolean }

/** A part of the sort order: one partition (`hash`), or all of them, between two sort keys. */
export type Span = { readonly hash?: Buffer; readonly low?: Edge; readonly high?: Edge }

export const wholePartition: Span = {}

const unsupported = () => invalid('Query key condition not supported')

function parts(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? [...parts(condition.left), ...parts(condition.right)] : [condition]
}

function nameOf(condition: Condition): string {
  const path = condition.kind === 'call' ? condition.path
    : condition.kind === 'compare' && condition.left.kind === 'path' ? condition.left.path
      : condition.kind === 'between' && condition.operand.kind === 'path' ? condition.operand.path : undefined
  if (!path || path.length !== 1) throw unsupported()
  return String(path[0])
}

function keyValue(operand: Operand | undefined, part: KeyPart, role: 'hash' | 'range'): Buffer {
  if (operand?.kind !== 'value') throw unsupported()
  return checked(operand.value, part, role)
}

function checked(value: Value, part: KeyPart, role: 'hash' | 'range'): Buffer {
  if (typeOf(value) !== part.type)
    throw invalid('One or more parameter values were invalid: Condition parameter type does not match schema type')
  return keyBytes(value, part.name, role)
}

/** The first bytes after all that begin with these, or undefined when there are none. */
function afterPrefix(prefix: Buffer): Buffer | undefined {
  const last = prefix.findLastIndex((byte) => byte < 255)
  if (last < 0) return undefined
  const next = Buffer.from(prefix.subarray(0, last + 1))
  next[last] = (next[last] ?? 0) + 1
  return next
}

function sortSpan(condition: Condition, part: KeyPart): Omit<Span, 'hash'> {
  const bytes = (operand: Operand | undefined): Buffer => keyValue(operand, part, 'range')
  if (condition.kind === 'between')
    return { low: { bytes: bytes(condition.low), included: true }, high: { bytes: bytes(condition.high), included: true } }
  if (condition.kind === 'call') {
    if (condition.name !== 'begins_with' || part.type === 'N') throw unsupported()
    const low = bytes(condition.other)
    const high = afterPrefix(low)
    return { low: { bytes: low, included: true }, ...(high && { high: { bytes: high, included: false } }) }
  }
  if (condition.kind !== 'compare' || condition.operator === '<>') throw unsupported()
  const { operator } = condition
  const edge = { bytes: bytes(condition.right), included: operator.includes('=') }
  if (operator === '=') return { low: edge, high: edge }
  return operator.startsWith('<') ? { high: edge } : { low: edge }
}

/** The value that the condition wants of the partition key, if it is one plain value. */
export function partitionOf(condition: Condition, hash: string): Value | undefined {
  const onHash = parts(condition).find((part) => nameOf(part) === hash)
  return onHash?.kind === 'compare' && onHash.operator === '=' && onHash.right.kind === 'value' ? onHash.right.value : undefined
}

/** Turns a KeyConditionExpression into the part of the sort order that it names. */
export function keyRange(condition: Condition, { hash, range }: Keys): Span {
  const all = parts(condition)
  const named = all.map(nameOf)
  const onHash = all[named.indexOf(hash.name)]
  if (!onHash) throw invalid(`Query condition missed key schema element: ${hash.name}`)
  if (onHash.kind !== 'compare' || onHash.operator !== '=') throw unsupported()
  const bytes = keyValue(onHash.right, hash, 'hash')
  const others = all.filter((one) => one !== onHash)
  const [onRange] = others
  if (!onRange) return { hash: bytes }
  if (others.length > 1) throw invalid('KeyConditionExpressions must only contain one condition per key')
  if (!range || nameOf(onRange) !== range.name)
    throw invalid(range ? `Query condition missed key schema element: ${range.name}` : unsupported().message)
  return { hash: bytes, ...sortSpan(onRange, range) }
}
