import type { Account } from './account.ts'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { age } from './key-ring.ts'
import { knownOf, type Known } from './redact.ts'

/** `known` is what a log must not show of it. */
export interface Loaded { readonly text: string; readonly content: unknown; readonly at: number; readonly known: Known }

/**
 * An account's secret as its type reads it. It stays in memory for as long as what is read of keys, five minutes: a changed one is
 * used after that at the latest, or after the partner's first 401. Throws ACCOUNT_UNAVAILABLE, with nothing of the secret or the reason in it. */
export async function credential(environment: Environment, account: Account<{ readonly signIn: string; readonly read: (text: string) => unknown }>, anew = false): Promise<Loaded> {
  const { credentials, clock } = environment
  const id = address(account, environment)
  const now = clock.now()
  const held = credentials.get(id, () => load(environment, id, account.how.read, now))
  const known = await held
  if (!anew && now - known.at < age(environment) * 1_000) return known
  credentials.forget(id, held)
  return credentials.get(id, () => load(environment, id, account.how.read, now))
}

async function load(environment: Environment, id: string, read: (text: string) => unknown, at: number): Promise<Loaded> {
  try {
    const { SecretString: text } = await (await aws.secrets(environment)).get(id)
    if (text === undefined) throw new Fault('ACCOUNT_UNAVAILABLE')
    const content = read(text)
    return { text, content, at, known: knownOf([text, content]) }
  } catch {
    throw new Fault('ACCOUNT_UNAVAILABLE')
  }
}
