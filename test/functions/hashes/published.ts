import { createSecretKey } from 'node:crypto'
import { account, type Account, type Io, type Material } from 'sallyport'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { fakeIo } from '../../fake-io.ts'
import { vector } from '../../vectors.ts'

export const sharedKey = account('shared', secretKey())

/** An `io` with time left, and nothing else. */
export const inTime = fakeIo({ now: () => 0, deadline: 1 })

/** An `io` whose every account holds these bytes: published keys have sizes that no account type lets in. */
export const keyed = (hex: string): Io => fakeIo({
  material: <Content>(_account: Account<Material<string, Content>>) => Promise.resolve(createSecretKey(hex, 'hex') as Content),
})

/** Blocks of `name = value` lines, apart from comments. */
export const blocks = (path: string): Record<string, string>[] => vector(path).toString('utf8').split(/\r?\n\s*\r?\n/)
  .map((block) => Object.fromEntries([...block.matchAll(/^(\w+) *= *(.*?)\r?$/gm)].map(([, name, value]) => [name as string, value as string])))

/** Messages with their digests. `Len` is in bits, and 0 goes with a message of one byte that is none. */
export const messages = (path: string): { readonly key: string; readonly message: Buffer; readonly digest: string }[] => blocks(path)
  .filter((block) => block['MD'] !== undefined)
  .map(({ Key = '', Len, Msg = '', MD = '' }) => ({ key: Key, message: Buffer.from(Len === '0' ? '' : Msg, 'hex'), digest: MD }))

export interface Wycheproof<Test> {
  readonly numberOfTests: number
  readonly testGroups: readonly { readonly keySize: number; readonly tagSize: number; readonly tests: readonly (Test & { readonly tcId: number; readonly result: 'valid' | 'invalid' | 'acceptable' })[] }[]
}

// oxlint-disable-next-line no-unnecessary-type-parameters
export const json = <Content>(path: string): Content => JSON.parse(vector(path).toString('utf8')) as Content

/** Base64 without padding, as stored hashes have it. */
export const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** A stored hash with one character changed, at each place in turn. */
export const changed = (stored: string): string[] => stored.split('').map((character, i) => stored.slice(0, i) + (character === 'A' ? 'B' : character === '1' ? '2' : /\d/.test(character) ? '1' : 'A') + stored.slice(i + 1))
