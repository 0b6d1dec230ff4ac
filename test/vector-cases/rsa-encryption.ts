import { account, type Opener } from 'sallyport'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { rsaOaepSha1 } from '../../functions/ciphers/legacy.ts'
import { rsaOaep } from '../../functions/ciphers/rsa-oaep.ts'
import { bytes, notOffered, skipped, text, type Case, type Outcome } from './case.ts'
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
  if (typeof group['keySize'] === 'number' && group['keySize'] < 2_048) return skipped('RSA is offered from 2,048 bits')
  return opener.open({ sealed: bytes(test, 'ct').toString('hex') }, holding({ privateKey: pem('PRIVATE KEY', bytes(group, 'privateKeyPkcs8')) }))
}
