import { createMessage, sign, type PrivateKey } from 'openpgp'
import { accountNeed, Fault, type Account, type Io, type Signer, type Verifier } from 'sallyport'
import type { PgpPrivateKey, PgpPublicKey } from '../accounts/pgp-key.ts'
import { attested } from '../ciphers/pgp/attestation.ts'
import { refuse } from '../ciphers/pgp/bytes.ts'
import { cleartext, isCleartext } from '../ciphers/pgp/cleartext.ts'
import { content, signaturesOf } from '../ciphers/pgp/content.ts'
import { publicKeys, signingKey } from '../ciphers/pgp/keys.ts'
import { policy } from '../ciphers/pgp/policy.ts'
import { bytesOf } from '../ciphers/pgp/text.ts'
import { verifier } from './verifier.ts'

interface Signing { readonly key: Account<PgpPrivateKey> }
interface Verifying { readonly signedBy: Account<PgpPublicKey> }

const mebibytes64 = 64 * 1_048_576
const longestText = 6 * 1_048_576

/**
 * OpenPGP signatures (RFC 9580 section 5.2), in armor. `key` signs over SHA-512, or what the key prefers of the SHA-2 family;
 * `signedBy` verifies messages in armor, in base64 of the binary form and in clear text, and detached signatures. Signatures
 * over MD5, SHA-1 or RIPEMD-160, by RSA under 2048 bits or DSA, and by keys that are expired or revoked, then or now, do not
 * count. Who can read a message that is signed only can read what it holds.
 */
export const pgp = <Use extends Signing | Verifying>(use: Use): [Use] extends [Verifying] ? Verifier : Signer =>
  ('key' in use ? signer(use) : verifying(use)) as [Use] extends [Verifying] ? Verifier : Signer

const signer = ({ key }: Signing): Signer => ({
  signature: 'pgp',
  config: { key },
  needs: [accountNeed(key)],
  mediaType: 'application/pgp-signature',
  sign: async (plain, io) => ({ signed: await signed(plain, io, await signingKey(io, key), false) }),
  detach: async (plain, io) => signed(plain, io, await signingKey(io, key), true),
})

/** Of a foreign error nothing is kept. */
async function signed(binary: Uint8Array, io: Io, signingKeys: PrivateKey, detached: boolean): Promise<string> {
  const date = new Date(io.now())
  try {
    return await sign({ message: await createMessage({ binary, date }), signingKeys, detached, date, format: 'armored', config: policy })
  } catch {
    throw new Fault('STEP_FAILED')
  }
}

const verifying = ({ signedBy }: Verifying): Verifier => verifier({
  signature: 'pgp',
  config: { signedBy },
  needs: [accountNeed(signedBy)],
  async verify({ signed }, io) {
    const { plain, signatures } = isCleartext(signed) ? await clear(signed) : await message(signed)
    await attested(plain, signatures, await publicKeys(io, signedBy), new Date(io.now()))
    return plain
  },
  attest: async (plain, signature, io) =>
    attested(plain, await signaturesOf(await bytesOf(signature, 'SIGNATURE')), await publicKeys(io, signedBy), new Date(io.now())),
})

interface Read { readonly plain: Uint8Array; readonly signatures: readonly Buffer[] }

async function message(text: string): Promise<Read> {
  const parts: Uint8Array[] = []
  const signatures = await content([await bytesOf(text, 'MESSAGE')], { most: mebibytes64, write: (part) => { parts.push(part) } })
  return { plain: Buffer.concat(parts), signatures }
}

async function clear(text: string): Promise<Read> {
  if (text.length > longestText) refuse()
  const { text: plain, armored } = cleartext(text)
  return { plain, signatures: await signaturesOf(await bytesOf(armored, 'SIGNATURE')) }
}
