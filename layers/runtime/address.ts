import { ofProcess, type Environment } from './environment.ts'
import { variable, type Resource } from './resource.ts'

/** Where a need lives: infra has set its variable. Its absence is a mistake of ours, found on the first call. */
export function address(resource: Resource, environment: Environment = ofProcess()): string {
  const key = `${resource.kind}/${resource.name}`
  const known = environment.addresses.get(key)
  if (known !== undefined) return known
  const value = environment.variables[variable(resource)]
  if (value === undefined) throw new TypeError(`${resource.kind} ${resource.name} is not among the needs of this pipeline`)
  environment.addresses.set(key, value)
  return value
}
