import { createECDH } from 'node:crypto'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { publicKey } from '../../functions/accounts/public-key.ts'
import { a256Gcm, ecdhEs } from '../../functions/ciphers/jwe-algorithms.ts'
import { bytes, isFields, notOffered, refused, skipped, text, type Case, type Fields, type Outcome } from './case.ts'
import { content, pem, type Jwk } from './keys.ts'

const curves: Readonly<Record<string, 'P-256' | 'P-384' | 'X25519'>> = { secp256r1: 'P-256', secp384r1: 'P-384', curve25519: 'X25519', 'P-256': 'P-256', 'P-384': 'P-384', X25519: 'X25519' }

/** ECDH and XDH as ECDH-ES agrees: what is published as their key comes as the `epk` of a token. */
export async function agreement({ group, test }: Case): Promise<Outcome> {
  const crv = curves[text(group, 'curve')]
  if (crv === undefined) return notOffered
  const mine = content(privateKey(), { privateKey: ours(crv, group, test) })
  if (mine.crv !== crv) return refused()
  const epk = theirs(crv, group, test)
  if (epk === undefined) return skipped('a JWK says both coordinates of a point')
  let shared: Uint8Array | undefined
  await ecdhEs.unwrap({ ...mine, agree: (...point) => shared = mine.agree?.(...point) ?? refused() }, Buffer.alloc(0), { epk }, a256Gcm)
  return shared ?? refused()
}

const isPem = (value: unknown): value is string => typeof value === 'string' && value.startsWith('-----BEGIN')

/** How the keys of a group are written: what its type says (`XdhAsnComp`), or its encoding. */
const isAsn = ({ type, encoding }: Fields): boolean => /asn/i.test(String(type)) || encoding === 'asn'

/** As a JWK or PEM text, which is what the account takes. */
function ours(crv: 'P-256' | 'P-384' | 'X25519', group: Fields, test: Fields): unknown {
  const given = test['private']
  if (isFields(given) || isPem(given)) return given
  const written = bytes(test, 'private')
  // The algorithm's identifier and the length stand before the key (RFC 8410 section 7).
  if (crv === 'X25519') return pem('PRIVATE KEY', isAsn(group) ? written : Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), written]))
  const size = crv === 'P-256' ? 32 : 48
  // Written as a number in two's complement: a zero may stand before it, and zeros may be missing.
  const scalar = Buffer.from(written.toString('hex').replace(/^(00)+/, '').padStart(size * 2, '0'), 'hex')
  const both = createECDH(crv === 'P-256' ? 'prime256v1' : 'secp384r1')
  both.setPrivateKey(scalar)
  return { ...point(crv, both.getPublicKey()), d: scalar.toString('base64url') }
}

const point = (crv: string, uncompressed: Buffer): Jwk => {
  const size = (uncompressed.length - 1) / 2
  return { kty: 'EC', crv, x: uncompressed.subarray(1, 1 + size).toString('base64url'), y: uncompressed.subarray(1 + size).toString('base64url') }
}

/** As a JWK. Undefined for a point of which one coordinate is given, and the other one's sign. */
function theirs(crv: 'P-256' | 'P-384' | 'X25519', group: Fields, test: Fields): Fields | Jwk | undefined {
  const given = test['public']
  if (isFields(given)) return given
  if (isPem(given) || isAsn(group)) return content(publicKey(), { publicKey: isPem(given) ? given : pem('PUBLIC KEY', bytes(test, 'public')) }).key.export({ format: 'jwk' })
  const written = bytes(test, 'public')
  if (crv === 'X25519') return { kty: 'OKP', crv, x: written.toString('base64url') }
  return written[0] === 2 || written[0] === 3 ? undefined : written[0] === 4 ? point(crv, written) : refused()
}
