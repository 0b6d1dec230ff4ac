import { variable, type Resource } from './resource.ts'

/** Addresses as they were first read: reading the environment costs more than the digest it is for. */
const known = new Map<string, string>()

/** Where a need lives: infra has set its variable. Its absence is a mistake of ours, found on the first call. */
export function address(resource: Resource): string {
  const key = `${resource.kind}/${resource.name}`
  const before = known.get(key)
  if (before !== undefined) return before
  const value = process.env[variable(resource)]
  if (value !== undefined) known.set(key, value)
  if (value === undefined) throw new TypeError(`${resource.kind} ${resource.name} is not among the needs of this pipeline`)
  return value
}
