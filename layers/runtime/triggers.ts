import type { Json } from './field.ts'

/** Who may call a route. `iam`: signed with SigV4 by a principal that IAM lets invoke it. `open`: anybody, with the reason. */
export type Auth = { readonly scheme: 'iam' } | { readonly scheme: 'open'; readonly why: string }

/** Signed with SigV4 by a principal that IAM lets invoke the route. */
export const iam = (): Auth => ({ scheme: 'iam' })

/** A route that anybody may call. The reason stands in the manifest. */
export function open(why: string): Auth {
  if (why.trim().length < 10) throw new TypeError('open: say in a sentence why anybody may call this route')
  return { scheme: 'open', why }
}

/** Text that only a cipher can read. An interface, so that it is no Json: nothing but `decrypt` takes it. */
export interface Sealed {
  readonly sealed: string
  /** Of its cipher: what a reply says of it. */
  readonly mediaType?: string | undefined
}

/** The first payload of a pipeline by the media type it accepts. */
export interface Accepted {
  'application/json': Json
  'application/jose': Sealed
  'application/jose+json': Sealed
  'application/octet-stream': Sealed
  'application/pgp-encrypted': Sealed
}

/** What starts a pipeline. `_payload` is never there: it carries the type of the first payload. */
export interface Trigger<Payload> {
  readonly kind: 'http'
  readonly method: 'POST'
  readonly path: `/${string}`
  readonly accept: keyof Accepted
  readonly auth: Auth
  readonly status: 200 | 201 | 202
  readonly _payload?: (payload: Payload) => void
}

/** `POST path` of the realm's HTTP API. Replies with `status` when the pipeline has ended well. */
export function post<Accept extends keyof Accepted = 'application/json'>(
  path: `/${string}`,
  options: { readonly auth: Auth; readonly accept?: Accept; readonly status?: 200 | 201 | 202 },
): Trigger<Accepted[Accept]> {
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) throw new TypeError(`post ${JSON.stringify(path)}: write plain path segments, as /loan-applications`)
  return { kind: 'http', method: 'POST', path, accept: options.accept ?? 'application/json', auth: options.auth, status: options.status ?? 200 }
}
