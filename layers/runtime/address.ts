import { variable, type Resource } from './resource.ts'

/** Where a need lives: infra has set its variable. Its absence is a mistake of ours, found on the first call. */
export function address(resource: Resource): string {
  const value = process.env[variable(resource)]
  if (value === undefined) throw new TypeError(`${resource.kind} ${resource.name} is not among the needs of this pipeline`)
  return value
}
