import { account } from 'sallyport'
import { importedSigningKey } from '../../functions/accounts/imported-signing-key.ts'
import { secretKey, type KeyBits } from '../../functions/accounts/secret-key.ts'
import { verificationKey } from '../../functions/accounts/verification-key.ts'
import { jws, type JwsSigning, type JwsVerifying } from '../../functions/signatures/jws.ts'
import type { PairAlgorithm, SharedAlgorithm } from '../../functions/signatures/parts/algorithm.ts'
import { asText, held, members, notOffered, refused, skipped, type Case, type Fields, type Outcome } from './case.ts'
import { holding, type Jwk } from './keys.ts'

/** JWS, compact, and JWK: with the group's key, by its own algorithm, whatever the token names. */
export async function jsonWebSignature({ group, test }: Case): Promise<Outcome> {
  const use = keyOf(group)
  if ('skipped' in use) return use
  const { secret, ...options } = use
  await (jws(options as JwsVerifying).verify ?? refused)({ signed: asText(test['jws']) }, holding(secret))
  return held
}

const theirs = { from: account('theirs', verificationKey()) }

type Use = (JwsSigning | JwsVerifying) & { readonly secret: object }

function keyOf(group: Fields): Use | Exclude<Outcome, Uint8Array> {
  const given = members(group, 'public' in group ? 'public' : 'private') as Jwk | { readonly keys: readonly Jwk[] }
  const keys = 'keys' in given && Array.isArray(given.keys) ? given.keys as readonly Jwk[] : [given as Jwk]
  const [key, ...others] = keys
  if (key === undefined) return refused()
  if (keys.every(({ kty }) => kty === 'oct')) return others.length > 0 ? skipped('a set of shared keys is not offered') : shared(key)
  // No set of public keys: the account refuses it.
  if (keys.some(({ kty }) => kty === 'oct')) return { ...theirs, algorithm: 'ES256', secret: { keys } }
  const algorithm = key.alg ?? byCurve[String(key.crv)]
  if (algorithm === undefined || others.some(({ alg }) => alg !== key.alg)) return skipped('the keys do not say their one algorithm')
  // Registered, and none of ours.
  if (['ES256K', 'Ed448'].includes(algorithm) || key.crv === 'Ed448') return notOffered
  if ('public' in group) return { ...theirs, algorithm: algorithm as PairAlgorithm, secret: others.length > 0 ? { keys } : { publicKey: key } }
  return { key: account('mine', importedSigningKey()), algorithm: algorithm as PairAlgorithm, secret: { privateKeys: keys } }
}

const byCurve: Readonly<Record<string, PairAlgorithm>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

/** Sizes of `secretKey`; under the hash of its algorithm `jws` refuses a key by itself. */
const sizes: readonly number[] = [128, 192, 256, 384, 512]

function shared({ k = '', alg = '', use = 'sig', kid }: Jwk): Use | Exclude<Outcome, Uint8Array> {
  const bits = Buffer.from(k, 'base64url').length * 8
  if (use !== 'sig') return skipped('of a shared key the account has the bytes alone')
  if (bits > Number(alg.slice(2)) && !sizes.includes(bits)) return skipped('a shared key of this size is not offered')
  return { key: account('shared', secretKey({ bits: bits as KeyBits })) as Extract<JwsSigning, { algorithm: SharedAlgorithm }>['key'], algorithm: alg as SharedAlgorithm, ...kid !== undefined && { kid }, secret: { secretKey: k } }
}
