import { constants, createHash, createPublicKey, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { SigningHalf } from './io.ts'
import { hsmSigningKey, signingKeyNeeds, type SigningAlgorithm, type SigningKey } from './keys.ts'
import { signingKid } from './kid.ts'
import { lacks, ringOf, stale, type Half } from './key-ring.ts'
import { Once } from './once.ts'
import { unwrap } from './private-key.ts'

/** How node:crypto and KMS do what JWA names (RFC 7518 section 3, RFC 8037): the digest first, where there is one. */
const algorithms: Readonly<Record<SigningAlgorithm, { readonly digest?: 'sha256' | 'sha384' | 'sha512'; readonly kms: string }>> = {
  RS256: { digest: 'sha256', kms: 'RSASSA_PKCS1_V1_5_SHA_256' }, RS384: { digest: 'sha384', kms: 'RSASSA_PKCS1_V1_5_SHA_384' }, RS512: { digest: 'sha512', kms: 'RSASSA_PKCS1_V1_5_SHA_512' },
  PS256: { digest: 'sha256', kms: 'RSASSA_PSS_SHA_256' }, PS384: { digest: 'sha384', kms: 'RSASSA_PSS_SHA_384' }, PS512: { digest: 'sha512', kms: 'RSASSA_PSS_SHA_512' },
  ES256: { digest: 'sha256', kms: 'ECDSA_SHA_256' }, ES384: { digest: 'sha384', kms: 'ECDSA_SHA_384' }, ES512: { digest: 'sha512', kms: 'ECDSA_SHA_512' },
  EdDSA: { kms: 'ED25519_SHA_512' },
}

/** The half that signs now: the newest one whose time has come. Throws UNAVAILABLE. */
export const signingHalf = (environment: Environment, key: SigningKey): Promise<SigningHalf> =>
  key.custody === 'wrapped' ? wrapped(environment, key) : Promise.resolve(hsm(environment, key))

const opened = () => new Once<SigningHalf>()

async function wrapped(environment: Environment, key: SigningKey): Promise<SigningHalf> {
  // An environment may be there before the first half is.
  const { halves } = await ringOf(environment, key.name, (ring, now) => stale(environment)(ring, now) || ring.halves.size === 0 && now - ring.at > 5_000)
  const now = environment.clock.now()
  const [newest] = [...halves.values()].filter(({ type, from, publicKey }) => type === 'sig' && from <= now && algorithmOf(publicKey) === key.algorithm).sort((a, b) => b.version - a.version)
  const wrapping = signingKeyNeeds(key)[1]?.resource
  if (newest === undefined || wrapping === undefined) throw new Fault('UNAVAILABLE')
  return environment.one(opened).get(newest.kid, async () => local(newest, key.algorithm, await unwrap(environment, key.name, newest, address(wrapping, environment))))
}

/** One algorithm is bound to one key: a half that was made for another signs no more, after the definition says another. */
const algorithmOf = (publicKey: string): unknown => (JSON.parse(publicKey) as { readonly alg?: unknown }).alg

const local = ({ kid }: Half, algorithm: SigningAlgorithm, key: KeyObject): SigningHalf => ({
  kid, algorithm, sign: (plain) => sign(algorithms[algorithm].digest, plain, {
    key, dsaEncoding: 'ieee-p1363', ...algorithm.startsWith('PS') && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  }),
})

function hsm(environment: Environment, key: SigningKey): SigningHalf {
  const KeyId = address(hsmSigningKey(key.name, key.algorithm, key.generation), environment)
  const { digest, kms } = algorithms[key.algorithm]
  return {
    kid: signingKid(key.name, KeyId),
    algorithm: key.algorithm,
    // KMS takes 4,096 bytes of message, or a digest of any.
    async sign(plain) {
      try {
        const { Signature } = await (await aws.kms(environment)).sign({
          KeyId, SigningAlgorithm: kms as 'ECDSA_SHA_256', ...digest === undefined ? { Message: plain, MessageType: 'RAW' } : { Message: createHash(digest).update(plain).digest(), MessageType: 'DIGEST' },
        })
        return key.algorithm.startsWith('ES') ? sideBySide(Signature as Uint8Array, key.algorithm) : Signature as Uint8Array
      } catch {
        throw new Fault('UNAVAILABLE')
      }
    },
  }
}

const widths: Readonly<Record<string, number>> = { ES256: 32, ES384: 48, ES512: 66 }

/** KMS gives DER, `30 len 02 len R 02 len S` (RFC 3279 section 2.2.3); JWS wants R and S of one width each (RFC 7518 section 3.4). */
function sideBySide(der: Uint8Array, algorithm: string): Uint8Array {
  const width = widths[algorithm] ?? 0
  const bytes = Buffer.from(der)
  let at = bytes[1] === 0x81 ? 3 : 2
  const next = (): Buffer => {
    const length = bytes[at + 1] ?? 0
    const integer = bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
    // A leading zero says that the number is positive; a short one says that it is small.
    const digits = integer.subarray(Math.max(0, integer.length - width))
    return Buffer.concat([Buffer.alloc(width - digits.length), digits])
  }
  return Buffer.concat([next(), next()])
}

/** The public half that has this `kid`, or undefined. Throws UNAVAILABLE. */
export async function verifyingHalf(environment: Environment, key: SigningKey, kid: string): Promise<KeyObject | undefined> {
  if (key.custody === 'hsm') {
    const arn = signingKeyNeeds(key).map(({ resource }) => address(resource, environment)).find((each) => signingKid(key.name, each) === kid)
    return arn === undefined ? undefined : environment.one(publics).get(kid, () => published(environment, arn))
  }
  const { halves } = await ringOf(environment, key.name, lacks(environment, kid))
  const half = halves.get(kid)
  return half && environment.one(publics).get(kid, async () => createPublicKey({ key: JSON.parse(half.publicKey) as JsonWebKey, format: 'jwk' }))
}

const publics = () => new Once<KeyObject>()

async function published(environment: Environment, KeyId: string): Promise<KeyObject> {
  try {
    const { PublicKey } = await (await aws.kms(environment)).getPublicKey({ KeyId })
    return createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' })
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}
