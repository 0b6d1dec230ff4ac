import type { Template } from './template.ts'

/** A custom resource: what CloudFormation would invoke, and with which properties. */
export interface CustomResource {
  readonly stack: string
  readonly id: string
  readonly type: string
  /** Name of the function behind its service token. */
  readonly function: string
  /** As CloudFormation hands them over: every number and boolean as text. */
  readonly properties: Readonly<Record<string, unknown>>
}

const asText = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asText)
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, asText(entry)]))
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

export function customResourcesOf(template: Template): CustomResource[] {
  const functions = new Map(template.ofType('AWS::Lambda::Function').map((found) => [template.att(found, 'Arn'), template.ref(found)]))
  return template.ofType(/^(Custom::|AWS::CloudFormation::CustomResource$)/).map((found) => {
    const properties = template.properties(found)
    const name = functions.get(String(properties['ServiceToken']))
    if (name === undefined) throw new Error(`${found.stack}/${found.id}: its service token is no function of the template`)
    return { stack: found.stack, id: found.id, type: found.type, function: name, properties: asText(properties) as Record<string, unknown> }
  })
}
