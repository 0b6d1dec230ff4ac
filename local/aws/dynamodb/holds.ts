import { invalid } from '../failure.ts'
import type { Comparator, Condition, Operand } from './condition.ts'
import { valueAt } from './paths.ts'
import { compareValues, equalValues, typeOf, type Item, type Value } from './value.ts'

function sizeOf(value: Value): number | undefined {
  if ('S' in value) return value.S.length
  if ('B' in value) return Buffer.byteLength(value.B, 'base64')
  if ('M' in value) return Object.keys(value.M).length
  const list = 'L' in value ? value.L : 'SS' in value ? value.SS : 'NS' in value ? value.NS : 'BS' in value ? value.BS : undefined
  return list?.length
}

function resolve(operand: Operand, item: Item): Value | undefined {
  if (operand.kind === 'value') return operand.value
  const value = valueAt(item, operand.path)
  if (operand.kind === 'path' || value === undefined) return value
  const size = sizeOf(value)
  return size === undefined ? undefined : { N: String(size) }
}

const orders: Readonly<Record<Comparator, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

function compare(operator: Comparator, left: Value | undefined, right: Value | undefined): boolean {
  if (operator === '=') return left !== undefined && right !== undefined && equalValues(left, right)
  // An attribute that is not there differs from every value.
  if (operator === '<>') return left === undefined || right === undefined || !equalValues(left, right)
  const order = left && right && compareValues(left, right)
  return order !== undefined && orders[operator](order)
}

function contains(value: Value, part: Value): boolean {
  if ('S' in value) return 'S' in part && value.S.includes(part.S)
  if ('B' in value) return 'B' in part && Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'))
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S)
  if ('NS' in value) return 'N' in part && value.NS.includes(part.N)
  if ('BS' in value) return 'B' in part && value.BS.includes(part.B)
  return 'L' in value && value.L.some((entry) => equalValues(entry, part))
}

function beginsWith(value: Value, part: Value): boolean {
  if ('S' in value) return 'S' in part && value.S.startsWith(part.S)
  if (!('B' in value) || !('B' in part)) return false
  const [whole, start] = [Buffer.from(value.B, 'base64'), Buffer.from(part.B, 'base64')]
  return whole.subarray(0, start.length).equals(start)
}

const calls: Readonly<Record<string, (value: Value | undefined, other: Value | undefined) => boolean>> = {
  attribute_exists: (value) => value !== undefined,
  attribute_not_exists: (value) => value === undefined,
  attribute_type: (value, type) => value !== undefined && type !== undefined && 'S' in type && typeOf(value) === type.S,
  begins_with: (value, part) => value !== undefined && part !== undefined && beginsWith(value, part),
  contains: (value, part) => value !== undefined && part !== undefined && contains(value, part),
}

/** Whether a condition holds for an item; a missing item is `{}`. */
export function holds(condition: Condition, item: Item): boolean {
  if (condition.kind === 'and') return holds(condition.left, item) && holds(condition.right, item)
  if (condition.kind === 'or') return holds(condition.left, item) || holds(condition.right, item)
  if (condition.kind === 'not') return !holds(condition.of, item)
  if (condition.kind === 'compare') return compare(condition.operator, resolve(condition.left, item), resolve(condition.right, item))
  if (condition.kind === 'between') {
    const value = resolve(condition.operand, item)
    return compare('>=', value, resolve(condition.low, item)) && compare('<=', value, resolve(condition.high, item))
  }
  if (condition.kind === 'in') {
    const value = resolve(condition.operand, item)
    return condition.among.some((one) => compare('=', value, resolve(one, item)))
  }
  const test = calls[condition.name]
  if (!test) throw invalid(`Invalid function name; function: ${condition.name}`)
  return test(valueAt(item, condition.path), condition.other && resolve(condition.other, item))
}
