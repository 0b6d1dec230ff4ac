import type { Row } from '../row.ts'
import { aeads } from './aead.ts'
import { encryptionSdk } from './encryption-sdk.ts'
import { hashes } from './hashes.ts'
import { jwes } from './jwe.ts'
import { others } from './others.ts'
import { signatures } from './signatures.ts'
import { timing } from './timing.ts'

/** Ciphers, hashes and signatures against bare node:crypto, jose and the AWS Encryption SDK; and whether the time of a refusal tells why. */
export async function crypto(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [name, measure] of Object.entries({ jwes, aeads, encryptionSdk, signatures, others, hashes, timing })) {
    process.stderr.write(`  ${name} …\n`)
    rows.push(...await measure())
  }
  return rows
}
