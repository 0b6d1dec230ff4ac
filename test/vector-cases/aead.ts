import { account } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { a128CbcHs256, a128Gcm, a192CbcHs384, a192Gcm, a256CbcHs512, a256Gcm, type ContentEncryption } from '../../functions/ciphers/jwe-algorithms.ts'
import { aesGcmBare } from '../../functions/ciphers/legacy.ts'
import { bytes, notOffered, number, skipped, text, type Case, type Outcome, type Skipped } from './case.ts'
import { holding, isAesBits, why } from './keys.ts'

const gcm = [a128Gcm, a192Gcm, a256Gcm]
const cbc = [a128CbcHs256, a192CbcHs384, a256CbcHs512]

const openedAlone = skipped('nobody injects an IV: it is opened alone')
const otherSize = skipped('an IV or a tag of this size is not offered')

/** AES-CBC with HMAC (RFC 7518 section 5.2), as JWE encrypts content with it. */
export const aesCbcHmac = (given: Case): Outcome => number(given.group, 'ivSize') === 128 ? opened(cbc, given) : otherSize

/** AES-GCM, as JWE encrypts content with it; with another IV or tag as other platforms write it. */
export const aesGcm = (given: Case): Outcome | Promise<Outcome> => number(given.group, 'ivSize') === 96 && number(given.group, 'tagSize') === 128 ? opened(gcm, given) : bare(given)

function opened(offered: readonly ContentEncryption[], { group, test }: Case): Outcome {
  const by = offered.find((one) => one.bytes * 8 === number(group, 'keySize'))
  if (by === undefined) return notOffered
  if (!isSealed(test)) return openedAlone
  return by.decrypt(bytes(test, 'key'), { iv: bytes(test, 'iv'), ciphertext: bytes(test, 'ct'), tag: bytes(test, 'tag') }, bytes(test, 'aad').toString('latin1'))
}

const isSealed = (test: object): boolean => 'ct' in test && 'tag' in test

const ivSizes: readonly number[] = [96, 128]
const tagSizes: readonly number[] = [128, 120, 112, 104, 96]

function bare({ group, test }: Case): Skipped | Promise<Outcome> {
  const bits = number(group, 'keySize')
  const [ivSize, tagSize] = [number(group, 'ivSize'), number(group, 'tagSize')]
  if (!isAesBits(bits)) return notOffered
  if (!ivSizes.includes(ivSize) || !tagSizes.includes(tagSize)) return otherSize
  if (!isSealed(test)) return openedAlone
  const aad = bytes(test, 'aad')
  if (!aad.equals(Buffer.from(aad.toString()))) return skipped('what is authenticated beside the text is text')
  const options = { ivBytes: ivSize / 8 as 12, tagBits: tagSize as 128, aad: aad.toString(), encoding: 'hex', why } as const
  const sealed = Buffer.concat([bytes(test, 'iv'), bytes(test, 'ct'), bytes(test, 'tag')]).toString('hex')
  return aesGcmBare({ key: account('shared', secretKey({ bits })) as never, ...options }).open({ sealed }, holding({ secretKey: text(test, 'key'), encoding: 'hex' }))
}
