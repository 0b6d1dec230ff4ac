import { createSecretKey, type JsonWebKey } from 'node:crypto'
import { account, type Account, type Io, type Material } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { fakeIo } from '../fake-io.ts'

/** A JWK as a suite publishes it. */
export type Jwk = JsonWebKey & { readonly kid?: string; readonly alg?: string; readonly use?: string }

/** An account, and the io that holds its secret. */
export interface Held<Content> {
  readonly account: Account<Material<string, Content>>
  readonly io: Io
}

/** Keys that were read last: a group has one key and many cases. */
const most = 16
const read = new Map<string, unknown>()

/** What an account's type makes of a secret. Throws as it does. */
export function content<Content>({ signIn, read: reader }: Material<string, Content>, secret: object): Content {
  const text = JSON.stringify(secret)
  const name = `${signIn} ${text}`
  if (read.has(name)) return read.get(name) as Content
  const made = reader(text)
  if (read.size >= most) read.delete(read.keys().next().value as string)
  read.set(name, made)
  return made
}

/** An `io` of accounts that hold this. */
export const holding = (secret: object): Io => fakeIo({
  material: <Content>(account: Account<Material<string, Content>>) => Promise.resolve(content(account.how, secret)),
})

/** A shared key for hashes, and an `io` where it has these bytes: published keys have sizes that no account type lets in. */
export const sharedKey = account('shared', secretKey())
export const sharing = (bytes: Uint8Array): Io => fakeIo({
  material: <Content>(_account: Account<Material<string, Content>>) => Promise.resolve(createSecretKey(bytes) as Content),
})

export const pem = (label: 'PUBLIC KEY' | 'PRIVATE KEY', der: Uint8Array): string => `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`

export const isAesBits = (bits: number): bits is 128 | 192 | 256 => [128, 192, 256].includes(bits)

/** What is old wants a sentence. */
export const why = 'published test cases are run through it'
