import { printPath, type Cursor, type Path } from './tokens.ts'
import { compareValues, typeOf, type Value } from './value.ts'

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'size'; readonly path: Path }

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='

export type Condition =
  | { readonly kind: 'compare'; readonly operator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly among: readonly Operand[] }
  | { readonly kind: 'and'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'call'; readonly name: string; readonly path: Path; readonly other?: Operand }

const comparators: readonly Comparator[] = ['=', '<>', '<', '<=', '>', '>=']
const maxOperators = 300
const typeNames = ['S', 'SS', 'N', 'NS', 'B', 'BS', 'BOOL', 'NULL', 'L', 'M']

// What each function takes after its path.
const functions: Readonly<Record<string, { readonly operands: 1 | 2; readonly accepts?: (value: Value) => boolean }>> = {
  attribute_exists: { operands: 1 },
  attribute_not_exists: { operands: 1 },
  attribute_type: { operands: 2, accepts: (value) => 'S' in value && typeNames.includes(value.S) },
  begins_with: { operands: 2, accepts: (value) => 'S' in value || 'B' in value },
  contains: { operands: 2 },
}

/** Reads a whole ConditionExpression, FilterExpression or KeyConditionExpression. */
export function readCondition(at: Cursor): Condition {
  let operators = 0
  const counted = <T extends Condition>(condition: T): T => {
    operators += 1
    if (operators > maxOperators)
      throw at.fail(`The expression contains too many operators; operator count: ${operators}`)
    return condition
  }

  function operand(): Operand {
    if (at.peek()?.startsWith(':')) return { kind: 'value', value: at.value() }
    if (at.peek(1) !== '(') return { kind: 'path', path: at.path() }
    const name = at.next()
    if (name in functions) throw at.fail(`The function is not allowed to be used this way in an expression; function: ${name}`)
    if (name !== 'size') throw unknown(name)
    at.expect('(')
    const path = documentPath(name)
    at.expect(')')
    return { kind: 'size', path }
  }

  const unknown = (name: string) => name === 'if_not_exists' || name === 'list_append'
    ? at.fail(`The function is not allowed in a condition expression; function: ${name}`)
    : at.fail(`Invalid function name; function: ${name}`)

  function documentPath(name: string): Path {
    if (at.peek()?.startsWith(':') || at.peek(1) === '(')
      throw at.fail(`Operator or function requires a document path; operator or function: ${name}`)
    return at.path()
  }

  function call(): Condition {
    const name = at.next()
    const rule = Object.hasOwn(functions, name) ? functions[name] : undefined
    if (!rule) throw unknown(name)
    at.expect('(')
    const path = documentPath(name)
    let other: Operand | undefined
    while (at.take(',')) {
      if (other || rule.operands === 1) throw at.fail(`Incorrect number of operands for operator or function; operator or function: ${name}`)
      other = operand()
    }
    at.expect(')')
    if (rule.operands === 2 && !other) throw at.fail(`Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: 1`)
    if (other?.kind === 'value' && rule.accepts && !rule.accepts(other.value))
      throw at.fail(`Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${typeOf(other.value)}`)
    if (name === 'attribute_type' && other?.kind !== 'value')
      throw at.fail(`Incorrect operand type for operator or function; operator or function: ${name}`)
    return counted(other ? { kind: 'call', name, path, other } : { kind: 'call', name, path })
  }

  function comparison(): Condition {
    const left = operand()
    if (at.take('BETWEEN')) {
      const low = operand()
      at.expect('AND')
      const high = operand()
      refuseUnordered(at, 'BETWEEN', [low, high])
      if (low.kind === 'value' && high.kind === 'value') refuseEmptyRange(at, low.value, high.value)
      return counted({ kind: 'between', operand: left, low, high })
    }
    if (at.take('IN')) {
      at.expect('(')
      const among = [operand()]
      while (at.take(',')) among.push(operand())
      at.expect(')')
      if (among.length > 100) throw at.fail('The IN operator is provided with too many operands')
      return counted({ kind: 'in', operand: left, among })
    }
    const operator = comparators.find((known) => known === at.peek())
    if (!operator) {
      if (left.kind === 'size') throw at.fail('The function is not allowed to be used this way in an expression; function: size')
      at.expect('=')
    }
    at.next()
    const right = operand()
    const found = operator ?? '='
    if (found !== '=' && found !== '<>') refuseUnordered(at, found, [left, right])
    if (left.kind === 'path' && right.kind === 'path' && printPath(left.path) === printPath(right.path))
      throw at.fail(`The first operand must be distinct from the remaining operands for this operator or function; operator: ${found}, first operand: ${printPath(left.path)}`)
    return counted({ kind: 'compare', operator: found, left, right })
  }

  function primary(): Condition {
    if (at.take('(')) {
      const doubled = at.peek() === '('
      const inner = or()
      // AWS refuses ((…)), but not (… ) AND (…) inside one pair.
      if (doubled && justClosed && at.peek() === ')') throw at.fail('The expression has redundant parentheses;')
      at.expect(')')
      justClosed = true
      return inner
    }
    const condition = at.peek(1) === '(' && at.peek() !== 'size' ? call() : comparison()
    justClosed = false
    return condition
  }
  let justClosed = false

  function not(): Condition {
    if (!at.take('NOT')) return primary()
    const of = not()
    justClosed = false
    return counted({ kind: 'not', of })
  }

  function and(): Condition {
    let left = not()
    while (at.take('AND')) {
      left = counted({ kind: 'and', left, right: not() })
      justClosed = false
    }
    return left
  }

  function or(): Condition {
    let left = and()
    while (at.take('OR')) {
      left = counted({ kind: 'or', left, right: and() })
      justClosed = false
    }
    return left
  }

  const condition = or()
  at.end()
  return condition
}

function refuseUnordered(at: Cursor, operator: string, operands: readonly Operand[]): void {
  for (const operand of operands)
    if (operand.kind === 'value' && !['S', 'N', 'B'].includes(typeOf(operand.value)))
      throw at.fail(`Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${typeOf(operand.value)}`)
}

function refuseEmptyRange(at: Cursor, low: Value, high: Value): void {
  const order = compareValues(low, high)
  if (order === undefined)
    throw at.fail('The BETWEEN operator requires same data type for lower and upper bounds')
  if (order > 0) throw at.fail('The BETWEEN operator requires upper bound to be greater than or equal to lower bound')
}

/** Every path that a condition mentions. */
export function pathsOf(condition: Condition): readonly Path[] {
  const ofOperand = (operand: Operand | undefined): readonly Path[] => (!operand || operand.kind === 'value' ? [] : [operand.path])
  if (condition.kind === 'and' || condition.kind === 'or') return [...pathsOf(condition.left), ...pathsOf(condition.right)]
  if (condition.kind === 'not') return pathsOf(condition.of)
  if (condition.kind === 'compare') return [condition.left, condition.right].flatMap(ofOperand)
  if (condition.kind === 'between') return [condition.operand, condition.low, condition.high].flatMap(ofOperand)
  if (condition.kind === 'in') return [condition.operand, ...condition.among].flatMap(ofOperand)
  return [condition.path, ...ofOperand(condition.other)]
}
