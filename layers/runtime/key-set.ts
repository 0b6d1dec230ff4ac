import type { Account, Kept, Published } from './account.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'

/** What an address answered, and when it was asked for it, in epoch milliseconds. */
interface Held { readonly content: Kept; readonly at: number }

/** Of one address: what was answered last, who is asking now, and from when on it may be asked again after it failed. */
interface Address { held?: Held; asking?: Promise<Held> | undefined; again: number }

const addresses = () => new Map<string, Address>()

/** Seconds for which an address that failed is left alone, while what it answered before may be used. */
const pause = 30
/** Milliseconds in which it has to answer. */
const longest = 5_000

interface Where {
  readonly stage: string
  /** Of the stage `local`. */
  readonly origins: Readonly<Record<string, string>>
  /** Epoch milliseconds. */
  readonly until: number
}

/**
 * What is published at the address of an account: read there once for all who ask, used as long as it is fresh, and while the
 * address fails as long as it may be. Nothing of the answer's is followed. Throws ACCOUNT_UNAVAILABLE, OUT_OF_TIME.
 */
export async function keySet<Content extends Kept>(environment: Environment, { name, how }: Account<Published<string, Content>>, { stage, origins, until }: Where): Promise<Content> {
  const origin = stage === 'local' ? origins[name] : how.origin[stage]
  if (origin === undefined) throw new TypeError(`account ${name} has no origin for the stage`)
  const all = environment.one(addresses)
  const address: Address = all.get(name) ?? { again: 0 }
  all.set(name, address)
  const now = environment.clock.now()
  const usable = (seconds: keyof Kept): Content | undefined => address.held !== undefined && now - address.held.at < address.held.content[seconds] * 1_000 ? address.held.content as Content : undefined
  const fresh = usable('fresh')
  if (fresh !== undefined) return fresh
  const stale = usable('stale')
  if (stale !== undefined && now < address.again) return stale
  try {
    address.asking ??= ask(environment, origin, how, until - now).finally(() => { address.asking = undefined })
    address.held = await address.asking
    return address.held.content as Content
  } catch (error) {
    address.again = now + pause * 1_000
    if (stale !== undefined) return stale
    throw error
  }
}

async function ask({ clock, exchange }: Environment, origin: string, { path, read }: Published, left: number): Promise<Held> {
  if (left < 50) throw new Fault('OUT_OF_TIME')
  const at = clock.now()
  try {
    const { status, body, cacheControl } = await exchange(origin, path, 'GET', { accept: 'application/jwk-set+json, application/json', 'user-agent': 'sallyport' }, undefined, Math.min(left, longest))
    if (status === 200) return { content: read(body, cacheControl), at }
  } catch {
    // Of the error nothing is kept: it may name host and address, or quote the answer.
  }
  throw new Fault('ACCOUNT_UNAVAILABLE')
}
