import { named, type Need, type Resource } from './resource.ts'

/** `https://` and a host for each stage; the stage `local` gets its own from the local run. */
export type Origins = { readonly [stage: string]: `https://${string}` }

/** A way to sign in at a partner: where it is, and how a stored credential becomes request headers. */
export interface Partner<Credential = unknown> {
  readonly signIn: string
  readonly origin: Origins
  /** How long the partner remembers an `Idempotency-Key`, 720 hours at most; required by `once`. */
  readonly idempotency?: { readonly hours: number } | undefined
  /** Statuses by which the partner says that nothing was done. 408, 409, 425, 429 and 5xx cannot be among them. */
  readonly nothingDone: readonly number[]
  /** Seconds a send may take. */
  readonly timeout: number
  /** The stored text as a credential; throws if it has not the shape. */
  readonly read: (secret: string) => Credential
  // A method, so that an account of any credential is an Account<Partner>.
  headers(credential: Credential): Readonly<Record<string, string>>
}

/** The options every partner account takes, whatever its way to sign in. */
export interface PartnerOptions {
  readonly origin: Origins
  readonly idempotency?: { readonly hours: number }
  readonly nothingDone?: readonly number[]
  readonly timeout?: number
}

/** Key material of somebody else's, used but not sent to. */
export interface Material<Kind extends string = string, Content = unknown> {
  readonly signIn: Kind
  readonly read: (secret: string) => Content
}

/** How long a content may be used, in seconds from when it was asked for. */
export interface Kept {
  readonly fresh: number
  /** While its address fails. */
  readonly stale: number
}

/** What somebody publishes at an address of theirs, such as keys: public, so that no secret is read for it. */
export interface Published<Kind extends string = string, Content extends Kept = Kept> {
  readonly signIn: Kind
  readonly origin: Origins
  readonly path: string
  /** What was answered, with its `Cache-Control`; throws if it has not the shape. */
  readonly read: (body: Uint8Array, cacheControl: string | undefined) => Content
}

/** How we sign in at a partner, or a key of theirs: a constant in code, its credential in Secrets Manager. */
export interface Account<How = Partner> extends Resource<'account'> {
  readonly how: How
}

/** An account by its name, and how we sign in there: `apiKey`, `basic`, or a type of your own. Throws a TypeError for a name that cannot be. */
export const account = <How extends { readonly signIn: string }>(name: string, how: How): Account<How> => ({
  kind: 'account', name: named('account', name), how,
})

/** What a step that uses an account needs: to read its secret. */
export const accountNeed = (account: Account<{ readonly signIn: string }>): Need => ({
  resource: account, actions: ['secretsmanager:GetSecretValue'],
})

/** The part of a partner account that is the same for every way to sign in, checked. */
export function partner(signIn: string, { origin, idempotency, nothingDone = [], timeout = 10 }: PartnerOptions) {
  for (const [stage, address] of Object.entries(origin)) {
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (url?.protocol !== 'https:' || url.origin !== address) {
      throw new TypeError(`${signIn} account, origin of stage ${stage}: write https:// and a host, nothing behind it`)
    }
  }
  const unsure = nothingDone.filter((status) => status < 400 || status >= 500 || [408, 409, 425, 429].includes(status))
  if (unsure.length > 0) throw new TypeError(`${signIn} account, nothingDone: status ${unsure.join(', ')} does not say that nothing was done`)
  if (idempotency !== undefined && !(idempotency.hours > 0 && idempotency.hours <= 720)) throw new TypeError(`${signIn} account, idempotency: hours is a number, 720 at most`)
  if (!(timeout > 0 && timeout <= 28)) throw new TypeError(`${signIn} account, timeout: 28 seconds at most`)
  return { signIn, origin, idempotency, nothingDone, timeout }
}
