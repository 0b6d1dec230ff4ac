import { leaves, type Account, type Pipeline, type Published } from 'sallyport'

/** Where partners publish their keys: accounts without a secret, and so no need; they stand in what the steps show of themselves. */
export function keySetsOf(pipelines: readonly Pipeline[]): Account<Published>[] {
  const found = new Map<string, Account<Published>>()
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { kind, name, how } = value as Partial<Account<Published>>
    if (kind === 'account' && name !== undefined && how?.signIn === 'key-set') found.set(name, value as Account<Published>)
    else for (const member of Object.values(value)) look(member)
  }
  for (const { steps } of pipelines) for (const { config } of leaves(steps)) look(config)
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
