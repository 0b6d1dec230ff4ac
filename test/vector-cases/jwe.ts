import { account } from 'sallyport'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { secretKey, type KeyBits } from '../../functions/accounts/secret-key.ts'
import * as offered from '../../functions/ciphers/jwe-algorithms.ts'
import { jwe, type JweShared } from '../../functions/ciphers/jwe.ts'
import { asText, members, notOffered, skipped, type Case, type Outcome } from './case.ts'
import { holding, type Jwk } from './keys.ts'

const algorithms = Object.values(offered).filter((one) => 'alg' in one)
const encryptions = Object.values(offered).filter((one) => 'enc' in one)
const curves: readonly unknown[] = ['P-256', 'P-384', 'X25519', undefined]

/** JWE, compact: with the group's key, by its own algorithm, whatever the token names, and with any content encryption. */
export async function jsonWebEncryption({ group, test }: Case): Promise<Outcome> {
  const given = members(group, 'private') as Jwk | { readonly keys: readonly [Jwk, ...Jwk[]] }
  const [jwk, ...others] = 'keys' in given && Array.isArray(given.keys) ? given.keys as [Jwk, ...Jwk[]] : [given as Jwk]
  const algorithm = algorithms.find(({ alg }) => alg === jwk.alg)
  if (algorithm === undefined || !curves.includes(jwk.crv)) return notOffered
  if (others.some(({ alg }) => alg !== jwk.alg)) return skipped('the keys do not say their one algorithm')
  if (others.length > 0 && jwk.kty === 'oct') return skipped('a set of shared keys is not offered')

  const token = { sealed: asText(test['jwe']) }
  if (jwk.kty !== 'oct') return jwe({ key: account('mine', privateKey()), algorithms: [algorithm], encryptions: encryptions as never }).open(token, holding({ privateKeys: [jwk, ...others] }))
  const bits = Buffer.from(jwk.k ?? '', 'base64url').length * 8
  // The content key itself: it fits those alone that take as many bytes.
  const fitting = jwk.alg === 'dir' ? encryptions.filter(({ bytes }) => bytes * 8 === bits) : encryptions
  const key = account('shared', secretKey({ bits: bits as KeyBits })) as JweShared['key']
  return jwe({ key, algorithms: [algorithm], encryptions: fitting as never, ...jwk.kid !== undefined && { kid: jwk.kid } }).open(token, holding({ secretKey: jwk.k }))
}
