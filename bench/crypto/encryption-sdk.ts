import { randomBytes } from 'node:crypto'
import { buildClient, CommitmentPolicy, getLocalCryptographicMaterialsCache, NodeCachingMaterialsManager, RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from '@aws-crypto/client-node'
import { account } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../functions/ciphers/aes-gcm.ts'
import { counted, type Row } from '../row.ts'
import { interleaved } from './compare.ts'
import { warm } from './warm.ts'

/**
 * The AWS Encryption SDK for JavaScript as it comes: commitment required, its default suite, which signs with P-384, and a key
 * of this process instead of KMS, so that neither side calls anybody. What `aesGcm` binds is its encryption context.
 */
export async function encryptionSdk(): Promise<Row[]> {
  const key = randomBytes(32)
  const io = warm({ archive: { secretKey: key.toString('base64url') } })
  const cipher = aesGcm({ key: account('archive', secretKey()), context: 'loan archive' })
  const where = { field: 'applicant.ssn' }

  const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const keyring = new RawAesKeyringNode({ keyName: 'archive', keyNamespace: 'bench', unencryptedMasterKey: new Uint8Array(key), wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING })
  const cache = getLocalCryptographicMaterialsCache(100)
  const cached = new NodeCachingMaterialsManager({ backingMaterials: keyring, cache, maxAge: 300_000, maxMessagesEncrypted: 65_536 })
  const context = { encryptionContext: { context: 'loan archive', ...where } }

  const rows: Row[] = []
  for (const [size, plain] of [['11 bytes', Buffer.from('078-05-1120')], ['2 KB', randomBytes(2_048)]] as const) {
    const { result } = await encrypt(keyring, plain, context)
    const { sealed } = await cipher.seal(plain, io, where)
    if (!plain.equals((await decrypt(keyring, result)).plaintext) || !plain.equals(await cipher.open({ sealed }, io, where))) throw new Error('not the same work')
    const field = plain.length === 11
    const seals = await interleaved([() => cipher.seal(plain, io, where), () => encrypt(keyring, plain, context), () => encrypt(cached, plain, { ...context, plaintextLength: plain.length })])
    const opens = await interleaved([() => cipher.open({ sealed }, io, where), () => decrypt(keyring, result)])
    const times = (what: string, ratio = 1, goal: number | null = null): Row => {
      const row = counted(`AWS Encryption SDK${what} ${size}, CPU${goal === null ? '' : ', at least'}`, 'times ours', 1 / ratio, null, seals.samples)
      return goal === null ? row : { ...row, goal, met: row.measured >= goal }
    }
    rows.push(
      counted(`AWS Encryption SDK, seals ${size}`, 'µs', seals.costs[1] ?? 0, null, seals.samples),
      times(', seals', seals.ratios[1], field ? 100 : null),
      times(' with a cache, seals', seals.ratios[2]),
      times(', opens', opens.ratios[1]),
      counted(`AWS Encryption SDK, ciphertext of ${size}`, 'bytes', result.length, null),
      counted(`aesGcm, ciphertext of ${size}`, 'bytes', Buffer.from(sealed, 'base64url').length, field ? 80 : null),
      counted(`aesGcm, ciphertext of ${size} as text`, 'characters', sealed.length, null),
    )
  }
  return rows
}
