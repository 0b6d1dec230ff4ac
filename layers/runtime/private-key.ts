import { constants, createPrivateKey, createPublicKey, diffieHellman, privateDecrypt, type KeyObject } from 'node:crypto'
import { address } from './address.ts'
import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { hsmKey, keyPairNeeds, keysTable, type KeyPair } from './keys.ts'
import type { PrivateKey } from './io.ts'

/** Seconds between two readings of the keys table that an unknown `kid` may cause. */
const pause = 60

interface Half { readonly kid: string; readonly type: 'rsa' | 'ec'; readonly wrapped: Uint8Array }

/** The halves of a pair by kid, as they were read at a time, in epoch milliseconds. */
export interface Ring { readonly halves: ReadonlyMap<string, Half>; readonly at: number }

/** The private half with this `kid`: ready to use after the first call of an execution environment, or undefined. */
export const findPrivateKey = (environment: Environment, pair: KeyPair, kid: string): Promise<PrivateKey | undefined> =>
  pair.custody === 'wrapped' ? wrapped(environment, pair, kid) : Promise.resolve(hsm(environment, pair, kid))

async function wrapped(environment: Environment, pair: KeyPair, kid: string): Promise<PrivateKey | undefined> {
  const { rings, opened, clock } = environment
  const now = clock.now()
  const held = rings.get(pair.name, () => load(environment, pair, now))
  let ring = await held
  if (!ring.halves.has(kid) && now - ring.at > pause * 1_000) {
    // A rotation may have made it since; asked for at most once in a while, since a sender chooses the kid.
    rings.forget(pair.name, held)
    ring = await rings.get(pair.name, () => load(environment, pair, now))
  }
  const half = ring.halves.get(kid)
  return half && opened.get(half.kid, () => open(environment, pair, half))
}

async function load(environment: Environment, { name }: KeyPair, at: number): Promise<Ring> {
  try {
    const { Items = [] } = await (await aws.dynamodb(environment)).query({
      TableName: address(keysTable, environment), KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } },
    })
    const halves = Items.map((item): Half => ({ kid: item['kid']?.S ?? '', type: item['type']?.S === 'ec' ? 'ec' : 'rsa', wrapped: item['wrapped']?.B ?? new Uint8Array() }))
    return { halves: new Map(halves.map((half) => [half.kid, half])), at }
  } catch {
    throw new Fault('UNAVAILABLE')
  }
}

/** What a wrapped private half is bound to: KMS refuses to unwrap it as another pair's, or as another version. */
export const wrapContext = (pair: string, kid: string): Record<string, string> => ({ 'sallyport:pair': pair, 'sallyport:kid': kid })

async function open(environment: Environment, pair: KeyPair, { kid, type, wrapped }: Half): Promise<PrivateKey> {
  const key = keyPairNeeds(pair)[1]?.resource
  if (key === undefined) throw new Fault('UNAVAILABLE')
  try {
    const { Plaintext } = await (await aws.kms(environment)).decrypt({ KeyId: address(key, environment), CiphertextBlob: wrapped, EncryptionContext: wrapContext(pair.name, kid) })
    return local(type, createPrivateKey({ key: Buffer.from(Plaintext as Uint8Array), format: 'der', type: 'pkcs8' }))
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

/** The `kid` of a half in custody `hsm`: the pair, the type, and the first part of the KMS key's id. */
export const hsmKid = (pair: string, type: 'rsa' | 'ec', arn: string): string => `${pair}-${type}-${/key\/(?:mrk-)?([0-9a-f]{8})/.exec(arn)?.[1] ?? 'key'}`

function hsm(environment: Environment, { name }: KeyPair, kid: string): PrivateKey | undefined {
  const rsa = address(hsmKey(name, 'rsa'), environment)
  if (kid === hsmKid(name, 'rsa', rsa)) {
    return { type: 'rsa', unwrap: async (CiphertextBlob) => (await kmsAnswer(async () => (await aws.kms(environment)).decrypt({ KeyId: rsa, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob }))).Plaintext as Uint8Array }
  }
  const ec = address(hsmKey(name, 'ec'), environment)
  if (kid === hsmKid(name, 'ec', ec)) {
    return {
      type: 'ec',
      agree: async (x, y) => {
        const PublicKey = spki(x, y)
        return (await kmsAnswer(async () => (await aws.kms(environment)).deriveSharedSecret({ KeyId: ec, KeyAgreementAlgorithm: 'ECDH', PublicKey }))).SharedSecret as Uint8Array
      },
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
