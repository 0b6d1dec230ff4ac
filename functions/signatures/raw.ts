import type { Io, Signer, Verifier } from 'sallyport'
import { holds, type Format } from './parts/algorithm.ts'
import { der } from './parts/der.ts'
import { failed } from './parts/form.ts'
import { keysOf, type Imported, type Own, type Shared, type Theirs } from './parts/keys.ts'
import { verifier } from './verifier.ts'

interface Spelled {
  /**
   * How the signature is written: base64 with padding, base64url without, hex in lower case; hex is read in either.
   * @default base64
   */
  readonly encoding?: 'base64' | 'base64url' | 'hex'
  /**
   * Of ECDSA: ASN.1, as OpenSSL and Java write it, or R and S side by side.
   * @default der
   */
  readonly format?: Format
}

/** Signs by a signing key of ours. It does not verify: a bare signature does not say which half of a rotated key made it; JWS does. */
export type RawOwn = Spelled & Own
/** Signs, and verifies what it signed. */
export type RawSigning = Spelled & (Imported | Omit<Shared, 'kid'>)
/** Verifies alone, with every key of the account that is for the algorithm. */
export type RawVerifying = Spelled & Theirs

/**
 * A signature and nothing around it, always detached, for partners who take no JWS. RS: RSASSA-PKCS1-v1_5, PS: RSASSA-PSS with a
 * salt as long as the hash (RFC 8017 section 8), ES: ECDSA (FIPS 186-5), EdDSA: Ed25519 (RFC 8032), HS: HMAC (RFC 2104).
 * A signature in another than its one spelling does not hold: DER as long as it need be, R and S as wide as the curve.
 *
 * Throws a TypeError for options that do not go together. Signing throws UNAVAILABLE, ACCOUNT_UNAVAILABLE; verifying those
 * and SIGNATURE_INVALID.
 */
export function raw(use: RawOwn): Signer
export function raw(use: RawSigning): Signer & Verifier
export function raw(use: RawVerifying): Verifier
export function raw(use: RawOwn | RawSigning | RawVerifying): Signer | Verifier {
  const { encoding = 'base64', format } = use
  if (!encodings.includes(encoding)) throw new TypeError('raw, encoding: write base64, base64url or hex')
  if ('from' in use && (use.from as { readonly kind?: string }).kind === 'signing-key') throw new TypeError('raw, from: write an account of verificationKey(); by jws({ from }) a signing key of ours is verified')
  const { algorithm, needs, half, verifying } = keysOf('raw', use)
  const curve = algorithm.startsWith('ES')
  if (format !== undefined && !(curve && ['der', 'ieee-p1363'].includes(format))) throw new TypeError('raw, format: write der or ieee-p1363 for ES256, ES384 and ES512, and leave it out for others')
  const spelled: Format = curve ? format ?? 'der' : 'ieee-p1363'
  const what = { signature: 'raw', config: { ...use, algorithm, encoding, ...curve && { format: spelled } }, needs }

  return {
    ...what,
    ...half && {
      mediaType: 'text/plain',
      async detach(plain: Uint8Array, io: Io) {
        const signature = await (await half(io)).sign(plain)
        return Buffer.from(spelled === 'der' ? der(signature) : signature).toString(encoding)
      },
    },
    ...!('key' in use && use.key.kind === 'signing-key') && verifier({
      ...what,
      async attest(plain, signature, io) {
        const bytes = decoded(signature, encoding)
        if (!(await verifying(io, undefined)).some((key) => holds(algorithm, key, plain, bytes, spelled))) failed()
      },
    }),
  } as Signer | Verifier
}

const encodings: readonly string[] = ['base64', 'base64url', 'hex']
/** Characters of a signature: the largest modulus in hex. */
const longest = 2_048

/** Node's decoders pass over what is of no alphabet. */
function decoded(text: string, encoding: 'base64' | 'base64url' | 'hex'): Buffer {
  const written = encoding === 'hex' ? text.toLowerCase() : text
  const bytes = Buffer.from(text.length > longest ? failed() : text, encoding)
  return bytes.toString(encoding) === written ? bytes : failed()
}
