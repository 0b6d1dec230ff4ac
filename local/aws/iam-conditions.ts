import { covers, coversArn, equals, valuesOf, type Context } from './iam-pattern.ts'

type Test = (wanted: string, given: string, context: Context) => boolean
type Operator = { readonly test: Test; readonly negated?: boolean }

const numeric = (holds: (given: number, wanted: number) => boolean): Operator => ({
  test: (wanted, given) => given.trim() !== '' && wanted.trim() !== '' && holds(Number(given), Number(wanted)),
})

const equal: Test = (wanted, given, context) => equals(wanted, given, context)
const equalAnyCase: Test = (wanted, given, context) => equals(wanted, given, context, true)
const like: Test = (wanted, given, context) => covers(wanted, given, context)

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { test: equal },
  StringNotEquals: { test: equal, negated: true },
  StringEqualsIgnoreCase: { test: equalAnyCase },
  StringNotEqualsIgnoreCase: { test: equalAnyCase, negated: true },
  StringLike: { test: like },
  StringNotLike: { test: like, negated: true },
  // AWS gives ArnEquals and ArnLike one meaning.
  ArnEquals: { test: coversArn },
  ArnLike: { test: coversArn },
  ArnNotEquals: { test: coversArn, negated: true },
  ArnNotLike: { test: coversArn, negated: true },
  Bool: { test: equalAnyCase },
  NumericEquals: numeric((given, wanted) => given === wanted),
  NumericNotEquals: { test: numeric((given, wanted) => given === wanted).test, negated: true },
  NumericLessThan: numeric((given, wanted) => given < wanted),
  NumericLessThanEquals: numeric((given, wanted) => given <= wanted),
  NumericGreaterThan: numeric((given, wanted) => given > wanted),
  NumericGreaterThanEquals: numeric((given, wanted) => given >= wanted),
}

// This stand-in cannot answer them, and a set operator over an absent key would be true.
const unanswerable = new Set(['dynamodb:attributes', 'dynamodb:fulltablescan'])

type Holds = (context: Context) => boolean

function nullTest(key: string, wanted: readonly string[]): Holds {
  return (context) => wanted.includes(String(valuesOf(context, key) === undefined))
}

function condition(name: string, key: string, wanted: readonly string[]): Holds {
  const [, quantifier, plain = '', ifExists] = /^(ForAnyValue:|ForAllValues:)?(\w+?)(IfExists)?$/.exec(name) ?? []
  if (plain === 'Null' && !quantifier && !ifExists) return nullTest(key, wanted)
  const operator = Object.hasOwn(operators, plain) ? operators[plain] : undefined
  // Fails closed: a condition that is not understood must never be skipped.
  if (!operator) throw new Error(`condition operator ${name} is not known to this stand-in`)
  if (unanswerable.has(key.toLowerCase())) throw new Error(`condition key ${key} is not known to this stand-in`)

  const { test, negated = false } = operator
  return (context) => {
    const given = valuesOf(context, key)
    if (given === undefined && ifExists) return true
    const one = (value: string): boolean => wanted.some((entry) => test(entry, value, context)) !== negated
    if (quantifier === 'ForAllValues:') return (given ?? []).every(one)
    if (quantifier === 'ForAnyValue:') return (given ?? []).some(one)
    if (given === undefined) return negated
    return negated ? given.every(one) : given.some(one)
  }
}

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    if (typeof entry !== 'string' && typeof entry !== 'boolean' && typeof entry !== 'number')
      throw new Error('a condition value must be a string, a number or a boolean')
    return String(entry)
  })

/** Reads a `Condition` block. Throws on an operator or a key that it cannot answer. */
export function readConditions(block: unknown): Holds {
  if (block === undefined) return () => true
  if (typeof block !== 'object' || block === null) throw new Error('Condition must be an object')
  const all: Holds[] = []
  for (const [operator, keys] of Object.entries(block)) {
    if (typeof keys !== 'object' || keys === null) throw new Error(`Condition ${operator} must be an object`)
    for (const [key, wanted] of Object.entries(keys)) all.push(condition(operator, key, texts(wanted)))
  }
  return (context) => all.every((holds) => holds(context))
}
