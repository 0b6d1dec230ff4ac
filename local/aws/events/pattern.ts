import { Failure } from '../failure.ts'
import { isMembers, type Members } from '../members.ts'

type Scalar = string | number | boolean | null
/** Whether one value of an event is what a pattern wants. */
type Test = (value: Scalar) => boolean
/** All that one list of a pattern says of a field: `values` are its scalars, `there` whether the event has it. */
type Field = (values: readonly Scalar[], there: boolean) => boolean

/** A pattern that was read: whether an event matches it. */
export type Pattern = (event: Members) => boolean

const wrong = (reason: string): Failure => new Failure('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`)

const isScalar = (value: unknown): value is Scalar => value === null || ['string', 'number', 'boolean'].includes(typeof value)

function textOf(value: unknown, matcher: string): string {
  if (typeof value !== 'string') throw wrong(`${matcher} must be a string`)
  return value
}

const onText = (holds: (text: string) => boolean): Test => (value) => typeof value === 'string' && holds(value)

/** `prefix` and `suffix`, of one case or of both. */
function ending(given: unknown, matcher: 'prefix' | 'suffix'): Test {
  const holds = (text: string, part: string): boolean => matcher === 'prefix' ? text.startsWith(part) : text.endsWith(part)
  if (!isMembers(given)) {
    const part = textOf(given, matcher)
    return onText((text) => holds(text, part))
  }
  const part = textOf(only(given, ['equals-ignore-case']), matcher).toLowerCase()
  return onText((text) => holds(text.toLowerCase(), part))
}

/** The one member of a matcher. */
function only(matcher: Members, known: readonly string[]): unknown {
  const [name = '', ...others] = Object.keys(matcher)
  if (others.length > 0 || !known.includes(name)) throw wrong(others.length > 0 ? 'a match type must be the only member' : `Unrecognized match type ${name}`)
  return matcher[name]
}

const comparisons: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  '=': (value, wanted) => value === wanted, '<': (value, wanted) => value < wanted, '<=': (value, wanted) => value <= wanted,
  '>': (value, wanted) => value > wanted, '>=': (value, wanted) => value >= wanted,
}

function numeric(given: unknown): Test {
  if (!Array.isArray(given) || (given.length !== 2 && given.length !== 4)) throw wrong('numeric must be a list of one or two comparisons')
  const tests = [0, 2].filter((at) => at < given.length).map((at) => {
    const [operator, wanted] = [String(given[at]), given[at + 1] as unknown]
    const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined
    if (!compare || typeof wanted !== 'number') throw wrong('numeric must be a list of one or two comparisons')
    return (value: number): boolean => compare(value, wanted)
  })
  return (value) => typeof value === 'number' && tests.every((test) => test(value))
}

function anythingBut(given: unknown): Test {
  if (isMembers(given)) {
    const [name = ''] = Object.keys(given)
    const values = [only(given, ['prefix', 'suffix', 'equals-ignore-case'])].flat()
    const tests = values.map((value) => matcherOf({ [name]: value }))
    return (value) => !tests.some((test) => test(value))
  }
  const unwanted: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (unwanted.length === 0 || !unwanted.every(isScalar)) throw wrong('anything-but must be a value, a list of values, or a match type')
  return (value) => !unwanted.includes(value)
}

const matchers: Readonly<Record<string, (given: unknown) => Test>> = {
  prefix: (given) => ending(given, 'prefix'),
  suffix: (given) => ending(given, 'suffix'),
  'anything-but': anythingBut,
  numeric,
  'equals-ignore-case': (given) => {
    const wanted = textOf(given, 'equals-ignore-case').toLowerCase()
    return onText((text) => text.toLowerCase() === wanted)
  },
}

function matcherOf(entry: Members): Test {
  const given = only(entry, [...Object.keys(matchers), 'cidr', 'wildcard'])
  const [name = ''] = Object.keys(entry)
  const made = Object.hasOwn(matchers, name) ? matchers[name] : undefined
  if (!made) throw wrong(`${name} is not implemented by this stand-in`)
  return made(given)
}

/** One entry of a list: a value, `exists`, or a match type. */
function fieldOf(entry: unknown): Field {
  if (isScalar(entry)) return (values) => values.includes(entry)
  if (!isMembers(entry)) throw wrong('Match value must be String, number, true, false, or null')
  if ('exists' in entry) {
    const wanted = only(entry, ['exists'])
    if (typeof wanted !== 'boolean') throw wrong('exists must be true or false')
    return (_, there) => there === wanted
  }
  const test = matcherOf(entry)
  return (values) => values.some(test)
}

type Node = (value: unknown) => boolean

function leafOf(list: readonly unknown[]): Node {
  if (list.length === 0) throw wrong('Empty arrays are not allowed')
  const fields = list.map(fieldOf)
  return (value) => {
    const values = (Array.isArray(value) ? value.flat(Infinity) as unknown[] : [value]).filter(isScalar)
    return fields.some((field) => field(values, value !== undefined))
  }
}

function nodeOf(pattern: Members): Node {
  const entries = Object.entries(pattern)
  if (entries.length === 0) throw wrong('Empty objects are not allowed')
  const nodes = entries.map(([name, wanted]): ((event: Members) => boolean) => {
    if (name === '$or') {
      if (!Array.isArray(wanted) || wanted.length < 2 || !wanted.every(isMembers)) throw wrong('$or must be a list of at least two patterns')
      const either = wanted.map(nodeOf)
      return (event) => either.some((node) => node(event))
    }
    if (!Array.isArray(wanted) && !isMembers(wanted)) throw wrong(`${name} must be an object or an array`)
    const node = Array.isArray(wanted) ? leafOf(wanted) : nodeOf(wanted)
    return (event) => node(Object.hasOwn(event, name) ? event[name] : undefined)
  })
  // Of a list of objects, one has to match; what is no object has no fields.
  return (value) => (Array.isArray(value) ? value : [value]).some((each) => nodes.every((node) => node(isMembers(each) ? each : {})))
}

/**
 * Reads an event pattern (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html): values,
 * prefix, suffix, anything-but, numeric, exists, equals-ignore-case and $or. Throws `InvalidEventPatternException`.
 */
export function readPattern(text: string): Pattern {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // V8 quotes the text.
  }
  if (!isMembers(parsed)) throw wrong('the pattern is not a JSON object')
  return nodeOf(parsed)
}
