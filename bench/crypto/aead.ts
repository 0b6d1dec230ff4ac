import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { account, envelopeKey, flow, type Io, type Opener, type Sealer } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../functions/ciphers/aes-gcm.ts'
import { kmsEnvelope } from '../../functions/ciphers/kms-envelope.ts'
import { decryptFields, encryptFields } from '../../functions/steps/index.ts'
import type { Row } from '../row.ts'
import { openAead, sealAead } from './bare.ts'
import { against } from './compare.ts'
import { vault } from './vault.ts'
import { warm } from './warm.ts'

const sizes = [['11 bytes', Buffer.from('078-05-1120')], ['2 KB', randomBytes(2_048)]] as const
const where = { field: 'applicant.ssn' }

interface Case {
  readonly name: string
  readonly cipher: Opener & Sealer
  readonly io: Io
  readonly key: KeyObject
  readonly head: Buffer
  /** What is authenticated behind the head. */
  readonly bound: readonly (string | null)[]
  /** On 2 KB. */
  readonly goal: number | null
}

/** Ciphers of fields on a warm environment, against AES-256-GCM with the same key and the same bytes authenticated. */
export async function aeads(): Promise<Row[]> {
  const shared = randomBytes(32)
  const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', createSecretKey(shared), '', info, 32))
  const key = envelopeKey('vault')
  const { doors, encryption, head } = vault(key)
  const io = warm({ archive: { secretKey: shared.toString('base64url') } }, doors)
  const gcm: Case = {
    name: 'aesGcm', cipher: aesGcm({ key: account('archive', secretKey()), context: 'loan archive' }), io, goal: null,
    key: createSecretKey(expand('sallyport aes-gcm 1 encryption')), head: Buffer.concat([Buffer.of(1), expand('sallyport aes-gcm 1 key id')]), bound: ['sallyport', 'loan archive', null, where.field],
  }
  const envelope: Case = { name: 'kmsEnvelope', cipher: kmsEnvelope({ key, context: 'loan archive' }), io, goal: 1.15, key: encryption, head, bound: ['sallyport', 'envelope', 'loan archive', 'text', where.field] }

  const rows: Row[] = []
  for (const { name, cipher, io, key, head, bound, goal } of [gcm, envelope]) {
    const aad = Buffer.concat([head, Buffer.from(JSON.stringify(bound))])
    for (const [size, plain] of sizes) {
      const { sealed } = await cipher.seal(plain, io, where)
      const opened = [openAead(key, head, aad, sealed), await cipher.open({ sealed: sealAead(key, head, aad, plain) }, io, where)]
      if (!opened.every((bytes) => plain.equals(bytes))) throw new Error(`${name}: not the same work`)
      const promised = plain.length > 11 ? goal : null
      rows.push(
        ...await against(`${name}, seals ${size}`, () => cipher.seal(plain, io, where), { 'against node:crypto': { work: () => sealAead(key, head, aad, plain), goal: promised } }),
        ...await against(`${name}, opens ${size}`, () => cipher.open({ sealed }, io, where), { 'against node:crypto': { work: () => openAead(key, head, aad, sealed), goal: promised } }),
      )
    }
  }
  return [...rows, ...await fields(gcm)]
}

/** Forty fields of one payload, sealed and opened again, against a loop over them. */
async function fields({ cipher, io, key, head }: Case): Promise<Row[]> {
  const aad = Buffer.concat([head, Buffer.from(JSON.stringify(['sallyport', 'loan archive', null, 'people[*].ssn']))])
  const payload = { people: Array.from({ length: 40 }, (_, i) => ({ name: `Ada ${i}`, ssn: `078-05-${1_000 + i}` })) }
  const json = (bytes: Uint8Array): never => JSON.parse(Buffer.from(bytes).toString()) as never
  const step = flow(encryptFields<typeof payload, 'people[*].ssn'>(cipher, { fields: ['people[*].ssn'] }), decryptFields(cipher, { fields: ['people[*].ssn'] }))
  const through: Io = { ...io, json, step: (step, payload) => step.run(payload, through) }
  const byHand = (): object => {
    const sealed = payload.people.map((person) => ({ ...person, ssn: sealAead(key, head, aad, Buffer.from(person.ssn)) }))
    return { people: sealed.map((person) => ({ ...person, ssn: openAead(key, head, aad, person.ssn).toString() })) }
  }
  const same = [await step.run(payload, through), byHand()].every((made) => JSON.stringify(made) === JSON.stringify(payload))
  if (!same) throw new Error('fields: not the same work')
  return against('40 fields, sealed and opened', () => step.run(payload, through), { 'against node:crypto': { work: byHand, goal: null } })
}
