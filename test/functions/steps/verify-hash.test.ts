import { lowerCase, type Io, type Step } from 'sallyport'
import { describe, expect, test } from 'vitest'
import { bcrypt } from '../../../functions/hashes/bcrypt.ts'
import { sha2 } from '../../../functions/hashes/sha2.ts'
import { verifyHash } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

const run = async <I, O>(step: Step<I, O>, payload: I, doors: Partial<Io> = {}): Promise<O> => step.run(payload, fakeIo({ now: () => 0, deadline: 1, ...doors }))
interface Login { user: { password: string; stored: string } }
// Of pyca/bcrypt's tests.
const right: Login = { user: { password: '9IeRXmnGxMYbs', stored: '$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy' } }
const wrong: Login = { user: { ...right.user, password: '9IeRXmnGxMYbt' } }
const paths = { value: 'user.password', hash: 'user.stored' } as const

describe('without a field for the verdict', () => {
  const step = verifyHash<Login>({ ...paths, by: bcrypt({ cost: 4 }) })
  test('what matches passes, as it is', async () => {
    expect(await run(step, right)).toBe(right)
    expect(await run(verifyHash<Login>({ ...paths, by: bcrypt({ cost: 5 }) }), right)).toBe(right)
  })
  test('what does not is HASH_MISMATCH, by its path alone', async () => {
    const failing = run(step, wrong)
    await expect(failing).rejects.toMatchObject({ code: 'HASH_MISMATCH', paths: ['user.password'], message: 'HASH_MISMATCH' })
    await failing.catch((error: Error) => expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain('9IeRXmnGxMYbt'))
  })
})

describe('with a field for the verdict', () => {
  test.each([
    ['it matches', right, 4, { matches: true, rehash: false }],
    ['it matches and is due', right, 5, { matches: true, rehash: true }],
    ['it does not match', wrong, 5, { matches: false, rehash: false }],
  ] as const)('%s', async (_, login, cost, checked) => {
    expect(await run(verifyHash<Login, 'checked'>({ ...paths, by: bcrypt({ cost }), into: 'checked' }), login)).toStrictEqual({ ...login, checked })
  })
  test('a name that is none is a mistake', () => {
    for (const into of ['', 'a.b', '__proto__', 'a'.repeat(65)]) expect(() => verifyHash<Login, string>({ ...paths, by: sha2(), into })).toThrow(new TypeError('verifyHash, into: write the name of a new field, letters and digits'))
  })
})

test.each([['no hash', 'x'], ['another family', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'], ['one that costs too much', '$2b$31$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy']])('a stored text that is %s is PAYLOAD_INVALID with its own path, verdict or not', async (_, stored) => {
  const login = { user: { ...right.user, stored } }
  for (const step of [verifyHash<Login>({ ...paths, by: bcrypt() }), verifyHash<Login, 'checked'>({ ...paths, by: bcrypt(), into: 'checked' })]) {
    await expect(run(step as Step<Login, unknown>, login)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['user.stored'] })
  }
})

test('a field that is not there is PAYLOAD_INVALID', async () => {
  const step = verifyHash<Login>({ ...paths, by: sha2() })
  await expect(run(step, { user: { password: 'x' } } as Login)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['user.stored'] })
  await expect(run(step, { user: { stored: 'x' } } as Login)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID', paths: ['user.password'] })
})

test('the value is brought to the spelling in which it was hashed, and the step shows it', async () => {
  const step = verifyHash<Login>({ ...paths, by: sha2(), normalize: lowerCase })
  const login = { user: { password: ' ABC ', stored: 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD' } }
  expect(await run(step, login)).toBe(login)
  expect(step.config).toStrictEqual({ value: 'user.password', hash: 'user.stored', by: { hash: 'sha2', keyed: false, algorithm: 'sha-256', output: 'hex' }, normalize: lowerCase, into: undefined })
})
