/** A route of the template's HTTP API. */
export interface Route {
  /** `POST /payments`, `GET /payments/{id}`, `ANY /x` or `$default`. */
  readonly key: string
  readonly auth: 'NONE' | 'AWS_IAM'
  readonly function: string
}

/** The route of a request, and what the path says for its parameter. */
export interface Matched {
  readonly route: Route
  readonly parameters?: Readonly<Record<string, string>>
}

type Pattern = { readonly route: Route; readonly method: string; readonly name: string; readonly before: string; readonly after: string }

const plain = /^(ANY|[A-Z]+) \/[^{}]*$/
// One whole segment.
const parametrised = /^(ANY|[A-Z]+) (\/(?:[^{}]*\/)?)\{(\w+)\}((?:\/[^{}]*)?)$/

function patternOf(route: Route): Pattern {
  const [, method = '', before = '', name = '', after = ''] = parametrised.exec(route.key) ?? []
  if (name === '') throw new Error(`route ${route.key}: the local gateway knows plain paths, and paths with one {parameter} that is a whole segment`)
  return { route, method, name, before, after }
}

/** What stands in a path for the parameter: one segment, not empty. */
function valueIn(path: string, { before, after }: Pattern): string | undefined {
  if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) return undefined
  const value = path.slice(before.length, path.length - after.length)
  return value.includes('/') ? undefined : value
}

/**
 * Finds the route of a request by its decoded path: the exact path, then one with a parameter, then `$default`; of one path its
 * method before ANY (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html). Throws for a
 * route that it could only guess at, and for two that would match the same requests.
 */
export function matcher(routes: readonly Route[]): (method: string, path: string) => Matched | undefined {
  const byKey = new Map<string, Route>()
  const patterns: Pattern[] = []
  for (const route of routes) {
    if (route.key === '$default' || plain.test(route.key)) {
      byKey.set(route.key, route)
      continue
    }
    const pattern = patternOf(route)
    const twin = patterns.find(({ method, before, after }) => method === pattern.method && before === pattern.before && after === pattern.after)
    if (twin) throw new Error(`route ${route.key} matches what route ${twin.route.key} does`)
    patterns.push(pattern)
  }
  // Of two patterns the one whose text goes on longer before the parameter.
  patterns.sort((a, b) => b.before.length - a.before.length)

  const byPattern = (wanted: string, path: string): Matched | undefined => {
    for (const pattern of patterns) {
      const value = pattern.method === wanted ? valueIn(path, pattern) : undefined
      if (value !== undefined) return { route: pattern.route, parameters: { [pattern.name]: value } }
    }
    return undefined
  }
  const byName = (key: string): Matched | undefined => {
    const route = byKey.get(key)
    return route && { route }
  }
  return (method, path) => byName(`${method} ${path}`) ?? byName(`ANY ${path}`) ?? byPattern(method, path) ?? byPattern('ANY', path) ?? byName('$default')
}

/** A route's path with the parameters of a request in it. */
export const pathOf = (key: string, parameters: Matched['parameters'] = {}): string =>
  key.slice(key.indexOf(' ') + 1).replace(/\{(\w+)\}/g, (whole, name: string) => Object.hasOwn(parameters, name) ? parameters[name] ?? whole : whole)
