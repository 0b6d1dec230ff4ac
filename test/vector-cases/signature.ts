import { account } from 'sallyport'
import { importedSigningKey } from '../../functions/accounts/imported-signing-key.ts'
import { verificationKey } from '../../functions/accounts/verification-key.ts'
import { raw } from '../../functions/signatures/raw.ts'
import type { PairAlgorithm } from '../../functions/signatures/parts/algorithm.ts'
import { bytes, held, members, notOffered, skipped, text, type Case, type Fields, type Outcome } from './case.ts'
import { holding, pem } from './keys.ts'

const theirs = account('theirs', verificationKey())
const mine = account('mine', importedSigningKey())

const attested = async (secret: object, algorithm: PairAlgorithm, format: 'der' | 'ieee-p1363' | undefined, test: Fields): Promise<Outcome> => {
  await raw({ from: theirs, algorithm, encoding: 'hex', ...format && { format } }).attest(bytes(test, 'msg'), bytes(test, 'sig').toString('hex'), holding(secret))
  return held
}

const curves: Readonly<Record<string, PairAlgorithm>> = { 'secp256r1 SHA-256': 'ES256', 'secp384r1 SHA-384': 'ES384', 'secp521r1 SHA-512': 'ES512' }

/** ECDSA, in ASN.1 or with R and S side by side. */
export function ecdsa({ group, test }: Case): Outcome | Promise<Outcome> {
  const algorithm = curves[`${text(members(group, 'publicKey'), 'curve')} ${text(group, 'sha')}`]
  if (algorithm === undefined) return notOffered
  return attested({ publicKey: text(group, 'publicKeyPem') }, algorithm, /p1363/i.test(text(group, 'type')) ? 'ieee-p1363' : 'der', test)
}

export function eddsa({ group, test }: Case): Outcome | Promise<Outcome> {
  if (text(members(group, 'publicKey'), 'curve') !== 'edwards25519') return notOffered
  return attested({ publicKey: text(group, 'publicKeyPem') }, 'Ed25519', undefined, test)
}

const digests: Readonly<Record<string, '256' | '384' | '512'>> = { 'SHA-256': '256', 'SHA-384': '384', 'SHA-512': '512' }

/** RSASSA-PKCS1-v1_5: verified, or made where the signature is left out and the key is there. */
export async function rsaPkcs1({ group, test }: Case): Promise<Outcome> {
  const digest = digests[text(group, 'sha')]
  if (digest === undefined) return notOffered
  const weak = weakness(group)
  if (weak !== undefined) return weak
  if ('sig' in test || !('privateKeyPkcs8' in group)) return attested(rsaKey(group), `RS${digest}`, undefined, test)
  const signature = await raw({ key: mine, algorithm: `RS${digest}`, encoding: 'hex' }).detach(bytes(test, 'msg'), holding({ privateKey: pem('PRIVATE KEY', bytes(group, 'privateKeyPkcs8')) }))
  return Buffer.from(signature, 'hex')
}

/** RSASSA-PSS with a salt as long as the hash, and one hash for both. */
export function rsaPss({ group, test }: Case): Outcome | Promise<Outcome> {
  const digest = digests[text(group, 'sha')]
  if (digest === undefined) return notOffered
  if (group['mgf'] !== 'MGF1' || group['mgfSha'] !== group['sha'] || group['sLen'] !== Number(digest) / 8) return skipped('RSASSA-PSS with another mask or salt is not offered')
  return weakness(group) ?? attested(rsaKey(group), `PS${digest}`, undefined, test)
}

/** What no account takes, whatever is signed with it. */
function weakness(group: Fields): Outcome | undefined {
  const size = group['keySize'] as number
  const exponent = BigInt(`0x${text(publicHalf(group), 'publicExponent')}`)
  return size < 2_048 || size > 8_192 || exponent < 65_537n ? skipped('RSA is offered with 2,048 to 8,192 bits and an exponent from 65,537 up') : undefined
}

const publicHalf = (group: Fields): Fields => members(group, 'publicKey' in group ? 'publicKey' : 'privateKey')

/** By its numbers: what a PEM text says of parameters beside them is the group's as well. */
function rsaKey(group: Fields): object {
  const key = publicHalf(group)
  const [n, e] = ['modulus', 'publicExponent'].map((name) => {
    const digits = bytes(key, name)
    return digits.subarray(digits.findIndex((byte) => byte !== 0)).toString('base64url')
  })
  return { publicKey: { kty: 'RSA', n, e } }
}
