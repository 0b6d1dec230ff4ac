import { argon2, createHash, createHmac, createSecretKey, pbkdf2 as pbkdf2Of, randomBytes, scrypt as scryptOf } from 'node:crypto'
import { bcrypt as bcryptOf } from 'hash-wasm'
import { account } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { argon2id } from '../../functions/hashes/argon2id.ts'
import { bcrypt } from '../../functions/hashes/bcrypt.ts'
import { blake2b } from '../../functions/hashes/blake2.ts'
import type { Hasher } from '../../functions/hashes/hasher.ts'
import { hmac } from '../../functions/hashes/hmac.ts'
import { pbkdf2 } from '../../functions/hashes/pbkdf2.ts'
import { scrypt } from '../../functions/hashes/scrypt.ts'
import { sha2 } from '../../functions/hashes/sha2.ts'
import { sha3 } from '../../functions/hashes/sha3.ts'
import type { Row } from '../row.ts'
import { against, type Work } from './compare.ts'
import { warm } from './warm.ts'

type Done = (error: Error | null, made: Buffer) => void
const promised = (begin: (done: Done) => void) => () => new Promise<Buffer>((resolve, reject) => { begin((error, made) => error === null ? resolve(made) : reject(error)) })

/** Each hasher as a pipeline runs it, against the call that it comes down to. Nothing is promised of the ratios. */
export async function hashes(): Promise<Row[]> {
  const shared = randomBytes(32)
  const key = createSecretKey(shared)
  const io = warm({ shared: { secretKey: shared.toString('base64url') } })
  const field = Buffer.from('078-05-1120')
  const document = randomBytes(2_048)
  const rows: Row[] = []
  const fast: readonly [string, Hasher, (bytes: Buffer) => string][] = [
    ['hmac', hmac({ key: account('shared', secretKey()) }), (bytes) => createHmac('sha256', key).update(bytes).digest('hex')],
    ['sha2', sha2(), (bytes) => createHash('sha256').update(bytes).digest('hex')],
    ['sha3', sha3(), (bytes) => createHash('sha3-256').update(bytes).digest('hex')],
    ['blake2b', blake2b(), (bytes) => createHash('blake2b512').update(bytes).digest('hex')],
  ]
  for (const [name, hasher, byHand] of fast) {
    for (const [size, bytes] of [['11 bytes', field], ['2 KB', document]] as const) {
      if (await hasher.run(bytes, io) !== byHand(bytes)) throw new Error(`${name}: not the same work`)
      rows.push(...await against(`${name} of ${size}`, () => hasher.run(bytes, io), { 'against node:crypto': { work: () => byHand(bytes), goal: null } }))
    }
  }
  const salt = randomBytes(16)
  const slow: readonly [string, Hasher, string, Work][] = [
    ['argon2id', argon2id(), 'against node:crypto', promised((done) => argon2('argon2id', { message: field, nonce: salt, memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }, done))],
    ['scrypt', scrypt(), 'against node:crypto', promised((done) => scryptOf(field, salt, 32, { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 }, done))],
    ['pbkdf2', pbkdf2(), 'against node:crypto', promised((done) => pbkdf2Of(field, salt, 600_000, 32, 'sha256', done))],
    ['bcrypt', bcrypt({ cost: 10 }), 'against hash-wasm', () => bcryptOf({ password: field, salt, costFactor: 10, outputType: 'encoded' })],
  ]
  for (const [name, hasher, other, work] of slow) rows.push(...await against(name, () => hasher.run(field, io), { [other]: { work, goal: null } }, 7))
  return rows
}
