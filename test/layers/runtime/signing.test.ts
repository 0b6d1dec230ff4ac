import { constants, verify, type KeyObject } from 'node:crypto'
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensure, rotate } from '../../../functions/handlers/make-key.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { signingKey, signingSpec } from '../../../layers/runtime/keys.ts'
import { signingHalf, verifyingHalf } from '../../../layers/runtime/custody.ts'
import { admin, allow, credentialsOf, region, standIn } from '../../local/aws/harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let keyArn: string
const inKms: Record<string, string> = {}
const environment = (name = 'admin') => new Environment({ variables: { TABLE_KEYS: 'keys', KEY_X: keyArn, ...inKms }, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf(name), maxAttempts: 1 } })

beforeAll(async () => {
  aws = await standIn([admin, { name: 'reader', policies: [allow(['dynamodb:Query'])] }])
  const { dynamodb, kms } = aws.as('admin')
  await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }] }))
  keyArn = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
})
afterAll(() => aws.close())

test('half of a pair for encryption that has the name of a signing key never signs', async () => {
  const key = signingKey('x', { custody: 'wrapped' })
  const made = { name: 'x', key: keyArn, settle: 0 }
  await ensure(made, 'ec', environment())
  await expect(signingHalf(environment(), key)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await ensure({ ...made, algorithm: 'ES256' }, 'sig', environment())
  expect(await signingHalf(environment(), key)).toMatchObject({ kid: 'x-sig-1' })
})

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
const plain = Buffer.from('{"amount":"12.50"}')
/** As RFC 7518 section 3 and RFC 8037 section 3.1 have it: the digest, the salt as long as it, R and S side by side. */
const holds = (algorithm: string, key: KeyObject | undefined, signature: Uint8Array, text: Uint8Array = plain): boolean => key !== undefined && verify(algorithm === 'EdDSA' ? undefined : `sha${algorithm.slice(2)}`, text, {
  key, dsaEncoding: 'ieee-p1363', ...algorithm.startsWith('PS') && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(algorithm.slice(2)) / 8 },
}, signature)
const refused = { code: 'UNAVAILABLE', message: 'UNAVAILABLE', paths: [] }

describe.each(algorithms)('%s', (algorithm) => {
  const name = algorithm.toLowerCase()
  test('wrapped: signs in memory by the half that its public half verifies', async () => {
    inKms[`KEY_W_${algorithm}`.toUpperCase()] = keyArn
    const key = signingKey(`w-${name}`, { custody: 'wrapped', algorithm })
    await ensure({ name: key.name, key: keyArn, algorithm, settle: 0 }, 'sig', environment())
    const own = environment()
    const half = await signingHalf(own, key)
    expect(half).toMatchObject({ kid: `w-${name}-sig-1`, algorithm })
    const signature = await half.sign(plain)
    const published = await verifyingHalf(own, key, `w-${name}-sig-1`)
    expect(holds(algorithm, published, signature)).toBe(true)
    expect(holds(algorithm, published, signature, Buffer.from('{"amount":"12.51"}'))).toBe(false)
    await signingHalf(own, key)
    expect(own.calls).toStrictEqual({ 'dynamodb:Query': 1, 'kms:Decrypt': 1 })
    expect(await verifyingHalf(own, key, `w-${name}-sig-2`)).toBeUndefined()
  })
  test('hsm: KMS signs, and its public half verifies', async () => {
    const KeyArn = (await aws.as('admin').kms.send(new CreateKeyCommand({ KeySpec: signingSpec(algorithm), KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata?.Arn ?? ''
    inKms[`KEY_H_${algorithm}`.toUpperCase()] = KeyArn
    const key = signingKey(`h-${name}`, { custody: 'hsm', algorithm })
    const own = environment()
    const half = await signingHalf(own, key)
    // The first part of the KMS key's id.
    expect(half).toMatchObject({ kid: `h-${name}-sig-${KeyArn.split('/')[1]?.slice(0, 8)}`, algorithm })
    // What is longer than KMS takes as a message is digested here; of EdDSA the message itself goes.
    const text = algorithm === 'EdDSA' ? plain : Buffer.alloc(5_000, 7)
    const signature = await half.sign(text)
    const published = await verifyingHalf(own, key, half.kid)
    expect(holds(algorithm, published, signature, text)).toBe(true)
    await verifyingHalf(own, key, half.kid)
    expect(own.calls).toStrictEqual({ 'kms:Sign': 1, 'kms:GetPublicKey': 1 })
    for (const kid of ['', `h-${name}-sig-00000000`, `w-${name}-sig-1`]) expect(await verifyingHalf(own, key, kid)).toBeUndefined()
    await expect((await signingHalf(environment('reader'), key)).sign(text)).rejects.toMatchObject(refused)
    await expect(verifyingHalf(environment('reader'), key, half.kid)).rejects.toMatchObject(refused)
  })
})

test('wrapped: the newest half whose time has come signs, all of them verify; for another algorithm none is there', async () => {
  inKms['KEY_TURN'] = keyArn
  const key = signingKey('turn', { custody: 'wrapped' })
  const made = { name: 'turn', key: keyArn, algorithm: 'ES256', settle: 0 } as const
  for (let i = 0; i < 2; i++) await rotate(made, 'sig', environment())
  await rotate({ ...made, settle: 3_600 }, 'sig', environment())
  const own = environment()
  expect((await signingHalf(own, key)).kid).toBe('turn-sig-2')
  for (const kid of ['turn-sig-1', 'turn-sig-2', 'turn-sig-3']) expect((await verifyingHalf(own, key, kid))?.type).toBe('public')
  await expect(signingHalf(own, signingKey('turn', { custody: 'wrapped', algorithm: 'ES384' }))).rejects.toMatchObject(refused)
  await expect(signingHalf(environment('reader'), key)).rejects.toMatchObject(refused)
})

test('wrapped: an environment that was there before the first half asks for it every five seconds, for later ones every five minutes', async () => {
  inKms['KEY_LATE'] = keyArn
  const key = signingKey('late', { custody: 'wrapped' })
  const made = { name: 'late', key: keyArn, algorithm: 'ES256', settle: 0 } as const
  let now = Date.now()
  const clocked = () => new Environment({ variables: { TABLE_KEYS: 'keys', ...inKms }, clock: { now: () => now } as never, aws: { endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf('admin') } })
  const own = clocked()
  for (const [passed, queries] of [[0, 1], [5_000, 1], [1, 2]] as const) {
    now += passed
    await expect(signingHalf(own, key)).rejects.toMatchObject(refused)
    expect(own.calls['dynamodb:Query']).toBe(queries)
  }
  await ensure(made, 'sig', environment())
  now += 5_001
  expect((await signingHalf(own, key)).kid).toBe('late-sig-1')
  const { from } = await rotate(made, 'sig', environment())
  now += 299_999
  expect((await signingHalf(own, key)).kid).toBe('late-sig-1')
  expect(own.calls['dynamodb:Query']).toBe(3)
  now += 1
  expect((await signingHalf(own, key)).kid).toBe('late-sig-2')
  expect(own.calls['dynamodb:Query']).toBe(4)
  // From its time on, and not a moment sooner.
  for (const [at, kid] of [[from - 1, 'late-sig-1'], [from, 'late-sig-2']] as const) {
    now = at
    expect((await signingHalf(clocked(), key)).kid).toBe(kid)
  }
})

test('hsm: the last generation signs, those before it and one that is announced verify', async () => {
  const arns = await Promise.all([1, 2, 3].map(async () => (await aws.as('admin').kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata?.Arn ?? ''))
  const kids = arns.map((arn) => `notary-sig-${arn.split('/')[1]?.slice(0, 8)}`)
  Object.assign(inKms, { KEY_NOTARY: arns[0], KEY_NOTARY_2: arns[1], KEY_NOTARY_3: arns[2] })
  const own = environment()
  const [second, announcing] = [signingKey('notary', { custody: 'hsm', generation: 2 }), signingKey('notary', { custody: 'hsm', generation: 2, announced: true })]
  for (const key of [second, announcing]) expect((await signingHalf(own, key)).kid).toBe(kids[1])
  expect(await Promise.all(kids.map(async (kid) => (await verifyingHalf(own, second, kid))?.type))).toStrictEqual(['public', 'public', undefined])
  expect(await Promise.all(kids.map(async (kid) => (await verifyingHalf(own, announcing, kid))?.type))).toStrictEqual(['public', 'public', 'public'])
})

describe('hsm: the DER that KMS gives, as R and S side by side', () => {
  const [wide, narrow] = ['8f', '7f'].map((first) => first + 'ab'.repeat(31)) as [string, string]
  const integer = (hex: string): string => `02${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`
  const sequence = (content: string): string => `30${content.length / 2 > 127 ? '81' : ''}${(content.length / 2).toString(16)}${content}`
  test.each([
    ['of full width', 'ES256', sequence(integer(narrow) + integer(narrow)), narrow + narrow],
    ['with a zero that says that they are positive', 'ES256', sequence(integer(`00${wide}`) + integer(`00${wide}`)), wide + wide],
    ['with a short R and a full S', 'ES256', sequence(integer('7fcd') + integer(narrow)), `${'00'.repeat(30)}7fcd${narrow}`],
    ['with a full R and a short S', 'ES256', sequence(integer(narrow) + integer('01')), `${narrow}${'00'.repeat(31)}01`],
    ['on P-384', 'ES384', sequence(integer(`00${'9a'.repeat(48)}`) + integer('05'.repeat(47))), `${'9a'.repeat(48)}00${'05'.repeat(47)}`],
    ['on P-521, where the length takes two bytes', 'ES512', sequence(integer('01'.repeat(66)) + integer('02'.repeat(65))), `${'01'.repeat(66)}00${'02'.repeat(65)}`],
  ] as const)('%s', async (_, algorithm, der, expected) => {
    const own = new Environment({ variables: { KEY_X: 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab' }, aws: {
      region, endpoint: 'http://localhost', credentials: credentialsOf('admin'), maxAttempts: 1,
      requestHandler: {
        handle: () => Promise.resolve({ response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify({ Signature: Buffer.from(der, 'hex').toString('base64') })) } }),
        destroy: () => undefined,
      },
    } })
    const half = await signingHalf(own, signingKey('x', { custody: 'hsm', algorithm }))
    expect(half.kid).toBe('x-sig-1234abcd')
    expect(Buffer.from(await half.sign(plain)).toString('hex')).toBe(expected)
  })
})
