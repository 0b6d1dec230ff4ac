import { createHash } from 'node:crypto'
import { evaluate } from '../aws/iam.ts'
import type { Principal } from '../aws/principals.ts'
import { verify } from '../aws/sigv4.ts'
import type { Api } from './event.ts'
import type { Received } from './request.ts'
import { pathOf, type Matched } from './route.ts'

/** Who signed a call. */
export interface Caller {
  readonly accessKeyId: string
  readonly arn: string
  /** As AWS would number it: an id that stays the same for an ARN. */
  readonly id: string
}

const uniqueId = (arn: string): string => `${arn.includes(':role/') ? 'AROA' : 'AIDA'}${createHash('sha256').update(arn).digest('hex').slice(0, 17).toUpperCase()}`

/** The caller of a route with authorization AWS_IAM, or undefined when its signature or its policies do not admit it. */
export function authorize(received: Received, { route, parameters }: Matched, api: Api, lookup: (accessKeyId: string) => Principal | undefined, now: Date): Caller | undefined {
  const { method, rawPath, rawQuery, headers, body } = received
  const verdict = verify({ method, rawPath, rawQuery, headers, body, now, service: 'execute-api', region: api.region }, lookup)
  if (!verdict.ok) return undefined
  const principal = lookup(verdict.accessKeyId)
  if (principal === undefined) return undefined
  // The route's own path: what a policy names is the route, not the spelling of the request; for a parameter, what was asked for.
  const operation = route.key === '$default' ? '$default' : `${method}${pathOf(route.key, parameters)}`
  const resource = `arn:aws:execute-api:${api.region}:${api.account}:${api.id}/$default/${operation}`
  const { allowed } = evaluate({
    action: 'execute-api:Invoke', resource, principalArn: principal.arn, identity: principal.policies,
    ...principal.boundary === undefined ? {} : { boundary: principal.boundary },
    context: {
      'aws:PrincipalArn': principal.arn,
      'aws:PrincipalAccount': api.account,
      'aws:RequestedRegion': api.region,
      'aws:SecureTransport': 'true',
      'aws:SourceIp': received.sourceIp,
    },
  })
  return allowed ? { accessKeyId: principal.accessKeyId, arn: principal.arn, id: uniqueId(principal.arn) } : undefined
}
