import { account } from 'sallyport'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Account, Kept, Published } from '../../../layers/runtime/account.ts'
import { system, type Clock } from '../../../layers/runtime/clock.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { keySet } from '../../../layers/runtime/key-set.ts'
import { NoAnswer, type Answer, type Exchange } from '../../../layers/runtime/send.ts'

interface Said extends Kept { readonly text: string }

/** `fresh stale text`, as the answer says it. */
function read(body: Uint8Array): Said {
  const [fresh, stale, text = ''] = Buffer.from(body).toString().split(' ')
  if (text === '') throw new Error(`unreadable: ${Buffer.from(body).toString()}`)
  return { fresh: Number(fresh), stale: Number(stale), text }
}
const bank: Account<Published<string, Said>> = account('bank-keys', { signIn: 'said', origin: { dev: 'https://bank.example', prod: 'https://keys.bank.example' }, path: '/keys', read })

let now: number
let asked: Parameters<Exchange>[]
let answers: (() => Answer | Promise<Answer>)[]
let environment: Environment
const ok = (text: string) => (): Answer => ({ status: 200, body: Buffer.from(text) })
const ask = (stage = 'dev', until = now + 10_000, origins: Record<string, string> = {}): Promise<string> => keySet(environment, bank, { stage, origins, until }).then(({ text }) => text)

beforeEach(() => {
  now = 1_000_000
  asked = []
  answers = []
  const clock: Clock = { ...system, now: () => now }
  environment = new Environment({ clock, variables: {}, exchange: async (...request) => {
    asked.push(request)
    return (answers.shift() ?? (() => { throw new NoAnswer('silent') }))()
  } })
})
const unavailable = expect.objectContaining({ code: 'ACCOUNT_UNAVAILABLE', paths: [] }) as Error
const later = (seconds: number): void => { now += seconds * 1_000 }

test('is asked at the origin of the stage, without a credential, and once as long as the answer is fresh', async () => {
  answers = [ok('60 0 first'), ok('60 0 second')]
  expect(await ask()).toBe('first')
  later(59)
  expect(await ask()).toBe('first')
  later(1)
  expect(await ask()).toBe('second')
  expect(asked).toStrictEqual(Array.from({ length: 2 }, () => ['https://bank.example', '/keys', 'GET', { accept: 'application/jwk-set+json, application/json', 'user-agent': 'sallyport' }, undefined, 5_000]))
})

test('in the stage local the origin is the one of the run; a stage without one is a mistake of the definition', async () => {
  answers = [ok('1 0 a'), ok('1 0 b')]
  expect(await ask('local', now + 10_000, { 'bank-keys': 'http://127.0.0.1:9' })).toBe('a')
  expect(asked[0]?.[0]).toBe('http://127.0.0.1:9')
  await expect(ask('test')).rejects.toThrow(new TypeError('account bank-keys has no origin for the stage'))
  await expect(ask('local')).rejects.toThrow(TypeError)
})

test('many who ask at once share one request, and its failure', async () => {
  answers = [ok('60 0 first')]
  expect(new Set(await Promise.all(Array.from({ length: 20 }, () => ask())))).toStrictEqual(new Set(['first']))
  expect(asked).toHaveLength(1)
  later(61)
  for (const each of await Promise.allSettled(Array.from({ length: 20 }, () => ask()))) expect(each).toStrictEqual({ status: 'rejected', reason: unavailable })
  expect(asked).toHaveLength(2)
})

test('what must not be kept is asked for every time', async () => {
  answers = [ok('0 0 a'), ok('0 0 b')]
  expect([await ask(), await ask()]).toStrictEqual(['a', 'b'])
  await expect(ask()).rejects.toThrow(unavailable)
})

describe('while the address fails', () => {
  test.each<[string, () => Answer]>([
    ['silent', () => { throw new NoAnswer('silent') }], ['nothing sent', () => { throw new NoAnswer('nothing-sent') }], ['too large', () => { throw new NoAnswer('too-large') }],
    ['a redirect', () => ({ status: 302, body: Buffer.from('60 0 elsewhere') })], ['500', () => ({ status: 500, body: Buffer.from('60 0 broken') })], ['204', () => ({ status: 204, body: Buffer.of() })],
    ['something else', ok('<html>secret</html>')],
  ])('%s: what was answered before is used as long as it may be, and nothing is kept of the failure', async (_, failing) => {
    answers = [failing, ok('60 3600 first'), failing]
    const failure: unknown = await ask().catch((error: unknown) => error)
    expect(failure).toStrictEqual(unavailable)
    expect(failure).not.toHaveProperty('cause')
    expect(await ask()).toBe('first')
    later(61)
    expect(await ask()).toBe('first')
    expect(asked).toHaveLength(3)
  })

  test('it is left alone for half a minute, then asked again, and given up at the end of its day', async () => {
    answers = [ok('60 3600 first')]
    await ask()
    later(61)
    for (let i = 0; i < 5; i++) expect(await ask()).toBe('first')
    expect(asked).toHaveLength(2)
    later(30)
    answers = [ok('60 3600 second')]
    expect(await ask()).toBe('second')
    later(3_600)
    await expect(ask()).rejects.toThrow(unavailable)
  })

  test('nobody waits beyond the end of a run', async () => {
    await expect(ask('dev', now + 49)).rejects.toMatchObject({ code: 'OUT_OF_TIME' })
    expect(asked).toStrictEqual([])
    answers = [ok('60 0 first')]
    await ask('dev', now + 1_234)
    expect(asked[0]?.[5]).toBe(1_234)
  })
})
