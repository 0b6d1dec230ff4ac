import { constants, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes, randomInt, type KeyObject } from 'node:crypto'
import { account, keyPair } from 'sallyport'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../functions/ciphers/aes-cbc-hmac.ts'
import { aesGcm } from '../../functions/ciphers/aes-gcm.ts'
import { jwe } from '../../functions/ciphers/jwe.ts'
import { hmac } from '../../functions/hashes/hmac.ts'
import { local } from '../../layers/runtime/private-key.ts'
import { counted, type Row } from '../row.ts'
import { warm } from './warm.ts'

/** Beyond it dudect (Reparaz, Balasch, Verbauwhede 2017) calls a difference likely. */
const goal = 4.5
/** Of all times together: what lies above was disturbed by other work. */
const kept = 0.9
/** Inputs of a class, so that none is told by where it lies in memory. */
const pool = 64

type Class = () => string

/** Welch's t of the times of two classes of inputs, which take turns at random. */
async function welch(samples: number, run: (input: string) => Promise<unknown>, classes: readonly [Class, Class]): Promise<number> {
  const inputs: [string[], string[]] = [[], []]
  for (let i = 0; i < pool; i++) for (const at of i % 2 === 0 ? [0, 1] as const : [1, 0] as const) inputs[at].push(classes[at]())
  const timed = async (at: 0 | 1): Promise<number> => {
    const input = inputs[at][randomInt(pool)] as string
    const start = performance.now()
    // Most of these are refused, in one way or another.
    try { await run(input) } catch {}
    return performance.now() - start
  }
  for (let i = 0; i < samples / 5; i++) await timed(i % 2 as 0 | 1)
  const times: [number[], number[]] = [[], []]
  for (let i = 0; i < samples; i++) {
    const at = randomInt(2) as 0 | 1
    times[at].push(await timed(at))
  }
  const limit = times.flat().sort((a, b) => a - b)[Math.floor(samples * kept)] as number
  const [a, b] = times.map((all) => moments(all.filter((time) => time < limit))) as [Moments, Moments]
  return Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
}

interface Moments { readonly count: number; readonly mean: number; readonly variance: number }
function moments(values: readonly number[]): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { count: values.length, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) }
}

/** A text of base64url with one byte changed. */
function flipped(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url')
  const index = at < 0 ? bytes.length + at : at
  bytes[index] = (bytes[index] as number) ^ 1
  return bytes.toString('base64url')
}

/**
 * Whether the time until something is refused says why. A smoke test, not a proof: in one process, at one place, with so many
 * samples; what shows here is a leak, and what does not show may be one.
 */
export async function timing(): Promise<Row[]> {
  process.stderr.write("Welch's t is a smoke test, not a proof that nothing leaks\n")
  const shared = (bytes: number) => ({ secretKey: randomBytes(bytes).toString('base64url') })
  const io = warm({ key: shared(32), large: shared(64) })
  const text = Buffer.from('078-05-1120')
  const row = async (name: string, samples: number, run: (input: string) => Promise<unknown>, classes: readonly [Class, Class], promised = true): Promise<Row> =>
    counted(`|t|, ${name}`, 'smoke test', await welch(samples, run, classes), promised ? goal : null, samples)

  const gcm = aesGcm({ key: account('key', secretKey()) })
  const byGcm = (await gcm.seal(text, io)).sealed
  const openGcm = (sealed: string) => gcm.open({ sealed }, io)
  const cbc = aesCbcHmac({ key: account('large', secretKey({ bits: 512 })) })
  const byCbc = (await cbc.seal(text, io)).sealed
  const openCbc = (sealed: string) => cbc.open({ sealed }, io)
  const hasher = hmac({ key: account('key', secretKey()) })
  const digest = await hasher.run(text, io)
  const wrong = (at: number) => (): string => digest.slice(0, at) + (digest[at] === '0' ? '1' : '0') + digest.slice(at + 1)
  const verify = (stored: string) => hasher.verify(text, stored, io)
  return [
    ...await rsaPadding(row),
    await row('aesGcm tag: wrong in its first or last byte', 40_000, openGcm, [() => flipped(byGcm, -16), () => flipped(byGcm, -1)]),
    await row('aesGcm key id: wrong in its first or last byte', 40_000, openGcm, [() => flipped(byGcm, 1), () => flipped(byGcm, 32)]),
    await row('aesCbcHmac tag: wrong in its first or last byte', 40_000, openCbc, [() => flipped(byCbc, -32), () => flipped(byCbc, -1)]),
    // The last byte of the IV changes the padding of a text of one block; the MAC is over it.
    await row('aesCbcHmac tag wrong: padding right or not', 40_000, openCbc, [() => flipped(byCbc, -1), () => flipped(byCbc, 48)]),
    await row('verifyHash: equal or not', 40_000, verify, [() => digest, wrong(0)]),
    await row('verifyHash: wrong in its first or last character', 40_000, verify, [wrong(0), wrong(digest.length - 1)]),
    // Whoever is answered learns which it was: no secret is in this difference.
    await row('aesGcm tag: good or wrong, which is answered', 40_000, openGcm, [() => byGcm, () => flipped(byGcm, -1)], false),
  ]
}

type MakeRow = (name: string, samples: number, run: (input: string) => Promise<unknown>, classes: readonly [Class, Class]) => Promise<Row>

/** RFC 7516 section 11.5, and Manger's attack (2001), which asks whether the first byte of what is unwrapped is zero. */
async function rsaPadding(row: MakeRow): Promise<Row[]> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicKey = createPublicKey(privateKey)
  const opener = jwe({ key: keyPair('inbox', { custody: 'wrapped' }) })
  const half = Promise.resolve(local('rsa', privateKey))
  const io = warm({}, { privateKey: () => half })
  const open = (sealed: string) => opener.open({ sealed }, io)
  const header = Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"inbox-rsa-1"}').toString('base64url')
  // Neither has the tag of its content, so that both are refused.
  const token = (wrapped: Buffer): string => [header, ...[wrapped, randomBytes(12), randomBytes(64), randomBytes(16)].map((part) => part.toString('base64url'))].join('.')
  const valid = () => token(publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, randomBytes(32)))
  const invalid = (first: number) => () => token(raw(publicKey, Buffer.concat([Buffer.of(first), randomBytes(255)])))
  return [
    await row('jwe RSA-OAEP-256 padding: good or bad', 6_000, open, [valid, invalid(0)]),
    await row('jwe RSA-OAEP-256 padding bad: first byte 0 or 1', 6_000, open, [invalid(0), invalid(1)]),
  ]
}

/** Without padding: what is unwrapped is what stands here. */
const raw = (key: KeyObject, block: Buffer): Buffer => publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block)
