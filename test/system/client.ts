import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync, existsSync } from 'node:fs'
import { compactDecrypt, CompactEncrypt, importJWK, type JWK } from 'jose'
import { inject } from 'vitest'
import { signed } from '../../local/signed-fetch.ts'
import type { Run } from '../../local/run.ts'

/** The running stack, as it is now: pids change when a process was killed. */
export const run = (): Run => JSON.parse(readFileSync(`${inject('dir')}/run.json`, 'utf8')) as Run

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

async function reply(response: Response): Promise<Reply> {
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return { status: response.status, headers: response.headers, text, body: (body ?? {}) as Record<string, unknown> }
}

/** An unsigned request. */
export const plain = async (method: string, path: string, init: RequestInit = {}): Promise<Reply> => reply(await fetch(`${run().gateway}${path}`, { ...init, method }))

/** A request signed as the administrator, who may invoke the routes. */
export async function call(method: string, path: string, type: string, body: string, headers: Record<string, string> = {}): Promise<Reply> {
  const { gateway, aws } = run()
  return reply(await fetch(`${gateway}${path}`, signed(`${gateway}${path}`, { method, headers: { 'content-type': type, ...headers }, body }, { ...aws, service: 'execute-api' })))
}

export const lend = (application: unknown): Promise<Reply> => call('POST', '/loan-applications', 'application/json', typeof application === 'string' ? application : JSON.stringify(application))
export const pay = (sealed: string): Promise<Reply> => call('POST', '/payments', 'application/jose', sealed)

/** An SSN that was never given to anybody: none begins with 9. */
export const drawSsn = (): string => `9${String(randomInt(1e8)).padStart(8, '0')}`
export const drawLoan = (ssn = drawSsn()) => ({
  applicationId: `app-${randomUUID()}`, applicant: { name: 'Grace Hopper', ssn, email: 'grace@example.org', birthDate: '1986-12-09' }, amount: 25_000, income: 84_000.5,
})
export const drawPayment = () => ({
  paymentId: `pay-${randomUUID().slice(0, 23)}`, amount: '12.50', currency: 'EUR',
  card: { number: '4111111111111111', expiry: '12/30', cvv: '737' }, payer: { name: 'Ada Lovelace', nationalId: '529-98-2247' },
})

export async function publishedKeys(): Promise<(JWK & { alg: string; kid: string })[]> {
  return ((await plain('GET', '/.well-known/jwks.json')).body['keys'] ?? []) as (JWK & { alg: string; kid: string })[]
}
/** Sealed with jose, as a sender would. */
export async function seal(text: string | Uint8Array, { kty = 'RSA', header = {} }: { kty?: 'RSA' | 'EC'; header?: object } = {}): Promise<string> {
  const key = (await publishedKeys()).find((each) => each.kty === kty)
  if (key === undefined) throw new Error(`no ${kty} key is published`)
  return new CompactEncrypt(typeof text === 'string' ? Buffer.from(text) : text)
    .setProtectedHeader({ alg: key.alg, enc: 'A256GCM', kid: key.kid, ...header }).encrypt(await importJWK(key, key.alg))
}

export interface Received { readonly method: string; readonly path: string; readonly headers: Record<string, string>; readonly text: string }
/** What a partner received under an Idempotency-Key. */
export function received(partner: string, once: string): Received[] {
  const file = run().partners[partner]?.received ?? ''
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
    .map((line) => JSON.parse(line) as Received & { body: string })
    .filter(({ headers }) => headers['idempotency-key'] === once)
    .map(({ method, path, headers, body }) => ({ method, path, headers, text: Buffer.from(body, 'base64').toString() }))
}
/** Opened with the acquirer's own key. */
export async function opened(sealed: string): Promise<unknown> {
  const key = run().partners['acquirer']?.privateKey as JWK
  return JSON.parse(Buffer.from((await compactDecrypt(sealed, await importJWK(key, 'RSA-OAEP-256'))).plaintext).toString()) as unknown
}

const put = async (path: string, body: unknown): Promise<void> => {
  const response = await fetch(`${run().control}${path}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}`)
}
export type Mode = 'ok' | 'refuse' | 'slow' | 'drop' | '500' | '400' | 'nonsense'
/** Makes a partner behave so while something is done, and well again after it. */
export async function whilePartner<T>(name: string, mode: Mode, what: () => Promise<T>, ms = 0): Promise<T> {
  await put(`/partners/${name}`, { mode, ms })
  try {
    return await what()
  } finally {
    await put(`/partners/${name}`, { mode: 'ok', ms: 0 })
  }
}
export interface PlannedFault { readonly service: string; readonly operation: string; readonly error: string; readonly times?: number }
export async function whileAws<T>(faults: readonly PlannedFault[], what: () => Promise<T>): Promise<T> {
  await put('/faults', faults)
  try {
    return await what()
  } finally {
    await put('/faults', [])
  }
}

/** Lines of a file of the run that were written while something was done. */
export async function during<T>(file: string, what: () => Promise<T>): Promise<{ result: T; lines: string[] }> {
  const before = existsSync(file) ? readFileSync(file).length : 0
  const result = await what()
  // The last lines of a function arrive through a pipe.
  await new Promise((resolve) => { setTimeout(resolve, 150) })
  return { result, lines: readFileSync(file).subarray(before).toString().split('\n').filter(Boolean) }
}
