import type { Found, Template } from './template.ts'

/** A role with every policy that applies to it. */
export interface Role {
  readonly name: string
  readonly arn: string
  readonly policies: readonly object[]
  readonly boundary?: object
  /** A boundary that is not in the template: what it forbids cannot be known here. */
  readonly unknownBoundary?: string
}

/** Policies that AWS itself keeps, as far as roles of ours may have them. */
const managedByAws: Readonly<Record<string, object>> = {
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' }],
  },
}

/** The roles of the template. Throws for a policy that it cannot see: a role must not look weaker here than it is. */
export function rolesOf(template: Template): Role[] {
  const managed = new Map(template.ofType('AWS::IAM::ManagedPolicy').map((found) => [template.ref(found), found]))
  const attachedTo = (found: Found, role: string): boolean => ((template.property(found, 'Roles') ?? []) as string[]).includes(role)
  const document = (found: Found): object => template.property(found, 'PolicyDocument') as object

  return template.ofType('AWS::IAM::Role').map((found) => {
    const name = template.ref(found)
    const inline = ((template.property(found, 'Policies') ?? []) as { PolicyDocument: object }[]).map(({ PolicyDocument }) => PolicyDocument)
    const listed = ((template.property(found, 'ManagedPolicyArns') ?? []) as string[]).map((arn) => {
      const own = managed.get(arn)
      const policy = own ? document(own) : managedByAws[arn]
      if (policy === undefined) throw new Error(`role ${name}: policy ${arn} is not in the template`)
      return policy
    })
    const attached = [...managed.values(), ...template.ofType('AWS::IAM::Policy')].filter((policy) => attachedTo(policy, name)).map(document)
    const boundary = template.property(found, 'PermissionsBoundary') as string | undefined
    const bound = boundary === undefined ? undefined : managed.get(boundary)
    return {
      name, arn: template.att(found, 'Arn'), policies: [...inline, ...listed, ...attached],
      ...bound && { boundary: document(bound) },
      ...boundary !== undefined && !bound && { unknownBoundary: boundary },
    }
  })
}
