import { readConditions } from './iam-conditions.ts'
import { covers, type Context } from './iam-pattern.ts'

export type { Context } from './iam-pattern.ts'

/** A policy document as it stands in a template: `{ Version, Statement }`. */
export type Doc = object

/** How a statement names the caller: by its own ARN or by everyone, or by its account (which only delegates). */
type Reach = 'direct' | 'account' | 'none'

type Statement = {
  readonly effect: 'Allow' | 'Deny'
  readonly matchesAction: (action: string) => boolean
  readonly matchesResource: (resource: string, context: Context) => boolean
  readonly reach: (principalArn: string) => Reach
  readonly holds: (context: Context) => boolean
}

type Policy = readonly Statement[]

export type Question = {
  /** `kms:Decrypt` */
  readonly action: string
  readonly resource: string
  /** A service that asks for itself is named as policies name it: `events.amazonaws.com`. */
  readonly principalArn: string
  readonly identity: readonly Doc[]
  readonly boundary?: Doc
  readonly resourcePolicy?: Doc
  readonly context: Context
  /** KMS: the identity's policies count only if the resource's policy allows the account root. */
  readonly resourceMustDelegate?: boolean
}

const members = new Set(
  ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Principal', 'NotPrincipal', 'Condition'])

function texts(value: unknown, name: string): readonly string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value]
  return all.map((entry) => {
    if (typeof entry !== 'string') throw new Error(`${name} must be a string or a list of strings`)
    return entry
  })
}

const accountOf = (arn: string): string => arn.split(':')[4] ?? ''

function reachOf(principal: unknown, name: string): (arn: string) => Reach {
  if (principal === '*') return () => 'direct'
  if (typeof principal !== 'object' || principal === null) throw new Error(`${name} must be '*' or an object`)
  for (const kind of Object.keys(principal))
    if (!['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind)) throw new Error(`${name} ${kind} is not known`)
  // Federated and canonical users never call this stand-in: such a statement speaks of somebody else.
  const named = 'AWS' in principal ? texts(principal.AWS, `${name}.AWS`) : []
  const services = 'Service' in principal ? texts(principal.Service, `${name}.Service`) : []
  return (arn) => {
    if (services.includes(arn)) return 'direct'
    if (named.includes('*') || named.includes(arn)) return 'direct'
    const account = accountOf(arn)
    return named.includes(account) || named.includes(`arn:aws:iam::${account}:root`) ? 'account' : 'none'
  }
}

function principalReach(raw: Readonly<Record<string, unknown>>): (arn: string) => Reach {
  if ('Principal' in raw) return reachOf(raw['Principal'], 'Principal')
  if (!('NotPrincipal' in raw)) return () => 'direct'
  const others = reachOf(raw['NotPrincipal'], 'NotPrincipal')
  return (arn) => (others(arn) === 'none' ? 'direct' : 'none')
}

function readStatement(value: unknown): Statement {
  if (typeof value !== 'object' || value === null) throw new Error('a statement must be an object')
  const raw: Readonly<Record<string, unknown>> = { ...value }
  for (const name of Object.keys(raw)) if (!members.has(name)) throw new Error(`statement member ${name} is not known`)
  const effect = raw['Effect']
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error('Effect must be Allow or Deny')
  if ('Action' in raw === 'NotAction' in raw) throw new Error('a statement needs either Action or NotAction')
  if ('Resource' in raw && 'NotResource' in raw) throw new Error('a statement needs either Resource or NotResource')

  const actions = texts(raw['Action'] ?? raw['NotAction'], 'Action')
  const resources = texts(raw['Resource'] ?? raw['NotResource'] ?? '*', 'Resource')
  return {
    effect,
    matchesAction: (action) => actions.some((entry) => covers(entry, action, {}, true)) === 'Action' in raw,
    matchesResource: (resource, context) =>
      resources.some((entry) => covers(entry, resource, context)) !== 'NotResource' in raw,
    reach: principalReach(raw),
    holds: readConditions(raw['Condition']),
  }
}

const policies = new WeakMap<Doc, Policy>()

/** Reads a policy once. Throws a sentence for anything that it does not understand: a rule is never skipped. */
export function readPolicy(doc: Doc): Policy {
  let policy = policies.get(doc)
  if (!policy) {
    const raw: Readonly<Record<string, unknown>> = { ...doc }
    for (const name of Object.keys(raw))
      if (!['Version', 'Id', 'Statement'].includes(name)) throw new Error(`policy member ${name} is not known`)
    const statements: unknown[] = Array.isArray(raw['Statement']) ? raw['Statement'] : [raw['Statement']]
    policy = statements.map(readStatement)
    policies.set(doc, policy)
  }
  return policy
}

/**
 * Decides as IAM does inside one account: an explicit deny wins; then the resource's policy may allow the caller itself,
 * or the caller's own policies allow (for KMS only where the key policy hands the decision to the account root).
 */
export function evaluate(question: Question): { readonly allowed: boolean } {
  const { action, resource, principalArn, identity, boundary, resourcePolicy, context, resourceMustDelegate = false } = question
  const applying = (doc: Doc): Policy => readPolicy(doc)
    .filter((s) => s.matchesAction(action) && s.matchesResource(resource, context) && s.holds(context))
  const own = identity.flatMap(applying)
  const bounds = boundary ? applying(boundary) : undefined
  const foreign = resourcePolicy ? applying(resourcePolicy).filter((s) => s.reach(principalArn) !== 'none') : []

  const denied = [...own, ...(bounds ?? []), ...foreign].some((s) => s.effect === 'Deny')
  const allows = (s: Statement): boolean => s.effect === 'Allow'
  if (denied || (bounds && !bounds.some(allows))) return { allowed: false }
  if (foreign.some((s) => allows(s) && s.reach(principalArn) === 'direct')) return { allowed: true }
  const delegated = !resourceMustDelegate || foreign.some((s) => allows(s) && s.reach(principalArn) === 'account')
  return { allowed: delegated && own.some(allows) }
}
