import { generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto'
import { afterAll } from 'vitest'
import { account, signingKey, type Custody, type Io, type SigningKey } from 'sallyport'
import { importedSigningKey } from '../../../functions/accounts/imported-signing-key.ts'
import { secretKey, type KeyBits } from '../../../functions/accounts/secret-key.ts'
import { verificationKey } from '../../../functions/accounts/verification-key.ts'
import { algorithms, signed, type PairAlgorithm, type SharedAlgorithm } from '../../../functions/signatures/parts/algorithm.ts'
import type { Imported, Shared, Theirs } from '../../../functions/signatures/parts/keys.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

export type Jwk = JsonWebKey & { readonly kid?: string; readonly alg?: string }
export const invalid = { asymmetricMatch: (fault: unknown) => fault instanceof Error && 'code' in fault && fault.code === 'SIGNATURE_INVALID' && 'paths' in fault && String(fault.paths) === '' }

export const pairAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const satisfies readonly PairAlgorithm[]
export const sharedAlgorithms = ['HS256', 'HS384', 'HS512'] as const satisfies readonly SharedAlgorithm[]

/** Both halves of a new key for an algorithm. */
export interface Pair { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
export function pairFor(algorithm: PairAlgorithm): Pair {
  const { keys } = algorithms[algorithm]
  return keys === 'RSA' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : keys === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: keys })
}
export const jwkOf = (key: KeyObject, more: object = {}): Jwk => ({ ...key.export({ format: 'jwk' }), ...more })

/** Options with an account, and the io that holds its secret. */
export const imported = (algorithm: PairAlgorithm, privateKey: unknown, kid?: string): Imported & { readonly io: Partial<Io> } =>
  ({ key: account('mine', importedSigningKey()), algorithm, io: secrets({ mine: JSON.stringify({ privateKey, kid }) }) })
export const theirs = (algorithm: PairAlgorithm, publicKey: unknown, kid?: string): Theirs & { readonly io: Partial<Io> } =>
  ({ from: account('theirs', verificationKey()), algorithm, io: secrets({ theirs: JSON.stringify({ publicKey, kid }) }) })
export const shared = (algorithm: SharedAlgorithm, k: string = randomBytes(64).toString('base64url'), kid?: string): Shared & { readonly io: Partial<Io> } => ({
  key: account('shared', secretKey({ bits: Buffer.from(k, 'base64url').length * 8 as KeyBits })) as Shared['key'], algorithm, ...kid !== undefined && { kid }, io: secrets({ shared: JSON.stringify({ secretKey: k }) }),
})

/** A signing key of ours, the halves that there are, and the newest one's name. */
export function ring(algorithm: SigningKey['algorithm'], custody: Custody, halves: Readonly<Record<string, Pair>>): { readonly key: SigningKey; readonly io: Io } {
  const key = signingKey('receipts', { custody, algorithm })
  const [kid, newest] = Object.entries(halves).at(-1) as [string, Pair]
  return { key, io: fakeIo({
    signing: () => Promise.resolve({ kid, algorithm, sign: (plain: Uint8Array) => signed(algorithm, newest.privateKey, plain) }),
    verifying: (_key, kid) => Promise.resolve(Object.hasOwn(halves, kid) ? halves[kid]?.publicKey : undefined),
  }) }
}

/** What a suite ran, and what it left out and why: one line in the output. */
export function tally(name: string) {
  const counts = new Map<string, number>()
  afterAll(() => console.log(`${name}: ${[...counts].map(([what, count]) => `${count} ${what}`).join(', ')}`))
  return (what: string): void => { counts.set(what, (counts.get(what) ?? 0) + 1) }
}
