import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto'
import { leaves, sends, type Account, type Pipeline } from 'sallyport'
import { keySetsOf } from '../infra/key-sets.ts'

/** What of an account concerns its partner. */
export interface Concern {
  readonly signIn: string
  /** Of a partner that is sent to, or asked for its keys. */
  readonly origin?: Readonly<Record<string, string>>
  /** Where a partner publishes its keys. */
  readonly path?: string
}

/** A way to sign in, or somebody's key, as the account constants of any pipeline carry it. */
export interface How extends Concern {
  readonly read: (secret: string) => unknown
  /** Of a shared key. */
  readonly bits?: number
  readonly headers?: (credential: never) => Readonly<Record<string, string>>
}

/** Every account that the pipelines name, once. */
export function accountsOf(pipelines: readonly Pipeline[]): Account<How>[] {
  const found = new Map<string, Account<How>>()
  for (const { steps } of pipelines) {
    for (const { needs } of leaves(steps)) {
      for (const { resource } of needs) if (resource.kind === 'account') found.set(resource.name, resource as Account<How>)
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether somebody else reads with the private half of it: given to us, or published. */
export const isReaders = ({ how }: Account<Concern>): boolean => how.signIn === 'public-key' || how.signIn === 'key-set'

export const isPartner = ({ how }: Account<Concern>): boolean => how.origin !== undefined

/** Whose key the account of a reader's key is: the partner whose name it begins with, or else the first that its pipeline sends to. */
export function readerOf(key: Account<Concern>, pipelines: readonly Pipeline[]): string | undefined {
  const partners = accountsOf(pipelines).filter(isPartner).map(({ name }) => name)
  const named = partners.filter((name) => key.name.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0]
  const users = pipelines.filter((pipeline) => [...accountsOf([pipeline]), ...keySetsOf([pipeline])].some(({ name }) => name === key.name))
  return named ?? users.flatMap((pipeline) => sends(pipeline).map(({ to }) => to.name))[0]
}

const text = (bytes = 32): string => randomBytes(bytes).toString('base64url')

/** A new credential for each way to sign in, as its secret holds it. */
const draws: Readonly<Record<string, (name: string, publicKey: JsonWebKey | undefined, how: How) => object>> = {
  'api-key': () => ({ apiKey: text() }),
  basic: (name) => ({ username: `sallyport-${name}`, password: text() }),
  'secret-key': (_, __, { bits = 256 }) => ({ secretKey: text(bits / 8) }),
  passphrase: () => ({ passphrase: text() }),
  'private-key': (name) => ({ privateKey: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: `${name}-1` } }),
  'public-key': (_, publicKey) => ({ publicKey }),
}

/** Draws a credential for an account, or undefined when this run does not know its way to sign in. */
export function drawCredential({ name, how }: Account<How>, publicKey: JsonWebKey | undefined): object | undefined {
  const draw = Object.hasOwn(draws, how.signIn) ? draws[how.signIn] : undefined
  const drawn = draw?.(name, publicKey, how)
  // The account itself says whether that is what it reads.
  if (drawn !== undefined) how.read(JSON.stringify(drawn))
  return drawn
}

/** The headers by which the partner knows us. */
export const headersOf = ({ how }: Account<How>, credential: object): Readonly<Record<string, string>> =>
  how.headers?.(how.read(JSON.stringify(credential)) as never) ?? {}
