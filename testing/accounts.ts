import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import type { Account, Published } from 'sallyport'
import { drawCredential, type How } from '../local/accounts.ts'

/** The credentials of a world's accounts, and the private halves of the keys that it gave away. */
export class Accounts {
  readonly #given: Readonly<Record<string, unknown>>
  readonly #readers = new Map<string, KeyObject>()
  readonly #published = new Map<string, { readonly path: string; readonly set: unknown }>()

  /** What the secrets hold, by account: text as it is, anything else as JSON. */
  constructor(given: Readonly<Record<string, unknown>>) {
    this.#given = given
  }

  /** The text of an account's secret: as given, or else drawn. Throws a TypeError for a way to sign in that it cannot draw for. */
  secret(account: Account<How>): string {
    const { name, how } = account
    if (Object.hasOwn(this.#given, name)) {
      const given = this.#given[name]
      return typeof given === 'string' ? given : JSON.stringify(given)
    }
    const drawn = drawCredential(account, how.signIn === 'public-key' ? this.#publicKey(name) : undefined)
    if (drawn === undefined) throw new TypeError(`account ${name}: no credential can be drawn for ${how.signIn}; give accounts: { ${JSON.stringify(name)}: … }`)
    return JSON.stringify(drawn)
  }

  /** Publishes the keys of an account: as given, or else one that is drawn. */
  publish({ name, how: { path } }: Account<Published>): void {
    if (!this.#published.has(name)) this.#published.set(name, { path, set: Object.hasOwn(this.#given, name) ? this.#given[name] : { keys: [this.#publicKey(name)] } })
  }

  /** The JWK Set that an account's address answers with, or undefined for any other path. */
  readonly published = (name: string, path: string): unknown => {
    const at = this.#published.get(name)
    return at?.path === path ? at.set : undefined
  }

  /** What a JWE holds, if it was sealed to a key that was given away here. */
  readonly open = async (token: string): Promise<Uint8Array | undefined> => {
    try {
      const key = this.#readers.get(decodeProtectedHeader(token).kid ?? '')
      return key && (await compactDecrypt(token, key)).plaintext
    } catch {
      return undefined
    }
  }

  #publicKey(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const kid = `${name}-1`
    this.#readers.set(kid, privateKey)
    return { ...publicKey.export({ format: 'jwk' }), kid, use: 'enc', alg: 'ECDH-ES+A256KW' }
  }
}
