import { describe, expect, test } from 'vitest'
import { account, flow, hashKey, hashKeyNeeds, iam, identifier, pipeline, post, unkeyed, type Pipeline, type Resource, type Step } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import type { Definitions } from '../../infra/build.ts'
import { construct, fixture } from './synthesized.ts'

/** A step that only says what it is. */
const step = (parts: Partial<Step<never, unknown>> = {}): Step<never, never> => ({ kind: 'made-up', config: {}, needs: [], run: (payload) => payload, ...parts }) as Step<never, never>
const made = (name: string, parts: Partial<Step<never, unknown>> = {}, path: `/${string}` = `/${name}`): Pipeline =>
  pipeline({ name, trigger: post(path, { auth: iam() }), steps: flow(step(parts)) })
const changed = (pipeline: Pipeline, trigger: object): Pipeline => ({ ...pipeline, trigger: { ...pipeline.trigger, ...trigger } })
const need = (resource: Resource, ...actions: string[]): Partial<Step<never, unknown>> => ({ needs: [{ resource, actions }] })

/** The sentence of a refusal, which must come before anything is synthesized. */
function sentence(pipelines: readonly Pipeline[], props: Parameters<typeof construct>[1] = {}, realm: Partial<Definitions['realm']> = {}): string {
  try {
    construct({ pipelines, realm: { ...fixture.realm, ...realm } }, props)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    const { message } = error as TypeError
    expect(message).not.toContain('\n')
    return message
  }
  return 'nothing was refused'
}

test('what is right is not refused', () => {
  expect(sentence([made('a'), made('b')])).toBe('nothing was refused')
  expect(sentence(fixture.pipelines, { stage: 'local', origins: { bank: 'http://127.0.0.1:1' } })).toBe('nothing was refused')
})

describe('names and routes', () => {
  test('two pipelines of one name', () => {
    expect(sentence([made('a'), made('a', {}, '/other')])).toBe('pipeline a: 2 pipelines have this name')
  })
  test('two pipelines of one route', () => {
    expect(sentence([made('a', {}, '/same'), made('b', {}, '/same'), made('c')])).toBe('pipelines a and b: they have one route, POST /same')
  })
  test('a function name over 64 characters', () => {
    expect(sentence([made(`a${'b'.repeat(39)}`)], { stage: 'abcdefghijklmnop' })).toMatch(/^pipeline ab+: the name of its function, Sallyport-abcdefghijklmnop-ab+, has 67 characters, and AWS takes 64$/)
  })
})

describe('what this version cannot enforce, written without types', () => {
  test.each([
    [{ auth: { scheme: 'jwt' } }, 'pipeline a: this version cannot enforce the auth scheme "jwt"; write iam() or open(\'why anybody may call it\')'],
    [{ auth: undefined }, 'pipeline a: this version cannot enforce the auth scheme undefined; write iam() or open(\'why anybody may call it\')'],
    [{ auth: { scheme: 'open' } }, 'pipeline a: an open route needs a sentence that says why anybody may call it'],
    [{ method: 'GET' }, 'pipeline a: this version cannot enforce the method "GET"; write post(…)'],
    [{ method: 'ANY' }, 'pipeline a: this version cannot enforce the method "ANY"; write post(…)'],
    [{ kind: 'stream' }, 'pipeline a: this version cannot provide a trigger of kind "stream"'],
    [{ path: '/{proxy+}' }, 'pipeline a: "/{proxy+}" is no path of plain segments, as /loan-applications'],
  ])('%j', (trigger, expected) => {
    expect(sentence([changed(made('a'), trigger)])).toBe(expected)
  })
})

describe('what names a message in records of its failures', () => {
  const named = (by: string, as?: ReturnType<typeof identifier>) => sentence([made('a', { config: { by, as }, entity: { days: 30, as } })])
  test('stands there as a digest where it is sensitive, by the realm or by its class', () => {
    expect(named('applicant.taxId')).toBe('pipeline a: field applicant.taxId is sensitive and would stand readable in records of failures: give the entity an identifier with a hashKey in as')
    expect(named('applicant.taxId', identifier('person', { key: hashKey('identity') }))).toBe('nothing was refused')
    expect(named('orderId')).toBe('nothing was refused')
  })
})

describe('a sensitive identifier digested without a key', () => {
  const bare = (name: string) => identifier(name, { key: unkeyed('every sender must compute it') })
  test('by the name of the identifier, however it is written', () => {
    expect(sentence([made('a', { config: { as: bare('tax-id') } })])).toBe('pipeline a: identifier tax-id is sensitive and must not be digested without a key, which anybody could undo by trying all values: give the identifier a hashKey')
    expect(sentence([made('a', { config: { as: bare('t-a-x-id') } })], {}, { sensitive: ['TAX_ID'] })).toMatch(/^pipeline a: identifier t-a-x-id is sensitive/)
  })
  test('by the field, in a list and deep inside, and in the pipeline\'s own list', () => {
    for (const config of [{ by: 'person.taxId', as: bare('number') }, { fields: ['x', 'people[*].tax_id'], as: bare('number') }, { rules: [{ at: 'a.b.TAX-ID', as: bare('number') }] }]) {
      expect(sentence([made('a', { config })])).toMatch(/^pipeline a: field \S+ \(identifier number\) is sensitive/)
    }
    expect(sentence([{ ...made('a', { config: { by: 'order.secretNumber', as: bare('number') } }), sensitive: ['secret_number'] }])).toMatch(/^pipeline a: field order\.secretNumber/)
  })
  test('inside a composite', () => {
    const inner = step({ config: { by: 'taxId', as: bare('number') } })
    expect(sentence([made('a', { steps: [inner] })])).toMatch(/^pipeline a: field taxId/)
  })
  test('what is not sensitive may be digested so', () => {
    expect(sentence([made('a', { config: { by: 'order.reference', as: bare('reference') } })])).toBe('nothing was refused')
  })
})

describe('a field hashed without a key', () => {
  const bare = { hash: 'sha2', keyed: false, algorithm: 'sha-256' }
  const slow = { hash: 'argon2id', keyed: false, salted: true }
  test('a card number, with the requirement that forbids it', () => {
    expect(sentence([made('a', { config: { fields: ['card.pan'], by: bare } })])).toBe('pipeline a: field card.pan is a card number and must not be hashed without a key: PCI DSS v4 requirement 3.5.1.1 asks for a keyed hash of the whole number, since issuer, last four and check digit leave about a hundred thousand to try, which no salt and no slow hash makes many; hash it as an identifier with a hashKey, or by hmac({ key }), instead of sha2')
    for (const field of ['cards[*].card_number', 'a.creditCardNumber', 'CC-Num']) expect(sentence([made('a', { config: { fields: ['x', field], by: bare } })]), field).toMatch(/ is a card number and/)
  })
  test('a national identifier, however slow the hash is', () => {
    expect(sentence([made('a', { config: { fields: ['applicant.ssn'], by: slow } })], {}, { sensitive: [] })).toBe('pipeline a: field applicant.ssn is a national identifier and must not be hashed without a key: nine to eleven digits are few enough to try them all, and a salt or a slow hash only makes that take days; hash it as an identifier with a hashKey, or by hmac({ key }), instead of argon2id')
    for (const field of ['tax_id', 'people[*].nationalId', 'CPF', 'a.passport-number']) expect(sentence([made('a', { config: { value: field, hash: 'stored', by: bare } })]), field).toMatch(/ is a national identifier and/)
  })
  test('a field of the realm\'s list or the pipeline\'s, unless slowly and with a salt, as passwords are', () => {
    const realm = { sensitive: ['password'] }
    expect(sentence([made('a', { config: { fields: ['login.password'], by: bare } })], {}, realm)).toBe('pipeline a: field login.password is sensitive and must not be hashed without a key or a salt, which anybody could undo by trying values; hash it as an identifier with a hashKey, or by hmac({ key }), instead of sha2')
    expect(sentence([made('a', { config: { fields: ['login.password'], by: { ...slow, salted: false } } })], {}, realm)).toMatch(/field login.password is sensitive/)
    expect(sentence([{ ...made('a', { config: { fields: ['login.secretWord'], by: bare } }), sensitive: ['secret_word'] }])).toMatch(/field login.secretWord is sensitive/)
    expect(sentence([made('a', { config: { fields: ['login.password'], by: slow } })], {}, realm)).toBe('nothing was refused')
  })
  test('inside a composite, and by an identifier of such a name without a list', () => {
    expect(sentence([made('a', { steps: [step({ config: { fields: ['pan'], by: bare } })] })])).toMatch(/^pipeline a: field pan is a card number/)
    expect(sentence([made('a', { config: { as: identifier('cpf', { key: unkeyed('every sender must compute it') }) } })], {}, { sensitive: [] })).toMatch(/^pipeline a: identifier cpf is sensitive/)
  })
  test('what has a key, or is neither, may be hashed', () => {
    expect(sentence([made('a', { config: { fields: ['card.pan', 'ssn'], by: { hash: 'hmac', keyed: true } } })])).toBe('nothing was refused')
    expect(sentence([made('a', { config: { fields: ['document.text', 'panel'], by: bare } })])).toBe('nothing was refused')
    expect(sentence([made('a', { config: { by: bare } })])).toBe('nothing was refused')
  })
})

describe('resources', () => {
  const key = (name: string, spec: string, usage: string): Resource => ({ kind: 'key', name, spec, usage }) as Resource
  test('a kind that nobody provides', () => {
    expect(sentence([made('a', need({ kind: 'queue', name: 'orders' }, 'sqs:SendMessage'))])).toBe('pipeline a: it needs queue orders, which nothing here provides')
    expect(sentence([made('a', need({ kind: 'table', name: 'orders' }, 'dynamodb:PutItem'))])).toBe('pipeline a: it needs table orders, which nothing here provides')
  })
  test('one key for two uses', () => {
    expect(sentence([made('a', need(key('k', 'HMAC_256', 'GENERATE_VERIFY_MAC'), 'kms:GenerateMac')), made('b', need(key('k', 'RSA_3072', 'ENCRYPT_DECRYPT'), 'kms:Decrypt'))]))
      .toBe('pipelines a and b: key k is meant in two ways, HMAC_256 GENERATE_VERIFY_MAC and RSA_3072 ENCRYPT_DECRYPT; give one of them another name')
  })
  test('one pair in two custodies', () => {
    const pair = (custody: string) => ({ ...key('k', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'), pair: { name: 'k', custody } })
    expect(sentence([made('a', need(pair('wrapped'), 'kms:Decrypt')), made('b', need(pair('hsm'), 'kms:Decrypt'))])).toMatch(/^pipelines a and b: key k is meant in two ways/)
  })
  test('one identifier of the realm for two times', () => {
    const ssn = identifier('ssn', { key: hashKey('identity') })
    const counting = (config: object) => ({ ...need(key('identity', 'HMAC_256', 'GENERATE_VERIFY_MAC'), 'kms:GenerateMac'), claims: true as const, config })
    const single = (days: number, scope?: string) => counting({ by: 'ssn', as: ssn, days, scope })
    const several = (days: number) => counting({ keys: [{ by: 'payer', as: ssn, scope: 'realm' }], days })
    expect(sentence([made('a', single(7, 'realm')), made('b', several(365))])).toBe('pipelines a and b: identifier ssn is counted across the realm for 7 and for 365 days: give them the same days')
    expect(sentence([made('a', single(7, 'realm')), made('b', single(365)), made('c', several(7))])).toBe('nothing was refused')
    // What a step of somebody else's calls keys is its own matter.
    for (const keys of [3, { a: 1 }]) expect(sentence([made('a', { config: { keys } }), made('b', { ...counting({ keys }) })])).toBe('nothing was refused')
  })
  test('two accounts of one name, within one pipeline too', () => {
    const one = account('bank', apiKey({ origin: { dev: 'https://a.example' } }))
    const other = account('bank', apiKey({ origin: { dev: 'https://b.example' } }))
    const needs = [one, other].map((resource) => ({ resource, actions: ['secretsmanager:GetSecretValue'] }))
    expect(sentence([made('a', { needs })])).toBe('pipeline a: account bank is meant in two ways; give one of them another name')
  })
})

describe('stages', () => {
  const bank = account('bank', apiKey({ origin: { dev: 'https://a.example' } }))
  const sends = made('a', { sends: [{ to: bank }] })
  test('an account without an origin for the stage', () => {
    expect(sentence([sends], { stage: 'prod' })).toBe('pipeline a: account bank has no origin for the stage prod; it knows dev')
    expect(sentence([sends], { stage: 'dev' })).toBe('nothing was refused')
    expect(sentence([sends], { stage: 'local' })).toBe('nothing was refused')
  })
  test('origins from outside, but in stage local', () => {
    for (const stage of ['dev', 'prod', 'test']) expect(sentence([made('a')], { stage, origins: {} })).toBe(`stage ${stage}: origins may be given to the stage local alone; elsewhere they stand in the accounts, reviewed`)
  })
  test.each(['Prod', 'a-b', '', 'averyveryverylongone', '../x'])('the name %j', (stage) => {
    expect(sentence([made('a')], { stage })).toBe(`stage ${JSON.stringify(stage)}: write up to 16 lower-case letters and digits`)
  })
  test('days that CloudWatch does not know', () => {
    expect(sentence([made('a')], {}, { logRetentionDays: 100 })).toBe('realm: logRetentionDays 100 is none that CloudWatch knows; the next are 90 and 120')
  })
})

describe('limits of AWS', () => {
  const many = (count: number): Pipeline[] => Array.from({ length: count }, (_, i) => made(`p${i}`))
  const accounts = (count: number) => Array.from({ length: count }, (_, i) => account(`a-partner-with-a-name-of-some-length-${i}`, apiKey({ origin: { dev: 'https://a.example' } })))
  test('300 integrations an API', () => {
    expect(sentence(many(299))).toBe('299 pipelines make 301 integrations, and one HTTP API takes 300: give some of them a Sallyport of their own')
  })
  test('500 resources a stack', () => {
    expect(sentence(many(35))).toMatch(/^stack Sallyport-dev: 35 pipelines make 5\d\d resources, and CloudFormation takes 500: give some of them a Sallyport of their own$/)
    expect(sentence(many(25))).toBe('nothing was refused')
  })
  test('4 KB of environment', () => {
    const needs = accounts(26).map((resource) => ({ resource, actions: ['x:y'] }))
    expect(sentence([made('a', { needs })])).toMatch(/^pipeline a: its environment has 4\d\d\d bytes, and Lambda takes 4096; split it/)
  })
  test('6,144 characters of policy', () => {
    const needs = accounts(12).map((resource) => ({ resource, actions: Array.from({ length: 10 }, (_, i) => `secretsmanager:SomeLongAction${i}`) }))
    expect(sentence([made('a', { needs })])).toMatch(/^pipeline a: its policy has 6\d\d\d characters, and AWS takes 6144; split it/)
  })
  test('the environment of fallback holds all routes', () => {
    const long = Array.from({ length: 20 }, (_, i) => made(`p${i}`, {}, `/${'x'.repeat(200)}${i}`))
    expect(sentence(long)).toMatch(/^function fallback of 20 pipelines: its environment has 4\d\d\d bytes/)
  })
})

test('the needs of a step from elsewhere are provided like those of ours', () => {
  const { stateless } = construct({ realm: fixture.realm, pipelines: [made('a', { needs: hashKeyNeeds({ kind: 'hash-key', name: 'own', custody: 'wrapped' }) })] })
  expect(stateless.functions.has('a')).toBe(true)
  expect(stateless.functions.has('keys')).toBe(true)
})
