/** How references are looked up while one stack's values are resolved. */
export interface Lookup {
  readonly ref: (id: string) => unknown
  readonly att: (id: string, name: string) => unknown
  readonly imported: (name: string) => unknown
}

type Intrinsic = (argument: unknown, lookup: Lookup) => unknown

function pair(argument: unknown, name: string): readonly [unknown, unknown] {
  if (!Array.isArray(argument) || argument.length !== 2) throw new Error(`${name} wants a list of two`)
  return [argument[0], argument[1]]
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Error(`${name} wants text`)
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} wants a list`)
  return value
}

/** `Id.Attribute`, or the two as a list; attributes may have dots of their own. */
function att(argument: unknown, lookup: Lookup): unknown {
  const [id, name] = typeof argument === 'string' ? [argument.slice(0, argument.indexOf('.')), argument.slice(argument.indexOf('.') + 1)] : pair(argument, 'Fn::GetAtt')
  return lookup.att(text(id, 'Fn::GetAtt'), text(resolve(name, lookup), 'Fn::GetAtt'))
}

function sub(argument: unknown, lookup: Lookup): string {
  const [template, given] = typeof argument === 'string' ? [argument, {}] : pair(argument, 'Fn::Sub')
  const values = resolve(given, lookup) as Readonly<Record<string, unknown>>
  return text(template, 'Fn::Sub').replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`
    if (Object.hasOwn(values, name)) return text(values[name], 'Fn::Sub')
    return text(name.includes('.') ? att(name, lookup) : lookup.ref(name), 'Fn::Sub')
  })
}

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, { ref }) => ref(text(argument, 'Ref')),
  'Fn::GetAtt': att,
  'Fn::ImportValue': (argument, lookup) => lookup.imported(text(resolve(argument, lookup), 'Fn::ImportValue')),
  'Fn::Sub': sub,
  'Fn::Join': (argument, lookup) => {
    const [separator, parts] = pair(argument, 'Fn::Join')
    return list(resolve(parts, lookup), 'Fn::Join').map((part) => text(part, 'Fn::Join')).join(text(separator, 'Fn::Join'))
  },
  'Fn::Split': (argument, lookup) => {
    const [separator, whole] = pair(argument, 'Fn::Split')
    return text(resolve(whole, lookup), 'Fn::Split').split(text(separator, 'Fn::Split'))
  },
  'Fn::Select': (argument, lookup) => {
    const [at, among] = pair(argument, 'Fn::Select')
    const values = list(resolve(among, lookup), 'Fn::Select')
    const index = Number(resolve(at, lookup))
    if (!(index in values)) throw new Error(`Fn::Select: there is no ${String(at)} in a list of ${values.length}`)
    return values[index]
  },
}

/** A value of a template with every reference replaced. Throws, naming it, for an intrinsic that is not known here. */
export function resolve(value: unknown, lookup: Lookup): unknown {
  if (Array.isArray(value)) return value.map((entry) => resolve(entry, lookup))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [name, argument] = entries.length === 1 ? entries[0] as [string, unknown] : ['', undefined]
  if (name === 'Ref' || name.startsWith('Fn::')) {
    const intrinsic = Object.hasOwn(intrinsics, name) ? intrinsics[name] : undefined
    if (intrinsic === undefined) throw new Error(`${name} in the template is not known to the local run`)
    return intrinsic(argument, lookup)
  }
  return Object.fromEntries(entries.map(([key, entry]) => [key, resolve(entry, lookup)]))
}
