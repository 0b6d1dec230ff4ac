import { constants, createPrivateKey, createPublicKey, diffieHellman, privateDecrypt, type KeyObject } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { generations, hsmKey, keyPairNeeds, type KeyPair } from './keys.ts'
import { hsmKid, wrapContext } from './kid.ts'
import { lacks, ringOf, type Half } from './key-ring.ts'
import { Once } from './once.ts'
import type { PrivateKey } from './io.ts'

/** The private half with this `kid`: ready to use after the first call of an execution environment, or undefined. */
export const findPrivateKey = (environment: Environment, pair: KeyPair, kid: string): Promise<PrivateKey | undefined> =>
  pair.custody === 'wrapped' ? wrapped(environment, pair, kid) : Promise.resolve(hsm(environment, pair, kid))

const opened = () => new Once<PrivateKey>()

async function wrapped(environment: Environment, pair: KeyPair, kid: string): Promise<PrivateKey | undefined> {
  // A rotation may have made an unknown one since.
  const { halves } = await ringOf(environment, pair.name, lacks(environment, kid))
  const half = halves.get(kid)
  const key = keyPairNeeds(pair)[1]?.resource
  return half && key && environment.one(opened).get(kid, async () => local(half.type === 'ec' ? 'ec' : 'rsa', await unwrap(environment, pair.name, half, address(key, environment))))
}

/** The private key of a half, unwrapped by KMS. Throws UNAVAILABLE. */
export async function unwrap(environment: Environment, name: string, { kid, wrapped }: Half, KeyId: string): Promise<KeyObject> {
  try {
    const { Plaintext } = await (await aws.kms(environment)).decrypt({ KeyId, CiphertextBlob: wrapped, EncryptionContext: wrapContext(name, kid) })
    // Not a copy: what is overwritten is what came.
    const bytes = Plaintext as Buffer
    const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
    bytes.fill(0)
    return key
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** A private key in memory. */
export const local = (type: 'rsa' | 'ec', key: KeyObject): PrivateKey => type === 'rsa'
  ? { type, unwrap: (bytes) => privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, bytes) }
  : {
      type,
      agree: (x, y) => diffieHellman({
        privateKey: key,
        publicKey: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: Buffer.from(x).toString('base64url'), y: Buffer.from(y).toString('base64url') }, format: 'jwk' }),
      }),
    }

function hsm(environment: Environment, { name, generation }: KeyPair, kid: string): PrivateKey | undefined {
  for (const each of generations(generation)) {
    const rsa = address(hsmKey(name, 'rsa', each), environment)
    if (kid === hsmKid(name, 'rsa', rsa)) {
      return { type: 'rsa', unwrap: async (CiphertextBlob) => (await kmsAnswer(async () => (await aws.kms(environment)).decrypt({ KeyId: rsa, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob }))).Plaintext as Uint8Array }
    }
    const ec = address(hsmKey(name, 'ec', each), environment)
    if (kid === hsmKid(name, 'ec', ec)) {
      return {
        type: 'ec',
        agree: async (x, y) => {
          const PublicKey = spki(x, y)
          return (await kmsAnswer(async () => (await aws.kms(environment)).deriveSharedSecret({ KeyId: ec, KeyAgreementAlgorithm: 'ECDH', PublicKey }))).SharedSecret as Uint8Array
        },
      }
    }
  }
  return undefined
}

/** KMS says by these names that the sender's bytes are wrong; anything else is ours. */
const sendersMistake = new Set(['InvalidCiphertextException', 'ValidationException', 'InvalidKeyUsageException'])
async function kmsAnswer<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new Fault(sendersMistake.has((error as Error).name) ? 'DECRYPTION_FAILED' : 'UNAVAILABLE')
  }
}

/** A P-256 point as SubjectPublicKeyInfo (RFC 5480): node checks that it lies on the curve. */
const spki = (x: Uint8Array, y: Uint8Array): Uint8Array =>
  createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: Buffer.from(x).toString('base64url'), y: Buffer.from(y).toString('base64url') }, format: 'jwk' }).export({ format: 'der', type: 'spki' })
