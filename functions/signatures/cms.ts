import { accountNeed, Fault, type Account, type Io, type Signer, type SigningAlgorithm, type Verifier } from 'sallyport'
import type { CertificateChain, CertifiedKey } from '../accounts/certificate-chain.ts'
import type { TrustAnchors } from '../accounts/trust-anchors.ts'
import { refuse } from './cms/asn1.ts'
import { certificateOf, type Certificate } from './cms/certificate.ts'
import { contentOf } from './cms/signed-data.ts'
import { fits, signedData } from './cms/signing.ts'
import { verifier } from './verifier.ts'

interface Signing {
  readonly key: Account<CertificateChain>
  /** RS…: RSA with PKCS #1 v1.5, PS…: RSASSA-PSS, ES…: ECDSA, each with SHA-256, 384 or 512; EdDSA: Ed25519. */
  readonly algorithm: SigningAlgorithm
  /** Lines between `-----BEGIN CMS-----` and its end (RFC 7468 section 9), rather than base64 alone. */
  readonly pem?: boolean
}

interface Verifying {
  /** Who may vouch for signers, or signers one by one. */
  readonly trust: Account<TrustAnchors>
}

/** Of a text: 4 MiB that are signed, in base64 with line ends. */
const longest = 6 * 1_048_576

/**
 * Signatures in the Cryptographic Message Syntax (RFC 5652), which S/MIME and PKCS #7 are: with certificates, attached or
 * detached, in base64 or PEM. `key` signs; `trust` verifies: a path of certificates to what is trusted, valid now and when it was signed,
 * their constraints and key usage, and signed attributes with type, digest and time. SHA-2 alone, RSA of 2048 bits or more.
 * Revocation is not looked up: nothing is fetched for what a sender names.
 */
export const cms = <Use extends Signing | Verifying>(use: Use): [Use] extends [Verifying] ? Verifier : Signer =>
  ('key' in use ? signer(use) : verifying(use)) as [Use] extends [Verifying] ? Verifier : Signer

const signer = ({ key, algorithm, pem = false }: Signing): Signer => {
  const signed = async (plain: Uint8Array, io: Io, detached: boolean): Promise<string> => {
    const bytes = made(plain, await io.material(key), algorithm, io.now(), detached)
    const text = bytes.toString('base64')
    return pem ? `-----BEGIN CMS-----\n${text.replace(/.{64}(?!$)/g, '$&\n')}\n-----END CMS-----\n` : text
  }
  return {
    signature: 'cms',
    config: { key, algorithm, pem },
    needs: [accountNeed(key)],
    mediaType: 'application/cms',
    sign: async (plain, io) => ({ signed: await signed(plain, io, false) }),
    detach: async (plain, io) => signed(plain, io, true),
  }
}

/** What makes it fail is ours alone: a key of another kind, a certificate that is no longer valid or that nobody would take. */
function made(plain: Uint8Array, held: CertifiedKey, algorithm: SigningAlgorithm, now: number, detached: boolean): Buffer {
  try {
    const certificates = parsed(held.certificates)
    const [first] = certificates
    if (first === undefined || now < first.notBefore || now > first.notAfter || !fits(algorithm, held.privateKey)) refuse()
    return signedData(plain, held.privateKey, certificates, algorithm, now, detached)
  } catch {
    throw new Fault('ACCOUNT_UNAVAILABLE')
  }
}

const verifying = ({ trust }: Verifying): Verifier => {
  const anchors = async (io: Io): Promise<readonly Certificate[]> => {
    const texts = await io.material(trust)
    try {
      return parsed(texts)
    } catch {
      throw new Fault('ACCOUNT_UNAVAILABLE')
    }
  }
  return verifier({
    signature: 'cms',
    config: { trust },
    needs: [accountNeed(trust)],
    verify: async ({ signed }, io) => contentOf(bytesOf(signed), await anchors(io), io.now()),
    attest: async (plain, signature, io) => { contentOf(bytesOf(signature), await anchors(io), io.now(), plain) },
  })
}

/** Once per secret text: an account's content is one object for as long as it is fresh. */
const read = new WeakMap<readonly string[], readonly Certificate[]>()
function parsed(texts: readonly string[]): readonly Certificate[] {
  let certificates = read.get(texts)
  if (certificates === undefined) {
    certificates = texts.map((pem) => certificateOf(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')))
    read.set(texts, certificates)
  }
  return certificates
}

/** The one spelling in base64, or lines of it in PEM. */
function bytesOf(text: string): Buffer {
  if (text.length > longest) refuse()
  const [, kind, body] = /^\s*-----BEGIN (CMS|PKCS7)-----([A-Za-z0-9+/=\s]*)-----END (?:CMS|PKCS7)-----\s*$/.exec(text) ?? []
  const base64 = kind === undefined ? text : (body ?? '').replace(/\s+/g, '')
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : refuse()
}
