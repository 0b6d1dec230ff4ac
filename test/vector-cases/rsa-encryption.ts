import { constants, createPrivateKey, privateDecrypt } from 'node:crypto'
import { account, type Opener } from 'sallyport'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { rsaOaepSha1, rsaPkcs1v15 } from '../../functions/ciphers/legacy.ts'
import { rsaOaep } from '../../functions/ciphers/rsa-oaep.ts'
import { bytes, notOffered, refused, skipped, text, type Case, type Fields, type Outcome } from './case.ts'
import { holding, pem, why } from './keys.ts'

const written = { key: account('mine', privateKey()), encoding: 'hex' } as const
const openers: Readonly<Record<string, Opener>> = {
  'SHA-1': rsaOaepSha1({ ...written, why }), 'SHA-256': rsaOaep(written), 'SHA-384': rsaOaep({ ...written, hash: 'sha-384' }), 'SHA-512': rsaOaep({ ...written, hash: 'sha-512' }),
}

/** RSAES-OAEP with one hash for label and mask, and no label. */
export function rsaOaepCases({ group, test }: Case): Outcome | Promise<Outcome> {
  const opener = openers[text(group, 'sha')]
  if (opener === undefined) return notOffered
  if (group['mgf'] !== 'MGF1' || group['mgfSha'] !== group['sha']) return skipped('RSA-OAEP with another hash for the mask is not offered')
  if (text(test, 'label') !== '') return skipped('RSA-OAEP with a label from outside is not offered')
  if (isShort(group)) return short
  return opener.open({ sealed: bytes(test, 'ct').toString('hex') }, holding({ privateKey: keyOf(group) }))
}

/**
 * RSAES-PKCS1-v1_5, which tells nobody whether the padding was right: for a text that is not padded rightly Node gives bytes of
 * its own (implicit rejection), and the step those that have its length. In a pipeline they are a key that opens nothing, and
 * the length is agreed on; a case has neither a text that its key opens nor a length. Both are taken from the block that the
 * private key makes of the ciphertext: the step is told the length of what the block holds, and what it gives is accepted where
 * that is what the block holds. Of a block that holds nothing, whatever the step gives is no plaintext: refused.
 */
export async function rsaPkcs1Cases({ group, test }: Case): Promise<Outcome> {
  if (isShort(group)) return short
  const [key, ciphertext] = [keyOf(group), bytes(test, 'ct')]
  const message = held(key, ciphertext)
  if (message?.length === 0) return skipped('RSAES-PKCS1-v1_5 for plaintexts of no bytes is not offered')
  const opener = rsaPkcs1v15({ key: written.key, encoding: written.encoding, length: message?.length ?? 32, why })
  const plain = await opener.open({ sealed: ciphertext.toString('hex') }, holding({ privateKey: key }))
  return message?.equals(plain) === true ? plain : refused()
}

/** What a block holds that is padded as RFC 8017 section 7.2.2 wants it: 00 02, eight bytes or more without a zero, 00. */
function held(key: string, ciphertext: Uint8Array): Buffer | undefined {
  try {
    const block = privateDecrypt({ key: createPrivateKey(key), padding: constants.RSA_NO_PADDING }, ciphertext)
    const end = block.indexOf(0, 2)
    return block[0] === 0 && block[1] === 2 && end >= 10 ? block.subarray(end + 1) : undefined
  } catch {
    // It is not of the modulus.
    return undefined
  }
}

const keyOf = (group: Fields): string => pem('PRIVATE KEY', bytes(group, 'privateKeyPkcs8'))
const isShort = ({ keySize }: Fields): boolean => typeof keySize === 'number' && keySize < 2_048
const short = /* @__PURE__ */ skipped('RSA is offered from 2,048 bits')
