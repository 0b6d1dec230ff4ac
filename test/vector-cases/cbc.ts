import { account } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { aesCbc } from '../../functions/ciphers/legacy.ts'
import { bytes, notOffered, number, skipped, text, type Case, type Outcome } from './case.ts'
import { holding, isAesBits, why } from './keys.ts'

/** AES-CBC with PKCS#7 padding and nothing else: opened, since nobody injects an IV. */
export function aesCbcCases({ group, test }: Case): Outcome | Promise<Outcome> {
  const bits = number(group, 'keySize')
  if (!isAesBits(bits)) return notOffered
  if (!('ct' in test)) return skipped('nobody injects an IV: it is opened alone')
  const sealed = Buffer.concat([bytes(test, 'iv'), bytes(test, 'ct')]).toString('hex')
  return aesCbc({ key: account('shared', secretKey({ bits })) as never, encoding: 'hex', why }).open({ sealed }, holding({ secretKey: text(test, 'key'), encoding: 'hex' }))
}
