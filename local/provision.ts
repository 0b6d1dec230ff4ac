import type { Pipeline } from 'sallyport'
import { accountsOf, drawCredential, headersOf, isPartner } from './accounts.ts'
import type { Clients } from './clients.ts'
import type { PartnersProcess } from './partners-process.ts'
import { provisionBuckets } from './provision-buckets.ts'
import { provisionKeys } from './provision-keys.ts'
import { provisionQueues } from './provision-queues.ts'
import { provisionRules } from './provision-rules.ts'
import { provisionSecrets, putSecret } from './provision-secrets.ts'
import { provisionTables } from './provision-tables.ts'
import type { Template } from './template/template.ts'

/**
 * Creates what the state stack holds: keys first, since the others are encrypted under them. What is there stays.
 * Gives the names of the secrets that hold a value.
 */
export async function provisionState(template: Template, { endpoint, kms, dynamodb, secrets, sqs }: Clients, note: (sentence: string) => void = () => undefined): Promise<ReadonlyMap<string, boolean>> {
  await provisionKeys(template, kms)
  await provisionTables(template, dynamodb)
  await provisionBuckets(template, endpoint)
  await provisionQueues(template, sqs)
  for (const sentence of await provisionRules(template, endpoint)) note(sentence)
  return provisionSecrets(template, secrets)
}

/** The secret of an account, as infra names it. */
const secretOf = (account: string, secrets: ReadonlyMap<string, boolean>): string | undefined =>
  [...secrets.keys()].find((name) => name.endsWith(`/accounts/${account}`))

/**
 * Gives every account a credential that its partner knows, where it has none, or `anew`. Gives sentences about accounts that it
 * could not fill.
 */
export async function fillAccounts(pipelines: readonly Pipeline[], secrets: ReadonlyMap<string, boolean>, clients: Clients, partners: PartnersProcess, anew: boolean): Promise<string[]> {
  const notes: string[] = []
  for (const account of accountsOf(pipelines)) {
    const name = secretOf(account.name, secrets)
    if (name === undefined) throw new Error(`account ${account.name} has no secret in the template`)
    const partner = isPartner(account) ? partners.started.find((each) => each.name === account.name) : undefined
    const key = partners.keys[account.name]
    const known = partner ? partner.hasCredential : key?.fresh !== true
    if (secrets.get(name) === true && known && !anew) continue
    const credential = drawCredential(account, key?.publicKey)
    if (credential === undefined) {
      notes.push(`account ${account.name}: no credential can be drawn for ${account.how.signIn}; enter one with npm run accounts`)
      continue
    }
    if (partner) await partners.learn(account.name, headersOf(account, credential))
    await putSecret(clients.secrets, name, credential)
  }
  return notes
}
