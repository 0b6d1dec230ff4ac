import { constants, createPrivateKey, createPublicKey, diffieHellman, sign, verify, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { Failure, invalid } from '../failure.ts'
import { blob, choice, optionalChoice, type Members } from '../members.ts'
import type { Operation, Operations } from '../operation.ts'
import { seal } from './envelope.ts'
import { pairOf, refuseUnusable, refuseUse, type Key } from './keys.ts'
import { encryptionContext, onKey } from './operation.ts'
import { digestLength, signDigest } from './sign-digest.ts'
import { specOf } from './specs.ts'

const maxMessage = 4096
const signAsync = promisify(sign)
const verifyAsync = promisify(verify)

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

const usageMembers = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
} as const

/** The algorithms of a key, under the member that the API has for its usage. */
export const algorithmsOf = (key: Key): Readonly<Record<string, readonly string[]>> =>
  ({ [usageMembers[key.usage]]: specOf(key.spec).algorithms[key.usage] ?? [] })

const getPublicKey = onKey('GetPublicKey', {
  run(key, _, world) {
    if (!specOf(key.spec).pair) throw new Failure('UnsupportedOperationException', 'GetPublicKey is only supported for asymmetric keys.')
    refuseUnusable(key)
    return {
      KeyId: key.arn, PublicKey: spki(createPublicKey(pairOf(key, world))), KeySpec: key.spec, CustomerMasterKeySpec: key.spec,
      KeyUsage: key.usage, ...algorithmsOf(key),
    }
  },
})

const padding = (key: KeyObject, algorithm: string) => algorithm.startsWith('RSASSA_PSS')
  ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  : { key }

/** Ed25519 hashes by itself. */
const digestName = (algorithm: string): string | undefined => algorithm === 'ED25519_SHA_512' ? undefined : `sha${algorithm.slice(-3)}`

function signingRequest(key: Key, input: Members, operation: string) {
  const message = blob(input, 'Message', { max: maxMessage })
  const algorithm = choice(input, 'SigningAlgorithm', [
    ...(specOf('RSA_2048').algorithms.SIGN_VERIFY ?? []), 'ECDSA_SHA_256', 'ECDSA_SHA_384', 'ECDSA_SHA_512', 'ED25519_SHA_512'])
  refuseUnusable(key)
  refuseUse(key, 'SIGN_VERIFY', operation, algorithm)
  const type = optionalChoice(input, 'MessageType', ['RAW', 'DIGEST', 'EXTERNAL_MU']) ?? 'RAW'
  const hash = digestName(algorithm)
  if (type === 'EXTERNAL_MU' || type === 'DIGEST' && (hash === undefined || operation === 'Verify'))
    throw new Failure('UnsupportedOperationException', `MessageType ${type} of ${operation} with ${algorithm} is not implemented by this stand-in`)
  if (type === 'DIGEST' && message.length !== digestLength(hash ?? '')) throw invalid('Digest is invalid length for algorithm ' + algorithm + '.')
  return { message, algorithm, hash, ready: type === 'DIGEST' }
}

const signOperation = onKey('Sign', {
  async run(key, input, world) {
    const { message, algorithm, hash, ready } = signingRequest(key, input, 'Sign')
    const pair = pairOf(key, world)
    const signature = ready ? signDigest(pair, algorithm, hash ?? '', message) : await signAsync(hash, message, padding(pair, algorithm))
    return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm: algorithm }
  },
})

const verifyOperation = onKey('Verify', {
  async run(key, input, world) {
    const { message, algorithm, hash } = signingRequest(key, input, 'Verify')
    const given = blob(input, 'Signature')
    const fits = await verifyAsync(hash, message, padding(createPublicKey(pairOf(key, world)), algorithm), given)
    if (!fits) throw new Failure('KMSInvalidSignatureException', '')
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm }
  },
})

function foreignKey(input: Members, own: KeyObject): KeyObject {
  const given = blob(input, 'PublicKey', { max: 8192 })
  try {
    const key = createPublicKey({ key: given, format: 'der', type: 'spki' })
    if (key.asymmetricKeyDetails?.namedCurve === own.asymmetricKeyDetails?.namedCurve && key.asymmetricKeyType === 'ec') return key
  } catch {
    // One refusal, below, for whatever is wrong with a public key.
  }
  throw invalid('The public key is not a DER-encoded X.509 public key on the curve of the KMS key.')
}

const deriveSharedSecret = onKey('DeriveSharedSecret', {
  run(key, input, world) {
    const algorithm = choice(input, 'KeyAgreementAlgorithm', ['ECDH'])
    refuseUnusable(key)
    refuseUse(key, 'KEY_AGREEMENT', 'DeriveSharedSecret', algorithm)
    const privateKey = pairOf(key, world)
    const secret = diffieHellman({ privateKey, publicKey: foreignKey(input, privateKey) })
    return { KeyId: key.arn, SharedSecret: secret.toString('base64'), KeyAgreementAlgorithm: algorithm, KeyOrigin: 'AWS_KMS' }
  },
})

const pairSpecs = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_NIST_EDWARDS25519'] as const

const generateDataKeyPair = (name: string, shown: boolean): Operation => onKey(name, {
  async run(key, input, world) {
    const spec = choice(input, 'KeyPairSpec', pairSpecs)
    refuseUnusable(key)
    refuseUse(key, 'ENCRYPT_DECRYPT', name, 'SYMMETRIC_DEFAULT')
    const secret = await specOf(spec).make()
    const publicKey = createPublicKey(createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }))
    return {
      KeyId: key.arn,
      KeyPairSpec: spec,
      PublicKey: spki(publicKey),
      PrivateKeyCiphertextBlob: seal(key, secret, encryptionContext(input), world).toString('base64'),
      ...(shown && { PrivateKeyPlaintext: secret.toString('base64') }),
    }
  },
})

/** What KMS does with key pairs, apart from RSA encryption. */
export const pairOperations: Operations = {
  GetPublicKey: getPublicKey,
  Sign: signOperation,
  Verify: verifyOperation,
  DeriveSharedSecret: deriveSharedSecret,
  GenerateDataKeyPair: generateDataKeyPair('GenerateDataKeyPair', true),
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPair('GenerateDataKeyPairWithoutPlaintext', false),
}
