import type { Existing, Resource } from 'sallyport'

/** Whether a resource is one that is there already. */
export const isExisting = (resource: Resource): resource is Existing => resource.kind === 'existing'

/** Where it is in a stage. Of the local run, which makes none, an address that nothing answers. */
export function existingPlace({ name, arn, address }: Existing, stage: string): { readonly arn: string; readonly address: string } | undefined {
  const found = arn[stage] ?? (stage === 'local' ? `arn:aws:existing:us-east-1:000000000000:${name}` : undefined)
  return found === undefined ? undefined : { arn: found, address: address[stage] ?? found }
}
