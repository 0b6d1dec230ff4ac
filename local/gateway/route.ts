/** A route of the template's HTTP API. */
export interface Route {
  /** `POST /payments`, `ANY /x` or `$default`. */
  readonly key: string
  readonly auth: 'NONE' | 'AWS_IAM'
  readonly function: string
}

const plain = /^(ANY|[A-Z]+) \/[^{}]*$/

/** Finds the route of a request: exact method, then ANY, then `$default`. Throws for a route that it could only guess at. */
export function matcher(routes: readonly Route[]): (method: string, path: string) => Route | undefined {
  const byKey = new Map<string, Route>()
  for (const route of routes) {
    if (route.key !== '$default' && !plain.test(route.key)) throw new Error(`route ${route.key}: the local gateway knows only plain paths`)
    byKey.set(route.key, route)
  }
  return (method, path) => byKey.get(`${method} ${path}`) ?? byKey.get(`ANY ${path}`) ?? byKey.get('$default')
}
