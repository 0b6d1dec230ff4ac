import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { account, digits, envelopeKey, flow, hashKey, identifier, keyPair, open, path, pipeline, post, signingKey, table, type Json, type Step } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { secretKey } from 'sallyport/accounts/secret-key'
import { aesGcm } from 'sallyport/ciphers/aes-gcm'
import { jwe } from 'sallyport/ciphers/jwe'
import { kmsEnvelope } from 'sallyport/ciphers/kms-envelope'
import { hmac } from 'sallyport/hashes/hmac'
import { jws } from 'sallyport/signatures/jws'
import * as steps from 'sallyport/steps'
import { sandbox } from 'sallyport/testing'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'

/** README's tables of steps, ciphers, hashes and signatures against the exports, and their column of AWS calls against what is sent. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const rows = [...readme.matchAll(/^\| `((?:ciphers|hashes|signatures)\/[a-z0-9-]+)` \| (.+) \| (.+) \| (.+) \|$/gm)].map(([, module = '', value = '', keys = '', calls = '']) => ({ module, value, keys, calls }))

describe('the table of ciphers, hashes and signatures', () => {
  const modules = globSync('functions/{ciphers,hashes,signatures}/*.ts', { cwd: root }).map((file) => file.replace('functions/', '').replace('.ts', ''))
    // What a cipher or signature of one's own starts from is named below the table; the shape of a hasher is a type.
    .filter((module) => !['ciphers/opener', 'signatures/verifier', 'hashes/hasher', 'hashes/legacy'].includes(module)).sort((a, b) => a < b ? -1 : 1)
  test('has a row for each module, and no other', () => {
    expect(rows.map(({ module }) => module).sort((a, b) => a < b ? -1 : 1)).toStrictEqual(modules)
  })
  test.each(modules)('%s: names what it exports', async (module) => {
    const exported = Object.keys(await import(join(root, 'functions', `${module}.ts`)) as object).filter((name) => name !== 'mediaType')
    const { value = '' } = rows.find((row) => row.module === module) ?? {}
    const named = [...value.matchAll(/`(\w+)(?:\(|`)/g)].map(([, name]) => name)
    for (const name of exported) expect(named, `${name} of ${module}`).toContain(name)
    for (const [, name = ''] of value.matchAll(/`(\w+)\(/g)) expect(exported, `${module} has no ${name}`).toContain(name)
  })
  test('names every account', () => {
    const accounts = globSync('functions/accounts/*.ts', { cwd: root }).flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name = '']) => name))
      .filter((name) => name !== 'chooseKey' && /^(apiKey|basic|\w*[kK]ey|passphrase|certificateChain|trustAnchors|keySet)$/.test(name))
    expect(accounts.filter((name) => !readme.includes(`\`${name}\``))).toStrictEqual([])
  })
})

const auth = open('for this test alone')
const Text = v.strictObject({ id: v.string(), text: v.string() })
const as = identifier('text', { key: hashKey('identity'), normalize: digits })
const bank = account('bank', apiKey({ origin: { dev: 'https://bank.example' }, idempotency: { hours: 1 } }))
const archive = table('archive', { days: 1 })
const made = (name: string, ...given: readonly Step<never, unknown>[]) => pipeline({
  name, trigger: post(`/${name}`, { auth }), steps: flow(steps.validate(Text) as Step<Json, never>, given[0] as never, (given[1] ?? steps.transform((payload: unknown) => payload)) as never),
})
const at = (step: string): string => new RegExp(`^\\| \`${step}\\(.*\\| (.+) \\|$`, 'm').exec(readme)?.[1] ?? ''
const of = (module: string): string => rows.find((row) => row.module === module)?.calls ?? ''
/** `1 KMS`, `2 DynamoDB writes`: how many of what. */
const first = (text: string): number => Number(/\d+/.exec(text)?.[0] ?? 0)

/** What a second message makes of calls: what is read by age, and not by the message, was read for the first. */
async function warm(definition: ReturnType<typeof made>, message: (n: number) => unknown): Promise<string[]> {
  const world = sandbox()
  for (const n of [1, 2]) expect((await world.run(definition, message(n))).fault).toBeUndefined()
  return (await world.run(definition, message(3))).calls.map(({ service, operation }) => `${service}:${operation}`)
}
const text = (n: number) => ({ id: `id-${n}`, text: `text ${n}` })

describe('AWS calls of a warm message, as the tables say', () => {
  test.each<[string, string, ReturnType<typeof made>, readonly string[]]>([
    ['deduplicate', at('deduplicate'), made('deduplicate', steps.deduplicate({ by: 'id' } as never)), ['dynamodb:PutItem', 'dynamodb:UpdateItem']],
    ['store', at('store'), made('store', steps.store({ in: archive, by: 'id' } as never)), ['dynamodb:PutItem']],
    ['call', at('call'), made('call', steps.call({ to: bank, reply: v.unknown(), request: () => ({ method: 'GET', path: path`/` }) })), []],
    ['hash', at('hash'), made('hash', steps.hash({ fields: ['text'] as never, as })), []],
    ['hmac', of('hashes/hmac'), made('hmac', steps.hash({ fields: ['text'] as never, by: hmac({ key: hashKey('identity') }) })), []],
    ['aesGcm', of('ciphers/aes-gcm'), made('aes-gcm', steps.encryptFields(aesGcm({ key: account('shared', secretKey()) }), { fields: ['text'] as never })), []],
    ['kmsEnvelope', of('ciphers/kms-envelope'), made('kms-envelope', steps.encryptFields(kmsEnvelope({ key: envelopeKey('vault') }), { fields: ['text'] as never })), []],
    ['jws, wrapped', 'none', made('jws-wrapped', steps.sign(jws({ key: signingKey('seal', { custody: 'wrapped' }) }))), []],
    ['jws, hsm', of('signatures/jws'), made('jws-hsm', steps.sign(jws({ key: signingKey('seal', { custody: 'hsm' }) }))), ['kms:Sign']],
  ])('%s', async (_, said, definition, expected) => {
    expect(await warm(definition, text)).toStrictEqual(expected)
    expect(first(said), said).toBe(expected.length)
  })
  test.each([['wrapped', 0], ['hsm', 1]] as const)('jwe in custody %s: %d', async (custody, expected) => {
    const definition = pipeline({ name: 'open', trigger: post('/open', { auth, accept: 'application/jose' }), steps: flow(steps.decrypt(jwe({ key: keyPair('inbox', { custody }) })), steps.parseJson()) })
    expect(await warm(definition as never, text)).toHaveLength(expected)
    expect(of('ciphers/jwe')).toBe('`hsm` 1 KMS, else none')
  })
  test('load: one read; a duplicate: one write', async () => {
    const world = sandbox()
    await world.run(made('store', steps.store({ in: archive, by: 'id' } as never)), text(1))
    const load = pipeline({ name: 'load', trigger: post('/load', { auth }), steps: flow(steps.validate(v.strictObject({ id: v.string() })), steps.load({ from: archive, by: 'id', schema: v.unknown() })) })
    for (const _ of [1, 2]) await world.run(load, { id: 'id-1' })
    expect((await world.run(load, { id: 'id-1' })).calls.map(({ operation }) => operation)).toHaveLength(first(at('load')))
    const once = made('once', steps.deduplicate({ by: 'id' } as never))
    for (const _ of [1, 2]) await world.run(once, text(7))
    expect((await world.run(once, text(7))).calls.map(({ operation }) => operation)).toStrictEqual(['PutItem'])
    expect(at('deduplicate')).toContain('a duplicate 1')
  })
})
