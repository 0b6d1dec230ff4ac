import { Failure } from './failure.ts'
import { evaluate, type Context } from './iam.ts'
import type { Ask, Caller, World } from './operation.ts'
import type { Principal } from './principals.ts'
import { verify, type Refusal, type SignedRequest } from './sigv4.ts'

/** How a service spells each refusal. */
export type Refusals = Readonly<Record<Refusal, readonly [code: string, message: string]>>

const refusals: Refusals = {
  MissingAuthenticationToken: ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  UnrecognizedClient: ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  IncompleteSignature: ['IncompleteSignatureException', 'The request signature does not conform to AWS standards.'],
  InvalidSignature: ['InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'],
  RequestExpired: ['InvalidSignatureException', 'Signature expired: the time of the request differs from ours by more than five minutes.'],
}

/** The principal whose signature the request carries. Throws as the service would: the JSON services unless told otherwise. */
export function authenticate(request: SignedRequest, principals: ReadonlyMap<string, Principal>, spelled: Refusals = refusals): Principal {
  const verdict = verify(request, (accessKeyId) => principals.get(accessKeyId))
  const principal = verdict.ok ? principals.get(verdict.accessKeyId) : undefined
  if (principal) return principal
  throw new Failure(...spelled[verdict.ok ? 'UnrecognizedClient' : verdict.code])
}

function standing(principal: Principal, { region, account }: World): Context {
  const own = principal.arn.split(':')[4] ?? ''
  return {
    'aws:PrincipalArn': principal.arn,
    'aws:PrincipalAccount': own,
    'aws:PrincipalType': principal.arn.includes(':user/') ? 'User' : 'AssumedRole',
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    // The loopback listener stands for TLS.
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': region,
    'aws:ResourceAccount': account,
    'kms:CallerAccount': own,
  }
}

/** Whether the policies of the principal, and of the resource, allow what is asked. */
export function may(principal: Principal, ask: Ask, world: World): boolean {
  const { arn, policies, boundary } = principal
  return evaluate({
    action: ask.action,
    resource: ask.resource,
    principalArn: arn,
    identity: policies,
    ...(boundary && { boundary }),
    ...(ask.policy && { resourcePolicy: ask.policy }),
    context: { ...standing(principal, world), ...ask.context },
    resourceMustDelegate: ask.mustDelegate ?? false,
  }).allowed
}

/** Whether the policy of a resource lets a service of AWS do what it does for a resource of this account. */
export function serviceMay(service: string, { action, resource, policy, context, mustDelegate = false }: Ask, sourceArn: string, { region, account }: World): boolean {
  return evaluate({
    action, resource, principalArn: service, identity: [], ...policy && { resourcePolicy: policy }, resourceMustDelegate: mustDelegate,
    context: {
      'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': service, 'aws:SecureTransport': 'true', 'aws:RequestedRegion': region, 'aws:ResourceAccount': account,
      'aws:SourceArn': sourceArn, 'aws:SourceAccount': account, ...context,
    },
  }).allowed
}

/** Throws `AccessDeniedException` for the first thing that is not allowed. */
export function authorize(principal: Principal, asks: readonly Ask[], world: World): void {
  for (const ask of asks)
    if (!may(principal, ask, world))
      throw new Failure('AccessDeniedException', `User: ${principal.arn} is not authorized to perform: ${ask.action} on resource: ${ask.resource}`)
}

/** A principal as the operations see it. */
export function callerOf(principal: Principal, world: World, { spend, ...way }: Omit<Caller, 'arn' | 'may'>): Caller {
  return { arn: principal.arn, may: (ask) => may(principal, ask, world), spend, ...way }
}

