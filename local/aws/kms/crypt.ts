import { constants, createPublicKey, publicEncrypt, randomBytes, subtle } from 'node:crypto'
import { Failure, invalid } from '../failure.ts'
import { blob, optionalChoice, optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { invalidCiphertext, keyIdIn, open, seal } from './envelope.ts'
import { findKey, pairOf, refuseUnusable, refuseUse, theKey, type Key } from './keys.ts'
import { askForKey, contextKeys, encryptionContext, onKey, refuseModes } from './operation.ts'

const algorithms = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const
type Algorithm = (typeof algorithms)[number]

const maxPlain = 4096

const oaep = {
  RSAES_OAEP_SHA_1: { hash: 'sha1', name: 'SHA-1', size: 20 },
  RSAES_OAEP_SHA_256: { hash: 'sha256', name: 'SHA-256', size: 32 },
} as const

/** `name`: the member that holds the algorithm. */
const algorithmOf = (input: Members, name = 'EncryptionAlgorithm'): Algorithm =>
  optionalChoice(input, name, algorithms) ?? 'SYMMETRIC_DEFAULT'

function refuseKey(key: Key, operation: string, algorithm: Algorithm): void {
  refuseUnusable(key)
  refuseUse(key, 'ENCRYPT_DECRYPT', operation, algorithm)
}

function encrypt(key: Key, plain: Buffer, algorithm: Algorithm, context: Readonly<Record<string, string>>, world: World): Buffer {
  if (algorithm === 'SYMMETRIC_DEFAULT') return seal(key, plain, context, world)
  if (Object.keys(context).length > 0) throw invalid('EncryptionContext is not supported for asymmetric keys')
  const { hash, size } = oaep[algorithm]
  const publicKey = createPublicKey(pairOf(key, world))
  const room = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8 - 2 * size - 2
  if (plain.length > room)
    throw invalid(`Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${room} bytes.`)
  return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, plain)
}

async function decrypt(key: Key, sealed: Buffer, algorithm: Algorithm, context: Readonly<Record<string, string>>, world: World): Promise<Buffer> {
  if (algorithm === 'SYMMETRIC_DEFAULT') return open(key, sealed, context, world)
  // privateDecrypt would hold the event loop for milliseconds; the subtle one runs on the thread pool.
  const usable = pairOf(key, world).toCryptoKey({ name: 'RSA-OAEP', hash: oaep[algorithm].name }, false, ['decrypt'])
  try {
    return Buffer.from(await subtle.decrypt({ name: 'RSA-OAEP' }, usable, sealed))
  } catch {
    throw invalidCiphertext()
  }
}

const encryptOperation = onKey('Encrypt', {
  run(key, input, world) {
    const plain = blob(input, 'Plaintext', { max: maxPlain })
    const algorithm = algorithmOf(input)
    refuseKey(key, 'Encrypt', algorithm)
    const sealed = encrypt(key, plain, algorithm, encryptionContext(input), world)
    return { CiphertextBlob: sealed.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: algorithm }
  },
})

/** The key of a ciphertext: the one that is named, which a symmetric ciphertext must confirm. */
function keyOf(input: Members, sealed: Buffer, algorithm: Algorithm, member: string, world: World): Key {
  const given = optionalText(input, member)
  const named = given === undefined ? undefined : theKey(given, world)
  if (algorithm !== 'SYMMETRIC_DEFAULT') {
    if (!named) throw invalid(`${member} is required when the ciphertext was encrypted under an asymmetric KMS key.`)
    return named
  }
  // A key pair is refused for its usage later, not for a ciphertext that it never made.
  if (named && named.spec !== 'SYMMETRIC_DEFAULT') return named
  const found = findKey(keyIdIn(sealed), world)
  if (!found)
    throw new Failure('AccessDeniedException', 'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.')
  if (named && named.id !== found.id)
    throw new Failure('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.')
  return found
}

const decryptOperation: Operation = {
  asks(input, world): readonly Ask[] {
    const key = keyOf(input, blob(input, 'CiphertextBlob'), algorithmOf(input), 'KeyId', world)
    return [askForKey('Decrypt', key, input, world)]
  },
  async run(input, world) {
    refuseModes(input)
    const sealed = blob(input, 'CiphertextBlob')
    const algorithm = algorithmOf(input)
    const key = keyOf(input, sealed, algorithm, 'KeyId', world)
    refuseKey(key, 'Decrypt', algorithm)
    const plain = await decrypt(key, sealed, algorithm, encryptionContext(input), world)
    return { Plaintext: plain.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: algorithm }
  },
}

const reEncrypt: Operation = {
  asks(input, world) {
    const from = keyOf(input, blob(input, 'CiphertextBlob'), algorithmOf(input, 'SourceEncryptionAlgorithm'), 'SourceKeyId', world)
    const to = theKey(text(input, 'DestinationKeyId'), world)
    const same = { 'kms:ReEncryptOnSameKey': String(from.id === to.id) }
    return [
      askForKey('ReEncryptFrom', from, {}, world, { ...same, ...contextKeys(encryptionContext(input, 'SourceEncryptionContext')) }),
      askForKey('ReEncryptTo', to, {}, world, { ...same, ...contextKeys(encryptionContext(input, 'DestinationEncryptionContext')) }),
    ]
  },
  async run(input, world) {
    refuseModes(input)
    const sealed = blob(input, 'CiphertextBlob')
    const [before, after] = [algorithmOf(input, 'SourceEncryptionAlgorithm'), algorithmOf(input, 'DestinationEncryptionAlgorithm')]
    const from = keyOf(input, sealed, before, 'SourceKeyId', world)
    const to = theKey(text(input, 'DestinationKeyId'), world)
    refuseKey(from, 'ReEncrypt', before)
    refuseKey(to, 'ReEncrypt', after)
    const plain = await decrypt(from, sealed, before, encryptionContext(input, 'SourceEncryptionContext'), world)
    const again = encrypt(to, plain, after, encryptionContext(input, 'DestinationEncryptionContext'), world)
    return {
      CiphertextBlob: again.toString('base64'), SourceKeyId: from.arn, KeyId: to.arn,
      SourceEncryptionAlgorithm: before, DestinationEncryptionAlgorithm: after,
    }
  },
}

function dataKeySize(input: Members): number {
  const size = optionalWhole(input, 'NumberOfBytes', { min: 1, max: 1024 })
  const spec = optionalChoice(input, 'KeySpec', ['AES_128', 'AES_256'])
  if ((size === undefined) === (spec === undefined))
    throw invalid('Please specify either number of bytes or key spec.')
  return size ?? (spec === 'AES_128' ? 16 : 32)
}

const generateDataKey = (name: string, shown: boolean): Operation => onKey(name, {
  run(key, input, world) {
    const size = dataKeySize(input)
    refuseKey(key, name, 'SYMMETRIC_DEFAULT')
    const plain = randomBytes(size)
    const sealed = seal(key, plain, encryptionContext(input), world)
    return {
      CiphertextBlob: sealed.toString('base64'), KeyId: key.arn,
      ...(shown && { Plaintext: plain.toString('base64') }),
    }
  },
})

const generateRandom: Operation = {
  asks: () => [{ action: 'kms:GenerateRandom', resource: '*' }],
  run(input) {
    const size = optionalWhole(input, 'NumberOfBytes', { min: 1, max: 1024 })
    if (size === undefined) throw invalid('NumberOfBytes is required')
    return { Plaintext: randomBytes(size).toString('base64') }
  },
}

/** Encryption and decryption, with symmetric keys and RSA pairs. */
export const cryptOperations: Operations = {
  Encrypt: encryptOperation,
  Decrypt: decryptOperation,
  ReEncrypt: reEncrypt,
  GenerateDataKey: generateDataKey('GenerateDataKey', true),
  GenerateDataKeyWithoutPlaintext: generateDataKey('GenerateDataKeyWithoutPlaintext', false),
  GenerateRandom: generateRandom,
}
